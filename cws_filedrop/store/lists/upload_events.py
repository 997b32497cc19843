"""What is kept about one upload besides its own row: its lines, page by page, the feeds that carried them, its entries
in the audit trail, the mails about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.feeds.feeds import FeedRow, row_of
from cws_filedrop.store.schema import AUDIT, FEEDS, LINES, MAILS


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """A line as it stands; `line` is its number in the file."""

    line: int
    order_id: str
    amazon_order_id: str
    order_item_id: str
    tracking: str
    verdict: str
    code: str
    message: str
    feed_no: int | None
    seen_at: str | None


@dataclass(frozen=True, slots=True)
class TimelineMail:
    """A mail about the upload. Moments are stamps."""

    no: int
    recipient: str
    subject: str
    state: str
    created_at: str
    sent_at: str | None


def lines(
    db: Database, upload_id: str, *, verdict: str = "", code: str = "", after: int = 0, limit: int = 100
) -> list[TimelineLine]:
    """Lines of an upload after the number `after`, of one verdict and code or of all."""
    query = sa.select(*(LINES.c[name] for name in TimelineLine.__slots__)).where(LINES.c.upload_id == upload_id)
    query = query.where(LINES.c.line > after).order_by(LINES.c.line).limit(limit)
    for column, wanted in ((LINES.c.verdict, verdict), (LINES.c.code, code)):
        query = query.where(column == wanted) if wanted else query
    with db.read() as connection:
        return [TimelineLine(**row) for row in connection.execute(query).mappings()]


def feeds(db: Database, upload_id: str) -> list[tuple[FeedRow, int]]:
    """The feeds that carried its lines, and how many lines each; in order."""
    counted = (
        sa.select(LINES.c.feed_no, sa.func.count().label("lines"))
        .where(LINES.c.upload_id == upload_id, LINES.c.feed_no.is_not(None))
        .group_by(LINES.c.feed_no)
        .subquery()
    )
    query = sa.select(FEEDS, counted.c.lines).join(counted, counted.c.feed_no == FEEDS.c.no).order_by(FEEDS.c.no)
    with db.read() as connection:
        rows: Sequence[Any] = connection.execute(query).all()
    return [(row_of(row), int(row.lines)) for row in rows]


def at_the_doors(db: Database, upload_id: str) -> list[AuditRow]:
    """Its entries in the audit trail, oldest first."""
    query = sa.select(*(AUDIT.c[name] for name in AuditRow.__slots__)).order_by(AUDIT.c.id)
    with db.read() as connection:
        found = connection.execute(query.where(AUDIT.c.upload_id == upload_id, AUDIT.c.upload_id != "").limit(100))
        return [AuditRow(*row) for row in found]


def mails(db: Database, upload_id: str) -> list[TimelineMail]:
    """Mails about it, oldest first; none to buyers."""
    mine = MAILS.c.key.like(f"upload:{upload_id}:%")
    query = sa.select(*(MAILS.c[name] for name in TimelineMail.__slots__)).where(mine, MAILS.c.kind != "buyer")
    with db.read() as connection:
        return [TimelineMail(**row) for row in connection.execute(query.order_by(MAILS.c.no)).mappings()]
