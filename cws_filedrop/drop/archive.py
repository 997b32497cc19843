"""Keeps what was sent to Amazon and what Amazon answered, byte for byte, in case of a dispute.

    documents/<day>/<feed number>.<kind>.<SHA-256>.xml.gz

Files are named by their content: keeping the same bytes again changes nothing, and what was sent is never overwritten
by what would be sent today. Knows nothing of Amazon, or of what a feed is.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cws_filedrop import private
from cws_filedrop.drop import disk
from cws_filedrop.drop.home import deliver
from cws_filedrop.errors import FileDropError

DAY: Final = re.compile(r"[0-9]{8}")


class FeedFileKind(StrEnum):
    """What is kept of a feed."""

    DOCUMENT = "document"  # as it was sent
    REPORT = "report"  # as it was read


class Damaged(FileDropError):
    """What lies on the disk is not what was kept."""


@dataclass(frozen=True, slots=True)
class ArchivedName:
    """Identifies one kept file; `day` is the feed's, such as 20261122."""

    day: str
    feed_no: int
    kind: FeedFileKind
    sha256: str


class Archive:
    """The folder under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, day: str, feed_no: int, kind: FeedFileKind, content: bytes) -> ArchivedName:
        """Store the bytes durably: they are on the disk when this returns. Harmless when repeated. Raises: OSError."""
        name = ArchivedName(day, feed_no, kind, hashlib.sha256(content).hexdigest())
        path = self.path(name)
        # `deliver` syncs file and folder around its rename. All three folders are synced even if the file is there
        # already: it may be from a run that was killed before that, and the caller is about to tell Amazon.
        for folder in (self.root, path.parent):
            folder.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        if not self._holds(name):
            deliver(path, [gzip.compress(content, mtime=0)])
        folders = (path.parent, self.root, self.root.parent)
        disk.together(*(lambda folder=folder: disk.sync_directory(folder) for folder in folders))
        return name

    def read(self, name: ArchivedName) -> bytes:
        """The bytes as they were kept. Raises: FileNotFoundError, Damaged, OSError."""
        try:
            content = gzip.decompress(self.path(name).read_bytes())
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Damaged(f"{self.path(name)} is damaged: {error}") from error
        if hashlib.sha256(content).hexdigest() != name.sha256:
            raise Damaged(f"{self.path(name)} is damaged: its SHA-256 is not the one in its name")
        return content

    def size(self, name: ArchivedName) -> int | None:
        """How many bytes were kept, without reading them; None when there is nothing (any more)."""
        try:
            with self.path(name).open("rb") as file:
                file.seek(-4, os.SEEK_END)  # gzip ends with it
                return int.from_bytes(file.read(), "little")
        except OSError:
            return None

    def _holds(self, name: ArchivedName) -> bool:
        try:
            self.read(name)
        except (FileNotFoundError, Damaged):
            return False
        return True

    def path(self, name: ArchivedName) -> Path:
        """Where it is, or would be."""
        return self.root / name.day / f"{name.feed_no}.{name.kind}.{name.sha256}.xml.gz"

    def forget(self, *, before: str) -> int:
        """Remove the files of days before `before` (such as 20261122); returns how many."""
        days = (
            [] if not self.root.is_dir() else sorted(path for path in self.root.iterdir() if DAY.fullmatch(path.name))
        )
        removed = 0
        for day in days:
            if day.name < before:
                removed += sum(1 for _ in day.iterdir())
                shutil.rmtree(day)
        return removed
