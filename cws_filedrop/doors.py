"""The process of the doors: FTP, SFTP and folder, composed from settings. Light: it never loads pandas or the engine.

Run by the service as `python -m cws_filedrop.doors`; settings come in the environment, events go to standard output,
and the end of standard input means that the service is gone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import paramiko

from cws_filedrop import config, log, passwords
from cws_filedrop.config import Settings
from cws_filedrop.drop.deeds import Deed
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import Limits
from cws_filedrop.store import audit as trail
from cws_filedrop.store import guard as records
from cws_filedrop.store import keys, profiles, sellers
from cws_filedrop.store.audit import Row
from cws_filedrop.store.database import Database, default_url, stamp
from cws_filedrop.store.guard import Record
from cws_filedrop.store.sellers import Access
from cws_filedrop.transports import doors, first_look
from cws_filedrop.transports.audit import Audit, Entry
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor
from cws_filedrop.transports.ftp_tls import open_tls
from cws_filedrop.transports.guard import Guard
from cws_filedrop.transports.logins import Logins, SellerLogin
from cws_filedrop.transports.sftp import SftpDoor


class _Rows:
    """Who may come in, by the sellers' rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        """The seller of that name and password. Takes as long for an unknown name as for a wrong password."""
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def in_clear(self, name: str, password: str) -> SellerLogin | None:
        """The same for a password that came unencrypted: only one that was made for that."""
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.clear_password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def by_key(self, name: str, key: paramiko.PKey) -> SellerLogin | None:
        """The seller of that name, if the key is one of its own."""
        kept, text = self._access(name), f"{key.get_name()} {key.get_base64()}"
        if kept is None or not keys.holds(self._db, kept.seller_id, key.fingerprint, text):
            return None
        return _login(name, kept)

    def current(self, names: Collection[str]) -> Mapping[str, int]:
        """The versions of sellers' logins; those that may not come in any more are missing."""
        return sellers.versions(self._db, names, datetime.now(UTC))

    def _access(self, name: str) -> Access | None:
        return sellers.access(self._db, name, datetime.now(UTC))


class _Shelf:
    """The guard's memory, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> list[Record]:
        return records.load(self._db)

    def save(self, found: Iterable[Record], *, forget: Iterable[tuple[str, str]]) -> None:
        records.save(self._db, found, forget=forget)


class _Trail:
    """The audit trail, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep some entries."""
        rows = [Row(at=stamp(one.at), times=one.times, **_fields(one.deed)) for one in entries]
        trail.add(self._db, rows)


def _fields(deed: Deed) -> dict[str, Any]:
    """What `asdict` would give, which copies every text as if it could change, and takes longer than all the rest."""
    return {name: getattr(deed, name) for name in Deed.__slots__}


def _login(name: str, kept: Access) -> SellerLogin:
    return SellerLogin(name=name.lower(), version=kept.version, networks=kept.networks, allowance=kept.allowance)


def main() -> None:
    """Serve until standard input ends or SIGTERM comes."""
    settings = config.load(None, os.environ)
    log.configure(settings.service.log_level, json=settings.service.log_json)
    db = Database(settings.database.url or default_url(settings.data))
    guard, audit = Guard(settings.guard, _Shelf(db)), Audit(_Trail(db))
    try:
        guard.start()
        audit.start()
        ftp, sftp, folder, intake = _open(settings, db, guard)
        intake.witness = audit.note
        doors.serve(intake, ftp=ftp, sftp=sftp, folder=folder, out=sys.stdout, in_=sys.stdin)
    except ConfigError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        sys.exit(2)
    finally:
        guard.stop()
        audit.stop()


def _open(
    settings: Settings, db: Database, guard: Guard
) -> tuple[FtpDoor | None, SftpDoor | None, FolderDoor | None, Intake]:
    rows, certificates = _Rows(db), settings.data / "keys"
    logins = Logins(rows.authenticate, rows.current, guard, in_clear=rows.in_clear)
    homes, spool = Homes(settings.data / "homes"), Spool(settings.data / "spool")
    limits = settings.limits
    intake = Intake(homes, spool, upload_limit_bytes=limits.upload_bytes, least_free_bytes=limits.free_bytes)
    bounds = Limits(limits.upload_bytes, limits.unpacked_bytes, limits.lines)
    intake.look_first(partial(first_look.fault, limits=bounds, profiles_of=partial(profiles.of_name, db)))
    ftp = sftp = folder = None
    if settings.ftp.enabled:
        ftp = FtpDoor(settings.ftp, intake, logins, tls=open_tls(settings.tls, certificates))
    if settings.sftp.enabled:
        sftp = SftpDoor(settings.sftp, intake, logins, keys=rows.by_key, host_keys=certificates)
    if settings.folder.enabled:
        folder = FolderDoor(settings.folder, intake)
    return ftp, sftp, folder, intake


if __name__ == "__main__":
    main()
