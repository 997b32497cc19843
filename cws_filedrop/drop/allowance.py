"""A seller's limits: bytes per file, files per hour, bytes and files kept in its home. Counts, and refuses.

Connections are counted by whoever knows them (`gate.logins`).
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cws_filedrop.drop.home import Folder, Home, UploadStage
from cws_filedrop.errors import FileDropError
from cws_filedrop.model import Allowance

_HOUR: Final = 3600.0


class TooMuch(FileDropError):
    """The seller is over a limit; `later` is true when waiting is all that it takes."""

    def __init__(self, words: str, *, later: bool) -> None:
        super().__init__(words)
        self.later = later


class Counting:
    """Counts the uploads that sellers began within the last hour. Every method may be called from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[str, deque[float]] = {}

    # Not under the lock, and counted only when it has begun: connections that begin at the same moment may overstep
    # a limit by their number. A lock over a walk through a home would cost more than that.
    def check(self, home: Home, allowance: Allowance) -> None:
        """May the seller begin another upload? Raises: TooMuch."""
        self._check_hour(home.seller, allowance.files_an_hour)
        waiting = allowance.waiting_files and waiting_files(home)
        if waiting and waiting >= allowance.waiting_files:
            most = allowance.waiting_files
            words = f"{waiting} files lie in your inbox already, {most} may; finish or delete some of them"
            raise TooMuch(words, later=False)
        kept = allowance.kept_bytes and kept_bytes(home)
        if kept and kept >= allowance.kept_bytes:
            raise TooMuch(
                f"Your folders hold {kept:,} bytes, {allowance.kept_bytes:,} are allowed; "
                "delete what you have collected from /outbox",
                later=False,
            )

    def _check_hour(self, seller: str, most: int) -> None:
        if not most:
            return
        with self._lock:
            begun = self._recent(seller)
            if len(begun) >= most:
                minutes = max(1, math.ceil((begun[0] + _HOUR - self._clock()) / 60))
                raise TooMuch(f"You may upload {most} files an hour; try again in {minutes} minutes", later=True)

    def begun(self, seller: str) -> None:
        """An upload was begun."""
        with self._lock:
            self._recent(seller).append(self._clock())

    def _recent(self, seller: str) -> deque[float]:
        begun = self._begun.setdefault(seller, deque())
        while begun and begun[0] <= self._clock() - _HOUR:
            begun.popleft()
        return begun


def kept_bytes(home: Home) -> int:
    """Bytes in all folders of a home."""
    return sum(_sizes(home.path))


def waiting_files(home: Home) -> int:
    """Files in inbox and test that were not picked up, unfinished ones too."""
    return sum(
        len(home.unfinished(folder, UploadStage.PART, UploadStage.HELD, UploadStage.CUT)) + len(home.waiting(folder))
        for folder in Folder
    )


def _sizes(directory: Path) -> Iterator[int]:
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                yield os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
