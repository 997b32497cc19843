"""How a seller connects by FTP or SFTP, with its own values, and the fingerprints to compare the server's keys with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.gate import certificates
from cws_filedrop.settings import Settings
from cws_filedrop.transports.ftp.tls import OWN_CERTIFICATE
from cws_filedrop.transports.landing.site_file import site_file, ways_in
from cws_filedrop.transports.sftp import host_keys
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()


@dataclass(frozen=True, slots=True)
class Way:
    """A way to connect; `port` 0 = another one after each start."""

    name: str
    host: str
    port: int


@router.get("/my/connect")
def shown(request: Request, session: visitors.SellerHere) -> Response:
    """Settings for a client, and fingerprints."""
    settings = web_context.of(request).context.settings
    host = host_of(request, settings)
    return framed(
        request,
        "my/connect.html",
        session,
        ways=[Way(name, host, port) for name, _, port in ways_in(settings)],
        host=host,
        keys=fingerprints(settings),
    )


@router.get("/my/connect/filezilla.xml")
def filezilla(request: Request, session: visitors.SellerHere) -> Response:
    """The site file."""
    settings = web_context.of(request).context.settings
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
    shown_keys, folder = [], settings.data / "keys"
    if settings.sftp.enabled:
        shown_keys += [(f"SFTP, {kind}", fingerprint) for kind, fingerprint in host_keys.fingerprints(folder)]
    if settings.ftp.enabled and settings.tls.mode != "off":
        own = settings.tls.certificate
        for path in [Path(own)] if own else [folder / OWN_CERTIFICATE]:
            try:
                shown_keys.append(("FTP over TLS, SHA-256", certificates.seen_by_clients(path)[0]))
            except (OSError, ValueError):
                continue
    return shown_keys
