"""New databases for tests: the tables are made once in each process, since a copy takes a hundredth of the time."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from cws_filedrop.store.database import Database, default_url


def new_database(path: Path) -> Database:
    """An SQLite database in a file of that name, as `create` makes it."""
    path.write_bytes(_pattern())
    return Database(f"sqlite:///{path}")


def lay_database(data_dir: Path) -> None:
    """Put the database of a new service into its data folder."""
    Path(default_url(data_dir).removeprefix("sqlite:///")).write_bytes(_pattern())


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
