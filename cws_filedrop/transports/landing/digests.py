"""Digests by which clients verify what has arrived: a file's path in, text out."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK_BYTES: Final = 1_048_576
_NAMES: Final = {"SHA-256": "sha256", "SHA-1": "sha1", "MD5": "md5"}


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest in hex, small letters, and how many bytes it is of."""

    text: str
    size: int


def digest_of(kind: str, path: Path) -> Digest:
    """The digest of a file's bytes; `kind` is SHA-256, SHA-1, MD5 or CRC32. Raises: OSError."""
    return _crc32(path) if kind == "CRC32" else _hash(_NAMES[kind], path)


def _hash(name: str, path: Path) -> Digest:
    made, size = hashlib.new(name, usedforsecurity=False), 0
    for chunk in _chunks(path):
        made.update(chunk)
        size += len(chunk)
    return Digest(made.hexdigest(), size)


def _crc32(path: Path) -> Digest:
    made, size = 0, 0
    for chunk in _chunks(path):
        made = zlib.crc32(chunk, made)
        size += len(chunk)
    return Digest(f"{made:08x}", size)


def _chunks(path: Path) -> Iterator[bytes]:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
