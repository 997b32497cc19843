"""The process of the doors: FTP, SFTP and folder, composed from settings. Light: it never loads pandas or the engine.

Run by the service (`children`); settings come in the environment, events go to standard output.
"""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import Final

from cws_filedrop import child, config, log, log_settings
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import Limits
from cws_filedrop.settings import Settings
from cws_filedrop.stopping import Stop, on_signals
from cws_filedrop.store import profiles
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.pulse import Pulse
from cws_filedrop.transports import doors, first_look
from cws_filedrop.transports.audit import Audit
from cws_filedrop.transports.concierge import Concierge
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor
from cws_filedrop.transports.ftp_tls import open_tls
from cws_filedrop.transports.guard import Guard
from cws_filedrop.transports.logins import Logins
from cws_filedrop.transports.records import Register, Rows, Shelf, Trail
from cws_filedrop.transports.sftp import SftpDoor

LOG: Final = log.get(__name__)


def main() -> int:
    """Serve until standard input ends or SIGTERM comes; 2 when settings cannot be used."""
    with on_signals() as stop:
        settings = config.load(None, os.environ)
        log_settings.configure(settings, "doors", child=True)
        # watchdog says so, and does no harm, when folders are made while it looks at their parent
        warnings.filterwarnings("ignore", "Callback with id .* already exists", RuntimeWarning)
        if not child.may_begin(stop):
            return 0
        child.watch_parent(partial(_orphaned, stop))
        try:
            _serve(settings, stop)
        except ConfigError as error:
            child.say(error=str(error))
            return 2
    return 0


def _orphaned(stop: Stop) -> None:
    LOG.info("doors.parent_gone")
    stop.wish()


def _serve(settings: Settings, stop: Stop) -> None:
    db = Database(settings.database.url or default_url(settings.data))
    guard, audit, pulse = Guard(settings.guard, Shelf(db)), Audit(Trail(db)), Pulse(db, "doors")
    try:
        guard.start()
        audit.start()
        pulse.start()
        ftp, sftp, folder, intake, logins = _open(settings, db, guard)
        intake.witness = audit.note
        concierge = Concierge(Register(db, pulse.who), logins.presence.everyone, audit.note)
        concierge.start()
        try:
            doors.serve(intake, ftp=ftp, sftp=sftp, folder=folder, stop=stop)
        finally:
            concierge.stop()
    finally:
        pulse.stop()
        guard.stop()
        audit.stop()


def _open(
    settings: Settings, db: Database, guard: Guard
) -> tuple[FtpDoor | None, SftpDoor | None, FolderDoor | None, Intake, Logins]:
    rows, certificates = Rows(db), settings.data / "keys"
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
    return ftp, sftp, folder, intake, logins
