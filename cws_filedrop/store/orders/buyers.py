"""What Amazon confirmed of a feed, and the buyers of its orders, for mails to them. Only reads."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, Verdict
from cws_filedrop.store.database import BulkQuery, Database
from cws_filedrop.store.schema import LINES, ORDER_LINES, ORDER_PEOPLE, ORDERS, QUIET_LINES, UPLOADS
from cws_filedrop.store.uploads.packed_lines import unpack

PIECE: Final = 5_000
CONFIRMED: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A line whose shipment Amazon confirmed. `item` is "" for the whole order; `day` looks like 2026-11-22; `message`
    identifies the feed's message that it was in; `quiet`: the buyer gets no mail from us."""

    seller_id: int
    order: str
    item: str
    quantity: str
    tracking: str
    carrier: str
    day: str
    message: str
    quiet: bool


@dataclass(frozen=True, slots=True)
class Buyer:
    """The buyer of an order: `cells` by tables.PEOPLE_COLUMNS; `items` has (name, units ordered) by item."""

    order_no: int
    cells: Mapping[str, str]
    items: Mapping[str, tuple[str, int | None]]


def shipped(db: Database, feed_no: int, seller_ids: Collection[int]) -> Iterator[ShippedLine]:
    """The lines of some sellers that Amazon confirmed in a feed, in message order."""
    quiet = sa.exists().where(QUIET_LINES.c.upload_id == LINES.c.upload_id, QUIET_LINES.c.line == LINES.c.line)
    query = (
        sa.select(UPLOADS.c.seller_id, LINES.c.upload_id, LINES.c.line, LINES.c.message_id, LINES.c.shipment)
        .add_columns(quiet.label("quiet"))
        .select_from(LINES.join(UPLOADS, UPLOADS.c.id == LINES.c.upload_id))
        .where(
            LINES.c.feed_no == feed_no,
            LINES.c.kind == FeedKind.FULFILLMENT,
            LINES.c.verdict.in_(CONFIRMED),
            UPLOADS.c.seller_id.in_(seller_ids),
        )
        .order_by(LINES.c.message_id, LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    for start in range(0, len(rows), PIECE):
        piece = rows[start : start + PIECE]
        table = unpack(piece).to_dict("records")
        for row, cells in zip(piece, table, strict=True):
            yield ShippedLine(
                row.seller_id,
                cells["amazon-order-id"],
                cells["order-item-code"],
                cells["quantity"],
                cells["tracking-number"],
                cells["carrier-name"] or cells["carrier-code"],
                cells["fulfillment-date"][:10],
                f"{feed_no}:{row.message_id}",
                bool(row.quiet),
            )


_PEOPLE: Final = BulkQuery(
    lambda among: (
        sa.select(ORDERS.c.no, ORDERS.c.amazon_order_id, ORDER_PEOPLE.c.cells)
        .select_from(ORDERS.join(ORDER_PEOPLE, ORDER_PEOPLE.c.order_no == ORDERS.c.no))
        .where(ORDERS.c.account_id == sa.bindparam("account_id"), among(ORDERS.c.amazon_order_id))
    )
)
_ITEMS: Final = BulkQuery(
    lambda among: (
        sa.select(*(ORDER_LINES.c[name] for name in ("order_no", "order_item_id", "item_name", "quantity")))
        .where(among(ORDER_LINES.c.order_no))
        .order_by(ORDER_LINES.c.order_no, ORDER_LINES.c.order_item_id)
    )
)


def of_orders(db: Database, account_id: int, orders: Iterable[str]) -> dict[str, Buyer]:
    """The buyers of orders, by Amazon's number; without those that are not known (any more)."""
    with db.read() as connection:
        people = list(_PEOPLE(connection, orders, account_id=account_id))
        items: dict[int, dict[str, tuple[str, int | None]]] = {}
        for row in _ITEMS(connection, [row.no for row in people]):
            items.setdefault(row.order_no, {})[row.order_item_id] = (row.item_name, row.quantity)
    return {row.amazon_order_id: Buyer(row.no, _cells(row.cells), items.get(row.no, {})) for row in people}


def _cells(text: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in json.loads(text).items()}
