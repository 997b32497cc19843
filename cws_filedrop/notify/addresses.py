"""Mail addresses: checked, and written as mail servers accept them.

International domains are accepted as typed and sent in their ASCII form; the part before the @ has to be ASCII,
since many servers take no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import idna

ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL_PART: Final = re.compile(rf"{ATOM}(\.{ATOM})*")
LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
LONGEST_LOCAL_PART: Final = 64  # RFC 5321, 4.5.3.1
LONGEST: Final = 254
NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


class BadAddress(ValueError):
    """A text that is no mail address, and why."""


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """An address and the name that is shown beside it ("" = none)."""

    name: str
    address: str


def address(text: str) -> str:
    """One address as it was typed, without blanks around it.

    Raises: BadAddress.
    """
    typed = text.strip()
    local, at, domain = typed.rpartition("@")
    if not at:
        raise BadAddress(f"{_shown(typed)} is no mail address: there is no @ in it")
    if not typed.isprintable() or " " in typed:
        raise BadAddress(f"{_shown(typed)} is no mail address: there is a blank or a control character in it")
    if not local.isascii():
        raise BadAddress(f"{_shown(typed)}: the part before the @ has letters that many mail servers do not take")
    if not LOCAL_PART.fullmatch(local) or len(local) > LONGEST_LOCAL_PART:
        raise BadAddress(f"{_shown(typed)} is no mail address: {_shown(local)} cannot stand before the @")
    if len(f"{local}@{_ascii(typed, domain)}") > LONGEST:
        raise BadAddress(f"{_shown(typed)} is longer than {LONGEST} characters")
    return typed


def addresses(text: str) -> tuple[str, ...]:
    """Addresses with commas (or semicolons) between them, each once.

    Raises: BadAddress.
    """
    return tuple(dict.fromkeys(address(one) for one in re.split("[,;]", text) if one.strip()))


def named(text: str) -> NamedAddress:
    """`Name <address>`, or an address alone.

    Raises: BadAddress.
    """
    match = NAMED.fullmatch(text.strip())
    if match is None:
        return NamedAddress("", address(text))
    name = match["name"].strip().strip('"')
    if not name.isprintable():
        raise BadAddress(f"{_shown(text)}: there is a control character in the name")
    return NamedAddress(name, address(match["address"]))


def wire(text: str) -> str:
    """An address as it is sent: in ASCII.

    Raises: BadAddress.
    """
    typed = address(text)
    local, _, domain = typed.rpartition("@")
    return f"{local}@{_ascii(typed, domain)}"


def _ascii(typed: str, domain: str) -> str:
    try:
        encoded = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadAddress(f"{_shown(typed)} is no mail address: there is no domain {_shown(domain)}") from error
    if not all(LABEL.fullmatch(label) for label in encoded.split(".")):
        raise BadAddress(f"{_shown(typed)} is no mail address: there is no domain {_shown(domain)}")
    return encoded


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
