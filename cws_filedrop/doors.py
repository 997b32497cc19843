"""The process of the doors: FTP, SFTP and folder, composed from settings. Light: it never loads pandas or the engine.

Started by the service (`children`); settings come in the environment, messages go to standard output.
"""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import Final

from cws_filedrop import config, log, log_settings, private
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.audit import Audit
from cws_filedrop.gate.connections import ConnectionRegistry
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import Logins
from cws_filedrop.gate.records import DatabaseAuditStore, DatabaseConnectionStore, DatabaseGuardStore, SellerRows
from cws_filedrop.model import Limits
from cws_filedrop.processes import child, open_files
from cws_filedrop.processes.stopping import StopRequest, stop_on_signals
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database
from cws_filedrop.store.opening import open_database
from cws_filedrop.store.outgoing.heartbeats import Heartbeat
from cws_filedrop.store.sellers import profiles
from cws_filedrop.transports import serving
from cws_filedrop.transports.folder.door import FolderDoor
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.tls import open_tls
from cws_filedrop.transports.landing import first_look
from cws_filedrop.transports.sftp.door import SftpDoor

LOG: Final = log.get(__name__)


def main() -> int:
    """Serve until standard input ends or SIGTERM comes; 2 when a setting cannot be used."""
    private.set_umask()
    with stop_on_signals() as stop:
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
            child.send(error=str(error))
            return 2
    return 0


def _orphaned(stop: StopRequest) -> None:
    LOG.info("doors.parent_gone")
    stop.make()


def _serve(settings: Settings, stop: StopRequest) -> None:
    # FTP takes a second connection, and a file, for each transfer.
    open_files.allow(3 * settings.ftp.max_connections + 2 * settings.sftp.max_connections)
    db = open_database(settings)
    guard, audit, heartbeat = (
        Guard(settings.guard, DatabaseGuardStore(db)),
        Audit(DatabaseAuditStore(db)),
        Heartbeat(db, "doors"),
    )
    try:
        guard.start()
        audit.start()
        heartbeat.start()
        ftp, sftp, folder, intake, logins = _open(settings, db, guard)
        intake.witness = audit.note
        registry = ConnectionRegistry(DatabaseConnectionStore(db, heartbeat.who), logins.presence.everyone, audit.note)
        registry.start()
        try:
            serving.serve(intake, ftp=ftp, sftp=sftp, folder=folder, stop=stop)
        finally:
            registry.stop()
    finally:
        heartbeat.stop()
        guard.stop()
        audit.stop()


def _open(
    settings: Settings, db: Database, guard: Guard
) -> tuple[FtpDoor | None, SftpDoor | None, FolderDoor | None, Intake, Logins]:
    rows, certificates = SellerRows(db), settings.data / "keys"
    logins = Logins(rows.authenticate, rows.current, guard, in_clear=rows.in_clear)
    homes, spool = Homes(settings.data / "homes"), Spool(settings.data / "spool")
    limits = settings.limits
    intake = Intake(homes, spool, upload_limit_bytes=limits.upload_bytes, least_free_bytes=limits.free_bytes)
    intake.working_names = settings.folder.working_patterns
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
