"""A request to stop, from any thread or signal, that a process waits for or looks at between two steps."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """A stop was requested while something was being done."""


class StopRequest:
    """Made once or many times, by whatever thread.

    A pipe, not a lock: a signal that the system gives to another thread does not wake a main thread that waits for a
    lock, but it is written into the pipe whichever thread has it.
    """

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        os.set_blocking(self.write, False)
        self._lock = threading.Lock()
        self._closed = False

    def make(self) -> None:
        """Have `wait` return."""
        with self._lock, contextlib.suppress(BlockingIOError):  # full: a request is waiting already
            if not self._closed:
                os.write(self.write, b"\0")

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a stop is requested, at most so long; whether one is."""
        return bool(select.select([self._read], [], [], seconds)[0])

    def check(self, *, wait_seconds: float = 0) -> None:
        """Raises: Stopped when a stop is requested, or is within so many seconds."""
        if self.wait(wait_seconds):
            raise Stopped

    def fileno(self) -> int:
        """What is readable once a stop is requested, for `select`."""
        return self._read

    def close(self) -> None:
        """Ignore requests from now on."""
        with self._lock:
            self._closed = True
            os.close(self._read)
            os.close(self.write)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """A request that SIGTERM and SIGINT make, too, where the main thread asks for it."""
    stop = StopRequest()
    try:
        if threading.current_thread() is threading.main_thread():
            with _signals_into(stop.write):
                yield stop
        else:
            yield stop
    finally:
        stop.close()


@contextlib.contextmanager
def _signals_into(descriptor: int) -> Iterator[None]:
    written_before = signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _heard) for number in SIGNALS}
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)
        signal.set_wakeup_fd(written_before)


def _heard(number: int, frame: FrameType | None) -> None:
    """Do nothing: the wake-up descriptor has it. But a signal without a handler would end the process."""
