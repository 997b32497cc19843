"""What a database that was restored from a backup does not know: feeds that were created after the backup was made.

Until these are listed at Amazon, nothing of the account is sent. If there are any, each order is read at Amazon before
anything that is queued for it is sent, also what sellers drop again later; what its own order shows is not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, FeedState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ACCOUNTS, CLAIMS, FEEDS, LINES, RESTORED_LOOKS
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.packed_lines import unpack

# Why nothing is sent for an account. Once the feeds are listed, only what was not read yet waits.
WHY_STOPPED: Final = sa.case(
    (ACCOUNTS.c.stopped != "", ACCOUNTS.c.stopped), (ACCOUNTS.c.listed_at.is_(None), ACCOUNTS.c.unseen_note), else_=""
)
_SAME_LINE: Final = (RESTORED_LOOKS.c.upload_id == LINES.c.upload_id, RESTORED_LOOKS.c.line == LINES.c.line)
_RESTORED: Final = sa.exists().where(ACCOUNTS.c.id == LINES.c.account_id, ACCOUNTS.c.unseen_since.is_not(None))
_LOOKED: Final = sa.exists().where(*_SAME_LINE, sa.or_(RESTORED_LOOKS.c.free, RESTORED_LOOKS.c.shown))
_FREE: Final = sa.exists().where(*_SAME_LINE, RESTORED_LOOKS.c.free)
# Lines that may not be sent yet, since nobody knows whether they were.
UNREAD: Final = _RESTORED.correlate(LINES) & ~_FREE.correlate(LINES)
_UNSENT: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.WAITING)
_TOLD: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING, Verdict.SENT, Verdict.UNKNOWN, Verdict.QUEUED)


@dataclass(frozen=True, slots=True)
class RestoredAccount:
    """An account whose feeds of some time are unknown here; `listed_at` None = they are not listed yet. Stamps."""

    id: int
    restored_at: str
    unseen_since: str
    listed_at: str | None
    unseen_note: str


@dataclass(frozen=True, slots=True)
class QueuedLine:
    """A line of an order, as it would be told or was; `mine` is one that is queued and in no feed."""

    upload_id: str
    line: int
    item: str
    tracking: str
    quantity: int | None
    queued: bool
    mine: bool

    @property
    def place(self) -> tuple[str, int]:
        return self.upload_id, self.line


def mark(db: Database, *, since: datetime, now: datetime) -> int:
    """Feeds of every account that were created since a moment are unknown here. Returns the number of accounts."""
    note = f"restored from the backup of {stamp(since)}: nothing is sent before Amazon's feeds since then are listed"
    values = {"restored_at": stamp(now), "unseen_since": stamp(since), "listed_at": None, "unseen_note": note}
    with db.write() as connection:
        connection.execute(RESTORED_LOOKS.delete())
        return connection.execute(ACCOUNTS.update().values(values)).rowcount


def accounts(db: Database) -> list[RestoredAccount]:
    """Accounts for which sending is paused or careful."""
    columns = [ACCOUNTS.c[name] for name in RestoredAccount.__slots__]
    query = sa.select(*columns).where(ACCOUNTS.c.unseen_since.is_not(None)).order_by(ACCOUNTS.c.id)
    with db.read() as connection:
        return [RestoredAccount(*row) for row in connection.execute(query)]


def noted(db: Database, account_id: int, note: str, **values: object) -> None:
    """Keep what sending waits for, unless it is over meanwhile."""
    mine = (ACCOUNTS.c.id == account_id, ACCOUNTS.c.unseen_since.is_not(None))
    with db.write() as connection:
        connection.execute(ACCOUNTS.update().where(*mine).values(unseen_note=note, **values))


def over(db: Database, account_id: int | None = None) -> int:
    """Send as usual again, for one account or for all. Returns for how many that was new."""
    some = [ACCOUNTS.c.unseen_since.is_not(None), *([] if account_id is None else [ACCOUNTS.c.id == account_id])]
    with db.write() as connection:
        usual = {"restored_at": None, "unseen_since": None, "listed_at": None, "unseen_note": ""}
        return connection.execute(ACCOUNTS.update().where(*some).values(usual)).rowcount


def _waiting() -> sa.Select[Any]:
    """Queued lines that are in no feed, or in one that was not sent."""
    unsent = sa.exists().where(FEEDS.c.no == LINES.c.feed_no, FEEDS.c.state.in_(_UNSENT))
    queued = LINES.c.verdict == sa.literal_column(f"'{Verdict.QUEUED}'")
    return sa.select(LINES.c.amazon_order_id).where(queued, sa.or_(LINES.c.feed_no.is_(None), unsent))


def unread(db: Database, account_id: int, *, before: datetime, limit: int) -> list[str]:
    """Orders of an account that have something queued, and were not read yet, or last before a moment and not for
    good."""
    done = sa.or_(RESTORED_LOOKS.c.free, RESTORED_LOOKS.c.looked_at >= stamp(before))
    query = _waiting().where(LINES.c.account_id == account_id, ~sa.exists().where(*_SAME_LINE, done))
    with db.read() as connection:
        return list(connection.execute(query.distinct().limit(limit)).scalars())


def unread_count(db: Database, account_id: int) -> int:
    """Orders of an account that have something queued which may not be sent yet."""
    query = _waiting().where(LINES.c.account_id == account_id, ~_FREE).distinct().subquery()
    with db.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(query)).scalar_one())


def lines_of(db: Database, account_id: int, order: str) -> list[QueuedLine]:
    """What was told of an order, or is to be, without what was corrected since."""
    corrected = sa.exists().where(
        CLAIMS.c.account_id == LINES.c.account_id,
        CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id,
        CLAIMS.c.upload_id == LINES.c.upload_id,
        CLAIMS.c.line == LINES.c.line,
        CLAIMS.c.corrected_by != "",
    )
    query = (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.verdict, LINES.c.shipment, LINES.c.feed_no)
        .where(LINES.c.account_id == account_id, LINES.c.amazon_order_id == order, LINES.c.shipment.is_not(None))
        .where(LINES.c.kind == FeedKind.FULFILLMENT, LINES.c.verdict.in_(_TOLD), ~corrected)
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    return [
        QueuedLine(row.upload_id, row.line, key.item, key.tracking, key.quantity, *_standing(row))
        for key, row in zip(claims.keys(unpack(rows)) if rows else [], rows, strict=True)
    ]


def _standing(row: Any) -> tuple[bool, bool]:
    queued = row.verdict == Verdict.QUEUED
    return queued, queued and row.feed_no is None


def cancellations_of(db: Database, account_id: int, order: str) -> list[tuple[str, int]]:
    """Queued lines that cancel an order."""
    query = sa.select(LINES.c.upload_id, LINES.c.line).where(
        LINES.c.account_id == account_id,
        LINES.c.amazon_order_id == order,
        LINES.c.kind == FeedKind.ACKNOWLEDGEMENT,
        LINES.c.verdict == Verdict.QUEUED,
    )
    with db.read() as connection:
        return [(row.upload_id, row.line) for row in connection.execute(query)]


def looked(db: Database, places: Sequence[tuple[str, int]], *, free: bool, shown: bool, now: datetime) -> None:
    """Keep what the orders of queued lines were seen to show."""
    rows = [{"upload_id": upload, "line": line} for upload, line in places]
    if not rows:
        return
    mine = (RESTORED_LOOKS.c.upload_id == sa.bindparam("u"), RESTORED_LOOKS.c.line == sa.bindparam("l"))
    values = {"looked_at": stamp(now), "free": free, "shown": shown}
    with db.write() as connection:
        connection.execute(RESTORED_LOOKS.delete().where(*mine), [{"u": one[0], "l": one[1]} for one in places])
        connection.execute(RESTORED_LOOKS.insert(), [row | values for row in rows])


def carry(
    db: Database, account: RestoredAccount, lines: Sequence[QueuedLine], *, cause: str, note: str, now: datetime
) -> int:
    """Open a feed that stands for the unknown one that carried these lines, which Amazon's order shows. Returns its
    number; it is one that may be at Amazon, and never one that is sent."""
    values = {"account_id": account.id, "cause": cause, "kind": str(FeedKind.FULFILLMENT), "note": note}
    values |= {"state": str(FeedState.INTENDED), "opened_at": stamp(now), "intent_at": account.unseen_since}
    values |= {"document_at": account.unseen_since, "line_count": len(lines), "message_count": len(lines)}
    mine = (LINES.c.upload_id == sa.bindparam("u"), LINES.c.line == sa.bindparam("l"), LINES.c.feed_no.is_(None))
    places = [{"u": one.upload_id, "l": one.line, "m": number} for number, one in enumerate(lines, 1)]
    with db.write() as connection:
        feed_no = int(connection.execute(FEEDS.insert().values(values).returning(FEEDS.c.no)).scalar_one())
        connection.execute(LINES.update().where(*mine).values(feed_no=feed_no, message_id=sa.bindparam("m")), places)
    return feed_no


@dataclass(frozen=True, slots=True)
class FeedHeldBack:
    """What keeps a filled feed from being sent: orders that were not read yet, or that `show` what it would tell."""

    unread: int
    shows: bool
    since: str


def held_back(db: Database, feed_no: int) -> FeedHeldBack | None:
    """None when nothing does."""
    of_feed = LINES.c.feed_no == feed_no
    since = sa.select(ACCOUNTS.c.unseen_since).join(FEEDS, FEEDS.c.account_id == ACCOUNTS.c.id)
    orders = sa.select(sa.func.count(sa.distinct(LINES.c.amazon_order_id))).where(of_feed, ~_LOOKED)
    shown = sa.exists().where(*_SAME_LINE, RESTORED_LOOKS.c.shown)
    with db.read() as connection:
        begun = connection.execute(since.where(FEEDS.c.no == feed_no)).scalar()
        if begun is None:
            return None
        shows = connection.execute(sa.select(LINES.c.line).where(of_feed, shown).limit(1)).first() is not None
        unread = int(connection.execute(orders).scalar_one())
    return FeedHeldBack(unread, shows, begun) if unread or shows else None


def left_to_look_up(db: Database, feed_no: int) -> None:
    """The feed is looked up, and what comes of that decides about its lines."""
    of_feed = sa.exists().where(*_SAME_LINE, LINES.c.feed_no == feed_no)
    with db.write() as connection:
        connection.execute(RESTORED_LOOKS.update().where(of_feed).values(free=True, shown=False))
