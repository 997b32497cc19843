"""Sellers who are connected: kept by the doors, seen by operators, who may have one closed."""

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
    """Forget those of doors that died."""
    with db.write() as connection:
        connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.process == process))


def keep(db: Database, process: str, rows: Collection[Mapping[str, Any]], gone: Collection[str]) -> None:
    """Keep what is new of connections, by id, and forget those that are gone."""
    with db.write() as connection:
        for row in rows:
            same = CONNECTIONS.update().where(CONNECTIONS.c.id == row["id"])
            if not connection.execute(same.values(busy=row["busy"], client=row["client"])).rowcount:
                connection.execute(CONNECTIONS.insert().values(process=process, **row))
        if gone:
            connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.id.in_(gone)))


def to_end(db: Database, process: str) -> list[str]:
    """Ids of those that are to be closed."""
    query = sa.select(CONNECTIONS.c.id).where(CONNECTIONS.c.process == process, CONNECTIONS.c.close_asked)
    with db.read() as connection:
        return list(connection.execute(query).scalars())


def close(db: Database, connection_id: str) -> bool:
    """Ask for one to be closed; false when it is not there (any more)."""
    with db.write() as connection:
        mine = CONNECTIONS.update().where(CONNECTIONS.c.id == connection_id)
        return connection.execute(mine.values(close_asked=True)).rowcount > 0


def listing(db: Database, *, seller: str = "", limit: int = 500) -> list[ConnectionRow]:
    """Who is connected, who came first first."""
    query = (
        sa.select(*(CONNECTIONS.c[name] for name in ConnectionRow.__slots__)).order_by(CONNECTIONS.c.since).limit(limit)
    )
    query = query.where(CONNECTIONS.c.seller == seller) if seller else query
    with db.read() as connection:
        return [ConnectionRow(**row) for row in connection.execute(query).mappings()]
