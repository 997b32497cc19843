"""Rows that are due, a batch at a time: mails, web hooks, read-backs, order pulls, deliveries.

All of them go the same way. A batch is taken by the one worker whose duty it is; when more is due, the next one follows
at once; when it broke, the pause grows by one formula; and whoever makes a row due may nudge, so that it need not wait
for the next look. A lost nudge costs the time until then, never a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cws_filedrop.backoff import BATCH_BROKE
from cws_filedrop.periodic import Again, Job, PeriodicTask

FIRST_SECONDS: Final = 2.0  # after the start, when much else begins
_NUDGED: Final[dict[str, DueRows]] = {}


@dataclass(frozen=True, slots=True)
class Batch:
    """Works off some of what is due. Returns whether there is more: true, or an `Again`."""

    work: Callable[[], object]
    every_seconds: float


class DueRows(PeriodicTask):
    """A thread that works off batches, in the order given, while `is_ours` says that this process is to do it.

    `broke` is called inside the `except` block of a batch that raised; the others go on.
    """

    def __init__(
        self,
        name: str,
        *batches: Batch,
        broke: Callable[[], object],
        is_ours: Callable[[], bool] = lambda: True,
        last: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kind = name
        self._broke = broke
        self._is_ours = is_ours
        self._times_broken: dict[Batch, int] = {}
        soon = min(FIRST_SECONDS, *(batch.every_seconds for batch in batches))
        jobs = [Job(self._guarded(batch), batch.every_seconds, soon) for batch in batches]
        super().__init__(name, jobs, failed=lambda _: broke(), last=last, clock=clock)

    def start(self) -> None:
        """Start the thread; from now on it can be nudged."""
        _NUDGED[self._kind] = self
        super().start()

    def end(self) -> None:
        """Ask it to end, without waiting."""
        if _NUDGED.get(self._kind) is self:
            del _NUDGED[self._kind]
        super().end()

    def _guarded(self, batch: Batch) -> Callable[[], object]:
        return lambda: self._work_off(batch) if self._is_ours() else None

    def _work_off(self, batch: Batch) -> Again | None:
        try:
            more = batch.work()
        except Exception:
            times = self._times_broken[batch] = self._times_broken.get(batch, 0) + 1
            self._broke()
            return Again(BATCH_BROKE.seconds(times))
        self._times_broken.pop(batch, None)
        if isinstance(more, Again):
            return more
        return Again(0) if more is True else None


def nudge(*kinds: str) -> None:
    """Something of these kinds is due now; without effect where nobody works it off."""
    for kind in kinds:
        if (found := _NUDGED.get(kind)) is not None:
            found.wake()
