"""A thread that runs jobs periodically and ends promptly. Knows nothing of what the jobs do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cws_filedrop import log

LOG: Final = log.get(__name__)
RETRY_SECONDS: Final = 60.0
LEAST_RETRY_SECONDS: Final = 1.0  # for work that blocks by itself, and so has a pause of 0


@dataclass(frozen=True, slots=True)
class Again:
    """Returned by work that is next due after `seconds`, instead of after its usual pause."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is due `every_seconds`, counted from the end of the last run, unless it returns an `Again`.

    After a failure it is due as usual, but within a minute at the latest; or after `retry_seconds`.
    """

    work: Callable[[], object]
    every_seconds: float
    first_after_seconds: float = 0.0
    retry_seconds: float | None = None

    def failed_seconds(self) -> float:
        """How many seconds after a failure it is due again."""
        usual = min(RETRY_SECONDS, self.every_seconds or LEAST_RETRY_SECONDS)
        return usual if self.retry_seconds is None else self.retry_seconds


class PeriodicTask:
    """Runs its jobs from `start()` to `stop()`, each when it is due, one after the other in the order given.

    All of them, `failed` and `last` run in this task's thread. An exception is passed to `failed`, called inside the
    `except` block, and the thread carries on. `last` runs once, at the very end. `wake`, `end` and `stop` may be called
    from any thread.
    """

    def __init__(
        self,
        name: str,
        jobs: Sequence[Job] | Job,
        *,
        failed: Callable[[Exception], object] | None = None,
        last: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ending: Final = threading.Event()  # for work that blocks by itself
        self._name = name
        self._failed = failed or self._log
        self._last = last
        self._clock = clock
        now = clock()
        self._due = {job: now + job.first_after_seconds for job in ([jobs] if isinstance(jobs, Job) else jobs)}
        self._woken = threading.Event()  # set by any thread, cleared by the task's alone
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Run every job now, due or not."""
        self._woken.set()

    def end(self) -> None:
        """Ask it to end, without waiting."""
        self.ending.set()
        self._woken.set()

    def stop(self, *, patience_seconds: float | None = None) -> None:
        """End, and wait at most `patience_seconds` for the running job (None = until it is done).

        Harmless when never started.
        """
        self.end()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def do_what_is_due(self, *, everything: bool = False) -> float:
        """One round of the thread: run the jobs that are due; returns the seconds until the next is."""
        now = self._clock()
        done = {job: self._do(job) for job in self._due if everything or self._due[job] <= now}
        now = self._clock()
        self._due |= {job: now + pause for job, pause in done.items()}
        return max(0.0, min(self._due.values()) - now)

    def _do(self, job: Job) -> float:
        if self.ending.is_set():
            return 0.0
        try:
            outcome = job.work()
        except Exception as error:
            self._tell(error)
            return job.failed_seconds()
        return outcome.seconds if isinstance(outcome, Again) else job.every_seconds

    def _run(self) -> None:
        everything = False
        while not self.ending.is_set():
            everything = self._woken.wait(self.do_what_is_due(everything=everything))
            if everything:  # not after a time-out: a wake-up that comes in between would be lost
                self._woken.clear()
        try:
            self._last()
        except Exception as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        try:
            self._failed(error)
        except Exception:  # nothing but `end` ends the thread
            self._log(error)

    def _log(self, _error: Exception) -> None:
        LOG.exception("task.failed", task=self._name)
