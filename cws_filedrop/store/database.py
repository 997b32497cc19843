"""Opens the database. On SQLite every transaction of ours is BEGIN IMMEDIATE: pysqlite's own begin comes only before
the first write, and two read-modify-writes would then lose one update."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from cws_filedrop.errors import ConfigError
from cws_filedrop.store import migrations

# SQLAlchemy is at home in `store` alone; these are its names elsewhere.
Connection = sa.Connection
DatabaseError = sa.exc.SQLAlchemyError
DatabaseUnavailable = sa.exc.OperationalError  # not now: locked, restarting, away
ASKED_AT_ONCE: Final = 5_000  # keys
_WRITTEN: Final = sa.text("SELECT CAST(pg_current_wal_insert_lsn() AS text)")
PRAGMAS = ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL")


def default_url(data_dir: Path) -> str:
    """The SQLite database in the data folder."""
    return f"sqlite:///{data_dir / 'cws_filedrop.db'}"


def stamp(moment: datetime) -> str:
    """An aware moment as the text kept in the database."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The aware moment of a stamp."""
    return datetime.fromisoformat(text)


class BulkQuery:
    """A question about many keys: put together once, since that takes longer than to answer it.

    `build` makes it of `among(column)`, which says that the column's value is one of the keys.
    """

    def __init__(self, build: Callable[[Callable[[sa.Column[Any]], sa.ColumnElement[bool]]], sa.Executable]) -> None:
        self._build = build
        self._made: dict[str, sa.Executable] = {}

    def __call__(self, connection: sa.Connection, keys: Iterable[Any], **values: object) -> Iterator[Any]:
        """The rows for all keys; `values` are what else the question asks about."""
        dialect, wanted = connection.dialect.name, list(keys)
        if dialect not in self._made:
            self._made[dialect] = self._build(_among_json if dialect == "sqlite" else _among_array)
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            some = wanted[start : start + ASKED_AT_ONCE]
            given = json.dumps(some) if dialect == "sqlite" else some
            yield from connection.execute(self._made[dialect], {"keys": given, **values}).all()


def _among_json(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    given = sa.func.json_each(sa.bindparam("keys", type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(given.c.value))


def _among_array(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(column.type)))


def insert_new(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any]) -> int:
    """Insert the rows whose key is new; how many those were."""
    return _insert(connection, table, names, rows, " ON CONFLICT DO NOTHING")


def insert_many(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any]) -> None:
    """Insert rows, each a tuple."""
    if rows:
        _insert(connection, table, names, rows, "")


def _insert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any], how: str) -> int:
    """Plain tuples: SQLAlchemy's own parameters cost 3 times."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(names))
    insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}){how}"  # noqa: S608
    return connection.exec_driver_sql(insert, list(rows)).rowcount


class Database:
    """One engine, and transactions on it. Safe to share between threads; open one per process.

    Raises: ConfigError when the URL is none, or names a database that there is no driver for.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        try:
            self.engine = _engine(url, is_sqlite=self.is_sqlite)
        except (sa.exc.ArgumentError, ImportError) as error:
            raise ConfigError(f"[database] url: {error}; write sqlite:///FILE or postgresql+psycopg://…") from error
        # SQLite lets one writer in at a time, and the others sleep and try again; in turn is ten times as fast.
        self.turn = threading.Lock()

    def create(self) -> None:
        """Make the tables, or bring them up to date.

        Raises: ConfigError when the database cannot be reached, or is of a newer version.
        """
        try:
            with self.write() as connection:
                migrations.upgrade(connection)
        except (sa.exc.OperationalError, sqlite3.Error) as error:
            raise ConfigError(f"[database] url: cannot open {self.engine.url!r}: {error}") from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that may write; committed at the end, rolled back on an exception."""
        with self.turn if self.is_sqlite else nullcontext(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot that only reads; never waits for writers."""
        with self.engine.connect() as connection:
            yield connection.execution_options(reads_only=True)

    def ping(self) -> None:
        """Return when the database answers. Raises: DatabaseError."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    @contextmanager
    def changes(self) -> Iterator[Callable[[], object]]:
        """What gives another value whenever something was committed, and costs next to nothing to ask.

        On SQLite it is a connection's own count of the changes that others made, and on PostgreSQL the place up to
        which its log is written.
        """
        if not self.is_sqlite:
            yield self._written
            return
        connection = self.engine.raw_connection()  # without a transaction: one would hold its snapshot, or the turn
        try:
            yield lambda: connection.cursor().execute("PRAGMA data_version").fetchone()[0]
        finally:
            connection.close()

    def _written(self) -> object:
        with self.read() as connection:
            return connection.execute(_WRITTEN).scalar()

    def close(self) -> None:
        """Give up every connection."""
        self.engine.dispose()


def _engine(url: str, *, is_sqlite: bool) -> sa.Engine:
    if not is_sqlite:
        return sa.create_engine(url, pool_size=8, pool_pre_ping=True, hide_parameters=True)
    # Hidden: what a statement carries may be a buyer's address, and its errors are logged.
    engine = sa.create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute("PRAGMA " + pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine
