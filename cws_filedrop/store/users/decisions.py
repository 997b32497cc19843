"""What people decided: operators on the pages, by the API or by commands, sellers on theirs. Who, when, about what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import DECISIONS


@dataclass(frozen=True, slots=True)
class Who:
    """Who decides: a name, an address, and, if it was a user's program, the beginning of its token."""

    name: str
    address: str = ""
    token: str = ""


COMMAND_LINE: Final = Who("command line")


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of `deeds`; `token` is the beginning of the token that was used ("" = none)."""

    id: int
    at: str
    who: str
    address: str
    what: str
    about: str
    detail: str
    token: str


def add(db: Database, who: Who, *, what: str, about: str, detail: str = "", now: datetime) -> None:
    """Record a decision."""
    with db.write() as connection:
        add_in(connection, who, what=what, about=about, detail=detail, now=now)


def add_in(connection: sa.Connection, who: Who, *, what: str, about: str, detail: str = "", now: datetime) -> None:
    """`add`, in a transaction."""
    row = {"who": who.name, "address": who.address, "token": who.token, "what": what, "about": about, "detail": detail}
    connection.execute(DECISIONS.insert().values(at=stamp(now), **row))


def newest(db: Database) -> int:
    """The id of the latest decision; 0 when there is none."""
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.max(DECISIONS.c.id))).scalar() or 0


def after(db: Database, last: int, *, what: str) -> list[Decision]:
    """The decisions of one kind after the id `last`, oldest first."""
    query = (
        sa.select(DECISIONS).where(DECISIONS.c.id > last, DECISIONS.c.what == what).order_by(DECISIONS.c.id).limit(1000)
    )
    with db.read() as connection:
        return [Decision(**row) for row in connection.execute(query).mappings()]


def listing(
    db: Database, *, about: str = "", who: str = "", before: int | None = None, limit: int = 100
) -> list[Decision]:
    """At most `limit` decisions, newest first; `before` is the id to continue from."""
    query = sa.select(DECISIONS).order_by(DECISIONS.c.id.desc()).limit(limit)
    for column, wanted in ((DECISIONS.c.about, about), (DECISIONS.c.who, who)):
        query = query.where(column == wanted) if wanted else query
    query = query.where(DECISIONS.c.id < before) if before is not None else query
    with db.read() as connection:
        rows: list[Any] = list(connection.execute(query).mappings())
    return [Decision(**row) for row in rows]
