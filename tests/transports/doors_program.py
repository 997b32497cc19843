"""A composition root for tests: `serve` with both doors. Run as: data folder, port."""

from __future__ import annotations

import sys
from pathlib import Path

from cws_filedrop import log
from cws_filedrop.door_settings import FolderSettings, FtpSettings
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.gate.logins import Logins, SellerLogin, Throttle
from cws_filedrop.processes.child import watch_parent
from cws_filedrop.processes.stopping import stop_on_signals
from cws_filedrop.transports.folder.door import FolderDoor
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.serving import serve

if __name__ == "__main__":
    log.configure("info", json=True)
    data = Path(sys.argv[1])
    intake = Intake(Homes(data / "homes"), Spool(data / "spool"), upload_limit_bytes=10_000_000)
    ftp = FtpDoor(
        FtpSettings(port=int(sys.argv[2])),
        intake,
        Logins(
            lambda name, password: SellerLogin(name, 1) if password == "correct-horse-9" else None,
            lambda names: dict.fromkeys(names, 1),
            Throttle(),
        ),
    )
    folder = FolderDoor(FolderSettings(settle_seconds=0.1), intake)
    with stop_on_signals() as stop:
        watch_parent(stop.make)
        serve(intake, ftp=ftp, folder=folder, stop=stop)
