"""What counts as one source of connections and guesses: an IPv4 address, or the /64 of an IPv6 address, which is what
one subscriber has (RFC 6177): counted one by one, a single machine would have 2^64 addresses to guess from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

_SUBSCRIBER_BITS: Final = 64


@lru_cache(maxsize=4096)
def source_of(address: str) -> str:
    """The source that an address belongs to; what is no address is a source of its own."""
    try:
        here = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    here = getattr(here, "ipv4_mapped", None) or here  # IPv4 clients on an IPv6 socket
    if isinstance(here, ipaddress.IPv4Address):
        return str(here)
    return str(ipaddress.ip_network((here, _SUBSCRIBER_BITS), strict=False))


def among(networks: str) -> Callable[[str], bool]:
    """Whether an address or source is in one of these networks, which are separated by blanks; names are in none."""
    known = [span for one in networks.split() if (span := _span(one)) is not None]

    def is_among(source: str) -> bool:
        here = _span(source)
        return here is not None and any(
            here.version == one.version and one.first <= here.first and here.last <= one.last for one in known
        )

    return is_among


class _Span(NamedTuple):
    """The first and the last address of a network, as numbers."""

    version: int
    first: int
    last: int


def _span(text: str) -> _Span | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return _Span(network.version, int(network.network_address), int(network.broadcast_address))
