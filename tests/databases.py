"""New databases for tests, on SQLite or PostgreSQL: the tables are made once in each process, since a copy takes a
hundredth of the time.

SQLite is the rule. A test that is marked `postgres` runs on both, and with `--postgres` all of them run on PostgreSQL
alone (`conftest.database_kind` says to `use` which).
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import postgres_kit
from postgres_kit import Postgres

from cws_filedrop.store.database import Database, default_url

SQLITE, POSTGRES = "sqlite", "postgres"
PATTERN = "pattern"
_OPEN: Final = ExitStack()
_NUMBERS: Final = count(1)
_URLS: Final[dict[Path, str]] = {}  # of databases on PostgreSQL that belong to a folder or stand for a file
_used = [SQLITE]
_TO_CLOSE: Final[list[Database]] = []


def use(kind: str) -> str:
    """Have new databases be of that kind; what they were before."""
    before, _used[0] = _used[0], kind
    return before


def new_database(path: Path) -> Database:
    """A database as `create` makes it; on SQLite in a file of that name."""
    if _used[0] == POSTGRES:
        return Database(_copied(path))
    path.write_bytes(_pattern())
    return Database(f"sqlite:///{path}")


def lay_database(data_dir: Path) -> str:
    """Put the database of a new service into its data folder, or beside it; what `[database] url` has to be."""
    if _used[0] == POSTGRES:
        return _copied(data_dir)
    Path(default_url(data_dir).removeprefix("sqlite:///")).write_bytes(_pattern())
    return ""


def url_for(data_dir: Path) -> str:
    """What `[database] url` has to be for a service with that data folder, which makes its tables itself."""
    if _used[0] == POSTGRES and data_dir not in _URLS:
        _URLS[data_dir] = empty()
    return _URLS.get(data_dir, "")


def empty() -> str:
    """The URL of an empty database on PostgreSQL."""
    return server().create(_name())


def url_of(data_dir: Path) -> str:
    """The URL of the database of a service with that data folder."""
    return _URLS.get(data_dir) or default_url(data_dir)


@cache
def server() -> Postgres:
    """The PostgreSQL of this process, which ends with `close`."""
    return _OPEN.enter_context(postgres_kit.postgres())


def close() -> None:
    """End it."""
    _OPEN.close()


def close_later(db: Database) -> Database:
    """Have a database closed when the test, or what it is a part of, is over."""
    _TO_CLOSE.append(db)
    return db


def close_all() -> None:
    """Close those."""
    while _TO_CLOSE:
        _TO_CLOSE.pop().close()


def _copied(path: Path) -> str:
    _postgres_pattern()
    _URLS[path] = server().create(_name(), like=PATTERN)
    return _URLS[path]


def _name() -> str:
    return f"t{next(_NUMBERS)}"


@cache
def _postgres_pattern() -> None:
    database = Database(server().create(PATTERN))
    database.create()
    database.close()


@cache
def _pattern() -> bytes:
    """The bytes of a database without rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pattern.db"
        database = Database(f"sqlite:///{path}")
        database.create()
        database.close()
        assert not path.with_name("pattern.db-wal").exists(), "all of it is in one file"
        return path.read_bytes()
