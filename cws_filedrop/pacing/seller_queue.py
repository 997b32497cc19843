"""Whose upload is next: sellers take turns, so that a flood from one of them does not keep the others waiting.

Each seller's own uploads are started in the order in which they arrived (ids begin with the time of arrival): what a
file means depends on the seller's earlier files (packed, then shipped; a tracking number, then its correction).

Belongs to one thread: nothing here is locked.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection


class SellerQueue:
    """Waiting uploads, one line per seller. Those of more than `heavy_bytes` are taken alone."""

    def __init__(self, heavy_bytes: int) -> None:
        self._heavy_bytes = heavy_bytes
        self._lines: dict[str, list[tuple[str, int]]] = {}  # id and size, in the order of the sellers' turns
        self._waiting: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, upload_id: str) -> bool:
        return upload_id in self._waiting

    def add(self, seller: str, upload_id: str, size: int) -> None:
        """Put an upload into its seller's line; harmless when repeated."""
        if upload_id not in self._waiting:
            self._waiting.add(upload_id)
            heapq.heappush(self._lines.setdefault(seller, []), (upload_id, size))

    def take(self, most: int, *, busy: Collection[str] = (), begun: Collection[str] = ()) -> dict[str, str]:
        """The next uploads and their sellers: one of each seller, round-robin, until there are `most`.

        Sellers that are `busy` are passed over. Small uploads add up to at most `heavy_bytes`; a large one is taken
        only if nothing else of its seller is taken with it or was `begun` before.
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
        """Drop the first of the seller's line, and put the seller behind all others."""
        line = self._lines.pop(seller)
        heapq.heappop(line)
        if line:
            self._lines[seller] = line
