"""How much waits for operators; asked for now and then, however many pages are open."""

from __future__ import annotations

import time
from typing import Final

from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import alarms, uploads, work_lists

COUNT_SECONDS: Final = 2.0


class Counts:
    """How much waits for operators, remembered for a moment."""

    def __init__(self) -> None:
        self._until = 0.0
        self._found = (0, 0, 0)

    def of(self, desk: Desk) -> tuple[int, int, int]:
        """Lines that are unconfirmed, uploads that were set aside, and alarms that are open."""
        if time.monotonic() > self._until:
            by_state = uploads.counts(desk.db)
            aside = sum(by_state.get(str(state), 0) for state in uploads.ASIDE)
            self._found = (work_lists.unconfirmed_count(desk.db), aside, len(alarms.listing(desk.db)))
            self._until = time.monotonic() + COUNT_SECONDS
        return self._found
