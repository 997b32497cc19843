"""Whose upload is next: round-robin over sellers, so that a flood from one of them does not hold up the others.

Each seller's own uploads are begun in order of arrival (ids begin with the moment): what a file means depends on the
seller's files before it (packed, then shipped; a tracking number, then its correction).

Belongs to one thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection


class SellerQueue:
    """Waiting uploads, in a queue for each seller. Those of more than `heavy_bytes` go alone."""

    def __init__(self, heavy_bytes: int) -> None:
        self._heavy_bytes = heavy_bytes
        self._lines: dict[str, list[tuple[str, int]]] = {}  # (id, size) by seller; the seller that is next comes first
        self._waiting: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, upload_id: str) -> bool:
        return upload_id in self._waiting

    def add(self, seller: str, upload_id: str, size: int) -> None:
        """Put an upload into its seller's queue; harmless when repeated."""
        if upload_id not in self._waiting:
            self._waiting.add(upload_id)
            heapq.heappush(self._lines.setdefault(seller, []), (upload_id, size))

    def take(self, most: int, *, busy: Collection[str] = (), begun: Collection[str] = ()) -> dict[str, str]:
        """The next uploads, each with its seller: one per seller, then a second one, and so on, at most `most`.

        None from `busy` sellers, no more than `heavy_bytes` of small ones together, and a large one only when nothing
        else of its seller is taken with it or has `begun` before.
        """
        taken: dict[str, str] = {}
        room = self._heavy_bytes
        able = [seller for seller in self._lines if seller not in busy]
        while able and len(taken) < most:
            seller = able.pop(0)
            upload_id, size = self._lines[seller][0]
            large = size > self._heavy_bytes
            if seller in begun or seller in taken.values() if large else size > room:
                continue
            taken[upload_id] = seller
            self._next(seller)
            if not large:
                room -= size
                able += [seller] if seller in self._lines else []
        self._waiting.difference_update(taken)
        return taken

    def _next(self, seller: str) -> None:
        """Remove the seller's first upload, and put the seller behind the others."""
        line = self._lines.pop(seller)
        heapq.heappop(line)
        if line:
            self._lines[seller] = line
