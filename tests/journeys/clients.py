"""The clients that sellers use, on every way in, in one table."""

from __future__ import annotations

from typing import Final

from journeys.client_kit import FTP, FTPS, IMPLICIT, SFTP, Client
from journeys.client_libraries import Copy, Ftplib, Move, Paramiko
from journeys.client_programs import Curl, Lftp, OpenSsh, Rclone, Scp

_BY_NAME: dict[str, tuple[type[Client], tuple[str, ...]]] = {
    "curl": (Curl, (FTP, FTPS, IMPLICIT, SFTP)),
    "lftp": (Lftp, (FTP, FTPS, IMPLICIT, SFTP)),
    "rclone": (Rclone, (FTP, FTPS, IMPLICIT, SFTP)),
    "ftplib": (Ftplib, (FTP, FTPS, IMPLICIT)),
    "openssh": (OpenSsh, (SFTP,)),
    "scp": (Scp, (SFTP,)),
    "paramiko": (Paramiko, (SFTP,)),
    "cp": (Copy, ("folder",)),
    "mv": (Move, ("folder",)),
}
CLIENTS: Final = {f"{name}-{way}": (kind, way) for name, (kind, ways) in _BY_NAME.items() for way in ways}
REFERENCE: Final = "cp-folder"


def who_can(*things: str) -> list[str]:
    """The clients that can do all of these."""
    return [name for name, (kind, _) in CLIENTS.items() if not set(things) & set(kind.cannot)]
