"""What the order book knows of the orders that some rows name, as the rules read it (`rules.book`). Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState, Verdict
from cws_filedrop.rules import orders as numbers
from cws_filedrop.rules.book import (
    KeptTracking,
    KnownOrder,
    OrderBook,
    Package,
    PackageStanding,
    line_named,
    named,
)
from cws_filedrop.rules.pieces.ledger import LedgerRow
from cws_filedrop.store.database import BulkQuery, Database
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.schema import CLAIMS, LINES, ORDER_KEPT, ORDER_LINES, ORDERS
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.packed_lines import unpack

STATES: Final = {str(state): state for state in OrderState}
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
        "made_by",
        "cancel_request",
    )
)


def snapshot(db: Database, account_id: int, names: Sequence[str], *, beside: str = "") -> OrderBook:
    """The orders of an account that some names mean, all as they were at one moment; `beside` is an upload whose own
    lines do not count."""
    wanted = set(names)
    known: dict[int, tuple[KnownOrder, str, str]] = {}
    with db.read() as connection:
        for no, amazons, state, version, placed, method, own_method, number, reference, made_by, asked in _rows(
            connection, account_id, names
        ):
            order = KnownOrder(no, amazons, STATES[state], version, placed, method, own_method, bool(asked))
            own = number or ("" if made_by else str(no))
            known[no] = (order, own, reference if reference in wanted else "")
        _fill(connection, account_id, {no: order for no, (order, _, _) in known.items()}, beside)
    return named(known.values())


def _by(column: sa.Column[Any], also: Sequence[sa.ColumnElement[bool]] = ()) -> BulkQuery:
    mine = ORDERS.c.account_id == sa.bindparam("account_id")
    return BulkQuery(lambda among: sa.select(*_COLUMNS).where(mine, *also, among(column)))


_BY_AMAZONS: Final = _by(ORDERS.c.amazon_order_id)
_BY_NUMBER: Final = _by(ORDERS.c.number)
# Only orders that an order file named: of others nobody has been given our number, so it cannot be meant.
_BY_SERIAL: Final = _by(ORDERS.c.no, [ORDERS.c.number.is_(None), ORDERS.c.made_by == ""])
_BY_REFERENCE: Final = _by(ORDERS.c.reference)
_LINES: Final = BulkQuery(
    lambda among: sa.select(ORDER_LINES.c.order_no, ORDER_LINES.c.order_item_id, ORDER_LINES.c.quantity).where(
        among(ORDER_LINES.c.order_no)
    )
)
_KEPT: Final = BulkQuery(
    lambda among: sa.select(
        *(ORDER_KEPT.c[name] for name in ("order_no", "order_item_id", "tracking", "carrier_code", "carrier_name"))
    ).where(among(ORDER_KEPT.c.order_no))
)
_SENT: Final = BulkQuery(
    lambda among: (
        sa.select(CLAIMS.c.amazon_order_id, *ledgers.COLUMNS, LINES.c.verdict, LINES.c.feed_no)
        .select_from(
            CLAIMS.outerjoin(LINES, (LINES.c.upload_id == CLAIMS.c.upload_id) & (LINES.c.line == CLAIMS.c.line))
        )
        .where(CLAIMS.c.account_id == sa.bindparam("account_id"), among(CLAIMS.c.amazon_order_id))
        .order_by(CLAIMS.c.upload_id, CLAIMS.c.line)
    )
)
_IN_WAIT: Final = BulkQuery(
    lambda among: (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.shipment)
        .where(LINES.c.account_id == sa.bindparam("account_id"), among(LINES.c.amazon_order_id))
        .where(LINES.c.verdict == sa.literal_column(f"'{Verdict.HELD}'"), LINES.c.shipment.is_not(None))
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
)


def _rows(connection: sa.Connection, account_id: int, names: Sequence[str]) -> Iterator[Any]:
    """Orders by Amazon's number; names that are not one are tried as our number and as a reference."""
    amazons = [name for name in names if numbers.AMAZON_ID.fullmatch(name)]
    others = [name for name in names if not numbers.AMAZON_ID.fullmatch(name)]
    serials = [int(name) for name in others if _is_serial(name)]
    yield from _BY_AMAZONS(connection, amazons, account_id=account_id)
    yield from _BY_NUMBER(connection, others, account_id=account_id)
    yield from _BY_SERIAL(connection, serials, account_id=account_id)
    yield from _BY_REFERENCE(connection, others, account_id=account_id)


def _is_serial(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= _LONGEST_SERIAL and not name.startswith("0")


def _fill(connection: sa.Connection, account_id: int, orders: dict[int, KnownOrder], beside: str) -> None:
    """Add to the orders what was ordered, the tracking kept for them, and what was told of them."""
    for no, item, quantity in _LINES(connection, orders):
        orders[no].items[item] = quantity
    for no, item, *kept in _KEPT(connection, orders):
        orders[no].kept[item] = KeptTracking(*kept)
    told = packages(connection, account_id, [order.amazon_order_id for order in orders.values()])
    for order in orders.values():
        order.packages += [one for one in told.get(order.amazon_order_id, ()) if one.upload_id != beside]


def packages(connection: sa.Connection, account_id: int, orders: Sequence[str]) -> dict[str, list[Package]]:
    """The packages of some orders, in order of arrival, by Amazon's number; those in wait last."""
    found: dict[str, list[Package]] = {}
    for name, *cells, verdict, feed_no in _SENT(connection, orders, account_id=account_id):
        row = LedgerRow._make(cells)
        found.setdefault(name, []).append(_package(row, _standing(row, verdict, feed_no)))
    waiting = list(_IN_WAIT(connection, orders, account_id=account_id))
    for line, key in zip(waiting, claims.keys(unpack(waiting)) if waiting else (), strict=True):
        one = Package(key.item, key.tracking, key.quantity, line.upload_id, line.line, "", PackageStanding.IN_WAIT)
        found.setdefault(key.order, []).append(one)
    return found


def _standing(row: LedgerRow, verdict: str | None, feed_no: int | None) -> PackageStanding:
    """How a package stands, by its units, and by its line as long as Amazon has not answered."""
    if row.on_its_way > 0:
        if verdict == Verdict.UNKNOWN:
            return PackageStanding.UNKNOWN
        return PackageStanding.QUEUED if verdict == Verdict.QUEUED and feed_no is None else PackageStanding.SENT
    if row.unknown:
        return PackageStanding.UNKNOWN
    if row.accepted:
        return PackageStanding.CONFIRMED
    return PackageStanding.REFUSED if row.refused else PackageStanding.WITHDRAWN


def _package(row: LedgerRow, standing: PackageStanding) -> Package:
    upload_id, _, line = row.corrected_by.partition(" ")
    corrected_by = line_named(upload_id, int(line)) if upload_id else ""
    return Package(row.item, row.tracking, row.quantity, row.upload_id, row.line, corrected_by, standing)
