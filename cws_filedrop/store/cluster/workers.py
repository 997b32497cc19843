"""The workers that share a database: rows in and out.

A worker whose row has ended is kept out: its sessions are ended by who takes its work over, and every new one of it is
refused before its first statement (`store.database`). So nothing that it does when it comes back reaches the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, session_name, stamp
from cws_filedrop.store.schema import WORKERS

END_MS: Final = 5_000  # that the server may take to end a session
_SESSIONS: Final = sa.text(
    "SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(pid, :wait)) FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A row of `workers`; moments are stamps."""

    no: int
    name: str
    host: str
    version: str
    began_at: str
    ended_at: str | None
    taken_over_at: str | None


def enter(db: Database, name: str, *, host: str, version: str, now: datetime) -> int:
    """Record that a worker begins. Returns its number, which no later start has."""
    values = {"name": name, "host": host, "version": version, "began_at": stamp(now)}
    with db.write() as connection:
        return int(connection.execute(WORKERS.insert().values(values).returning(WORKERS.c.no)).scalar_one())


def left(db: Database) -> list[WorkerRow]:
    """The workers whose work is still theirs, dead or alive, oldest first."""
    query = sa.select(WORKERS).where(WORKERS.c.taken_over_at.is_(None)).order_by(WORKERS.c.no)
    with db.read() as connection:
        return [WorkerRow(**row) for row in connection.execute(query).mappings()]


def end(db: Database, name: str, *, now: datetime) -> None:
    """From now on the worker is kept out. Waits for no other writer: it may itself have stopped as one."""
    mine = (WORKERS.c.name == name, WORKERS.c.ended_at.is_(None))
    with db.write(alone=False) as connection:
        connection.execute(WORKERS.update().where(*mine).values(ended_at=stamp(now)))


def end_sessions(db: Database, name: str) -> bool:
    """End every session of a worker; false when one did not end in time, or may not be ended by us."""
    with db.read() as connection:
        given = {"name": session_name(name), "wait": END_MS}
        return not connection.execute(_SESSIONS, given).scalar()


def taken_over(db: Database, name: str, *, now: datetime) -> None:
    """Note that others do its work."""
    with db.write(alone=False) as connection:
        connection.execute(WORKERS.update().where(WORKERS.c.name == name).values(taken_over_at=stamp(now)))


def forget(db: Database, *, before: datetime) -> int:
    """Remove workers that were taken over before a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(WORKERS.delete().where(WORKERS.c.taken_over_at < stamp(before))).rowcount
