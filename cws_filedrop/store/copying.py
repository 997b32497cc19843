"""A consistent copy of the whole database, ours and the engine's tables, while others write; and the way back.

SQLite by its own online backup, which is one snapshot and holds no writer up. PostgreSQL by `pg_dump` and `pg_restore`,
where they are installed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cws_filedrop.errors import ConfigError, FileDropError
from cws_filedrop.store import migrations
from cws_filedrop.store.database import sqlite_file

SQLITE: Final = "database.db"
DUMP: Final = "database.dump"


def name_for(url: str) -> str:
    """The name of a copy, by which its kind is known."""
    return SQLITE if sqlite_file(url) else DUMP


def copy(url: str, target: Path) -> None:
    """Copy the database into a new file. Raises: ConfigError when a program for that is missing; FileDropError."""
    if (file := sqlite_file(url)) is None:
        _run("pg_dump", url, "--format=custom", f"--file={target}")
        return
    try:
        with closing(_read_only(file)) as source, closing(sqlite3.connect(target)) as copied:
            source.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
    except sqlite3.Error as error:
        raise FileDropError(f"{file} cannot be copied: {error}") from error


def put_back(source: Path, url: str) -> None:
    """Make the database of a copy, where none is yet. Raises: ConfigError, FileDropError."""
    file = sqlite_file(url)
    if (source.name == SQLITE) != (file is not None):
        raise ConfigError(f"[database] url: the backup holds {source.name}, which is of another kind of database")
    if file is None:
        _run("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(source))
        return
    if file.exists():
        raise ConfigError(f"[database] url: {file} is there already; a backup is restored where no database is")
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, file)


def fault(copied: Path) -> str:
    """What is wrong with a copy, "" for nothing that can be seen."""
    if copied.name == DUMP:
        program = shutil.which("pg_restore")
        return _said([program, "--list", str(copied)], {}) if program else ""
    try:
        with closing(_read_only(copied)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError) as error:
        return str(error)
    if found != "ok":
        return str(found)
    return f"it is of a newer version ({revision})" if revision > migrations.HEAD else ""


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file.absolute().as_uri() + "?mode=ro", uri=True)


def _run(program: str, url: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, on the database of a URL; the password is not among its arguments."""
    path = shutil.which(program)
    if path is None:
        raise ConfigError(f"{program} is not installed; a PostgreSQL database is copied by it (postgresql-client)")
    where = sa.make_url(url)
    plain = where.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(where.password)} if where.password else {}
    if said := _said([path, f"--dbname={plain}", *arguments], secret):
        raise FileDropError(f"{program}: {said}")


def _said(command: list[str], secrets: dict[str, str]) -> str:
    """What a program says when it fails, "" when it does not."""
    environment = {**os.environ, **secrets}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stderr.strip() or f"it ended with {done.returncode}") if done.returncode else ""
