"""Which addresses a web hook may call: a seller's hook must not make us speak to machines of our own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from typing import Final

import httpx

LONGEST_URL: Final = 1000
_PORTS: Final = {"https": 443, "http": 80}
# Addresses that are none of the public Internet's though `ipaddress` may say so: those that contain an IPv4 address by
# the rules of old (RFC 4291, 2.5.5.1) or for translators (RFC 2765, 7915), which decide where a packet ends.
_TRANSLATED: Final = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("::ffff:0:0:0/96"))
# Of the registries of special addresses (IANA, RFC 6890), what some versions of `ipaddress` do not know.
_SPECIAL: Final = tuple(
    map(ipaddress.ip_network, ("192.88.99.0/24", "100:0:0:1::/64", "2001:20::/28", "3fff::/20", "5f00::/16"))
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)  # in front of an IPv4 address (RFC 5214, 6.1)
# Addresses that carry an IPv4 address, which then is where a packet may end.
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


class Unreachable(Exception):
    """That address is not called, in words for whoever gave it."""


def checked(text: str, *, allow_http: bool, ports: Collection[int] = ()) -> httpx.URL:
    """The URL of a hook; of others than these `ports`, if there are any, none is one.

    Raises: Unreachable for what cannot be one; the host is not looked up.
    """
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise Unreachable("this is not an address such as https://example.com/hook")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise Unreachable(f"this is not an address: {error}") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise Unreachable("write an address such as https://example.com/hook")
    if url.scheme == "http" and not allow_http:
        raise Unreachable("only addresses that begin with https:// are called")
    if url.userinfo:
        raise Unreachable("an address must hold no user name and no password; calls are signed")
    check_port(url, ports)
    return url.copy_with(fragment=None)


def check_port(url: httpx.URL, ports: Collection[int]) -> None:
    """Raises: Unreachable for another port than these, if there are any."""
    if ports and _port(url) not in ports:
        raise Unreachable(f"port {_port(url)} is not called, only {', '.join(map(str, sorted(ports)))}")


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]


def is_public(address: str) -> bool:
    """Is that IP address one of the public Internet?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if any(ip in network for network in _NAT64):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            # Tunnels (6to4, Teredo, NAT64) are refused, whatever is inside: a gateway decides where that leads.
            return ip.ipv4_mapped is not None and is_public(str(inner))
        if ip.is_site_local or int(ip) >> 32 & 0xFFFFFFFF in _ISATAP or any(ip in network for network in _TRANSLATED):
            return False
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not ip.is_multicast


async def addresses(url: httpx.URL, *, allow_private: bool) -> list[str]:
    """The IP addresses of a URL's host, every one of which may be called.

    Raises: Unreachable when one may not: a name that leads to both inside and outside is nobody's mistake.
    """
    loop = asyncio.get_running_loop()
    try:
        entries = await loop.getaddrinfo(url.host, _port(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"the name {url.host} is not known") from None
    places = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    if not places:
        raise Unreachable(f"the name {url.host} is not known")
    if not allow_private and not all(map(is_public, places)):
        raise Unreachable(f"{url.host} is not in the public Internet")
    return places
