"""Feeds: one row a document on its way to Amazon, the lines it carries, and the account's purse of requests.

The rules that keep anything from being sent twice live in these transactions: one unresolved submission per account,
the intent recorded before createFeed, every line in at most one feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from cws_filedrop.model import FeedState, UploadState, Verdict
from cws_filedrop.store import claims, order_effects
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.lines import unpack
from cws_filedrop.store.order_effects import Refusal
from cws_filedrop.store.schema import ACCOUNTS, BUCKETS, FEEDS, LINES, UPLOADS

UNRESOLVED: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.INTENDED, FeedState.STOPPED)
LIVE: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.INTENDED, FeedState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row of `feeds`."""

    no: int
    account_id: int
    cause: str
    state: FeedState
    opened_at: str
    line_count: int
    message_count: int
    document_id: str
    intent_at: str | None
    amazon_feed_id: str | None
    submitted_at: str | None
    report_document_id: str
    settled_at: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of asking for an account's turn: a feed, or how long to wait, or neither (busy, nothing to do)."""

    feed_no: int | None = None
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Purse:
    """How a token is taken: `reserve(arrival, now) -> (new arrival, wait_seconds)` (marketplaces.limits)."""

    operation: str
    reserve: Callable[[float | None, float], tuple[float, float]]


def take_turn(
    db: Database, account_id: int, *, cause: str, now: datetime, second_after_seconds: float, purse: Purse
) -> Turn:
    """Open the account's next feed, if it is its turn, there is something to send and a createFeed token is there.

    Asking again with the same cause gives the same feed.
    """
    with db.write() as connection:
        _lock_account(connection, account_id)
        opened = connection.execute(sa.select(FEEDS.c.no).where(FEEDS.c.cause == cause)).scalar()
        if opened is not None:
            return Turn(feed_no=opened)
        young = stamp(now - timedelta(seconds=second_after_seconds))
        if _is_busy(connection, account_id, young) or not _has_queued(connection, account_id):
            return Turn()
        wait = _reserve(connection, account_id, purse, now.timestamp())
        if wait > 0:
            return Turn(wait_seconds=wait)
        values = {"account_id": account_id, "cause": cause, "state": FeedState.OPEN, "opened_at": stamp(now)}
        return Turn(feed_no=connection.execute(FEEDS.insert().values(values).returning(FEEDS.c.no)).scalar_one())


def _lock_account(connection: sa.Connection, account_id: int) -> None:
    """Serialise on PostgreSQL what BEGIN IMMEDIATE serialises on SQLite."""
    connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == account_id).with_for_update())


def _is_busy(connection: sa.Connection, account_id: int, young: str) -> bool:
    stopped = sa.select(ACCOUNTS.c.stopped).where(ACCOUNTS.c.id == account_id)
    busy = sa.select(FEEDS.c.no).where(FEEDS.c.account_id == account_id, _in_flight(young)).limit(1)
    return bool(connection.execute(stopped).scalar()) or connection.execute(busy).first() is not None


def _in_flight(young: Any) -> sa.ColumnElement[bool]:
    """Feeds that keep the account's next one back (DOMAIN 9)."""
    unresolved = FEEDS.c.state.in_(UNRESOLVED)
    return sa.or_(unresolved, (FEEDS.c.state == FeedState.SUBMITTED) & (FEEDS.c.submitted_at > young))


# Built once: it is asked again and again, and putting it together costs more than running it. From the uploads that
# wait, not from the lines: a large file that is being recorded has a million queued lines that may not go yet.
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
        ),
    )
)


def _queued(account_id: int) -> sa.Select[Any]:
    return (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.shipment)
        .select_from(LINES.join(UPLOADS, UPLOADS.c.id == LINES.c.upload_id))
        .where(
            LINES.c.account_id == account_id,
            LINES.c.verdict == sa.literal_column(f"'{Verdict.QUEUED}'"),  # literal: so that the partial index serves
            LINES.c.feed_no.is_(None),
            UPLOADS.c.state == UploadState.WAITING,
        )
    )


def _has_queued(connection: sa.Connection, account_id: int) -> bool:
    return connection.execute(_queued(account_id).limit(1)).first() is not None


def ready(db: Database, *, now: datetime, second_after_seconds: float) -> list[int]:
    """Accounts that have something to send and whose turn it is; `take_turn` may still find that they must wait."""
    young = stamp(now - timedelta(seconds=second_after_seconds))
    with db.read() as connection:
        return list(connection.execute(_READY, {"young": young}).scalars())


def _reserve(connection: sa.Connection, account_id: int, purse: Purse, now: float) -> float:
    """Take a token if there is one now (0 seconds); otherwise take none and say how long to wait."""
    same = (BUCKETS.c.account_id == account_id) & (BUCKETS.c.operation == purse.operation)
    arrival = connection.execute(sa.select(BUCKETS.c.arrival).where(same).with_for_update()).scalar()
    new_arrival, wait = purse.reserve(arrival, now)
    if wait > 0:
        return wait
    if arrival is None:
        connection.execute(
            BUCKETS.insert().values(account_id=account_id, operation=purse.operation, arrival=new_arrival)
        )
    else:
        connection.execute(BUCKETS.update().where(same).values(arrival=new_arrival))
    return 0.0


def reserve(db: Database, account_id: int, purse: Purse, now: datetime) -> float:
    """Take a token of an operation: 0, or the seconds to wait (then none was taken)."""
    with db.write() as connection:
        return _reserve(connection, account_id, purse, now.timestamp())


def get(db: Database, feed_no: int) -> FeedRow:
    """The feed with that number, which must be there."""
    feed = find(db, feed_no)
    assert feed is not None, feed_no
    return feed


def find(db: Database, feed_no: int) -> FeedRow | None:
    """The feed with that number, if there is one."""
    with db.read() as connection:
        row = connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no)).first()
    return None if row is None else _row(row)


def listing(db: Database, *, states: Iterable[FeedState] = (), limit: int = 50) -> list[FeedRow]:
    """Feeds, newest first."""
    query = sa.select(FEEDS).order_by(FEEDS.c.no.desc()).limit(limit)
    if wanted := list(states):
        query = query.where(FEEDS.c.state.in_(wanted))
    with db.read() as connection:
        return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> FeedRow:
    values = {name: getattr(row, name) for name in FeedRow.__slots__}
    return FeedRow(**values | {"state": FeedState(row.state)})


def change(db: Database, feed_no: int, *, only_from: Iterable[FeedState] = (), **values: object) -> bool:
    """Set columns of a feed; false when it was not in one of the states `only_from`."""
    query = FEEDS.update().where(FEEDS.c.no == feed_no)
    if wanted := list(only_from):
        query = query.where(FEEDS.c.state.in_(wanted))
    with db.write() as connection:
        return connection.execute(query.values(values)).rowcount > 0


def fill(db: Database, feed_no: int, *, limit: int, number: Callable[[pd.DataFrame], pd.Series[int]]) -> int:
    """Give an open feed up to `limit` queued lines of its account; how many lines it carries.

    `number` says which message each SHIPMENTS row goes into (1, 2, ...), indexed by row position; rows that it leaves
    out wait for the next feed. Filling again changes nothing.
    """
    with db.write() as connection:
        feed = _row(connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no).with_for_update()).one())
        if feed.state is not FeedState.OPEN:
            return feed.line_count
        query = _queued(feed.account_id).order_by(LINES.c.upload_id, LINES.c.line).limit(limit + 1)
        rows = _whole_orders(connection.execute(query).all(), limit)
        messages = number(unpack([row.shipment for row in rows])) if rows else pd.Series([], dtype="int64")
        places = [
            {"f": feed_no, "m": message, "u": rows[place].upload_id, "l": rows[place].line}
            for place, message in zip(messages.index.to_list(), messages.to_list(), strict=True)
        ]
        _place(connection, places)
        state = FeedState.FILLED if places else FeedState.EMPTY
        values = {"state": state, "line_count": len(places), "message_count": int(messages.max()) if places else 0}
        connection.execute(FEEDS.update().where(FEEDS.c.no == feed_no).values(values))
    return len(places)


def _whole_orders(rows: Sequence[Any], limit: int) -> Sequence[Any]:
    """At most `limit` rows, without tearing the last order's packages apart if that can be helped."""
    if len(rows) <= limit:
        return rows
    order = rows[limit].shipment.partition("\x1e")[0]
    kept = limit
    while kept and rows[kept - 1].shipment.partition("\x1e")[0] == order:
        kept -= 1
    return rows[: kept or limit]


def _place(connection: sa.Connection, places: list[dict[str, object]]) -> None:
    if places:
        line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
        values: dict[str, Any] = {"feed_no": sa.bindparam("f"), "message_id": sa.bindparam("m")}
        connection.execute(LINES.update().where(line).values(values), places)


def shipments(db: Database, feed_no: int) -> tuple[pd.DataFrame, pd.Series[int]]:
    """What a filled feed carries, in message order: SHIPMENTS and the MessageID of each row; always the same."""
    query = (
        sa.select(LINES.c.shipment, LINES.c.message_id)
        .where(LINES.c.feed_no == feed_no)
        .order_by(LINES.c.message_id, LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    return unpack([row.shipment for row in rows]), pd.Series([row.message_id for row in rows], dtype="int64")


def known_feed_ids(db: Database, account_id: int) -> set[str]:
    """Amazon's ids of the account's feeds that we know to be ours."""
    query = sa.select(FEEDS.c.amazon_feed_id).where(
        FEEDS.c.account_id == account_id, FEEDS.c.amazon_feed_id.is_not(None)
    )
    with db.read() as connection:
        return set(connection.execute(query).scalars())


def submitted(db: Database, feed_no: int, *, amazon_feed_id: str, now: datetime) -> None:
    """Amazon has the feed: keep its id, and its lines are `sent`."""
    with db.write() as connection:
        values = {
            "state": FeedState.SUBMITTED,
            "amazon_feed_id": amazon_feed_id,
            "submitted_at": stamp(now),
            "note": "",
        }
        connection.execute(FEEDS.update().where(FEEDS.c.no == feed_no).values(values))
        connection.execute(
            LINES.update()
            .where(LINES.c.feed_no == feed_no, LINES.c.verdict.in_((Verdict.QUEUED, Verdict.UNKNOWN)))
            .values(verdict=str(Verdict.SENT))
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What Amazon said of a feed: the verdict of most messages, and those that differ (message id -> verdict, code,
    message)."""

    verdict: Verdict
    code: str
    message: str
    exceptions: Mapping[int, tuple[Verdict, str, str]]


def settle(db: Database, feed_no: int, settlement: Settlement, *, now: datetime) -> list[str]:
    """Give every line of a feed its verdict; the uploads that have no line waiting any more.

    Settling again changes nothing. Refused lines give their claims back, so that they can be dropped again.
    """
    with db.write() as connection:
        feed = _row(connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no).with_for_update()).one())
        if feed.state is not FeedState.SETTLED:
            _verdicts(connection, feed_no, settlement)
            _refuse(connection, feed, stamp(now))
            _count_down(connection, feed_no, stamp(now))
            values = {"state": FeedState.SETTLED, "settled_at": stamp(now)}
            connection.execute(FEEDS.update().where(FEEDS.c.no == feed_no).values(values))
        touched = sa.select(LINES.c.upload_id).where(LINES.c.feed_no == feed_no).distinct()
        done = sa.select(UPLOADS.c.id).where(UPLOADS.c.id.in_(touched), UPLOADS.c.waiting == 0)
        return list(connection.execute(done.order_by(UPLOADS.c.id)).scalars())


def _verdicts(connection: sa.Connection, feed_no: int, settlement: Settlement) -> None:
    """Amazon's word for every line; what we said of a line ourselves stays beside it."""
    of_feed = LINES.c.feed_no == feed_no
    others = of_feed & LINES.c.message_id.not_in(list(settlement.exceptions))
    usual = {"verdict": str(settlement.verdict), "message": _beside(sa.literal(settlement.message), LINES.c.message)}
    connection.execute(LINES.update().where(others).values(usual))
    rows = [
        {"of_message": message_id, "v": str(verdict), "c": code, "m": message}
        for message_id, (verdict, code, message) in settlement.exceptions.items()
    ]
    if rows:
        update = LINES.update().where(of_feed, LINES.c.message_id == sa.bindparam("of_message"))
        update = update.values(
            verdict=sa.bindparam("v"),
            code=_beside(sa.bindparam("c", type_=sa.Text), LINES.c.code),
            message=_beside(sa.bindparam("m", type_=sa.Text), LINES.c.message),
        )
        connection.execute(update, rows)


def _beside(amazons: Any, own: Any) -> Any:
    """Amazon's word, followed by our own if there is one."""
    return amazons + sa.case((own == "", ""), else_=sa.literal(" | ") + own)


def _refuse(connection: sa.Connection, feed: FeedRow, now: str) -> None:
    """Refused lines give their claims back, and their orders are unconfirmed."""
    columns = (LINES.c.upload_id, LINES.c.line, LINES.c.shipment, LINES.c.code, LINES.c.message)
    of_feed = (LINES.c.feed_no == feed.no, LINES.c.verdict == Verdict.UNCONFIRMED)
    rows = connection.execute(sa.select(*columns).where(*of_feed).order_by(LINES.c.upload_id, LINES.c.line)).all()
    if rows:
        keys = claims.keys(unpack([row.shipment for row in rows]))
        claims.release_in(connection, feed.account_id, keys)
        said = [
            Refusal(key.order, row.upload_id, row.line, f"{row.code}: {row.message}")
            for key, row in zip(keys, rows, strict=True)
        ]
        order_effects.refuse_in(connection, feed.account_id, said, now=now)


def _count_down(connection: sa.Connection, feed_no: int, now: str) -> None:
    """Take the feed's lines off what their uploads wait for; the last one finishes an upload."""
    per_upload = sa.select(LINES.c.upload_id, sa.func.count()).where(LINES.c.feed_no == feed_no)
    answered = [{"u": row[0], "n": row[1]} for row in connection.execute(per_upload.group_by(LINES.c.upload_id))]
    mine = UPLOADS.c.id == sa.bindparam("u")
    connection.execute(UPLOADS.update().where(mine).values(waiting=UPLOADS.c.waiting - sa.bindparam("n")), answered)
    over = mine & (UPLOADS.c.waiting == 0) & (UPLOADS.c.state == UploadState.WAITING)
    done = UPLOADS.update().where(over).values(state=str(UploadState.DONE), done_at=now)
    connection.execute(done, [{"u": row["u"]} for row in answered])


def wake(db: Database, feed_no: int) -> bool:
    """Let a stopped feed go on from where it stands, and its account send again; false when it is not stopped."""
    feed = get(db, feed_no)
    if feed.state is not FeedState.STOPPED:
        return False
    state = FeedState.FILLED if feed.intent_at is None else FeedState.INTENDED
    if feed.amazon_feed_id is not None:
        state = FeedState.SUBMITTED
    stop_account(db, feed.account_id, "")
    return change(db, feed_no, only_from=(FeedState.STOPPED,), state=state, wake=True, note="")


def woken(db: Database) -> list[int]:
    """Feeds that an operator let go on, each told once."""
    with db.write() as connection:
        numbers = list(connection.execute(sa.select(FEEDS.c.no).where(FEEDS.c.wake)).scalars())
        connection.execute(FEEDS.update().where(FEEDS.c.no.in_(numbers)).values(wake=False))
    return numbers


def mark_unknown(db: Database, feed_no: int) -> None:
    """Nobody can say whether Amazon has this feed: its lines are neither good nor bad, and not sent again."""
    with db.write() as connection:
        waiting = (LINES.c.feed_no == feed_no) & LINES.c.verdict.in_((Verdict.QUEUED, Verdict.SENT))
        connection.execute(LINES.update().where(waiting).values(verdict=str(Verdict.UNKNOWN)))


def stop_account(db: Database, account_id: int, why: str) -> None:
    """Send nothing more for an account until an operator starts it again ("" = start)."""
    with db.write() as connection:
        connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == account_id).values(stopped=why))


def stopped_accounts(db: Database) -> dict[int, str]:
    """Accounts for which nothing is sent, and why."""
    query = sa.select(ACCOUNTS.c.id, ACCOUNTS.c.stopped).where(ACCOUNTS.c.stopped != "")
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}
