"""Tells pages that there is something new to show: one thread looks at the database, however many pages are open.

A page hears only that something changed, and then requests itself again: what it may show is decided in one place.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Final

from cws_filedrop import log
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.store.database import Database

LOG: Final = log.get(__name__)
LOOK_SECONDS: Final = 0.5
COMMENT_SECONDS: Final = 15.0  # silence is broken by then, so that proxies keep the connection


class Beacon:
    """`changes()` is an endless stream of server-sent events; it ends when `stop()` is called."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._open = ExitStack()
        self._look: Callable[[], object] | None = None
        self._before: object = None
        self._task = PeriodicTask("beacon", Job(self._watch, LOOK_SECONDS), failed=self._failed, last=self._open.close)

    def start(self) -> None:
        """Begin to look."""
        self._task.start()

    def end_streams(self) -> None:
        """End every stream."""
        self._task.end()
        self._wake()

    def stop(self) -> None:
        """End every stream, and look no more."""
        self.end_streams()
        self._task.stop()

    async def changes(self) -> AsyncIterator[str]:
        """Events as they go over the wire; the first says that the stream is there."""
        # With its loop: the event is set by the thread that looks, which may touch it only through the loop.
        mine = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(mine)
        try:
            yield "retry: 2000\nevent: open\ndata: 1\n\n"
            while not self._task.ending.is_set():
                try:
                    await asyncio.wait_for(mine[1].wait(), COMMENT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                mine[1].clear()
                if not self._task.ending.is_set():
                    yield "event: changed\ndata: 1\n\n"
        finally:
            with self._lock:
                self._listeners.discard(mine)

    def _watch(self) -> None:
        self._look = self._look or self._open.enter_context(self._db.changes())
        if self._listeners and (state := self._look()) != self._before:
            self._before = state
            self._wake()

    def _failed(self, error: Exception) -> None:
        LOG.warning("web.beacon_failed", why=type(error).__name__)
        self._look = self._before = None  # a fresh look with a fresh connection; and news, whatever it shows
        self._open.close()

    def _wake(self) -> None:
        with self._lock:
            for loop, event in self._listeners:
                loop.call_soon_threadsafe(event.set)
