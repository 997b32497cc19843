"""Are the ports free that doors, pages and sandbox are to listen on? Looked at before any of them opens.

That they can be had a moment later nobody promises: whoever then fails says so in the same words.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import Final

from cws_filedrop.errors import ConfigError
from cws_filedrop.processes.roles import EVERY, ServiceRole
from cws_filedrop.settings import Settings

REMEDIES: Final = {
    errno.EADDRINUSE: "another program has that port: stop it, or set another port",
    errno.EACCES: "ports below 1024 need rights: give them, or set a higher port",
    errno.EADDRNOTAVAIL: "this machine has no such address: set host to one of its own, or to 0.0.0.0",
}


def check(settings: Settings, roles: Collection[ServiceRole] = EVERY) -> None:
    """Raises: ConfigError, naming section and key, when one of them cannot be listened on."""
    with ExitStack() as all_at_once:  # so that two of ours with one port are found, too
        for key, host, port in _wanted(settings, roles):
            try:
                all_at_once.enter_context(_listener(host, port))
            except (OSError, OverflowError) as error:
                remedy = REMEDIES.get(getattr(error, "errno", None) or 0, str(error))
                raise ConfigError(f"{key}: cannot listen on {host}:{port}: {remedy}") from error


def _wanted(settings: Settings, roles: Collection[ServiceRole]) -> Iterator[tuple[str, str, int]]:
    ftp, sftp, web = settings.ftp, settings.sftp, settings.web
    if ftp.enabled and ServiceRole.DOORS in roles:
        yield "[ftp] port", ftp.host, ftp.port
        if settings.tls.mode != "off":
            yield "[tls] implicit_port", ftp.host, max(settings.tls.implicit_port, 0)
    if sftp.enabled and ServiceRole.DOORS in roles:
        yield "[sftp] port", sftp.host, sftp.port
    if web.enabled and ServiceRole.WEB in roles:
        yield "[web] port", web.host, web.port
        yield "[web] monitoring_port", web.monitoring_host, web.monitoring_port
    built_in = settings.marketplace.kind == "sandbox" and not settings.marketplace.endpoint
    if built_in and ServiceRole.WORKER in roles:
        yield "[sandbox] port", "127.0.0.1", settings.sandbox.port


def _listener(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family)
