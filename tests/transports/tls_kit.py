"""Encrypted doors for tests, and clients for them."""

from __future__ import annotations

import ftplib
import socket
import ssl
from typing import Any

from transports.doors_kit import ANY_STRANGERS, PASSWORD, Place

from cws_filedrop.door_settings import FtpSettings, TlsSettings
from cws_filedrop.gate.logins import Authenticate
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.tls import Tls


def tls_door(
    place: Place,
    *,
    in_clear: Authenticate | None = None,
    ftp: dict[str, Any] | None = None,
    handshake_seconds: float = 30.0,
    **settings: Any,
) -> FtpDoor:
    """A door with TLS, implicit too, open."""
    tls = Tls(TlsSettings(**({"implicit_port": 0} | settings)), place.data / "tls")
    wanted = FtpSettings(**({"port": 0, "grace_seconds": 0.2} | ANY_STRANGERS | (ftp or {})))
    door = FtpDoor(wanted, place.intake, place.sellers.logins(in_clear=in_clear), tls=tls)
    door.failure_delay_seconds = 0.01
    door.handshake_seconds = handshake_seconds
    door.start()
    place.open.append(door)
    return door


def trusting(*versions: ssl.TLSVersion) -> ssl.SSLContext:
    """A client's context that trusts every certificate, and sees an end without close_notify as an error."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if versions:
        context.minimum_version = context.maximum_version = versions[0]
    return context


class ImplicitFtp(ftplib.FTP_TLS):
    """A client that encrypts from the first byte on."""

    def connect(self, *args: Any, **kwargs: Any) -> str:
        self.host, self.port = args[0], args[1]
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome


class ReusingFtp(ftplib.FTP_TLS):
    """A client whose data connections resume the session of the control connection."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.context.wrap_socket(plain, server_hostname=self.host, session=self.sock.session), size


def log_in(
    door: FtpDoor, seller: str = "acme", *, kind: type[ftplib.FTP_TLS] = ftplib.FTP_TLS, context: Any = None
) -> ftplib.FTP_TLS:
    """An encrypted session that is logged in, its data connections encrypted."""
    session = kind(timeout=60, context=context or trusting(), encoding="utf-8")
    address = door.implicit_address if kind is ImplicitFtp else door.address
    assert address is not None
    try:
        session.connect(*address)
        session.login(seller, PASSWORD)
        session.prot_p()
    except BaseException:
        session.close()
        raise
    return session
