"""Tells pages that there is something new to show: one thread looks at the database, however many pages are open.

A page hears only that something changed, and then asks for itself again: what it may show is decided in one place.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log
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
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="beacon", daemon=True)
        self._thread.start()

    def end_streams(self) -> None:
        """Let every page go."""
        self._stopping.set()
        self._wake()

    def stop(self) -> None:
        """End every stream, and look no more."""
        self.end_streams()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    async def changes(self) -> AsyncIterator[str]:
        """Events as they go over the wire; the first says that the stream is there."""
        mine = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(mine)
        try:
            yield "retry: 2000\nevent: open\ndata: 1\n\n"
            while not self._stopping.is_set():
                try:
                    await asyncio.wait_for(mine[1].wait(), COMMENT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                mine[1].clear()
                if not self._stopping.is_set():
                    yield "event: changed\ndata: 1\n\n"
        finally:
            with self._lock:
                self._listeners.discard(mine)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._db.changes() as look:
                    self._watch(look)
            except sa.exc.SQLAlchemyError as error:
                LOG.warning("web.beacon_failed", why=type(error).__name__)
                self._stopping.wait(LOOK_SECONDS)

    def _watch(self, look: Callable[[], object]) -> None:
        before = None
        while not self._stopping.wait(LOOK_SECONDS):
            if self._listeners and (found := look()) != before:
                before = found
                self._wake()

    def _wake(self) -> None:
        with self._lock:
            for loop, event in self._listeners:
                loop.call_soon_threadsafe(event.set)
