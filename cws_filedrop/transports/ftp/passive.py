"""Where an FTP client is to connect for its data (PASV, EPSV), and who may then connect there.

Behind NAT the address that clients see is not our own. EPSV answers carry no address; PASV answers carry the configured
one, except to clients in the same private network, who would have to come back in from outside. A data connection is
the client's if it comes from the client's address: directly, or through a balancer whose header says so. A balancer
that forwards data connections without a header is refused, since whoever reaches it could take another's connection.
"""
# ruff: noqa: N802  (pyftpdlib calls ftp_<COMMAND>)

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)

from cws_filedrop import log
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.proxy_protocol import plain
from cws_filedrop.transports.ftp.transfer import FtpPassive

_LOG = log.get(__name__)
_PORTS: Final = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})")
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_TAKEN: Final = "425 All ports for passive data connections are taken; try again in a minute."
_FAILED: Final = "425 No data connection can be made at the moment; try again in a minute."


class Passive(FtpPassive):
    """Waits for the client's data connection on one of the configured ports, and on no other."""

    _has_tried = False

    def __init__(self, cmd_channel: Any, extmode: bool = False) -> None:
        try:
            super().__init__(cmd_channel, extmode)
        except OSError:
            self.close()
            raise

    # PassiveDTP.__init__ (pyftpdlib 2.2.0) tries the configured ports, and when all are taken binds port 0, which
    # is any other: no firewall lets that through. A first bind to port 0 is its probe for the address family. If it
    # chose otherwise, clients would again be sent to ports that nobody opened.
    def bind(self, address: Any) -> None:
        if self._has_tried and address[1] == 0:
            raise OSError(errno.EADDRINUSE, "all passive ports are taken")
        self._has_tried = self._has_tried or address[1] != 0
        super().bind(address)

    def handle_accepted(self, sock: socket.socket, addr: Any) -> None:
        self.cmd_channel.server.header_wait.receive(sock, addr, self._welcome)

    def _welcome(self, sock: socket.socket, addr: Any) -> None:
        if self._closed:  # another came before its header did
            sock.close()
            return
        client = self.cmd_channel.remote_ip
        if client and plain(str(addr[0])) == plain(client):
            addr = (client, addr[1])  # as the library compares it
        super().handle_accepted(sock, addr)


class PassiveSession:
    """The part of a session that answers PASV and EPSV."""

    masquerade_address: str | None
    socket: Any
    remote_ip: str

    # FTPHandler makes PassiveDTP here for both PASV and EPSV (pyftpdlib 2.2.0), which reads `masquerade_address` of
    # the session when it answers. If this was not called, clients of our own network would be sent outside and
    # back.
    def _make_epasv(self, extmode: bool = False) -> None:
        reached = self.socket.getsockname()[0]
        if is_given_set_address(type(self).masquerade_address, reached, self.remote_ip):
            self.masquerade_address = type(self).masquerade_address
        else:
            self.masquerade_address = None
        try:
            super()._make_epasv(extmode)  # type: ignore[misc]
        except OSError as error:
            _LOG.error("ftp.passive_port_not_found", address=self.remote_ip, error=str(error))
            self.respond(_TAKEN if error.errno == errno.EADDRINUSE else _FAILED)  # type: ignore[attr-defined]

    def ftp_PASV(self, line: str) -> None:
        """Answer with an IPv4 address and a port."""
        reached = ipaddress.ip_address(plain(self.socket.getsockname()[0]))
        if reached.version == 6 and not type(self).masquerade_address:
            self.respond("522 PASV can tell addresses of IPv4 only; send EPSV.")  # type: ignore[attr-defined]
        else:
            super().ftp_PASV(line)  # type: ignore[misc]


def is_given_set_address(set_address: str | None, reached: str, client: str) -> bool:
    """Is a client that reached our address `reached` given the configured address instead?"""
    if not set_address:
        return False
    ours, its = (ipaddress.ip_address(plain(address)) for address in (reached, client))
    return not any(ours in network and its in network for network in _PRIVATE)


def passive_ports(text: str) -> range | None:
    """The configured ports; None for any. Raises: ConfigError."""
    if not text.strip():
        return None
    ports = _PORTS.fullmatch(text.strip())
    first, last = (int(ports[1]), int(ports[2])) if ports else (0, 0)
    if not 1024 <= first <= last <= 65_535:
        raise ConfigError(f"[ftp] passive_ports: {text!r} is not a range such as 50000-50100")
    return range(first, last + 1)


def masquerade(host: str) -> str | None:
    """The configured address, given by name or number; None for none. Raises: ConfigError."""
    if not host:
        return None
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise ConfigError(f"[ftp] masquerade_address: {host} is not known: {error.strerror}") from error
