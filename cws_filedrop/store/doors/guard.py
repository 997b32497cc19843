"""What the guard remembers over restarts: failed logins by address and by user name, and who logged in from where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import GUARD


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """How often an address or user failed; moments are seconds since 1970; `until` 0 = not banned.

    `kind` is address or user; or login, of one that did not fail: then `who` is address and user, and `scored_at` when.
    """

    kind: str
    who: str
    score: float
    scored_at: float
    until: float = 0.0
    bans: int = 0


def load(db: Database) -> list[FailureRecord]:
    """Everything remembered."""
    with db.read() as connection:
        return [FailureRecord(**row._mapping) for row in connection.execute(sa.select(GUARD))]


def save(db: Database, records: Iterable[FailureRecord], *, forget: Iterable[tuple[str, str]] = ()) -> None:
    """Insert or update records, and forget others."""
    rows = {(one.kind, one.who): asdict(one) for one in records}
    with db.write() as connection:
        for kind, who in {*rows, *forget}:
            connection.execute(GUARD.delete().where(GUARD.c.kind == kind, GUARD.c.who == who))
        if rows:
            connection.execute(GUARD.insert(), list(rows.values()))


def banned(db: Database, now: float) -> list[FailureRecord]:
    """Who is banned, the longest ban first."""
    query = sa.select(GUARD).where(GUARD.c.until > now).order_by(GUARD.c.until.desc())
    with db.read() as connection:
        return [FailureRecord(**row._mapping) for row in connection.execute(query)]


def banned_after(db: Database, now: float, last: tuple[str, str], *, limit: int) -> list[FailureRecord]:
    """Who is banned, ordered by kind and name, after the given one."""
    query = sa.select(GUARD).where(
        GUARD.c.until > now, sa.tuple_(GUARD.c.kind, GUARD.c.who) > sa.tuple_(*map(sa.literal, last))
    )
    with db.read() as connection:
        rows = connection.execute(query.order_by(GUARD.c.kind, GUARD.c.who).limit(limit))
        return [FailureRecord(**row._mapping) for row in rows]


def forget(db: Database, who: str) -> bool:
    """Lift the ban of an address or user name; false when nothing was recorded against it."""
    with db.write() as connection:
        return connection.execute(GUARD.delete().where(GUARD.c.who == who)).rowcount > 0
