"""Statements of commission out of a real order book: which month, which account, what is summed, nothing of buyers."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, put, read

from cws_filedrop.model import Account, OrderState, Policy, Seller
from cws_filedrop.orders import statements
from cws_filedrop.orders.importing import import_file
from cws_filedrop.reports.commission import Statement, text
from cws_filedrop.rules.commission import Month
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.sellers import sellers

NOVEMBER = Month(2026, 11)
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\titem-price\tbuyer-name\n"


def order(number: int) -> str:
    return f"111-1111111-{number:07}"


def bring(context: ServiceContext, *rows: tuple[int, int, str, str]) -> None:
    """Orders: number, item, purchase date, price."""
    body = "".join(f"{order(no)}\t{item:014}\t{day}\tStandard\t1\t{price}\tBob\n" for no, item, day, price in rows)
    anna = sellers.find(context.db, "anna")
    assert anna is not None
    source, judging = io.BytesIO((REPORT + body).encode()), context.judging(anna.policy, NOW)
    done = import_file(context.db, anna.account.id, source, file_name="r.txt", judging=judging, now=NOW)
    assert done.refused == 0


def move(context: ServiceContext, number: int, state: OrderState, at: str) -> None:
    (found,) = order_book.find(context.db, 1, order(number))
    with context.db.write() as connection:
        assert order_book.move(connection, found, state, who="x", what="x", now=datetime.fromisoformat(at))


def of(context: ServiceContext, month: Month = NOVEMBER, *, now: datetime = NOW, name: str = "anna") -> Statement:
    seller = sellers.find(context.db, name)
    assert seller is not None
    return statements.of_seller(context.db, seller, month, now=now)


def found(statement: Statement) -> dict[str, tuple[bool, str]]:
    return {one.amazon_order_id: (one.carries, one.why) for one in statement.orders}


@pytest.fixture
def context(tmp_path: Path) -> ServiceContext:
    return context_on(tmp_path, Policy(time_zone="Europe/Berlin"))


def test_the_month_is_that_of_the_purchase_in_the_sellers_time_zone(context: ServiceContext) -> None:
    days = ("2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z", "2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z")
    bring(context, *((number, number, day, "1.00") for number, day in enumerate(days)))
    assert [one.amazon_order_id for one in of(context, Month(2026, 10)).orders] == [order(0)]
    assert [one.amazon_order_id for one in of(context).orders] == [order(1), order(2)]
    assert [one.at.isoformat() for one in of(context).orders] == [
        "2026-11-01T00:00:00+01:00",
        "2026-11-30T23:59:59+01:00",
    ]
    assert [one.amazon_order_id for one in of(context, Month(2026, 12)).orders] == [order(3)]


def test_an_order_whose_purchase_nobody_told_of_counts_from_when_it_was_first_heard_of(context: ServiceContext) -> None:
    read(context, put(context, f"order-id\tstatus\n{order(1)}\tshipped\n".encode()))
    (one,) = of(context).orders
    assert (one.amazon_order_id, one.is_purchase, one.total_price) == (order(1), False, None)
    assert "when we first heard of it" in one.reason
    assert of(context, Month(2026, 10)).orders == []


def test_orders_that_carry_commission_and_those_that_do_not(context: ServiceContext) -> None:
    bring(context, *((number, number, "2026-11-20T10:00:00Z", "10.00") for number in range(1, 6)))
    move(context, 2, OrderState.CANCELLED, "2026-12-01T22:59:59.999+00:00")  # the last moment of the 1st in Berlin
    move(context, 3, OrderState.CANCELLED, "2026-12-01T23:00:00+00:00")
    move(context, 4, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    move(context, 4, OrderState.NEW, "2026-12-20T10:00:00+00:00")
    move(context, 5, OrderState.SHIPPED, "2026-11-23T10:00:00+00:00")
    assert found(of(context)) == {
        order(1): (True, "not cancelled"),
        order(2): (False, "cancelled in time"),
        order(3): (True, "cancelled too late"),
        order(4): (True, "cancelled once, and not any more"),
        order(5): (True, "not cancelled"),
    }


def test_a_sellers_cancelled_row_spares_commission_and_tells_amazon_nothing(context: ServiceContext) -> None:
    bring(context, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    upload = put(context, f"order-id\tstatus\n{order(1)}\tcancelled\n".encode())
    assert read(context, upload).outcome.counts == {"updated": 1}
    (one,) = of(context).orders
    assert (one.carries, one.cancelled_at) == (False, NOW)


def test_sums_leave_out_what_nobody_knows_and_say_so(context: ServiceContext) -> None:
    bring(context, (1, 1, "2026-11-20", "10.25"), (1, 2, "2026-11-20", "4.75"), (2, 3, "2026-11-20", ""))
    bring(context, (3, 4, "2026-11-20", "7.00"))
    move(context, 3, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    carrying, spared = of(context).sum(carries=True), of(context).sum(carries=False)
    assert (carrying.words, str(carrying.total_price)) == ("2 orders, 1 without a known price", "15.00")
    assert (spared.words, str(spared.total_price)) == ("1 order", "7.00")


def test_a_statement_is_final_from_the_2nd_on(context: ServiceContext) -> None:
    assert not of(context, now=datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)).is_final
    assert of(context, now=datetime(2026, 12, 1, 23, tzinfo=UTC)).is_final


def test_sellers_of_one_account_have_one_statement_and_other_accounts_their_own(context: ServiceContext) -> None:
    for name, merchant in (("aaron", "M1"), ("cleo", "M2")):
        sellers.add(context.db, Seller(0, name, Account(0, merchant)), password_hash="h", now=NOW)
    bring(context, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    made = statements.of_all(context.db, sellers.everyone(context.db), NOVEMBER, now=NOW)
    assert [(one.seller, one.merchant_id, len(one.orders)) for one in made] == [("aaron", "M1", 1), ("cleo", "M2", 0)]


def test_the_table_has_a_row_for_each_order_and_two_of_sums(context: ServiceContext) -> None:
    bring(context, (1, 1, "2026-11-20T10:00:00Z", "10.00"))
    move(context, 1, OrderState.CANCELLED, "2026-11-23T10:00:00+00:00")
    number = order_book.find(context.db, 1, order(1))[0].number
    when = "2026-11-20T11:00:00+01:00\tcancelled\t2026-11-23T11:00:00+01:00"
    assert text([of(context)]).decode().split("\r\n") == [
        "seller\torder-number\tamazon-order-id\tpurchase-date\tstate\tcancelled-at\tcarries-commission\twhy\ttotal-price",
        f"anna\t{number}\t{order(1)}\t{when}\tno\tcancelled in time\t10.00",
        "anna\tsum\t\t\t\t\tyes\t0 orders\t0",
        "anna\tsum\t\t\t\t\tno\t1 order\t10.00",
        "",
    ]
    assert b"Bob" not in text([of(context)])
