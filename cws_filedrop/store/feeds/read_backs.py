"""Read-backs: what Amazon accepted, or may have, is looked up in its own orders, and is `seen` once it is there.

One row per order (table `sightings`), with what the last look-up showed. The lines keep when they were seen, so that
results can say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, FeedState, OrderState, ReadBackState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import shown
from cws_filedrop.store.schema import CLAIMS, FEEDS, LINES, ORDERS, SIGHTINGS
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.packed_lines import unpack

ACCEPTED: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)
PIECE: Final = 500
REFUSED_AS_SHIPPED: Final = "%18021%"  # Amazon says that all of it is shipped already


@dataclass(frozen=True, slots=True)
class DueReadBack:
    """An order that is due to be looked up at Amazon."""

    account_id: int
    amazon_order_id: str
    since: str
    state: ReadBackState
    looks: int


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """A line whose package is looked for: what was sent to Amazon (`quantity` None = all of it), and how Amazon
    answered: `accepted`, or `unknown`, or else refused as shipped before."""

    upload_id: str
    line: int
    item: str
    tracking: str
    quantity: int | None
    accepted: bool
    seen: bool
    unknown: bool = False

    @property
    def expected(self) -> bool:
        """May Amazon still come to show it?"""
        return self.accepted or self.unknown


_ORDERS_OF_FEED: Final = sa.or_(
    LINES.c.verdict.in_((*ACCEPTED, Verdict.UNKNOWN)),
    (LINES.c.verdict == Verdict.UNCONFIRMED) & LINES.c.code.like(REFUSED_AS_SHIPPED),
)


def expect_in(connection: sa.Connection, feed_no: int, *, now: datetime, look_after: timedelta) -> None:
    """Schedule look-ups of a settled feed's orders; at once where Amazon says that they were shipped before."""
    refused = sa.func.max(sa.case((LINES.c.verdict == Verdict.UNCONFIRMED, 1), else_=0))
    later, at_once = stamp(now + look_after), stamp(now)
    found = (
        sa.select(
            LINES.c.account_id,
            LINES.c.amazon_order_id,
            sa.literal(at_once),
            sa.literal(str(ReadBackState.AWAITED)),
            sa.case((refused == 1, at_once), else_=later),
            sa.literal(0),
            sa.literal(""),
        )
        .where(LINES.c.feed_no == feed_no, _ORDERS_OF_FEED)
        .group_by(LINES.c.account_id, LINES.c.amazon_order_id)
    )
    columns = ("account_id", "amazon_order_id", "since", "state", "look_at", "looks", "note")
    insert = _upsert(connection).from_select(columns, found)
    again = {name: getattr(insert.excluded, name) for name in columns[2:]}
    connection.execute(insert.on_conflict_do_update(index_elements=list(columns[:2]), set_=again))


def _upsert(connection: sa.Connection) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(SIGHTINGS)


def next_due(db: Database, *, now: datetime, not_of: Sequence[int] = ()) -> DueReadBack | None:
    """The order whose look-up is most overdue, except of the accounts `not_of`."""
    columns = (SIGHTINGS.c[name] for name in ("account_id", "amazon_order_id", "since", "state", "looks"))
    query = (
        sa.select(*columns)
        .where(SIGHTINGS.c.look_at <= stamp(now), SIGHTINGS.c.account_id.not_in(list(not_of)))
        .order_by(SIGHTINGS.c.look_at)
        .limit(1)
    )
    with db.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else DueReadBack(row[0], row[1], row[2], ReadBackState(row[3]), row[4])


def told(db: Database, sighting: DueReadBack) -> list[ReportedLine]:
    """The lines of an order that Amazon has accepted, or refused as shipped before, or of which nobody knows; without
    those that were corrected since, or whose feed may still be answered."""
    corrected = sa.exists().where(
        CLAIMS.c.account_id == LINES.c.account_id,
        CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id,
        CLAIMS.c.upload_id == LINES.c.upload_id,
        CLAIMS.c.line == LINES.c.line,
        CLAIMS.c.corrected_by != "",
    )
    query = (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.verdict, LINES.c.shipment, LINES.c.seen_at)
        .join(FEEDS, (FEEDS.c.no == LINES.c.feed_no) & (FEEDS.c.state == FeedState.SETTLED))
        .where(LINES.c.account_id == sighting.account_id, LINES.c.amazon_order_id == sighting.amazon_order_id)
        .where(_ORDERS_OF_FEED, LINES.c.kind == FeedKind.FULFILLMENT, ~corrected)
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    keys = claims.keys(unpack(rows)) if rows else []
    return [
        ReportedLine(
            row.upload_id,
            row.line,
            key.item,
            key.tracking,
            key.quantity,
            accepted=row.verdict in ACCEPTED,
            seen=row.seen_at is not None,
            unknown=row.verdict == Verdict.UNKNOWN,
        )
        for key, row in zip(keys, rows, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ReadBackOutcome:
    """The outcome of a look-up: the read-back's state, when to look again (None = never), and `words` to add to the
    messages of lines. `settled`: why unconfirmed lines need nobody's attention any more ("" = they do). `shown`: the
    order as it was (`ReadBack`)."""

    state: ReadBackState
    look_at: datetime | None
    note: str = ""
    seen: Sequence[ReportedLine] = ()
    words: Mapping[tuple[str, int], str] = field(default_factory=dict)
    settled: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


def looked(db: Database, sighting: DueReadBack, look: ReadBackOutcome, *, now: datetime) -> list[str]:
    """Keep the outcome of a look-up. Returns the uploads whose results have more to say now and await nothing else."""
    mine = (
        SIGHTINGS.c.account_id == sighting.account_id,
        SIGHTINGS.c.amazon_order_id == sighting.amazon_order_id,
        SIGHTINGS.c.since == sighting.since,  # else Amazon has answered again meanwhile
    )
    values: dict[str, Any] = {"state": str(look.state), "looks": sighting.looks + 1, "note": look.note}
    values["look_at"] = None if look.look_at is None else stamp(look.look_at)
    values |= {"looked_at": stamp(now), "shown": json.dumps(look.shown, ensure_ascii=False)}
    line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
    seen = [{"u": one.upload_id, "l": one.line} for one in look.seen]
    words = [{"u": upload, "l": number, "m": f" | {said}"} for (upload, number), said in look.words.items()]
    with db.write() as connection:
        if connection.execute(SIGHTINGS.update().where(*mine).values(values)).rowcount != 1:
            return []
        if seen:
            connection.execute(LINES.update().where(line).values(seen_at=stamp(now)), seen)
        if words:
            connection.execute(LINES.update().where(line).values(message=LINES.c.message + sa.bindparam("m")), words)
        done: list[str] = []
        if not_accepted := [(one.upload_id, one.line) for one in look.seen if not one.accepted]:
            where = (sighting.account_id, sighting.amazon_order_id)
            done = shown.shown_in(connection, *where, not_accepted, why=look.settled, now=stamp(now))
        uploads = {one.upload_id for one in look.seen} | {upload_id for upload_id, _ in look.words} | {*done}
        return [upload for upload in sorted(uploads) if not _awaited(connection, upload)]


def _awaited(connection: sa.Connection, upload_id: str) -> bool:
    same = (LINES.c.account_id == SIGHTINGS.c.account_id, LINES.c.amazon_order_id == SIGHTINGS.c.amazon_order_id)
    awaited = (LINES.c.upload_id == upload_id, LINES.c.feed_no.is_not(None), SIGHTINGS.c.state == ReadBackState.AWAITED)
    query = sa.select(LINES.c.line).select_from(LINES.join(SIGHTINGS, sa.and_(*same))).where(*awaited).limit(1)
    return connection.execute(query).first() is not None


def postpone(db: Database, account_id: int, *, until: datetime, why: str) -> None:
    """Look up nothing of an account before a moment."""
    due = (SIGHTINGS.c.account_id == account_id, SIGHTINGS.c.look_at < stamp(until))
    with db.write() as connection:
        connection.execute(SIGHTINGS.update().where(*due).values(look_at=stamp(until), note=why))


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What Amazon's own order showed at the last look-up; moments are stamps, "" = there was none yet.

    `shown` has `status` ("" = Amazon knows no such order), `items` (item, ordered, shipped, cancelled) and `packages`
    (tracking, carrier, shipped_at, items with quantity); nothing of buyers.
    """

    since: str
    state: ReadBackState
    looks: int
    note: str
    looked_at: str
    shown: Mapping[str, Any]


def read_back(db: Database, account_id: int, amazon_order_id: str) -> ReadBack | None:
    """The last look-up of an order; None if it was never scheduled, or is forgotten."""
    columns = (SIGHTINGS.c[name] for name in ReadBack.__slots__)
    mine = (SIGHTINGS.c.account_id == account_id, SIGHTINGS.c.amazon_order_id == amazon_order_id)
    with db.read() as connection:
        row = connection.execute(sa.select(*columns).where(*mine)).first()
    if row is None:
        return None
    shown = json.loads(row.shown) if row.shown else {}
    return ReadBack(row.since, ReadBackState(row.state), row.looks, row.note, row.looked_at or "", shown)


def missing(db: Database, account_id: int, *, before: datetime, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Orders for which Amazon accepted something in that time that it does not show, oldest first."""
    accepted = sa.exists().where(
        LINES.c.account_id == SIGHTINGS.c.account_id,
        LINES.c.amazon_order_id == SIGHTINGS.c.amazon_order_id,
        LINES.c.kind == FeedKind.FULFILLMENT,
        LINES.c.verdict.in_(ACCEPTED),
        LINES.c.seen_at.is_(None),
    )
    # Before the first look-up nobody can say that anything is missing.
    looked_for = (SIGHTINGS.c.account_id == account_id, SIGHTINGS.c.state != ReadBackState.SEEN, SIGHTINGS.c.looks > 0)
    query = (
        sa.select(
            SIGHTINGS.c.amazon_order_id.label("order_id"), SIGHTINGS.c.since.label("accepted_at"), SIGHTINGS.c.note
        )
        .where(*looked_for, SIGHTINGS.c.since < stamp(before), SIGHTINGS.c.since >= stamp(since), accepted)
        .order_by(SIGHTINGS.c.since)
        .limit(limit)
    )
    with db.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def forget(db: Database, *, before: datetime) -> int:
    """Remove orders whose last answer is older than a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(SIGHTINGS.delete().where(SIGHTINGS.c.since < stamp(before))).rowcount


@dataclass(frozen=True, slots=True)
class DoubtfulReadBack:
    """A read-back that does not plainly agree with the order book."""

    account_id: int
    order_id: str
    state: str  # the order's, here
    looked_at: str
    shown: Mapping[str, Any]


def doubtful(
    db: Database, *, since: datetime, until: datetime, account_id: int | None = None
) -> Iterator[list[DoubtfulReadBack]]:
    """Read-backs since a moment of which not both sides say that all is shipped, last looked at first, in pieces; those
    of orders that Amazon answered for after `until` only if it shows what is looked for."""
    same = (ORDERS.c.account_id == SIGHTINGS.c.account_id, ORDERS.c.amazon_order_id == SIGHTINGS.c.amazon_order_id)
    agreed = SIGHTINGS.c.shown.like('%"status": "SHIPPED"%') & (ORDERS.c.state == OrderState.SHIPPED)
    ripe = sa.or_(SIGHTINGS.c.state != ReadBackState.AWAITED, SIGHTINGS.c.since < stamp(until))
    query = (
        sa.select(SIGHTINGS.c.account_id, SIGHTINGS.c.amazon_order_id, ORDERS.c.state, SIGHTINGS.c.looked_at)
        .add_columns(SIGHTINGS.c.shown)
        .select_from(SIGHTINGS.join(ORDERS, sa.and_(*same)))
        .where(SIGHTINGS.c.shown != "", SIGHTINGS.c.since >= stamp(since), ripe, ~agreed)
        .order_by(SIGHTINGS.c.looked_at.desc(), SIGHTINGS.c.amazon_order_id)
    )
    if account_id is not None:
        query = query.where(SIGHTINGS.c.account_id == account_id)
    with db.read() as connection:
        for rows in connection.execute(query).partitions(PIECE):
            yield [
                DoubtfulReadBack(row.account_id, row.amazon_order_id, row.state, row.looked_at, json.loads(row.shown))
                for row in rows
            ]
