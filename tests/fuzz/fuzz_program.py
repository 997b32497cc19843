"""FTP (with TLS) and SFTP doors in a process of their own, so that what they cost can be seen. Run as: data folder."""

from __future__ import annotations

import sys
from pathlib import Path

from cws_filedrop import log
from cws_filedrop.door_settings import FtpSettings, SftpSettings, TlsSettings
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.gate.logins import Logins, SellerLogin, Throttle
from cws_filedrop.processes.child import watch_parent
from cws_filedrop.processes.stopping import stop_on_signals
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.tls import open_tls
from cws_filedrop.transports.serving import serve
from cws_filedrop.transports.sftp.door import SftpDoor

if __name__ == "__main__":
    log.configure("info", json=True)
    data = Path(sys.argv[1])
    intake = Intake(Homes(data / "homes"), Spool(data / "spool"), upload_limit_bytes=1_000_000)
    logins = Logins(
        lambda name, password: SellerLogin(name, 1) if password == "correct-horse-9" else None,
        lambda names: dict.fromkeys(names, 1),
        Throttle(),
    )
    ftp = FtpDoor(
        FtpSettings(port=0, max_strangers_per_address=0),
        intake,
        logins,
        tls=open_tls(TlsSettings(implicit_port=0), data / "keys"),
    )
    ftp.failure_delay_seconds = 0.01
    sftp = SftpDoor(
        SftpSettings(port=0, max_strangers_per_address=0),
        intake,
        logins,
        keys=lambda name, key: None,
        host_keys=data / "keys",
    )
    sftp.failure_delay_seconds = 0.01
    with stop_on_signals() as stop:
        watch_parent(stop.make)
        serve(intake, ftp=ftp, sftp=sftp, folder=None, stop=stop)
