"""A balancer for tests: connections from an address of their own that begin with a header."""

from __future__ import annotations

import ftplib
import ipaddress
import socket
import ssl
import struct
from typing import Any

from transports.doors_kit import PASSWORD, refusal
from transports.tls_kit import trusting

BALANCER = "127.0.0.9"
CLIENT = "192.0.2.7"  # an address that nobody could come from here
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


def line(source: str = CLIENT) -> bytes:
    """A header of version 1."""
    return f"PROXY TCP4 {source} 198.51.100.1 40000 21\r\n".encode()


def binary(source: str = CLIENT) -> bytes:
    """A header of version 2."""
    addresses = ipaddress.ip_address(source).packed + bytes([198, 51, 100, 1])
    return b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + struct.pack(">H", 12) + addresses + struct.pack(">HH", 40_000, 21)


def forwarded(address: Any, first: bytes, *, source: str = BALANCER) -> socket.socket:
    """A connection from the balancer, that begins with those bytes."""
    connection = socket.create_connection(address, timeout=60, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(first)
    return connection


def said(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    try:
        while some := connection.recv(4096):
            found += some
    except ConnectionError:
        return found
    return found


class ForwardedFtp(ftplib.FTP_TLS):
    """A session by the balancer; encrypted, data connections too, unless `tls` is False. `data` heads those."""

    def __init__(self, address: Any, header: bytes, *, tls: bool = False, implicit: bool = False) -> None:
        super().__init__(timeout=60, context=trusting(), encoding="utf-8")
        self.sock: Any = forwarded(address, header)
        self.af, self.host = self.sock.family, BALANCER
        self.tls, self.data = tls or implicit, header
        if implicit:
            self.sock = self.context.wrap_socket(self.sock)
        self.file: Any = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        if tls:
            self.auth()

    def enter(self, seller: str = "acme") -> ForwardedFtp:
        """Log in."""
        self.sendcmd(f"USER {seller}")
        self.sendcmd(f"PASS {PASSWORD}")
        if self.tls:
            self.prot_p()
        return self

    def port(self) -> int:
        """A port for a data connection."""
        return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername())[1]

    def encrypted(self, plain: socket.socket) -> socket.socket:
        """A data connection as the session has them."""
        return self.context.wrap_socket(plain) if self.tls else plain

    def upload(self, content: bytes, name: str = "a.txt") -> str:
        """The reply to an upload by the balancer."""
        port = self.port()
        connection = forwarded(("127.0.0.1", port), self.data)
        self.putcmd(f"STOR /inbox/{name}")
        assert self.getresp()[:3] in ("150", "125")
        with self.encrypted(connection) as data:
            data.sendall(content)
            if isinstance(data, ssl.SSLSocket):
                data.unwrap().close()
        return self.getresp()

    def refusal(self, command: str) -> str:
        """The reply to a command that is refused."""
        return refusal(self, command)
