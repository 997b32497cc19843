"""A thread that does something again and again, and ends on time. Knows nothing of what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cws_filedrop import log

LOG: Final = log.get(__name__)
RETRY_SECONDS: Final = 60.0
LEAST_RETRY_SECONDS: Final = 1.0  # of work that waits for something itself, and so is due at once


@dataclass(frozen=True, slots=True)
class Again:
    """What work returns that is due after so many seconds this time, and not after as many as usual."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is due every so many seconds, counted from its end, unless it returns an `Again`.

    When it failed it is due as usual, but after a minute at the latest; or after `retry_seconds`.
    """

    work: Callable[[], object]
    every_seconds: float
    first_after_seconds: float = 0.0
    retry_seconds: float | None = None

    def failed_seconds(self) -> float:
        """After how many seconds it is due when it failed."""
        usual = min(RETRY_SECONDS, self.every_seconds or LEAST_RETRY_SECONDS)
        return usual if self.retry_seconds is None else self.retry_seconds


class PeriodicTask:
    """Does its jobs from `start()` to `stop()`, each when it is due, one after the other in the order given.

    An exception is told to `failed`, which is called where it is handled, and the thread goes on. `last` is done once
    more at the very end.
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
        self.ending: Final = threading.Event()  # for work that waits for something itself
        self._name = name
        self._failed = failed or self._log
        self._last = last
        self._clock = clock
        now = clock()
        self._due = {job: now + job.first_after_seconds for job in ([jobs] if isinstance(jobs, Job) else jobs)}
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Have everything done now, whenever it is due."""
        self._woken.set()

    def end(self) -> None:
        """Tell it to end, without waiting for that."""
        self.ending.set()
        self._woken.set()

    def stop(self, *, patience_seconds: float | None = None) -> None:
        """End, and wait so long for what is in hand; harmless when it never began."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def do_what_is_due(self, *, everything: bool = False) -> float:
        """What the thread does in each of its turns; the seconds until the next one."""
        now = self._clock()
        done = {job: self._do(job) for job in self._due if everything or self._due[job] <= now}
        now = self._clock()
        self._due |= {job: now + pause for job, pause in done.items()}
        return max(0.0, min(self._due.values()) - now)

    def _do(self, job: Job) -> float:
        if self.ending.is_set():
            return 0.0
        try:
            found = job.work()
        except Exception as error:
            self._tell(error)
            return job.failed_seconds()
        return found.seconds if isinstance(found, Again) else job.every_seconds

    def _run(self) -> None:
        everything = False
        while not self.ending.is_set():
            everything = self._woken.wait(self.do_what_is_due(everything=everything))
            if everything:  # otherwise a word that comes just now would be lost
                self._woken.clear()
        try:
            self._last()
        except Exception as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        try:
            self._failed(error)
        except Exception:  # nothing ends the thread but its end
            self._log(error)

    def _log(self, _error: Exception) -> None:
        LOG.exception("task.failed", task=self._name)
