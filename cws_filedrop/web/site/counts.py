"""How much waits for operators; counted every two seconds at most, however many pages are open."""

from __future__ import annotations

import time
from typing import Final

from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.uploads import uploads

COUNT_SECONDS: Final = 2.0


class WorkCounts:
    """How much waits for operators, remembered for a moment."""

    def __init__(self) -> None:
        self._until = 0.0
        self._counts = (0, 0, 0)

    # Without a lock: at worst two requests count at once, and one result is kept.

    def of(self, context: ServiceContext) -> tuple[int, int, int]:
        """Lines that are unconfirmed, uploads that were set aside, and alarms that are open."""
        if time.monotonic() > self._until:
            by_state = uploads.counts(context.db)
            aside = sum(by_state.get(str(state), 0) for state in uploads.ASIDE)
            self._counts = (work_lists.unconfirmed_count(context.db), aside, len(alarms.listing(context.db)))
            self._until = time.monotonic() + COUNT_SECONDS
        return self._counts
