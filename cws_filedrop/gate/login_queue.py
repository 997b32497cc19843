"""Who is served next, where only a few can be served at a time and some ask more often than others.

Lower rank first; round-robin over keys within a rank, however much each of them asks for. Knows neither passwords nor
protocols, and starts no threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

Work: TypeAlias = Callable[[], None]
Begin: TypeAlias = Callable[[], bool]  # starts some work; False when it could not, and is over already
Found = TypeVar("Found")


class LoginQueue:
    """Serves `at_once` at a time. May be used from any thread."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._lock = threading.Lock()
        self._waiting: dict[int, OrderedDict[str, deque[Begin]]] = {}

    def ask(self, rank: int, key: str, begin: Begin) -> None:
        """Have `begin` called, now or when it is its turn, by some thread; if it returns true, `over` must follow."""
        with self._lock:
            if self._free <= 0:
                self._waiting.setdefault(rank, OrderedDict()).setdefault(key, deque()).append(begin)
                return
            self._free -= 1
        if not begin():
            self.over()

    def over(self) -> None:
        """One of those that began has ended: its place goes to the next, without ever counting as free meanwhile."""
        while begin := self._next():
            if begin():
                return

    def _next(self) -> Begin | None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return None
            return self._take()

    def _take(self) -> Begin:
        rank = min(self._waiting)
        keys = self._waiting[rank]
        key, works = keys.popitem(last=False)
        begin = works.popleft()
        if works:
            keys[key] = works  # behind the others of its rank
        elif not keys:
            del self._waiting[rank]
        return begin


class QueuedExecutor(Executor):
    """Runs what is submitted by `run`, when its turn has come."""

    def __init__(self, queue: LoginQueue, rank: int, key: str, run: Callable[[Work], Any]) -> None:
        self._queue = queue
        self._rank = rank
        self._key = key
        self._run = run

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A future with its outcome."""
        outcome: Future[Any] = Future()

        def work() -> None:
            try:
                outcome.set_result(fn(*args, **kwargs))
            except BaseException as error:
                outcome.set_exception(error)
            finally:
                self._queue.over()

        def begin() -> bool:
            try:
                self._run(work)
            except RuntimeError as error:  # a thread pool that has been shut down
                outcome.set_exception(error)
                return False
            return True

        self._queue.ask(self._rank, self._key, begin)
        return outcome


def here(queue: LoginQueue, rank: int, key: str, work: Callable[[], Found]) -> Found:
    """Do some work in this thread, when its turn has come; what it returns."""
    mine: SimpleQueue[Work] = SimpleQueue()
    outcome = QueuedExecutor(queue, rank, key, mine.put).submit(work)
    mine.get()()
    returned: Found = outcome.result()
    return returned
