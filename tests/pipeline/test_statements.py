"""Statements of commission out of a real order book: which month, which account, what is summed, nothing of buyers."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pipeline.desks import NOW, desk_on, put, read

from cws_filedrop.model import Account, OrderState, Policy, Seller
from cws_filedrop.pipeline import statements
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.order_book import import_file
from cws_filedrop.reports.commission import Statement, text
from cws_filedrop.rules.commission import Month
from cws_filedrop.store import order_book, sellers

NOVEMBER = Month(2026, 11)
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\titem-price\tbuyer-name\n"


def order(number: int) -> str:
    return f"111-1111111-{number:07}"


def bring(desk: Desk, *rows: tuple[int, int, str, str]) -> None:
    """Orders: number, item, purchase date, price."""
    body = "".join(f"{order(no)}\t{item:014}\t{day}\tStandard\t1\t{price}\tBob\n" for no, item, day, price in rows)
    anna = sellers.find(desk.db, "anna")
    assert anna is not None
    source, context = io.BytesIO((REPORT + body).encode()), desk.context(anna.policy, NOW)
    done = import_file(desk.db, anna.account.id, source, file_name="r.txt", context=context, now=NOW)
    assert done.refused == 0


def move(desk: Desk, number: int, state: OrderState, at: str) -> None:
    (found,) = order_book.find(desk.db, 1, order(number))
    with desk.db.write() as connection:
        assert order_book.move(connection, found, state, who="x", what="x", now=datetime.fromisoformat(at))


def of(desk: Desk, month: Month = NOVEMBER, *, now: datetime = NOW, name: str = "anna") -> Statement:
    seller = sellers.find(desk.db, name)
    assert seller is not None
    return statements.of_seller(desk.db, seller, month, now=now)


def found(statement: Statement) -> dict[str, tuple[bool, str]]:
    return {one.amazon_order_id: (one.carries, one.why) for one in statement.orders}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_on(tmp_path, Policy(time_zone="Europe/Berlin"))


def test_the_month_is_that_of_the_purchase_in_the_sellers_time_zone(desk: Desk) -> None:
    days = ("2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z", "2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z")
    bring(desk, *((number, number, day, "1.00") for number, day in enumerate(days)))
    assert [one.amazon_order_id for one in of(desk, Month(2026, 10)).orders] == [order(0)]
    assert [one.amazon_order_id for one in of(desk).orders] == [order(1), order(2)]
    assert [one.at.isoformat() for one in of(desk).orders] == ["2026-11-01T00:00:00+01:00", "2026-11-30T23:59:59+01:00"]
    assert [one.amazon_order_id for one in of(desk, Month(2026, 12)).orders] == [order(3)]


def test_an_order_whose_purchase_nobody_told_of_counts_from_when_it_was_first_heard_of(desk: Desk) -> None:
    read(desk, put(desk, f"order-id\tstatus\n{order(1)}\tshipped\n".encode()))
    (one,) = of(desk).orders
    assert (one.amazon_order_id, one.is_purchase, one.total_price) == (order(1), False, None)
    assert "when we first heard of it" in one.reason
    assert of(desk, Month(2026, 10)).orders == []


def test_orders_that_carry_commission_and_those_that_do_not(desk: Desk) -> None:
    bring(desk, *((number, number, "2026-11-20T10:00:00Z", "10.00") for number in range(1, 6)))
    move(desk, 2, OrderState.CANCELLED, "2026-12-01T22:59:59.999+00:00")  # the last moment of the 1st in Berlin
    move(desk, 3, OrderState.CANCELLED, "2026-12-01T23:00:00+00:00")
    move(desk, 4, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    move(desk, 4, OrderState.NEW, "2026-12-20T10:00:00+00:00")
    move(desk, 5, OrderState.SHIPPED, "2026-11-23T10:00:00+00:00")
    assert found(of(desk)) == {
        order(1): (True, "not cancelled"),
        order(2): (False, "cancelled in time"),
        order(3): (True, "cancelled too late"),
        order(4): (True, "cancelled once, and not any more"),
        order(5): (True, "not cancelled"),
    }


def test_a_sellers_cancelled_row_spares_commission_and_tells_amazon_nothing(desk: Desk) -> None:
    bring(desk, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    upload = put(desk, f"order-id\tstatus\n{order(1)}\tcancelled\n".encode())
    assert read(desk, upload).outcome.counts == {"updated": 1}
    (one,) = of(desk).orders
    assert (one.carries, one.cancelled_at) == (False, NOW)


def test_sums_leave_out_what_nobody_knows_and_say_so(desk: Desk) -> None:
    bring(desk, (1, 1, "2026-11-20", "10.25"), (1, 2, "2026-11-20", "4.75"), (2, 3, "2026-11-20", ""))
    bring(desk, (3, 4, "2026-11-20", "7.00"))
    move(desk, 3, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    carrying, spared = of(desk).sum(carries=True), of(desk).sum(carries=False)
    assert (carrying.words, str(carrying.total_price)) == ("2 orders, 1 without a known price", "15.00")
    assert (spared.words, str(spared.total_price)) == ("1 order", "7.00")


def test_a_statement_is_final_from_the_2nd_on(desk: Desk) -> None:
    assert not of(desk, now=datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)).is_final
    assert of(desk, now=datetime(2026, 12, 1, 23, tzinfo=UTC)).is_final


def test_sellers_of_one_account_have_one_statement_and_other_accounts_their_own(desk: Desk) -> None:
    for name, merchant in (("aaron", "M1"), ("cleo", "M2")):
        sellers.add(desk.db, Seller(0, name, Account(0, merchant)), password_hash="h", now=NOW)
    bring(desk, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    made = statements.of_all(desk.db, sellers.everyone(desk.db), NOVEMBER, now=NOW)
    assert [(one.seller, one.merchant_id, len(one.orders)) for one in made] == [("aaron", "M1", 1), ("cleo", "M2", 0)]


def test_the_table_has_a_row_for_each_order_and_two_of_sums(desk: Desk) -> None:
    bring(desk, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    move(desk, 1, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    number = order_book.find(desk.db, 1, order(1))[0].number
    when = "2026-11-20T11:00:00+01:00\tcancelled\t2026-11-23T11:00:00+01:00"
    assert text([of(desk)]).decode().split("\r\n") == [
        "seller\torder-number\tamazon-order-id\tpurchase-date\tstate\tcancelled-at\tcarries-commission\twhy\ttotal-price",
        f"anna\t{number}\t{order(1)}\t{when}\tno\tcancelled in time\t10.00",
        "anna\tsum\t\t\t\t\tyes\t0 orders\t0",
        "anna\tsum\t\t\t\t\tno\t1 order\t10.00",
        "",
    ]
    assert b"Bob" not in text([of(desk)])
