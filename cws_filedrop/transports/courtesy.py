"""Remembers uploads that were picked up, so that a client that checks the size afterwards gets its answer (DOMAIN 2).

Knows no protocol and no disk.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.home import Folder


@dataclass(frozen=True, slots=True)
class PickedUp:
    """An upload that is no longer in the seller's folder. `at` is seconds since 1970."""

    upload_id: str
    size: int
    at: float


class Courtesy:
    """Names and sizes of what was picked up in the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Folder, str], PickedUp] = {}

    def remember(self, claim: Claim) -> None:
        """Note an upload that was taken."""
        now = time.time()
        key = (claim.seller, claim.folder, claim.name)
        with self._lock:
            self._known.pop(key, None)  # so that the oldest stay in front
            self._known[key] = PickedUp(claim.upload_id, claim.size, now)
            while (oldest := next(iter(self._known))) != key and self._known[oldest].at + self._seconds < now:
                del self._known[oldest]

    def recall(self, seller: str, folder: Folder, name: str) -> PickedUp | None:
        """What was picked up under that name lately."""
        found = self._known.get((seller, folder, name))
        return found if found is not None and found.at + self._seconds >= time.time() else None
