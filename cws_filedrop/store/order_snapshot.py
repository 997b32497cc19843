"""What the order book knows of the orders that some rows name, as the rules read it (`rules.book`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState
from cws_filedrop.rules import orders as numbers
from cws_filedrop.rules.book import Book, Kept, KnownOrder, Package, line_named, named
from cws_filedrop.store.database import Database, among, in_pieces
from cws_filedrop.store.schema import CLAIMS, ORDER_KEPT, ORDER_LINES, ORDERS

_LONGEST_SERIAL: Final = 18
_COLUMNS: Final = tuple(
    ORDERS.c[name]
    for name in (
        "no",
        "amazon_order_id",
        "state",
        "version",
        "purchase_date",
        "ship_method",
        "own_ship_method",
        "number",
        "reference",
    )
)


def snapshot(db: Database, account_id: int, names: Sequence[str]) -> Book:
    """The orders of an account that some names mean, all as they stood at one moment."""
    with db.read() as connection:
        found = {row.no: row for row in _rows(connection, account_id, names)}
        orders = {
            no: KnownOrder(no, row.amazon_order_id, OrderState(row.state), *row[3:7]) for no, row in found.items()
        }
        _fill(connection, account_id, orders)
    wanted = set(names)
    return named((order, _number(found[no]), _wanted(found[no].reference, wanted)) for no, order in orders.items())


def _number(row: Any) -> str:
    return str(row.no) if row.number is None else row.number


def _wanted(reference: str, names: set[str]) -> str:
    return reference if reference in names else ""


def _rows(connection: sa.Connection, account_id: int, names: Sequence[str]) -> Iterator[Any]:
    """Orders by Amazon's number; by the other two only for names that are none."""
    mine = ORDERS.c.account_id == account_id
    amazons = [name for name in names if numbers.AMAZON_ID.fullmatch(name)]
    others = [name for name in names if not numbers.AMAZON_ID.fullmatch(name)]
    serials = [int(name) for name in others if _is_serial(name)]
    for column, keys, also in (
        (ORDERS.c.amazon_order_id, amazons, sa.true()),
        (ORDERS.c.number, others, sa.true()),
        (ORDERS.c.no, serials, ORDERS.c.number.is_(None)),
        (ORDERS.c.reference, others, sa.true()),
    ):
        for some in in_pieces(keys):
            yield from connection.execute(sa.select(*_COLUMNS).where(mine, also, among(connection, column, some)))


def _is_serial(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= _LONGEST_SERIAL and not name.startswith("0")


def _fill(connection: sa.Connection, account_id: int, orders: dict[int, KnownOrder]) -> None:
    """What was ordered, what is kept, and what was sent."""
    lines, kept = ORDER_LINES.c, ORDER_KEPT.c
    for some in in_pieces(list(orders)):
        query = sa.select(lines.order_no, lines.order_item_id, lines.quantity)
        for row in connection.execute(query.where(among(connection, lines.order_no, some))):
            orders[row.order_no].items[row.order_item_id] = row.quantity
        for row in connection.execute(sa.select(ORDER_KEPT).where(among(connection, kept.order_no, some))):
            orders[row.order_no].kept[row.order_item_id] = Kept(row.tracking, row.carrier_code, row.carrier_name)
    by_id = {order.amazon_order_id: order for order in orders.values()}
    claims = CLAIMS.c
    for names in in_pieces(list(by_id)):
        mine = (claims.account_id == account_id, among(connection, claims.amazon_order_id, names))
        for row in connection.execute(sa.select(CLAIMS).where(*mine).order_by(claims.upload_id, claims.line)):
            by_id[row.amazon_order_id].packages.append(_package(row))


def _package(row: Any) -> Package:
    upload_id, _, line = row.corrected_by.partition(" ")
    corrected_by = line_named(upload_id, int(line)) if upload_id else ""
    return Package(row.order_item_id, row.tracking, row.quantity, row.upload_id, row.line, corrected_by)
