"""The process of the doors: composes FTP and folder doors from settings. Light: it never loads pandas or the engine.

Run by the service as `python -m cws_filedrop.doors`; settings come in the environment, events go to standard output,
and the end of standard input means that the service is gone.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime

from cws_filedrop import config, log, passwords
from cws_filedrop.config import Settings
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.store import sellers
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.sellers import Access
from cws_filedrop.transports import doors
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor, SellerLogin


class Logins:
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

    def current(self, name: str) -> int | None:
        """The version of a seller's login; None when it may not come in any more."""
        kept = self._access(name)
        return None if kept is None else kept.version

    def _access(self, name: str) -> Access | None:
        return sellers.access(self._db, name, datetime.now(UTC))


def _login(name: str, kept: Access) -> SellerLogin:
    return SellerLogin(name=name.lower(), version=kept.version, networks=kept.networks)


def main() -> None:
    """Serve until standard input ends or SIGTERM comes."""
    settings = config.load(None, os.environ)
    log.configure(settings.service.log_level, json=settings.service.log_json)
    try:
        ftp, folder, intake = _open(settings)
        doors.serve(intake, ftp=ftp, folder=folder, out=sys.stdout, in_=sys.stdin)
    except ConfigError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        sys.exit(2)


def _open(settings: Settings) -> tuple[FtpDoor | None, FolderDoor | None, Intake]:
    logins = Logins(Database(settings.database.url or default_url(settings.data)))
    homes, spool = Homes(settings.data / "homes"), Spool(settings.data / "spool")
    intake = Intake(homes, spool, upload_limit_bytes=settings.limits.upload_bytes)
    ftp = FtpDoor(settings.ftp, intake, authenticate=logins.authenticate, current=logins.current)
    folder = FolderDoor(settings.folder, intake)
    return (ftp if settings.ftp.enabled else None, folder if settings.folder.enabled else None, intake)


if __name__ == "__main__":
    main()
