"""Signals between threads: "look at this key again", delivered once however often it is raised.

A lost signal costs only time: whoever waits also looks by itself now and then.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Key = TypeVar("Key", int, str)


class WakeSet(Generic[Key]):
    """A set that one thread waits on and any thread adds to."""

    def __init__(self) -> None:
        self._keys: set[Key] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._woken = False

    def wake(self) -> None:
        """Wake whoever waits, though nothing was added."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def add(self, key: Key) -> None:
        """Ask for a look at `key`."""
        with self._changed:
            self._keys.add(key)
            self._changed.notify_all()

    def take(self, timeout_seconds: float) -> set[Key]:
        """Take out what was added since the last call; waits at most `timeout_seconds` for the first key."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._keys) or self._woken or self._closed, timeout_seconds)
            self._woken = False
            # Taken out before anything is done about them: what is added meanwhile is looked at once more.
            taken, self._keys = self._keys, set()
            return taken

    def close(self) -> None:
        """Wake whoever waits; from now on `take` returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
