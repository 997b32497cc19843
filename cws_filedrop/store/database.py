"""Opens the database, and hands out transactions.

On SQLite every transaction that may write is BEGIN IMMEDIATE. Left to itself, pysqlite begins only before the first
write: what was read before that is not part of the transaction, and of two read-modify-writes one update is lost. A
plain BEGIN would not do either: it takes its snapshot at the first read and, if another writer has committed since,
fails at the first write without waiting (SQLITE_BUSY_SNAPSHOT). With IMMEDIATE, whoever has begun can write, and what
it reads stays true until it commits.

PostgreSQL would let writers run side by side, and what one has read would not stay true. So each takes one lock first:
transactions mean the same on both. What changes single rows by one statement need not (`alone=False`).

A worker that was taken for dead is kept out (`store.cluster`): its sessions are ended, a new one is refused before its
first statement, and every transaction that writes looks first.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import sqlalchemy as sa
from sqlalchemy import event

from cws_filedrop import private
from cws_filedrop.credentials.sealing import Sealing
from cws_filedrop.errors import ConfigError, TakenOver
from cws_filedrop.store import migrations
from cws_filedrop.store.schema.sealed import give_keys

# SQLAlchemy is imported in `store` alone (and by the engine); elsewhere these are its names.
Connection = sa.Connection
DatabaseError = sa.exc.SQLAlchemyError
DatabaseUnavailable = sa.exc.OperationalError  # not now: locked, restarting, away
ASKED_AT_ONCE: Final = 5_000  # keys
NAME_LETTERS: Final = 63  # of a session, that PostgreSQL keeps
# The server ends a session that stays in the middle of a transaction, and so does not hold the lock for ever.
IN_TRANSACTION: Final = "SET idle_in_transaction_session_timeout = '30s'"
_ALONE: Final = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('cws_filedrop:write', 0))")
_IS_KEPT_OUT: Final = "SELECT count(*) FROM workers WHERE name = %s AND ended_at IS NOT NULL"
_HAS_WORKERS: Final = "SELECT to_regclass('workers') IS NOT NULL"
_WRITTEN: Final = sa.text("SELECT CAST(pg_current_wal_insert_lsn() AS text)")
PRAGMAS = ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL")


def default_url(data_dir: Path) -> str:
    """The SQLite database in the data folder."""
    return f"sqlite:///{data_dir / 'cws_filedrop.db'}"


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for one in memory, for any other database, and for what is no URL."""
    try:
        found = sa.make_url(url)
    except sa.exc.ArgumentError:
        return None
    name = found.database or ""
    is_file = found.get_backend_name() == "sqlite" and name not in ("", ":memory:") and not name.startswith("file:")
    return Path(name) if is_file else None


def stamp(moment: datetime) -> str:
    """An aware moment as the text kept in the database."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The aware moment of a stamp."""
    return datetime.fromisoformat(text)


class BulkQuery:
    """A query for many keys, built only once, since building it takes longer than running it.

    `build` is given `among(column)`, the condition that a column's value is one of the keys. All keys go into one
    parameter (JSON on SQLite, an array on PostgreSQL), so that the statement is the same for any number of them.
    """

    def __init__(self, build: Callable[[Callable[[sa.Column[Any]], sa.ColumnElement[bool]]], sa.Executable]) -> None:
        self._build = build
        self._made: dict[str, sa.Executable] = {}

    def __call__(self, connection: sa.Connection, keys: Iterable[Any], **values: object) -> Iterator[Any]:
        """The rows for all keys; `values` are the other parameters of the query."""
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
    """Insert the rows whose key is new. Returns how many."""
    return _insert(connection, table, names, rows, " ON CONFLICT DO NOTHING")


def insert_many(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any]) -> None:
    """Insert rows, each a tuple."""
    if rows:
        _insert(connection, table, names, rows, "")


def _insert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any], how: str) -> int:
    """Insert plain tuples through the driver: going through SQLAlchemy's parameters takes three times as long."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(names))
    insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}){how}"  # noqa: S608
    return connection.exec_driver_sql(insert, list(rows)).rowcount


class Database:
    """One engine, and transactions on it. Safe to share between threads; open one per process.

    Raises: ConfigError when the URL is malformed, or names a database without an installed driver.
    """

    def __init__(self, url: str, keys: Sealing | None = None, *, worker: str = "") -> None:
        """`keys` seal and open encrypted values; without them none can be read, and new ones are kept plain. `worker`
        is the name of the worker that uses it, where there are several."""
        self.url = url
        self.worker = worker
        self.when_taken_over: Callable[[], object] = lambda: None  # called before TakenOver is raised
        self.sealing = keys
        self.is_sqlite = url.startswith("sqlite")
        self._can_be_kept_out = bool(worker) and not self.is_sqlite
        try:
            self.engine = self.new_engine()
        except (sa.exc.ArgumentError, ImportError) as error:
            raise ConfigError(f"[database] url: {error}; write sqlite:///FILE or postgresql+psycopg://…") from error
        give_keys(self.engine, keys)
        # SQLite admits one writer at a time, and has no queue: the others sleep for longer and longer and try again
        # (busy_timeout), while the database is idle. This lock wakes the next thread of the process at once, which is
        # ten times as fast; the engine's own transactions take it too. Between processes busy_timeout still decides.
        self.turn = threading.Lock()

    def create(self) -> None:
        """Create the tables, or bring them up to date.

        Raises: ConfigError when the database cannot be reached, or is of a newer version.
        """
        if (file := sqlite_file(self.url)) is not None:
            _make_private(file)
        try:
            with self._transaction(alone=True) as connection:
                migrations.upgrade(connection)
        except (sa.exc.OperationalError, sqlite3.Error) as error:
            raise ConfigError(f"[database] url: cannot open {self.engine.url!r}: {error}") from error

    def new_engine(self) -> sa.Engine:
        """Another one like that of this database, for a library that brings its own transactions."""
        return _on_sqlite(self.url) if self.is_sqlite else _on_postgres(self.url, self.worker, self._refuse)

    @contextmanager
    def write(self, *, alone: bool = True) -> Iterator[sa.Connection]:
        """One transaction that may write; committed at the end, rolled back on an exception.

        Unless `alone` is false nobody else writes meanwhile: what it reads stays true until it commits.
        Raises: TakenOver.
        """
        with self._transaction(alone=alone) as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def _transaction(self, *, alone: bool) -> Iterator[sa.Connection]:
        with self.turn if self.is_sqlite else nullcontext(), self.engine.begin() as connection:
            if alone and not self.is_sqlite:
                connection.execute(_ALONE)
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot for reading only; never waits for writers (on SQLite by its write-ahead log)."""
        with self.engine.connect() as connection:
            how = {"reads_only": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            yield connection.execution_options(**how)

    def check_worker(self) -> None:
        """Return if this worker may still act. To be asked right before anything is told to the world outside.

        Raises: TakenOver; DatabaseError.
        """
        if self._can_be_kept_out:
            with self.engine.connect() as connection:
                self._check(connection)

    def _check(self, connection: sa.Connection) -> None:
        if self._can_be_kept_out and connection.exec_driver_sql(_IS_KEPT_OUT, (self.worker,)).scalar():
            self._refuse()

    def _refuse(self) -> NoReturn:
        self.when_taken_over()
        raise TakenOver(f"{self.worker}: another worker has taken over")

    def ping(self) -> None:
        """Return when the database answers. Raises: DatabaseError."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    @contextmanager
    def changes(self) -> Iterator[Callable[[], object]]:
        """A function that returns another value after anything was committed, and costs next to nothing to call.

        On SQLite that is a connection's count of changes made by others, on PostgreSQL the position in its log.
        """
        if not self.is_sqlite:
            yield self._written
            return
        connection = self.engine.raw_connection()  # without a transaction, which would keep an old snapshot or the lock
        try:
            yield lambda: connection.cursor().execute("PRAGMA data_version").fetchone()[0]
        finally:
            connection.close()

    def _written(self) -> object:
        with self.read() as connection:
            return connection.execute(_WRITTEN).scalar()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _make_private(file: Path) -> None:
    """Have a file that nobody else may read before SQLite makes one; what it puts beside it has the same rights."""
    with suppress(OSError):  # what is wrong there SQLite says in its own words
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, private.FILE))


def session_name(worker: str) -> str:
    """What the sessions of a worker are called in the server."""
    return f"cws_filedrop {worker}".strip()[:NAME_LETTERS]


# Parameters are hidden since errors are logged, and a statement may carry a buyer's address.


def _on_postgres(url: str, worker: str, refuse: Callable[[], NoReturn]) -> sa.Engine:
    given = {"application_name": session_name(worker)}
    engine = sa.create_engine(url, pool_size=8, pool_pre_ping=True, hide_parameters=True, connect_args=given)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(IN_TRANSACTION)
        if worker and connection.execute(_HAS_WORKERS).fetchone()[0]:
            kept_out = connection.execute(_IS_KEPT_OUT, (worker,)).fetchone()[0]
            if kept_out:
                refuse()
        connection.commit()

    return engine


def _on_sqlite(url: str) -> sa.Engine:
    engine = sa.create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # no transactions of pysqlite's own: `begin` below is the only one
        for pragma in PRAGMAS:
            connection.execute("PRAGMA " + pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine
