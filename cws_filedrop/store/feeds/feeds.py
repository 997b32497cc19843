"""Feeds: one row per document on its way to Amazon, the lines it carries, and the account's rate limits.

What keeps anything from being sent twice is in these transactions: one unresolved submission per account, the intent
recorded before createFeed, every line in at most one feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.errors import expected
from cws_filedrop.model import FeedKind, FeedState, UploadState, Verdict
from cws_filedrop.rules import feed_states
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds.unseen import UNREAD, WHY_STOPPED
from cws_filedrop.store.schema import ACCOUNTS, BUCKETS, FEEDS, LINES, UPLOADS

UNRESOLVED: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.INTENDED, FeedState.ADOPTED, FeedState.STOPPED)
LIVE: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.INTENDED, FeedState.ADOPTED, FeedState.SUBMITTED)
NO_REPORT: Final = "-"  # instead of the report's id: Amazon ended the feed without one


class Ended(StrEnum):
    """How a feed ended at Amazon, unless it is done with (column `ended`; "" = it is, or nothing is known)."""

    FATAL = "FATAL"  # some, none or all of its messages may have been taken
    CANCELLED = "CANCELLED"  # before Amazon began with it
    REFUSED = "REFUSED"  # our word: Amazon was done with it, and took none of its messages


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row of `feeds`."""

    no: int
    account_id: int
    cause: str
    kind: FeedKind
    state: FeedState
    opened_at: str
    line_count: int
    message_count: int
    document_id: str
    intent_at: str | None
    amazon_feed_id: str | None
    submitted_at: str | None
    report_document_id: str  # "" = none yet, or NO_REPORT
    ended: str
    settled_at: str | None
    note: str
    document_sha256: str  # "" = not kept
    report_sha256: str
    document_at: str | None  # by Amazon's clock; nothing that is older can be this feed
    looks: int
    order_looks: int
    orders_since: str | None
    order_place: int
    strangers: str
    offered: bool
    resumed: int
    ended_at: str | None
    refused_at: str | None
    parent: int | None
    root: int | None
    tries: int

    @property
    def not_ours(self) -> frozenset[str]:
        """Feeds at Amazon that were found not to be this one."""
        return frozenset(self.strangers.split())

    @property
    def day(self) -> str:
        """When it was opened, such as 20261122."""
        return self.opened_at[:10].replace("-", "")


@dataclass(frozen=True, slots=True)
class FeedSlot:
    """The answer to taking an account's slot: a feed, or how long to wait, or neither (busy, nothing to send)."""

    feed_no: int | None = None
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How a token is taken: `reserve(arrival, now) -> (new arrival, wait_seconds)` (marketplaces.limits)."""

    operation: str
    reserve: Callable[[float | None, float], tuple[float, float]]


def take_turn(
    db: Database, account_id: int, *, cause: str, now: datetime, second_after_seconds: float, rate_limit: RateLimit
) -> FeedSlot:
    """Open the account's next feed, if its slot is free, there is something to send and a createFeed token is left.

    Called again with the same cause it returns the same feed: a workflow that is recovered after a crash gets the feed
    that it opened before. All is decided in one transaction, or two callers could both find the slot free.
    """
    with db.write() as connection:
        lock_account(connection, account_id)
        opened = connection.execute(sa.select(FEEDS.c.no).where(FEEDS.c.cause == cause)).scalar()
        if opened is not None:
            return FeedSlot(feed_no=opened)
        young = stamp(now - timedelta(seconds=second_after_seconds))
        if _is_busy(connection, account_id, young) or (kind := _kind_queued(connection, account_id)) is None:
            return FeedSlot()
        wait = _reserve(connection, account_id, rate_limit, now.timestamp())
        if wait > 0:
            return FeedSlot(wait_seconds=wait)
        values = {"account_id": account_id, "cause": cause, "kind": str(kind), "state": FeedState.OPEN}
        values["opened_at"] = stamp(now)
        return FeedSlot(feed_no=connection.execute(FEEDS.insert().values(values).returning(FEEDS.c.no)).scalar_one())


def lock_account(connection: sa.Connection, account_id: int) -> None:
    """Lock the account until the transaction ends: on PostgreSQL, what BEGIN IMMEDIATE does for all on SQLite."""
    connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == account_id).with_for_update())


def _is_busy(connection: sa.Connection, account_id: int, young: str) -> bool:
    stopped = sa.select(ACCOUNTS.c.stopped).where(ACCOUNTS.c.id == account_id)
    return bool(connection.execute(stopped).scalar()) or is_in_flight(connection, account_id, young)


def is_in_flight(connection: sa.Connection, account_id: int, young: str) -> bool:
    """Does a feed hold back the account's next one? `young` is the stamp since which one that was sent does."""
    busy = sa.select(FEEDS.c.no).where(FEEDS.c.account_id == account_id, _in_flight(young)).limit(1)
    return connection.execute(busy).first() is not None


def _in_flight(young: Any) -> sa.ColumnElement[bool]:
    """Feeds that hold back the account's next one (docs/domain.md#9-sending)."""
    unresolved = FEEDS.c.state.in_(UNRESOLVED)
    return sa.or_(unresolved, (FEEDS.c.state == FeedState.SUBMITTED) & (FEEDS.c.submitted_at > young))


# An order's lines wait while another feed that carries some of it is not settled: whether and how Amazon took those
# decides what may be told of the order next.
_OTHER: Final = LINES.alias("other")
_CARRIER: Final = FEEDS.alias("carrier")
_OVER: Final = (FeedState.SETTLED, FeedState.EMPTY)
_HELD_BACK: Final = (
    sa.exists()
    .where(
        _OTHER.c.account_id == LINES.c.account_id,
        _OTHER.c.amazon_order_id == LINES.c.amazon_order_id,
        _CARRIER.c.no == _OTHER.c.feed_no,
        _CARRIER.c.state.not_in(_OVER),
    )
    .correlate(LINES)
)


# Accounts for which a feed can be opened. Built once, since the feeder runs it all the time and building it costs more
# than running it.
#
# It starts from the uploads that wait, not from the lines: a large file that is still being recorded has a million
# queued lines that may not go yet, and would be searched through at every round. Uploads that wait are few, and found
# by an index; for each, one queued line is enough (EXISTS stops at the first).
#
# States and verdicts are literals and not parameters: only then does the planner know that a partial index, such as
# that of lines to send, covers the condition. It only suggests: between here and `take_turn`, which decides under the
# account's lock, everything may change.
_READY: Final = (
    sa.select(UPLOADS.c.account_id)
    .distinct()
    .where(
        UPLOADS.c.state == sa.literal_column(f"'{UploadState.WAITING}'"),
        UPLOADS.c.account_id.in_(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.stopped == "")),
        ~sa.exists().where(FEEDS.c.account_id == UPLOADS.c.account_id, _in_flight(sa.bindparam("young"))),
        sa.exists().where(
            LINES.c.account_id == UPLOADS.c.account_id,
            LINES.c.upload_id == UPLOADS.c.id,
            LINES.c.verdict == sa.literal_column(f"'{Verdict.QUEUED}'"),
            LINES.c.feed_no.is_(None),
            ~_HELD_BACK,
            ~UNREAD,
        ),
    )
)


def queued(account_id: Any, kind: FeedKind = FeedKind.FULFILLMENT) -> sa.Select[Any]:
    """Lines of an account that may go with the next feed of a kind; those of orders in other feeds wait for these."""
    return (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.shipment)
        .select_from(LINES.join(UPLOADS, UPLOADS.c.id == LINES.c.upload_id))
        .where(
            LINES.c.account_id == account_id,
            LINES.c.verdict == sa.literal_column(f"'{Verdict.QUEUED}'"),  # a literal, so that the partial index is used
            LINES.c.feed_no.is_(None),
            LINES.c.kind == sa.literal_column(f"'{kind}'"),
            UPLOADS.c.state == UploadState.WAITING,
            ~_HELD_BACK,
            ~UNREAD,
        )
    )


def _kind_queued(connection: sa.Connection, account_id: int) -> FeedKind | None:
    """The kind of feed that is next: that of the line that has waited longest (upload ids begin with the moment)."""
    waiting: dict[str, FeedKind] = {}
    for kind in FeedKind:
        oldest = queued(account_id, kind).with_only_columns(LINES.c.upload_id).order_by(LINES.c.upload_id).limit(1)
        if (upload_id := connection.execute(oldest).scalar()) is not None:
            waiting.setdefault(upload_id, kind)  # of the same upload, shipments first
    return waiting[min(waiting)] if waiting else None


def ready(db: Database, *, now: datetime, second_after_seconds: float) -> list[int]:
    """Accounts that have something to send and a free slot; `take_turn` may still find that they must wait."""
    young = stamp(now - timedelta(seconds=second_after_seconds))
    with db.read() as connection:
        return list(connection.execute(_READY, {"young": young}).scalars())


def _reserve(connection: sa.Connection, account_id: int, rate_limit: RateLimit, now: float) -> float:
    """Take a token if there is one (0 seconds); otherwise take none and return how long to wait."""
    same = (BUCKETS.c.account_id == account_id) & (BUCKETS.c.operation == rate_limit.operation)
    arrival = connection.execute(sa.select(BUCKETS.c.arrival).where(same).with_for_update()).scalar()
    new_arrival, wait = rate_limit.reserve(arrival, now)
    if wait > 0:
        return wait
    if arrival is None:
        connection.execute(
            BUCKETS.insert().values(account_id=account_id, operation=rate_limit.operation, arrival=new_arrival)
        )
    else:
        connection.execute(BUCKETS.update().where(same).values(arrival=new_arrival))
    return 0.0


def reserve(db: Database, account_id: int, rate_limit: RateLimit, now: datetime) -> float:
    """Take a token of an operation. Returns 0, or the seconds to wait (no token was taken then)."""
    with db.write() as connection:
        return _reserve(connection, account_id, rate_limit, now.timestamp())


def get(db: Database, feed_no: int) -> FeedRow:
    """The feed with that number. Raises: Impossible when there is none."""
    return expected(find(db, feed_no), f"feed {feed_no}")


def find(db: Database, feed_no: int) -> FeedRow | None:
    """The feed with that number, if there is one."""
    with db.read() as connection:
        row = connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no)).first()
    return None if row is None else row_of(row)


def listing(
    db: Database, *, states: Iterable[FeedState] = (), before: int | None = None, limit: int = 50
) -> list[FeedRow]:
    """At most `limit` feeds, newest first; `before` is the number to continue from."""
    query = sa.select(FEEDS).order_by(FEEDS.c.no.desc()).limit(limit)
    if wanted := list(states):
        query = query.where(FEEDS.c.state.in_(wanted))
    if before is not None:
        query = query.where(FEEDS.c.no < before)
    with db.read() as connection:
        return [row_of(row) for row in connection.execute(query)]


def stopped_feeds(db: Database) -> list[FeedRow]:
    """The feeds that wait for an operator."""
    return listing(db, states=(FeedState.STOPPED,), limit=1000)


def row_of(row: Any) -> FeedRow:
    """A row of the table as a value."""
    values = {name: getattr(row, name) for name in FeedRow.__slots__}
    return FeedRow(**values | {"state": FeedState(row.state), "kind": FeedKind(row.kind)})


def change(db: Database, feed_no: int, *, only_from: Iterable[FeedState] = (), **values: object) -> bool:
    """Set columns of a feed; false when it was not in one of the states `only_from`. States change by `move` alone."""
    query = FEEDS.update().where(FEEDS.c.no == feed_no)
    if wanted := list(only_from):
        query = query.where(FEEDS.c.state.in_(wanted))
    with db.write() as connection:
        return connection.execute(query.values(values)).rowcount > 0


def move(db: Database, feed_no: int, event: FeedEvent, **values: object) -> bool:
    """Record what happened to a feed, with columns that say more; false, and nothing is changed, when it only repeats.

    Raises: Impossible when it cannot happen to a feed in that state (rules.feed_states).
    """
    with db.write() as connection:
        return move_in(connection, feed_no, event, **values)


def move_in(connection: sa.Connection, feed_no: int, event: FeedEvent, **values: object) -> bool:
    """`move`, in a transaction."""
    mine = FEEDS.c.no == feed_no
    state = FeedState(connection.execute(sa.select(FEEDS.c.state).where(mine).with_for_update()).scalar_one())
    leads_to = feed_states.after(state, event)
    if leads_to is state:
        return False
    connection.execute(FEEDS.update().where(mine).values(state=leads_to, **values))
    return True


def known_feed_ids(db: Database, account_id: int) -> set[str]:
    """Amazon's ids of the account's feeds that we know to be ours."""
    query = sa.select(FEEDS.c.amazon_feed_id).where(
        FEEDS.c.account_id == account_id, FEEDS.c.amazon_feed_id.is_not(None)
    )
    with db.read() as connection:
        return set(connection.execute(query).scalars())


def submitted(
    db: Database, feed_no: int, *, amazon_feed_id: str, now: datetime, event: FeedEvent = FeedEvent.ANSWERED
) -> None:
    """Amazon has the feed: keep its id, and mark its lines as `sent`. What was known of another feed is dropped."""
    values: dict[str, object] = {"amazon_feed_id": amazon_feed_id, "submitted_at": stamp(now), "offered": False}
    values |= {"ended": "", "ended_at": None, "refused_at": None, "report_document_id": "", "note": ""}
    with db.write() as connection:
        if move_in(connection, feed_no, event, **values):
            change_verdicts(connection, feed_no, (Verdict.QUEUED, Verdict.UNKNOWN), Verdict.SENT)


def wake(db: Database, feed_no: int) -> bool:
    """Let a stopped feed go on from where it is, and its account send again; false when it is not stopped.

    What is to work on it then is not written down: the worker's rounds see that nothing does (`workflows.take_up`), so
    that it makes no difference when the process dies.
    """
    feed = get(db, feed_no)
    if feed.state is not FeedState.STOPPED:
        return False
    event = feed_states.retried(
        line_count=feed.line_count,
        intended=feed.intent_at is not None,
        named=feed.amazon_feed_id is not None,
        submitted=feed.submitted_at is not None,
    )
    with db.write() as connection:
        _stop_account(connection, feed.account_id, "")
        return move_in(connection, feed_no, event, note="", offered=False)


def count_resumed(db: Database, feed_no: int) -> int:
    """Count that a feed is taken up again, before it is. Returns which time it is: a number that never repeats."""
    with db.write() as connection:
        more = FEEDS.update().where(FEEDS.c.no == feed_no).values(resumed=FEEDS.c.resumed + 1)
        return int(connection.execute(more.returning(FEEDS.c.resumed)).scalar_one())


def change_verdicts(connection: sa.Connection, feed_no: int, before: Sequence[Verdict], verdict: Verdict) -> None:
    """Give the lines of a feed that have one of these verdicts another one."""
    some = (LINES.c.feed_no == feed_no, LINES.c.verdict.in_(before))
    connection.execute(LINES.update().where(*some).values(verdict=str(verdict)))


def mark_unknown(db: Database, feed_no: int) -> None:
    """Mark the lines of a feed `unknown`: nobody can say whether Amazon has it, so they are not sent again."""
    with db.write() as connection:
        change_verdicts(connection, feed_no, (Verdict.QUEUED, Verdict.SENT), Verdict.UNKNOWN)


def stop_account(db: Database, account_id: int, why: str) -> None:
    """Send nothing more for an account until an operator starts it again ("" = start)."""
    with db.write() as connection:
        _stop_account(connection, account_id, why)


def _stop_account(connection: sa.Connection, account_id: int, why: str) -> None:
    connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == account_id).values(stopped=why))


def stopped_accounts(db: Database) -> dict[int, str]:
    """Accounts for which nothing is sent, and why."""
    query = sa.select(ACCOUNTS.c.id, WHY_STOPPED).where(WHY_STOPPED != "")
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def slot_in(
    connection: sa.Connection, account_id: int, now: datetime, second_after_seconds: float, rate_limit: RateLimit
) -> float | None:
    """Take the slot of an account that is locked: None = it is taken, with a createFeed token, else the seconds after
    which it may be worth another look."""
    if _is_busy(connection, account_id, stamp(now - timedelta(seconds=second_after_seconds))):
        return second_after_seconds
    return _reserve(connection, account_id, rate_limit, now.timestamp()) or None
