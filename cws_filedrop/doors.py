"""The process of the doors: composes FTP and folder doors from settings. Light: it never loads pandas or the engine.

Run by the service as `python -m cws_filedrop.doors`; settings come in the environment, events go to standard output,
and the end of standard input means that the service is gone.
"""

from __future__ import annotations

import json
import os
import sys

from cws_filedrop import config, log, passwords
from cws_filedrop.config import Settings
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.store import sellers
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.transports import doors
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor, SellerLogin


class Logins:
    """Who may come in, by the sellers' rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        """The seller of that name and password. Takes as long for an unknown name as for a wrong password."""
        kept = sellers.credentials(self._db, name)
        if not passwords.matches(None if kept is None else kept[0], password) or kept is None:
            return None
        return SellerLogin(name=name.lower(), version=kept[1])

    def current(self, name: str) -> int | None:
        """The version of a seller's login; None when it may not come in any more."""
        kept = sellers.credentials(self._db, name)
        return None if kept is None else kept[1]


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
