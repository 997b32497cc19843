"""The data folder that the hosts of a service share: is it one, and does it do what a hand-over needs?"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log, private
from cws_filedrop.errors import ConfigError
from cws_filedrop.processes import environment
from cws_filedrop.store import moving
from cws_filedrop.store.database import Database, moment
from cws_filedrop.store.schema import BEATS, SHARED_FOLDERS

LOG: Final = log.get(__name__)
MARK: Final = "shared-folder"  # in the data folder
DATA: Final = "data"
PARTS: Final = ("homes", "spool")  # a claim is a rename from one to the other
APART_SECONDS: Final = 5.0  # clocks of a host and of the database
FRESH_SECONDS: Final = 30.0  # three heartbeats
_CLOCK: Final = sa.text("SELECT extract(epoch FROM clock_timestamp())")


def check(db: Database, folder: Path) -> None:
    """Return if a service may work on this folder with this database. Raises: ConfigError, with what to do."""
    if db.is_sqlite:
        _refuse_other_hosts(db)
        return
    if moving.is_unfinished(db):
        raise ConfigError(
            "[database] url: a move to this database was not finished; start `cws-filedrop db move` again"
        )
    _check_clock(db)
    _probe(folder)
    _check_mark(db, folder / MARK)


def _refuse_other_hosts(db: Database) -> None:
    """SQLite's locks do not reach across hosts. A host that works says so by its heartbeats."""
    with db.read() as connection:
        rows = connection.execute(sa.select(BEATS.c.who, BEATS.c.at).where(BEATS.c.who.startswith("worker on "))).all()
    for who, at in rows:
        host = who.removeprefix("worker on ")
        if host != environment.host() and time.time() - moment(at).timestamp() < FRESH_SECONDS:
            raise ConfigError(
                f"[database] url: {host} works with this SQLite database, which is for one host alone; several need"
                f" PostgreSQL (if {host} has ended, wait {FRESH_SECONDS:.0f} seconds)"
            )


def _check_clock(db: Database) -> None:
    with db.read() as connection:
        begun = time.time()
        theirs = float(connection.execute(_CLOCK).scalar_one())
    apart = theirs - (begun + time.time()) / 2
    if abs(apart) > APART_SECONDS:
        raise ConfigError(
            f"the clock of {environment.host()} differs from that of the database by {abs(apart):.0f} seconds; at most"
            f" {APART_SECONDS:.0f} are allowed: set both by NTP"
        )


def _probe(folder: Path) -> None:
    """A file is written, synced, and moved from the homes to the spool, as every upload is."""
    name = f".probe-{secrets.token_hex(4)}"
    source, target = (folder / part / name for part in PARTS)
    try:
        for path in (source, target):
            path.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL, private.FILE)
        try:
            os.write(descriptor, b"probe\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(source, target)
        target.unlink()
    except OSError as error:
        raise ConfigError(
            f"[service] data_dir: {folder / PARTS[0]} and {folder / PARTS[1]} must be on one file system that can sync"
            f" and rename: {error.strerror}"
        ) from error


def _check_mark(db: Database, path: Path) -> None:
    """The database knows the folder by a mark in it; who comes first makes both."""
    with db.write() as connection:
        known = connection.execute(sa.select(SHARED_FOLDERS.c.mark).where(SHARED_FOLDERS.c.name == DATA)).scalar()
        found = path.read_text().strip() if path.exists() else ""
        if known is None:
            known = found or secrets.token_hex(16)
            connection.execute(SHARED_FOLDERS.insert().values(name=DATA, mark=known))
            path.write_text(f"{known}\n")
    if found not in ("", known) or not path.exists():
        raise ConfigError(
            f"[service] data_dir: {path.parent} is not the folder that other hosts use with this database (its file"
            f" {path.name} {'has another mark' if found else 'is missing'}); mount the shared one, or, if it was moved,"
            f" write {known} into that file"
        )
