"""Read-backs: what Amazon accepted, or may have, is looked up in its own orders, and is `seen` once it is there.

One row per order (table `sightings`), with what the last look-up showed. The lines keep when they were seen, so that
results can say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, FeedState, ReadBackState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import returning, shown
from cws_filedrop.store.schema import CLAIMS, FEEDS, LINES, ORDERS, SIGHTINGS
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.packed_lines import unpack, unpack_cancellations


class Rank(IntEnum):
    """Who is looked up first, where the rate limit does not allow all. Feeds of which nobody knows whether Amazon has
    them come before all of these."""

    UNKNOWN = 1
    REFUSED = 2  # as shipped before
    URGENT = 3  # accepted, and near the deadline
    ROUTINE = 4


ACCEPTED: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)
SAMPLE: Final = "%0"  # order ids of this form are looked up where not all can be: one in ten
REFUSED_AS_SHIPPED: Final = "%18021%"  # Amazon says that all of it is shipped already


@dataclass(frozen=True, slots=True)
class Precedence:
    """Who is looked up where not all can be: orders to be shipped `urgent_before` go before other accepted ones, and
    with more than `most` to be looked up only a sample of the others is. None = there is no such thing."""

    urgent_before: datetime | None = None
    most: int | None = None


EVERY: Final = Precedence()


@dataclass(frozen=True, slots=True)
class DueReadBack:
    """An order that is due to be looked up at Amazon."""

    account_id: int
    amazon_order_id: str
    since: str
    state: ReadBackState
    looks: int
    rank: int = Rank.ROUTINE
    absent: int = 0  # looks in a row that plainly did not show what is unknown, and since when
    absent_since: str | None = None


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """A line whose package is looked for: what was sent to Amazon (`quantity` None = all of it), and how Amazon
    answered: `accepted`, or `unknown`, or else refused as shipped before. One that `cancels` items instead has no
    package."""

    upload_id: str
    line: int
    item: str
    tracking: str
    quantity: int | None
    accepted: bool
    seen: bool
    unknown: bool = False
    cancels: tuple[str, ...] = ()

    @property
    def expected(self) -> bool:
        """May Amazon still come to show it?"""
        return self.accepted or self.unknown


_SHIPS: Final = LINES.c.kind == FeedKind.FULFILLMENT
_ORDERS_OF_FEED: Final = sa.or_(
    LINES.c.verdict == Verdict.UNKNOWN,
    _SHIPS & LINES.c.verdict.in_(ACCEPTED),
    _SHIPS & (LINES.c.verdict == Verdict.UNCONFIRMED) & LINES.c.code.like(REFUSED_AS_SHIPPED),
)


def expect_in(
    connection: sa.Connection, feed_no: int, *, now: datetime, look_after: timedelta, precedence: Precedence
) -> None:
    """Schedule look-ups of a settled feed's orders; at once where nobody knows what became of a line, or Amazon says
    that it was shipped before."""
    later, at_once = stamp(now + look_after), stamp(now)
    rank = _rank(precedence.urgent_before)
    found = (
        sa.select(
            LINES.c.account_id,
            LINES.c.amazon_order_id,
            sa.literal(at_once),
            sa.literal(str(ReadBackState.AWAITED)),
            sa.case((rank <= Rank.REFUSED, at_once), else_=later),
            sa.literal(0),
            sa.literal(""),
            rank,
            sa.literal(0),
            sa.null(),
        )
        .select_from(LINES.outerjoin(ORDERS, sa.and_(*_SAME_ORDER)))
        .where(LINES.c.feed_no == feed_no, _ORDERS_OF_FEED)
        .group_by(LINES.c.account_id, LINES.c.amazon_order_id)
    )
    if precedence.most is not None and _is_long(connection, feed_no, precedence.most, later):
        found = found.having(sa.or_(rank < Rank.ROUTINE, LINES.c.amazon_order_id.like(SAMPLE)))
    columns = ("account_id", "amazon_order_id", "since", "state", "look_at", "looks", "note", "rank", *_ABSENCE)
    insert = _upsert(connection).from_select(columns, found)
    again = {name: getattr(insert.excluded, name) for name in columns[2:]}
    before = (SIGHTINGS.c.state == ReadBackState.AWAITED) & (SIGHTINGS.c.rank < insert.excluded.rank)
    again["rank"] = sa.case((before, SIGHTINGS.c.rank), else_=insert.excluded.rank)
    connection.execute(insert.on_conflict_do_update(index_elements=list(columns[:2]), set_=again))


_ABSENCE: Final = ("absent", "absent_since")
_SAME_ORDER: Final = (ORDERS.c.account_id == LINES.c.account_id, ORDERS.c.amazon_order_id == LINES.c.amazon_order_id)


def _rank(urgent_before: datetime | None) -> sa.ColumnElement[int]:
    """The rank of the orders of a feed, by its lines."""
    deadline = ORDERS.c.latest_ship_date
    urgent = (deadline != "") & (deadline < stamp(urgent_before)) if urgent_before else sa.false()
    cases = (
        (LINES.c.verdict == Verdict.UNKNOWN, int(Rank.UNKNOWN)),
        (LINES.c.verdict == Verdict.UNCONFIRMED, int(Rank.REFUSED)),
        (urgent, int(Rank.URGENT)),
    )
    return sa.func.min(sa.case(*cases, else_=int(Rank.ROUTINE)))


def _is_long(connection: sa.Connection, feed_no: int, most: int, until: str) -> bool:
    """Are more than `most` orders of the feed's account to be looked up by then?"""
    account = sa.select(FEEDS.c.account_id).where(FEEDS.c.no == feed_no).scalar_subquery()
    due = sa.select(SIGHTINGS.c.rank).where(SIGHTINGS.c.account_id == account, SIGHTINGS.c.look_at <= until)
    return connection.execute(due.offset(most).limit(1)).first() is not None


def _upsert(connection: sa.Connection) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(SIGHTINGS)


def next_due(
    db: Database, *, now: datetime, not_of: Sequence[int] = (), not_routine: Sequence[int] = ()
) -> DueReadBack | None:
    """The order that is to be looked up next, by rank and then by how long it is due; none of the accounts `not_of`,
    and nothing of rank ROUTINE of `not_routine`."""
    with db.read() as connection:
        for rank in Rank:  # one by one, since the index then leads to it however many wait
            if rank is Rank.ROUTINE:
                not_of = (*not_of, *not_routine)
            if (found := _first_due(connection, rank, stamp(now), not_of)) is not None:
                return found
    return None


def _first_due(connection: sa.Connection, rank: Rank, now: str, not_of: Sequence[int]) -> DueReadBack | None:
    names = ("account_id", "amazon_order_id", "since", "state", "looks", "rank", "absent", "absent_since")
    query = (
        sa.select(*(SIGHTINGS.c[name] for name in names))
        .where(SIGHTINGS.c.rank == rank, SIGHTINGS.c.look_at <= now, SIGHTINGS.c.account_id.not_in(list(not_of)))
        .order_by(SIGHTINGS.c.look_at)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return DueReadBack(**dict(row._mapping) | {"state": ReadBackState(row.state)})


def queue(db: Database, *, now: datetime) -> dict[int, int]:
    """How many orders of each account are to be looked up by now."""
    due = sa.select(SIGHTINGS.c.account_id, sa.func.count()).where(SIGHTINGS.c.look_at <= stamp(now))
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(due.group_by(SIGHTINGS.c.account_id))}


def told(db: Database, sighting: DueReadBack) -> list[ReportedLine]:
    """The lines of an order that Amazon has accepted, or refused as shipped before, or of which nobody knows; without
    those that were corrected since, or whose feed may still be answered. Of cancellations only those of which nobody
    knows."""
    corrected = sa.exists().where(
        CLAIMS.c.account_id == LINES.c.account_id,
        CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id,
        CLAIMS.c.upload_id == LINES.c.upload_id,
        CLAIMS.c.line == LINES.c.line,
        CLAIMS.c.corrected_by != "",
    )
    query = (
        sa.select(*(LINES.c[name] for name in ("upload_id", "line", "verdict", "shipment", "seen_at", "kind")))
        .join(FEEDS, (FEEDS.c.no == LINES.c.feed_no) & (FEEDS.c.state == FeedState.SETTLED))
        .where(LINES.c.account_id == sighting.account_id, LINES.c.amazon_order_id == sighting.amazon_order_id)
        .where(_ORDERS_OF_FEED, ~corrected)
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    ships = [row for row in rows if row.kind == FeedKind.FULFILLMENT]
    told = [_reported(row, *key[1:]) for row, key in zip(ships, claims.keys(unpack(ships)), strict=True)]
    return told + _cancelling([row for row in rows if row.kind == FeedKind.ACKNOWLEDGEMENT])


def _cancelling(rows: Sequence[Any]) -> list[ReportedLine]:
    items = unpack_cancellations(rows)["order-item-codes"].to_list()
    return [
        replace(_reported(row, "", "", None), cancels=tuple(some.split()))
        for row, some in zip(rows, items, strict=True)
    ]


def _reported(row: Any, item: str, tracking: str, quantity: int | None) -> ReportedLine:
    accepted, unknown = row.verdict in ACCEPTED, row.verdict == Verdict.UNKNOWN
    seen = row.seen_at is not None
    return ReportedLine(row.upload_id, row.line, item, tracking, quantity, accepted, seen, unknown)


@dataclass(frozen=True, slots=True)
class ReadBackOutcome:
    """The outcome of a look-up: the read-back's state, when to look again (None = never), and `words` to add to the
    messages of lines. `settled`: why unconfirmed lines need nobody's attention any more ("" = they do). `shown`: the
    order as it was (`ReadBack`). `absent` looks in a row, since `absent_since`, have plainly not shown what is unknown.
    `offered`: lines that may be sent again; `again`: those that are. Unknown lines that were `seen` are confirmed."""

    state: ReadBackState
    look_at: datetime | None
    note: str = ""
    seen: Sequence[ReportedLine] = ()
    words: Mapping[tuple[str, int], str] = field(default_factory=dict)
    settled: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    absent: int = 0
    absent_since: str | None = None
    offered: Sequence[ReportedLine] = ()
    again: Sequence[ReportedLine] = ()


class Renewed(NamedTuple):
    """Uploads that a look-up changed: those whose results have more to say and await nothing else, and those that are
    finished by it."""

    results: list[str]
    finished: list[str]


def looked(db: Database, sighting: DueReadBack, look: ReadBackOutcome, *, now: datetime) -> Renewed:
    """Keep the outcome of a look-up, and what follows from it."""
    mine = (
        SIGHTINGS.c.account_id == sighting.account_id,
        SIGHTINGS.c.amazon_order_id == sighting.amazon_order_id,
        SIGHTINGS.c.since == sighting.since,  # else Amazon has answered again meanwhile
    )
    values: dict[str, Any] = {"state": str(look.state), "looks": sighting.looks + 1, "note": look.note}
    values["look_at"] = None if look.look_at is None else stamp(look.look_at)
    values |= {"looked_at": stamp(now), "shown": json.dumps(look.shown, ensure_ascii=False)}
    values |= {"absent": look.absent, "absent_since": look.absent_since}
    with db.write() as connection:
        if connection.execute(SIGHTINGS.update().where(*mine).values(values)).rowcount != 1:
            return Renewed([], [])
        _say(connection, look, now)
        finished = _confirm(connection, sighting, look, now)
        if look.again:
            again = [(one.upload_id, one.line) for one in look.again]
            returning.again_in(connection, sighting.account_id, again, now=now)
        uploads = {one.upload_id for one in look.seen} | {upload_id for upload_id, _ in look.words}
        return Renewed([upload for upload in sorted(uploads) if not _awaited(connection, upload)], finished)


_LINE: Final = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))


def _say(connection: sa.Connection, look: ReadBackOutcome, now: datetime) -> None:
    """Note on the lines what was seen, and what there is to say of it."""
    seen = [{"u": one.upload_id, "l": one.line} for one in look.seen]
    words = [{"u": upload, "l": number, "m": f" | {said}"} for (upload, number), said in look.words.items()]
    if seen:
        connection.execute(LINES.update().where(_LINE).values(seen_at=stamp(now)), seen)
    if words:
        connection.execute(LINES.update().where(_LINE).values(message=LINES.c.message + sa.bindparam("m")), words)


def _confirm(connection: sa.Connection, sighting: DueReadBack, look: ReadBackOutcome, now: datetime) -> list[str]:
    """Confirm lines of unknown outcome that were seen, move their order by its pieces, and let lines go on that waited
    for that. Returns the uploads of these that are finished."""
    places = [(one.upload_id, one.line) for one in look.seen if one.unknown]
    if not places:
        return []
    known = LINES.update().where(_LINE, LINES.c.verdict == Verdict.UNKNOWN)
    rows = [{"u": upload_id, "l": line} for upload_id, line in places]
    connection.execute(known.values(verdict=str(Verdict.CONFIRMED)), rows)
    where = (sighting.account_id, sighting.amazon_order_id)
    return shown.shown_in(connection, *where, places, why=look.settled, now=stamp(now))


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
    same = (ORDERS.c.account_id == SIGHTINGS.c.account_id, ORDERS.c.amazon_order_id == SIGHTINGS.c.amazon_order_id)
    by_hand = sa.exists().where(*same, ORDERS.c.settled_at > SIGHTINGS.c.since)
    # Before the first look-up nobody can say that anything is missing.
    looked_for = (SIGHTINGS.c.account_id == account_id, SIGHTINGS.c.state != ReadBackState.SEEN, SIGHTINGS.c.looks > 0)
    query = (
        sa.select(
            SIGHTINGS.c.amazon_order_id.label("order_id"), SIGHTINGS.c.since.label("accepted_at"), SIGHTINGS.c.note
        )
        .where(*looked_for, SIGHTINGS.c.since < stamp(before), SIGHTINGS.c.since >= stamp(since), accepted, ~by_hand)
        .order_by(SIGHTINGS.c.since)
        .limit(limit)
    )
    with db.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def forget(db: Database, *, before: datetime) -> int:
    """Remove orders whose last answer is older than a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(SIGHTINGS.delete().where(SIGHTINGS.c.since < stamp(before))).rowcount
