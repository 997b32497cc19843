"""Connections that come through a load balancer: which they are, and whose, by the header that they begin with.

Knows neither FTP nor SFTP. A balancer is trusted because its network was set; nobody else's header is even looked for,
since anybody could name any client in it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from typing import Final

from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.proxy_protocol import LONGEST, BadHeader, ProxyHeader, parse, plain

HEADER_SECONDS: Final = 5.0  # a balancer sends it with its first packet


class Balancers:
    """The networks that balancers are in. `setting` names where the text is from.

    Raises: ConfigError when the text is not of networks.
    """

    def __init__(self, text: str, setting: str) -> None:
        self._networks = [_network(word, setting) for word in re.split(r"[\s,]+", text.strip()) if word]

    def has(self, address: str) -> bool:
        """Is that an address of a balancer?"""
        if not self._networks:
            return False
        here = ipaddress.ip_address(plain(address))
        return any(here in network for network in self._networks)


def _network(word: str, setting: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError as error:
        raise ConfigError(f"{setting}: {error}; write networks such as 10.0.0.0/24, or single addresses") from error


class Announcement:
    """The header of one connection, read piece by piece; not a byte of what comes after it is taken."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""

    def look(self) -> ProxyHeader | None:
        """Read what is there; the header once it is whole.

        Raises: BadHeader; OSError, which is BlockingIOError when nothing is there yet and the socket does not wait.
        """
        # Peeked at first: what follows the header is the client's (TLS, SSH), and belongs to whoever serves it.
        seen = self._connection.recv(LONGEST - len(self._read), socket.MSG_PEEK)
        if not seen:
            raise BadHeader("the connection ended before it")
        header = parse(self._read + seen)
        mine = len(seen) if header is None else header.size - len(self._read)
        self._read += self._connection.recv(mine)
        return header

    def wait(self, seconds: float) -> ProxyHeader:
        """The header, waited for. Raises: BadHeader, OSError, which is TimeoutError when it does not come in time."""
        until = time.monotonic() + seconds
        header = None
        while header is None:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("it did not come in time")
            self._connection.settimeout(left)
            header = self.look()
        self._connection.settimeout(None)
        return header


class Announced(socket.socket):
    """A connection that a balancer has announced: its other end is the client, not the balancer."""

    def __init__(self, connection: socket.socket, client: tuple[str, int]) -> None:
        super().__init__(connection.family, connection.type, connection.proto, fileno=connection.detach())
        self._client = client

    def getpeername(self) -> tuple[str, int]:
        """Address and port of the client."""
        return self._client
