"""How a seller connects by FTP or SFTP, with its own values, and what to hold against the server's keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.settings import Settings
from cws_filedrop.transports import certificates
from cws_filedrop.transports.ftp_tls import OWN_CERTIFICATE
from cws_filedrop.transports.site_file import site_file, ways_in
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed

router: Final = APIRouter()


@dataclass(frozen=True, slots=True)
class Way:
    """A way in; `port` 0 = another one after each start."""

    name: str
    host: str
    port: int


@router.get("/my/connect")
def shown(request: Request, session: visitors.SellerHere) -> Response:
    """Settings for a client, and fingerprints."""
    settings = offices.of(request).desk.settings
    host = host_of(request, settings)
    return framed(
        request,
        "my_connect.html",
        session,
        ways=[Way(name, host, port) for name, _, port in ways_in(settings)],
        host=host,
        keys=fingerprints(settings),
    )


@router.get("/my/connect/filezilla.xml")
def filezilla(request: Request, session: visitors.SellerHere) -> Response:
    """The site file."""
    settings = offices.of(request).desk.settings
    text = site_file(settings, session.name, host_of(request, settings))
    headers = {"Content-Disposition": f'attachment; filename="{session.name}-filezilla.xml"'}
    return Response(text, media_type="application/xml", headers=headers)


def host_of(request: Request, settings: Settings) -> str:
    """What sellers call this machine: as set, else the name they reached this page by."""
    if settings.ftp.masquerade_address:
        return settings.ftp.masquerade_address
    return request.url.hostname or settings.ftp.host


def fingerprints(settings: Settings) -> list[tuple[str, str]]:
    """(what, its fingerprint) of the keys that the doors show."""
    found, folder = [], settings.data / "keys"
    for path in sorted(folder.glob("ssh_host_*_key")) if settings.sftp.enabled else ():
        try:
            key = paramiko.PKey.from_path(path)
        except (OSError, ValueError, paramiko.SSHException):
            continue
        found.append((f"SFTP, {key.get_name()}", key.fingerprint))
    if settings.ftp.enabled and settings.tls.mode != "off":
        own = settings.tls.certificate
        for path in [Path(own)] if own else [folder / OWN_CERTIFICATE]:
            try:
                found.append(("FTP over TLS, SHA-256", certificates.seen_by_clients(path)[0]))
            except (OSError, ValueError):
                continue
    return found
