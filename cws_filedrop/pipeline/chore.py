"""Something that is done now and then, and again soon when it failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

RETRY_SECONDS: Final = 60.0


class Chore:
    """Work that is due at once, and then every so many seconds."""

    def __init__(
        self, every_seconds: float, work: Callable[[], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_seconds = every_seconds
        self._work = work
        self._clock = clock
        self._due = clock()

    def when_due(self) -> None:
        """Do it, if it is time. Raises what the work raises."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + min(RETRY_SECONDS, self._every_seconds)
        self._work()
        self._due = self._clock() + self._every_seconds
