"""Web hooks and their calls: rows in and out.

A call is queued in the transaction of the event that it reports, once per hook and event. It is tried until the
receiver has accepted it, so a receiver may get it twice, with the same id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import CallState, HookEvent
from cws_filedrop.store.database import BulkQuery, Database, insert_new, stamp
from cws_filedrop.store.schema import HOOK_CALLS, HOOKS, SELLERS

MOST_HOOKS: Final = 20  # of a seller
ANSWER_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Hook:
    """A row of `hooks`; moments are stamps. `seller_id` None: the operators' hook, whose secret is in the settings."""

    id: int
    seller_id: int | None
    url: str
    secret: str
    events: tuple[HookEvent, ...]
    enabled: bool
    why_disabled: str
    failures: int
    failing_since: str | None
    last_answer: str
    called_at: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class HookNotice:
    """An event to report to hooks. `key` identifies the event; `body` is the JSON that is sent."""

    key: str
    event: HookEvent
    body: str


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call that is due, and the hook it is for."""

    no: int
    key: str
    event: str
    body: str
    attempts: int
    next_at: str
    created_at: str
    hook: Hook

    @property
    def message_id(self) -> str:
        """The id of the call: the same at every attempt, and that of no other call."""
        return "msg_" + hashlib.sha256(f"{self.hook.id}:{self.key}".encode()).hexdigest()[:32]


_HOOK: Final = tuple(HOOKS.c[name] for name in Hook.__slots__)


# Hooks.


def add(
    db: Database, seller_id: int, url: str, *, secret: str, events: Iterable[HookEvent], now: datetime
) -> int | None:
    """Add a hook. Returns its id, or None when the seller has as many as are allowed."""
    with db.write() as connection:
        return add_in(connection, seller_id, url, secret=secret, events=events, now=now)


def add_in(
    connection: sa.Connection, seller_id: int, url: str, *, secret: str, events: Iterable[HookEvent], now: datetime
) -> int | None:
    """`add`, in a transaction."""
    values = {"seller_id": seller_id, "url": url, "secret": secret, "events": " ".join(events)}
    number = sa.select(sa.func.count()).select_from(HOOKS).where(HOOKS.c.seller_id == seller_id)
    if connection.execute(number).scalar_one() >= MOST_HOOKS:
        return None
    insert = HOOKS.insert().values(**values, created_at=stamp(now)).returning(HOOKS.c.id)
    return int(connection.execute(insert).scalar_one())


def listing(db: Database, seller_id: int) -> list[Hook]:
    """A seller's hooks, oldest first."""
    with db.read() as connection:
        query = sa.select(*_HOOK).where(HOOKS.c.seller_id == seller_id).order_by(HOOKS.c.id)
        return [_hook(row) for row in connection.execute(query)]


def get(db: Database, seller_id: int, hook_id: int) -> Hook | None:
    """The hook with that id, if it is the seller's."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_HOOK).where(*_mine(seller_id, hook_id))).first()
    return None if row is None else _hook(row)


def enable(db: Database, seller_id: int, hook_id: int, *, enabled: bool) -> bool:
    """Switch a hook on or off; false when the seller has no such hook. Its waiting calls go on waiting."""
    with db.write() as connection:
        return enable_in(connection, seller_id, hook_id, enabled=enabled) is not None


def enable_in(connection: sa.Connection, seller_id: int, hook_id: int, *, enabled: bool) -> str | None:
    """`enable`, in a transaction; its address, None when the seller has no such hook."""
    rested = {"failures": 0, "failing_since": None, "rests_until": "", "why_disabled": ""}
    change = HOOKS.update().where(*_mine(seller_id, hook_id)).values(enabled=enabled, **rested)
    return connection.execute(change.returning(HOOKS.c.url)).scalar()


def remove(db: Database, seller_id: int, hook_id: int) -> bool:
    """Remove a hook and its waiting calls; false when the seller has no such hook."""
    with db.write() as connection:
        return remove_in(connection, seller_id, hook_id) is not None


def remove_in(connection: sa.Connection, seller_id: int, hook_id: int) -> str | None:
    """`remove`, in a transaction; its address, None when the seller has no such hook."""
    mine = sa.select(HOOKS.c.id).where(*_mine(seller_id, hook_id))
    connection.execute(HOOK_CALLS.delete().where(HOOK_CALLS.c.hook_id.in_(mine)))
    gone = HOOKS.delete().where(*_mine(seller_id, hook_id))
    return connection.execute(gone.returning(HOOKS.c.url)).scalar()


def keep_operators(db: Database, url: str, events: Iterable[HookEvent], *, now: datetime) -> None:
    """Set the address of the operators' hook ("" = there is none)."""
    theirs = HOOKS.c.seller_id.is_(None)
    with db.write() as connection:
        known = connection.execute(sa.select(HOOKS.c.id, HOOKS.c.url).where(theirs)).first()
        if known is None and url:
            values = {"url": url, "secret": "", "events": " ".join(events), "created_at": stamp(now)}
            connection.execute(HOOKS.insert().values(values))
        elif known is not None and not url:
            connection.execute(HOOKS.update().where(theirs).values(enabled=False))
        elif known is not None:  # a new start is a new try
            anew = {"url": url, "enabled": True, "why_disabled": "", "failures": 0, "failing_since": None}
            connection.execute(HOOKS.update().where(theirs).values(rests_until="", **anew))


# What is to be reported.

_LISTENING: Final = BulkQuery(
    lambda among: (
        sa.select(HOOKS.c.id, HOOKS.c.seller_id, HOOKS.c.events)
        .select_from(HOOKS.join(SELLERS))
        .where(HOOKS.c.enabled, SELLERS.c.removed_at.is_(None), among(HOOKS.c.seller_id))
    )
)


def listening_in(connection: sa.Connection, seller_ids: Collection[int], event: HookEvent) -> Mapping[int, list[int]]:
    """The hooks of some sellers that subscribe to an event, by seller."""
    found: dict[int, list[int]] = {}
    for row in _LISTENING(connection, seller_ids):
        if event in row.events.split():
            found.setdefault(row.seller_id, []).append(row.id)
    return found


def operators_in(connection: sa.Connection) -> list[int]:
    """The operators' hook, if there is one."""
    query = sa.select(HOOKS.c.id).where(HOOKS.c.seller_id.is_(None), HOOKS.c.enabled)
    return list(connection.execute(query).scalars())


_NEW: Final = ("hook_id", "key", "event", "body", "state", "next_at", "created_at")


def queue_in(connection: sa.Connection, calls: Iterable[tuple[int, HookNotice]], *, now: datetime) -> int:
    """Queue calls of hooks; those that are queued already stay as they are. Returns how many are new."""
    at, state = stamp(now), str(CallState.QUEUED)
    rows = [(hook, one.key, str(one.event), one.body, state, at, at) for hook, one in calls]
    return insert_new(connection, HOOK_CALLS, _NEW, rows) if rows else 0


# On their way.

_CALL: Final = ("no", "key", "event", "body", "attempts", "next_at", "created_at")
_DUE: Final = (
    sa.select(*(HOOK_CALLS.c[name] for name in _CALL), *(column.label(f"hook_{column.name}") for column in _HOOK))
    .select_from(HOOK_CALLS.join(HOOKS))
    .where(
        HOOK_CALLS.c.state == sa.literal_column(f"'{CallState.QUEUED}'"),
        HOOK_CALLS.c.next_at <= sa.bindparam("now"),
        HOOKS.c.enabled,
        HOOKS.c.rests_until <= sa.bindparam("now"),
    )
    .order_by(HOOK_CALLS.c.next_at, HOOK_CALLS.c.no)
    .limit(sa.bindparam("most"))
)


def due(db: Database, *, now: datetime, limit: int) -> list[HookCall]:
    """Calls that may be made now, longest waiting first."""
    with db.read() as connection:
        return [_call(row) for row in connection.execute(_DUE, {"now": stamp(now), "most": limit})]


def begin(db: Database, call: HookCall, *, until: datetime) -> bool:
    """Reserve a call, so that nobody else makes it before `until`; false when somebody else has it."""
    mine = (HOOK_CALLS.c.no == call.no, HOOK_CALLS.c.state == CallState.QUEUED, HOOK_CALLS.c.next_at == call.next_at)
    values = {"next_at": stamp(until), "attempts": HOOK_CALLS.c.attempts + 1}
    with db.write() as connection:
        return connection.execute(HOOK_CALLS.update().where(*mine).values(values)).rowcount > 0


def delivered(db: Database, call: HookCall, *, answer: str, now: datetime) -> None:
    """Note that the receiver has accepted it."""
    ended = {"state": str(CallState.DELIVERED), "ended_at": stamp(now), "answer": answer[:ANSWER_CHARACTERS]}
    well = {"failures": 0, "failing_since": None, "rests_until": "", "called_at": stamp(now)}
    with db.write() as connection:
        connection.execute(HOOK_CALLS.update().where(HOOK_CALLS.c.no == call.no).values(ended))
        well["last_answer"] = answer[:ANSWER_CHARACTERS]
        connection.execute(HOOKS.update().where(HOOKS.c.id == call.hook.id).values(well))


def postponed(
    db: Database, call: HookCall, *, answer: str, next_at: datetime | None, rests_until: datetime, now: datetime
) -> None:
    """Note that it was not accepted: try again at `next_at` (None = never), and call this hook for nothing before
    `rests_until`."""
    values: dict[str, Any] = {"answer": answer[:ANSWER_CHARACTERS]}
    if next_at is None:
        values |= {"state": str(CallState.FAILED), "ended_at": stamp(now)}
    else:
        values["next_at"] = stamp(next_at)
    ill = {
        "failures": HOOKS.c.failures + 1,
        "failing_since": sa.func.coalesce(HOOKS.c.failing_since, stamp(now)),
        "rests_until": stamp(rests_until),
        "last_answer": answer[:ANSWER_CHARACTERS],
    }
    with db.write() as connection:
        connection.execute(HOOK_CALLS.update().where(HOOK_CALLS.c.no == call.no).values(values))
        connection.execute(HOOKS.update().where(HOOKS.c.id == call.hook.id).values(ill))


def switch_off(db: Database, hook_id: int, *, why: str) -> bool:
    """Stop calling a hook until somebody switches it on again; false when it was off already."""
    with db.write() as connection:
        mine = (HOOKS.c.id == hook_id, HOOKS.c.enabled)
        change = HOOKS.update().where(*mine).values(enabled=False, why_disabled=why[:ANSWER_CHARACTERS])
        return connection.execute(change).rowcount > 0


def calls(db: Database, hook_id: int, *, limit: int = 50) -> Sequence[Any]:
    """At most `limit` calls of a hook, newest first: rows of no, key, event, state, attempts, next_at, answer,
    created_at, ended_at."""
    names = ("no", "key", "event", "state", "attempts", "next_at", "answer", "created_at", "ended_at")
    query = sa.select(*(HOOK_CALLS.c[name] for name in names)).where(HOOK_CALLS.c.hook_id == hook_id)
    with db.read() as connection:
        return connection.execute(query.order_by(HOOK_CALLS.c.no.desc()).limit(limit)).all()


def waiting(db: Database, hook_ids: Collection[int]) -> Mapping[int, int]:
    """How many calls wait for each of some hooks."""
    query = sa.select(HOOK_CALLS.c.hook_id, sa.func.count()).group_by(HOOK_CALLS.c.hook_id)
    query = query.where(HOOK_CALLS.c.state == CallState.QUEUED, HOOK_CALLS.c.hook_id.in_(hook_ids))
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def forget(db: Database, *, before: datetime) -> int:
    """Remove old calls. Returns how many."""
    with db.write() as connection:
        return connection.execute(HOOK_CALLS.delete().where(HOOK_CALLS.c.created_at < stamp(before))).rowcount


def _mine(seller_id: int, hook_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return HOOKS.c.id == hook_id, HOOKS.c.seller_id == seller_id


def _hook(row: Any, prefix: str = "") -> Hook:
    values = {name: getattr(row, f"{prefix}{name}") for name in Hook.__slots__}
    return Hook(**values | {"events": tuple(HookEvent(event) for event in values["events"].split())})


def _call(row: Any) -> HookCall:
    return HookCall(**{name: getattr(row, name) for name in _CALL}, hook=_hook(row, "hook_"))
