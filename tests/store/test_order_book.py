"""Order files merged into the order book, and orders found in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cws_filedrop.model import Account, OrderState, Seller
from cws_filedrop.store.database import Database
from cws_filedrop.store.orders import merge as order_merge
from cws_filedrop.store.orders import order_book, snapshot
from cws_filedrop.store.orders.merge import Merged
from cws_filedrop.store.orders.order_book import Order
from cws_filedrop.store.schema import ORDER_HISTORY, ORDER_LINES, ORDER_PEOPLE, ORDERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.tables import ORDER_COLUMNS, PEOPLE_COLUMNS, TEXT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST, SECOND = "111-1111111-1111111", "222-2222222-2222222"


def rows(*lines: dict[str, str]) -> pd.DataFrame:
    columns = {name: [line.get(name, "") for line in lines] for name in (*ORDER_COLUMNS, *PEOPLE_COLUMNS)}
    return pd.DataFrame(columns, index=pd.RangeIndex(2, 2 + len(lines), name="line"), dtype=TEXT)


def line(order: str = FIRST, item: str = "00000000000001", **cells: str) -> dict[str, str]:
    named = {name.replace("_", "-"): cell for name, cell in cells.items()}
    return {"amazon-order-id": order, "order-item-id": item} | named


@pytest.fixture
def account(db: Database) -> int:
    sellers.add(db, Seller(0, "anna", Account(0, "M1")), password_hash="h", now=NOW)
    anna = sellers.find(db, "anna")
    assert anna is not None
    return anna.account.id


def merge(db: Database, account: int, *lines: dict[str, str], now: datetime = NOW) -> Merged:
    return order_merge.merge(db, account, rows(*lines), now=now)


def the_one(db: Database, account: int, name: str = FIRST) -> Order:
    (order,) = order_book.find(db, account, name)
    return order


def everything(db: Database) -> list[object]:
    with db.read() as connection:
        return [
            connection.execute(sa.select(table)).all() for table in (ORDERS, ORDER_LINES, ORDER_PEOPLE, ORDER_HISTORY)
        ]


def test_new_orders_and_lines(db: Database, account: int) -> None:
    merged = merge(db, account, line(sku="A", quantity="2"), line(item="00000000000002"), line(SECOND))
    assert (len(merged.new), len(merged.changed), merged.new_lines) == (2, 0, 3)
    assert [(one.order_item_id, one.sku, one.quantity) for one in order_book.lines(db, the_one(db, account).no)] == [
        ("00000000000001", "A", 2),
        ("00000000000002", "", None),
    ]
    assert [one.what for one in order_book.history(db, the_one(db, account).no)] == ["imported"]


def test_the_same_again_changes_nothing(db: Database, account: int) -> None:
    lines = (line(sku="A", quantity="2", buyer_name="B", number="7"), line(SECOND, purchase_date="2026-11-01"))
    merge(db, account, *lines)
    before = everything(db)
    merged = merge(db, account, *lines, now=LATER)
    assert (merged.new, merged.changed, len(merged.known), merged.new_lines + merged.changed_lines) == (
        set(),
        set(),
        2,
        0,
    )
    assert everything(db) == before


def test_what_a_file_says_replaces_and_what_it_leaves_blank_stays(db: Database, account: int) -> None:
    merge(db, account, line(ship_method="Standard", sku="A", quantity="1", buyer_name="B", ship_city="C"))
    merged = merge(db, account, line(ship_method="Expedited", quantity="3", ship_city="D"), now=LATER)
    order = the_one(db, account)
    assert (order.ship_method, order.changed_at) == ("Expedited", "2026-11-23T12:00:00.000Z")
    assert [(one.sku, one.quantity) for one in order_book.lines(db, order.no)] == [("A", 3)]
    assert (len(merged.changed), merged.changed_lines) == (1, 1)
    assert [one.what for one in order_book.history(db, order.no)] == ["imported", "changed by an order file"]
    with db.read() as connection:
        assert connection.execute(sa.select(ORDER_PEOPLE.c.cells)).scalar() == '{"buyer_name": "B", "ship_city": "D"}'


def test_a_files_state_is_taken_for_new_orders_only(db: Database, account: int) -> None:
    merge(db, account, line(status="shipped"))
    merge(db, account, line(status="new"), now=LATER)
    assert the_one(db, account).state is OrderState.SHIPPED


def test_orders_are_found_by_each_of_their_names(db: Database, account: int) -> None:
    merge(db, account, line(number="A-17", reference="my order"), line(SECOND, reference="my other"))
    assert the_one(db, account, "A-17").amazon_order_id == FIRST
    assert the_one(db, account, "my order").amazon_order_id == FIRST
    second = the_one(db, account, SECOND)
    assert second.number == str(second.no)
    assert the_one(db, account, second.number) == second
    assert order_book.find(db, account, "nobody's") == []
    assert order_book.find(db, account + 1, FIRST) == []


def test_a_reference_given_twice_names_both(db: Database, account: int) -> None:
    merge(db, account, line(reference="x"), line(SECOND, reference="x"))
    assert [one.amazon_order_id for one in order_book.find(db, account, "x")] == [FIRST, SECOND]


def test_a_number_that_belongs_to_another_order_is_left_out_and_said(db: Database, account: int) -> None:
    merge(db, account, line(number="7"))
    merged = merge(db, account, line(SECOND, number="7"))
    assert merged.taken == [(2, "7")]
    assert the_one(db, account, "7").amazon_order_id == FIRST
    twice = merge(db, account, line("333-3333333-3333333", number="8"), line("444-4444444-4444444", number="8"))
    assert len(twice.taken) == 1


def test_a_move_is_made_once_and_kept_in_the_history(db: Database, account: int) -> None:
    merge(db, account, line())
    order = the_one(db, account)
    with db.write() as connection:
        assert order_book.move(connection, order, OrderState.SHIPPED, who="operator", what="why", now=LATER)
        assert not order_book.move(connection, order, OrderState.CANCELLED, who="operator", what="late", now=LATER)
    assert the_one(db, account).shipped_at == "2026-11-23T12:00:00.000Z"
    last = order_book.history(db, order.no)[-1]
    assert (last.who, last.state, last.what) == ("operator", OrderState.SHIPPED, "why")
    assert order_book.counts(db, account) == {"shipped": 1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("12"), st.sampled_from(["", "1", "2"])), max_size=12))
def test_in_pieces_or_at_once_is_the_same(db: Database, account: int, picked: list[tuple[str, str, str]]) -> None:
    with db.write() as connection:
        for table in (ORDER_HISTORY, ORDER_PEOPLE, ORDER_LINES, ORDERS):
            connection.execute(table.delete())
    lines = [line(f"{order}11-1111111-1111111", f"0000000000000{item}", quantity=n) for order, item, n in picked]
    merged = merge(db, account, *lines)
    assert len(merged.new) == len({order for order, _, _ in picked})
    at_once = {
        (one.amazon_order_id, each.order_item_id, each.quantity)
        for one in order_book.listing(db, account)
        for each in order_book.lines(db, one.no)
    }
    said = {(order, item): n for order, item, n in picked if n}
    wanted = {
        (f"{o}11-1111111-1111111", f"0000000000000{i}", int(said[o, i]) if (o, i) in said else None)
        for o, i, _ in picked
    }
    assert at_once == wanted
    for one in lines:
        merge(db, account, one)
    assert sum(len(order_book.lines(db, one.no)) for one in order_book.listing(db, account)) == len(wanted)


def test_a_buyers_wish_to_cancel_is_of_the_whole_order_until_a_report_says_otherwise(
    db: Database, account: int
) -> None:
    merge(db, account, line(cancel_request="no"), line(item="00000000000002", cancel_request="yes"))
    assert the_one(db, account).cancel_request == "yes"
    assert snapshot.snapshot(db, account, [FIRST]).orders[FIRST].cancel_requested
    assert not merge(db, account, line(sku="")).changed
    assert the_one(db, account).cancel_request == "yes"
    assert merge(db, account, line(cancel_request="no"), line(item="00000000000002", cancel_request="no")).changed
    assert the_one(db, account).cancel_request == ""
    assert not merge(db, account, line(cancel_request="no")).changed
