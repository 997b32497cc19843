"""What lies in a zip: names, moments and bytes. The same members make the same zip, byte for byte."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from cws_filedrop.store.database import moment

SUMS: Final = "SHA256SUMS"
UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
BLOCK: Final = 1 << 20
_FILE_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file of the zip; `at` is a stamp, and a path's bytes are read when it is written."""

    name: str
    at: str
    content: bytes | Path


def safe(name: str) -> str:
    """A file name that every system and `sha256sum` take as it is."""
    return UNSAFE.sub("_", name)


def write(target: BinaryIO, members: Iterable[ZipMember]) -> None:
    """Write a zip of them in order of their names, and with it the list of their sums. Raises: OSError."""
    ordered = sorted(members, key=lambda member: member.name)
    latest = max(member.at for member in ordered)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        sums = [f"{_add(packed, member)}  {member.name}\n" for member in ordered]
        _add(packed, ZipMember(SUMS, latest, "".join(sums).encode()))


def _add(packed: zipfile.ZipFile, member: ZipMember) -> str:
    info = zipfile.ZipInfo(member.name, moment(member.at).astimezone(UTC).timetuple()[:6])
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _FILE_MODE, 3
    digest = hashlib.sha256()
    with packed.open(info, "w", force_zip64=True) as file:
        for block in blocks(member.content):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def blocks(content: bytes | Path) -> Iterator[bytes]:
    """The bytes, some at a time."""
    with _opened(content) as file:
        while block := file.read(BLOCK):
            yield block


def lines_of(content: bytes | Path) -> Iterator[bytes]:
    """The bytes, line by line."""
    with _opened(content) as file:
        yield from file


def _opened(content: bytes | Path) -> BinaryIO:
    return BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def digest_of(content: bytes | Path) -> str:
    """Their SHA-256."""
    with _opened(content) as file:
        return digest_of_file(file)


def digest_of_file(file: BinaryIO) -> str:
    """The SHA-256 of an open file, from where it stands."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()
