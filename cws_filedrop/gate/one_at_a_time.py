"""Work on one key is done one after the other, on different keys side by side."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


class OneAtATime:
    """Locks by key, kept while somebody wants them. May be used from any thread."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}

    @contextmanager
    def held(self, key: Hashable) -> Iterator[None]:
        """Nobody else works on that key meanwhile."""
        with self._changing:
            kept = self._kept.setdefault(key, _Kept())
            kept.wanted += 1
        try:
            with kept.lock:
                yield
        finally:
            with self._changing:
                kept.wanted -= 1
                if not kept.wanted:
                    del self._kept[key]
