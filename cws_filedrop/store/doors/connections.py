"""Sellers who are connected: written by the doors, shown to operators, who may ask for a connection to be closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import CONNECTIONS


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A row of `connections`; `busy`: a transfer is under way."""

    id: str
    seller: str
    door: str
    address: str
    client: str
    since: str
    busy: bool
    close_asked: bool


def begin(db: Database, process: str) -> None:
    """Forget the connections of a process that died, when it starts again."""
    with db.write() as connection:
        connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.process == process))


def keep(db: Database, process: str, rows: Collection[Mapping[str, Any]], gone: Collection[str]) -> None:
    """Insert or update connections, by id, and forget those that are gone."""
    with db.write() as connection:
        for row in rows:
            same = CONNECTIONS.update().where(CONNECTIONS.c.id == row["id"])
            if not connection.execute(same.values(busy=row["busy"], client=row["client"])).rowcount:
                connection.execute(CONNECTIONS.insert().values(process=process, **row))
        if gone:
            connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.id.in_(gone)))


def to_end(db: Database, process: str) -> list[str]:
    """Ids of the connections that an operator wants closed."""
    query = sa.select(CONNECTIONS.c.id).where(CONNECTIONS.c.process == process, CONNECTIONS.c.close_asked)
    with db.read() as connection:
        return list(connection.execute(query).scalars())


def close(db: Database, connection_id: str) -> bool:
    """Ask for a connection to be closed; false when it does not exist (any more)."""
    with db.write() as connection:
        mine = CONNECTIONS.update().where(CONNECTIONS.c.id == connection_id)
        return connection.execute(mine.values(close_asked=True)).rowcount > 0


def listing(db: Database, *, seller: str = "", limit: int = 500) -> list[ConnectionRow]:
    """Who is connected, the longest first."""
    query = (
        sa.select(*(CONNECTIONS.c[name] for name in ConnectionRow.__slots__)).order_by(CONNECTIONS.c.since).limit(limit)
    )
    query = query.where(CONNECTIONS.c.seller == seller) if seller else query
    with db.read() as connection:
        return [ConnectionRow(**row) for row in connection.execute(query).mappings()]
