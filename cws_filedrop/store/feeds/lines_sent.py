"""The lines of all uploads that name one order, what each sends to Amazon, and the feeds that carried them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds.feeds import FeedRow, row_of
from cws_filedrop.store.schema import FEEDS, LINES
from cws_filedrop.store.uploads.packed_lines import PackedLine, unpack, unpack_cancellations


@dataclass(frozen=True, slots=True)
class SentLine:
    """A line; `line` is its number in the file, `shipment` (SHIPMENTS or CANCELLATIONS) what it sends to Amazon, if
    anything; `feed_no` None = not sent."""

    upload_id: str
    line: int
    order_id: str
    order_item_id: str
    tracking: str
    verdict: str
    code: str
    message: str
    seen_at: str | None
    kind: str
    feed_no: int | None
    message_id: int | None
    shipment: dict[str, str] | None


def of_order(db: Database, account_id: int, amazon_order_id: str) -> list[SentLine]:
    """All lines that name the order, in order of arrival."""
    mine = (LINES.c.account_id == account_id, LINES.c.amazon_order_id == amazon_order_id)
    query = sa.select(*(LINES.c[name] for name in SentLine.__slots__)).where(*mine)
    with db.read() as connection:
        rows = connection.execute(query.order_by(LINES.c.upload_id, LINES.c.line)).mappings().all()
    return [SentLine(**{**row, "shipment": _shipment(row)}) for row in rows]


def _shipment(row: Mapping[Any, Any]) -> dict[str, str] | None:
    if row["shipment"] is None:
        return None
    packed = PackedLine(row["upload_id"], row["line"], row["shipment"])
    told = unpack([packed]) if row["kind"] == FeedKind.FULFILLMENT else unpack_cancellations([packed])
    (cells,) = told.to_dict("records")
    return {str(name): str(cell) for name, cell in cells.items()}


def accepted_in(db: Database, prefix: str) -> int:
    """How many lines were accepted in feeds whose id at the marketplace begins so."""
    within = sa.select(FEEDS.c.no).where(FEEDS.c.amazon_feed_id.startswith(prefix, autoescape=True))
    good = LINES.c.verdict.in_((Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING))
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(LINES.c.feed_no.in_(within), good)).scalar_one()


def feeds(db: Database, numbers: Collection[int]) -> list[FeedRow]:
    """The feeds with these numbers, in order."""
    query = sa.select(FEEDS).where(FEEDS.c.no.in_(list(numbers))).order_by(FEEDS.c.no)
    with db.read() as connection:
        found: list[Any] = list(connection.execute(query))
    return [row_of(row) for row in found]
