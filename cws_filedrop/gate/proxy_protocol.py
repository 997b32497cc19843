"""The first bytes that a load balancer sends: whose connection it is (HAProxy's PROXY protocol).

Versions 1 (a line of text) and 2 (binary), by HAProxy's proxy-protocol.txt, sections 2.1 and 2.2. Knows no sockets:
bytes in, a header out. What follows the addresses in version 2 is skipped.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 4_096  # bytes of a header; the protocol allows 65,551, which nobody sends, and memory must be bounded
_LONGEST_LINE: Final = 107  # of version 1, by section 2.1
_TEXT: Final = b"PROXY "
_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_FIXED: Final = 16
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_UNKNOWN: Final = 0x00
_ADDRESS_BYTES: Final = {0x11: 4, 0x21: 16}  # TCP over IPv4 and IPv6
_PORT: Final = re.compile(r"0|[1-9][0-9]{0,4}")
_KINDS: Final[dict[str, type[ipaddress.IPv4Address | ipaddress.IPv6Address]]] = {
    "TCP4": ipaddress.IPv4Address,
    "TCP6": ipaddress.IPv6Address,
}


class BadHeader(ValueError):
    """Those bytes do not begin with a header."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """A header of `size` bytes. `source` is "" when the connection is the balancer's own, such as a health check."""

    size: int
    source: str = ""
    port: int = 0


def parse(data: bytes) -> ProxyHeader | None:
    """The header that `data` begins with; None when more bytes are needed to say, and all of these belong to it.

    Raises: BadHeader as soon as it cannot become one.
    """
    if data.startswith(_SIGNATURE):
        return _binary(data)
    if data.startswith(_TEXT):
        return _line(data)
    if _SIGNATURE.startswith(data) or _TEXT.startswith(data):
        return None
    raise BadHeader("it does not begin with one")


def plain(address: str) -> str:
    """An address as it is compared and shown: without a zone, and IPv4 as such where it came mapped into IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return str(getattr(found, "ipv4_mapped", None) or found)


# Version 1.


def _line(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\n", 0, _LONGEST_LINE)
    if end < 0:
        if len(data) >= _LONGEST_LINE:
            raise BadHeader("its line does not end")
        return None
    if data[end - 1 : end] != b"\r":
        raise BadHeader("its line does not end with CR LF")
    words = data[: end - 1].decode("ascii", "replace").split(" ")
    if words[1] == "UNKNOWN":
        return ProxyHeader(end + 1)
    if len(words) != 6:
        raise BadHeader("its line is not one of six words")
    _, kind, source, target, *ports = words
    _address(kind, target)  # checked only: a header with one bad part is not believed in the others
    port, _ = (_port(text) for text in ports)
    return ProxyHeader(end + 1, plain(_address(kind, source)), port)


def _address(kind: str, text: str) -> str:
    if kind not in _KINDS:
        raise BadHeader("it is neither of TCP4 nor of TCP6")
    try:
        found = str(_KINDS[kind](text))
    except ValueError as error:
        raise BadHeader(f"it has an address that is none of {kind}") from error
    if "%" in found:
        raise BadHeader("it has an address with a zone")
    return found


def _port(text: str) -> int:
    if _PORT.fullmatch(text) is None or int(text) > 65_535:
        raise BadHeader("it has a port that is none")
    return int(text)


# Version 2.


def _binary(data: bytes) -> ProxyHeader | None:
    if len(data) > 12 and data[12] not in (_LOCAL, _PROXY):
        raise BadHeader("its version or command is not known")
    if len(data) < _FIXED:
        return None
    command, kind, size = data[12], data[13], _FIXED + int.from_bytes(data[14:16])
    if size > LONGEST:
        raise BadHeader(f"it is longer than {LONGEST} bytes")
    if command == _LOCAL or kind == _UNKNOWN:
        return ProxyHeader(size) if len(data) >= size else None
    if kind not in _ADDRESS_BYTES:
        raise BadHeader("it is of neither TCP over IPv4 nor TCP over IPv6")
    length = _ADDRESS_BYTES[kind]
    if size < _FIXED + 2 * length + 4:
        raise BadHeader("it is too short for its addresses")
    if len(data) < size:
        return None
    ports = _FIXED + 2 * length
    source = ipaddress.ip_address(data[_FIXED : _FIXED + length])
    return ProxyHeader(size, plain(str(source)), int.from_bytes(data[ports : ports + 2]))
