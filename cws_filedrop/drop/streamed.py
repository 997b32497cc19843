"""Digests of what came through us into files that are not delivered yet, so that they go on where a client resumes.

Kept in memory, by inode: after a restart the digest is of what lies on the disk when the upload is delivered.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Final, Protocol, Self

_MOST: Final = 10_000  # files; the first go first


class Digest(Protocol):
    """An SHA-256 of some bytes, to which more may be added (hashlib)."""

    def update(self, data: memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> Self: ...


def begin() -> Digest:
    """The digest of no bytes."""
    return hashlib.sha256()


def of_file(path: Path) -> Digest:
    """The digest of a file's bytes. Raises: OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return hashlib.file_digest(file, "sha256")


class StreamedDigests:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[int, Digest]] = {}

    def keep(self, inode: int, size: int, digest: Digest | None) -> None:
        """The file of that inode has so many bytes, of this digest (None: not known)."""
        with self._lock:
            self._kept.pop(inode, None)
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            if digest is not None:
                self._kept[inode] = (size, digest)

    def of(self, inode: int, size: int) -> Digest | None:
        """A copy of the digest of a file's bytes, if all of them, and no others, are known."""
        known, digest = self._kept.get(inode, (0, None))
        return digest.copy() if digest is not None and known == size else None
