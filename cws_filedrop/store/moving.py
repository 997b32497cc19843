"""Moves a database to another: our own tables, from SQLite to PostgreSQL. Nobody may work with either meanwhile.

Rows go over in the order of their keys, a piece in each transaction, so that a move that broke off goes on behind the
last key that arrived. Sealed values stay sealed: the key file stays where it is. The engine's tables are left out,
since the worker's rounds make the workflows of unfinished uploads and feeds anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.errors import NotPossible
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import METADATA, WORKERS
from cws_filedrop.store.schema.sealed import SealedText

PIECE: Final = 1_000  # rows
MARK: Final = sa.table("cws_filedrop_moving", sa.column("since", sa.Text))
_MAKE_MARK: Final = sa.text("CREATE TABLE cws_filedrop_moving (since TEXT)")
_DROP_MARK: Final = sa.text("DROP TABLE cws_filedrop_moving")


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table on both sides: how many rows, and a hash over all of them in the order of their keys."""

    name: str
    rows: int
    there: int
    same: bool


def tables() -> list[sa.Table]:
    """What is moved, each after those that it refers to. Workers are of a database and not of its contents."""
    return [table for table in METADATA.sorted_tables if table is not WORKERS]


def move(source: Database, target: Database) -> Iterator[MovedTable]:
    """Move every table that is not there yet, and compare; both have their tables, and nobody else writes.

    Raises: NotPossible when the target has rows that no earlier move of this kind has left.
    """
    _begin(target)
    for table in tables():
        _copy(source, target, table)
        yield _compared(source, target, table)


def finish(target: Database) -> None:
    """Let the target's numbers go on behind those that came; from then on it can be worked with."""
    with target.write() as connection:
        for table in tables():
            if (column := table.autoincrement_column) is not None:
                last = sa.select(sa.func.max(column)).scalar_subquery()
                of = sa.func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(sa.select(sa.func.setval(of, last)))
        connection.execute(_DROP_MARK)


def is_unfinished(db: Database) -> bool:
    """Was a move to this database begun, and not finished?"""
    with db.read() as connection:
        return sa.inspect(connection).has_table(MARK.name)


def _begin(target: Database) -> None:
    if is_unfinished(target):
        return
    with target.write() as connection:
        if full := [table.name for table in tables() if connection.execute(sa.select(table).limit(1)).first()]:
            raise NotPossible(f"the database to move to has rows already (in {', '.join(full[:3])}): take an empty one")
        connection.execute(_MAKE_MARK)


def _copy(source: Database, target: Database, table: sa.Table) -> None:
    after = _last_key(target, table)
    while rows := _piece(source, table, after):
        with target.write() as connection:
            connection.execute(table.insert(), [dict(row) for row in rows])
        after = tuple(rows[-1][column.name] for column in table.primary_key)


def _piece(db: Database, table: sa.Table, after: tuple[Any, ...] | None) -> list[Any]:
    query = sa.select(*_plain(table)).order_by(*_order(db, table)).limit(PIECE)
    if after is not None:
        query = query.where(sa.tuple_(*_order(db, table)) > sa.tuple_(*map(sa.literal, after)))
    with db.read() as connection:
        return list(connection.execute(query).mappings())


def _last_key(db: Database, table: sa.Table) -> tuple[Any, ...] | None:
    query = sa.select(*table.primary_key).order_by(*(column.desc() for column in _order(db, table))).limit(1)
    with db.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else tuple(row)


def _order(db: Database, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """The key, in the order that SQLite has by nature: text by its bytes."""
    return [
        sa.collate(column, "C") if isinstance(column.type, sa.Text) and not db.is_sqlite else column
        for column in table.primary_key
    ]


def _plain(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """The columns, sealed ones as they are kept."""
    return [
        sa.type_coerce(column, sa.Text).label(column.name) if isinstance(column.type, SealedText) else column
        for column in table.columns
    ]


def _compared(source: Database, target: Database, table: sa.Table) -> MovedTable:
    (rows, here), (there, over_there) = _hash(_rows(source, table)), _hash(_rows(target, table))
    return MovedTable(table.name, rows, there, here == over_there)


def _rows(db: Database, table: sa.Table) -> Iterator[Any]:
    after: tuple[Any, ...] | None = None
    while some := _piece(db, table, after):
        yield from some
        after = tuple(some[-1][column.name] for column in table.primary_key)


def _hash(rows: Iterable[Any]) -> tuple[int, str]:
    number, total = 0, hashlib.sha256()
    for row in rows:
        number += 1
        total.update(json.dumps(list(row.values()), default=_text_of).encode() + b"\n")
    return number, total.hexdigest()


def _text_of(value: bytes) -> str:
    return value.hex()
