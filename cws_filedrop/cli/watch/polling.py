"""Polls in a thread of its own, so that a database that does not answer never freezes what is shown."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, RenderableType
from rich.live import Live

from cws_filedrop.cli.watch import frame as watch_frame
from cws_filedrop.cli.watch.frame import FrameContent
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseError
from cws_filedrop.views import overview
from cws_filedrop.views.overview import Overview

TICK_SECONDS: Final = 0.25
SLOW_SECONDS: Final = 3.0  # without an answer before the frame says so
ROWS_ONCE: Final = 12
ROWS: Final = (30, 20, 14, 10, 7, 5, 4)  # of a list, tried until the frame fits
ROWS_COMPACT: Final = (14, 10, 7, 5, 3, 2, 1)  # the same, when it fits in no other way
SHAPES: Final = (*((rows, False) for rows in ROWS), *((rows, True) for rows in ROWS_COMPACT))


class ServicePoller:
    """Takes an overview every `every_seconds`. The latest one stays while no newer one can be had."""

    def __init__(self, context: ServiceContext, every_seconds: float) -> None:
        self._context = context
        self._every = every_seconds
        self._news = threading.Event()
        self._looked = threading.Event()
        self._task = PeriodicTask("poller", Job(self._look, every_seconds), failed=self._failed)
        self._began: float | None = None
        self._trouble = ""
        self._bug: Exception | None = None
        self.seen: Overview | None = None

    def start(self) -> None:
        """Begin."""
        self._task.start()

    def wait(self, seconds: float) -> None:
        """Wait until the first look is over, but no longer than this."""
        self._looked.wait(seconds)

    def news(self, seconds: float) -> bool:
        """Does something new come within this time? Raises: whatever stopped the polling, if that is a bug."""
        came = self._news.wait(seconds)
        self._news.clear()
        if self._bug is not None:
            raise self._bug
        return came

    def frame(self, console: Console, *, height: int | None) -> RenderableType:
        """What to show now, in at most `height` lines where that can be had (None: print once, however long)."""
        if self._bug is not None:
            raise self._bug
        now, trouble = datetime.now(UTC), self._why_blind()
        every, context = self._every if height else None, self._context
        shown = FrameContent(self.seen, now, context.settings.data, trouble, every, context.marketplace)
        for limit, compact in SHAPES if height is not None else ((ROWS_ONCE, False),):
            made = watch_frame.frame(shown, width=console.width, limit=limit, compact=compact)
            if height is None or len(console.render_lines(made, pad=False)) <= height:
                break
        return made

    def _why_blind(self) -> str:
        began = self._began
        slow = time.monotonic() - began if began is not None else 0.0
        if slow > SLOW_SECONDS:
            return f"The database has not answered for {slow:.0f} s"
        return self._trouble

    def _look(self) -> None:
        self._began = time.monotonic()
        try:
            self.seen, self._trouble = overview.look(self._context), ""
        except (DatabaseError, OSError) as error:
            self._trouble = f"It cannot be looked at ({_words(error)})"
        self._publish()

    def _failed(self, error: Exception) -> None:
        """A bug: raised where the frame is drawn, and polling ends."""
        self._bug = error
        self._task.end()
        self._publish()

    def _publish(self) -> None:
        self._began = None  # nothing is being waited for any more
        self._looked.set()
        self._news.set()


def _words(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]


def watched(console: Console, poller: ServicePoller) -> None:
    """Show it on the whole terminal, until an exception (such as Ctrl-C) ends it."""
    poller.wait(1.0)
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        shown = None
        while True:
            # Once a second all the same: ages grow, and terminals change their size.
            as_it_is = (console.size, int(time.monotonic()))
            if poller.news(TICK_SECONDS) or as_it_is != shown:
                live.update(poller.frame(console, height=console.height), refresh=True)
                shown = as_it_is
