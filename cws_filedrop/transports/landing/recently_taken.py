"""Remembers uploads that were picked up, so that clients that look for them later find them (docs/domain.md#2-home).

Some ask for its size, some list the folder; both report the upload as failed when it is not there. Knows no protocol
and no disk.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace

from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.home import Folder


@dataclass(frozen=True, slots=True)
class PickedUp:
    """An upload that is no longer in the seller's folder. Times are seconds since 1970.

    `at` is when it was taken, `modified` the time it is shown with.
    """

    upload_id: str
    size: int
    at: float
    modified: float


class RecentlyTaken:
    """Names and sizes of what was picked up in the last `seconds`. Every method may be called from any thread."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Folder, str], PickedUp] = {}
        self._names: defaultdict[tuple[str, Folder], set[str]] = defaultdict(set)

    def remember(self, claim: Claim) -> None:
        """Note an upload that was taken."""
        now = time.time()
        key = (claim.seller, claim.folder, claim.name)
        with self._lock:
            self._known.pop(key, None)  # so that the oldest stay in front
            self._known[key] = PickedUp(claim.upload_id, claim.size, now, now)
            self._names[key[:2]].add(claim.name)
            while (oldest := next(iter(self._known))) != key and self._known[oldest].at + self._seconds < now:
                del self._known[oldest]
                self._forget_name(*oldest)

    def _forget_name(self, seller: str, folder: Folder, name: str) -> None:
        names = self._names[seller, folder]
        names.discard(name)
        if not names:
            del self._names[seller, folder]

    def recall(self, seller: str, folder: Folder, name: str) -> PickedUp | None:
        """What was recently picked up under that name."""
        # Without the lock: one look-up in a dict of values that never change.
        picked_up = self._known.get((seller, folder, name))
        return picked_up if picked_up is not None and picked_up.at + self._seconds >= time.time() else None

    def forget(self, claim: Claim) -> None:
        """That upload was not taken after all, or may not be whole."""
        key = (claim.seller, claim.folder, claim.name)
        with self._lock:
            picked_up = self._known.get(key)
            if picked_up is not None and picked_up.upload_id == claim.upload_id:
                del self._known[key]
                self._forget_name(*key)

    def rename(self, seller: str, folder: Folder, name: str, new_name: str) -> None:
        """Show what was picked up under that name by another."""
        with self._lock:
            picked_up = self._known.pop((seller, folder, name), None)
            if picked_up is not None:
                self._forget_name(seller, folder, name)
                self._known[seller, folder, new_name] = picked_up
                self._names[seller, folder].add(new_name)

    def hide(self, seller: str, folder: Folder, name: str) -> None:
        """Show what was picked up under that name no longer."""
        with self._lock:
            if self._known.pop((seller, folder, name), None) is not None:
                self._forget_name(seller, folder, name)

    def set_time(self, seller: str, folder: Folder, name: str, modified: float) -> None:
        """Show what was picked up under that name with this time."""
        with self._lock:
            picked_up = self._known.get((seller, folder, name))
            if picked_up is not None:
                self._known[seller, folder, name] = replace(picked_up, modified=modified)

    def names(self, seller: str, folder: Folder, *, since: float) -> list[str]:
        """Names recently picked up from that folder, and not before `since`."""
        with self._lock:
            names = list(self._names.get((seller, folder), ()))
        known = ((name, self.recall(seller, folder, name)) for name in names)
        return [name for name, picked_up in known if picked_up is not None and picked_up.at >= since]
