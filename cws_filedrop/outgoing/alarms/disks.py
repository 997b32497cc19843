"""Room on the disk of the data folder, and how fast it goes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

BYTES: Final = "bytes"
INODES: Final = "inodes"
LEAST_INODES: Final = 10_000
KEPT: Final = 2_880  # samples
LEAST_SAMPLES: Final = 10
LEAST_HOURS: Final = 0.25  # that samples must span before they say anything


@dataclass(frozen=True, slots=True)
class Disk:
    """What is free. `inodes` is None on filesystems that have no number of them."""

    bytes: int
    inodes: int | None

    @classmethod
    def of(cls, path: Path) -> Disk:
        """The disk that holds a folder."""
        found = os.statvfs(path)
        return cls(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)

    def shares(self, least_bytes: int) -> Iterator[tuple[str, int, int]]:
        """(what, how many are free, how many must be)."""
        yield BYTES, self.bytes, least_bytes
        if self.inodes is not None:
            yield INODES, self.inodes, LEAST_INODES


class Trend:
    """Samples of the last day, and a straight line through them."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, Disk]] = deque(maxlen=KEPT)

    def add(self, at: datetime, disk: Disk) -> None:
        """Keep a sample."""
        self._samples.append((at, disk))

    def hours_left(self, what: str, free: int, least: int) -> float | None:
        """In how many hours only the least will be free; None when it does not shrink, or nobody can say yet."""
        points = [
            ((at - self._samples[0][0]).total_seconds() / 3600, float(value))
            for at, disk in self._samples
            if (value := disk.bytes if what == BYTES else disk.inodes) is not None
        ]
        # Too few samples, or too close together: one large upload would look like a disk that fills up.
        if len(points) < LEAST_SAMPLES or points[-1][0] < LEAST_HOURS:
            return None
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
        return (free - least) / -slope if slope < 0 else None
