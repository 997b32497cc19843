"""Whose upload is next: sellers take turns, so that a flood from one of them does not keep the others waiting.

Each seller's own uploads stay in the order in which they arrived (ids begin with the moment). One thread's at a time.
"""

from __future__ import annotations

import heapq


class Turns:
    """Uploads that wait, in a line for each seller."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}  # in the order of the sellers' turns
        self._waiting: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, upload_id: str) -> bool:
        return upload_id in self._waiting

    def add(self, seller: str, upload_id: str) -> None:
        """Put an upload into its seller's line; harmless when repeated."""
        if upload_id not in self._waiting:
            self._waiting.add(upload_id)
            heapq.heappush(self._lines.setdefault(seller, []), upload_id)

    def take(self, most: int) -> list[str]:
        """The next ones: one of each seller, then another of each, until there are `most` or no more."""
        taken: list[str] = []
        while self._lines and len(taken) < most:
            seller = next(iter(self._lines))
            line = self._lines.pop(seller)
            taken.append(heapq.heappop(line))
            if line:
                self._lines[seller] = line
        self._waiting.difference_update(taken)
        return taken
