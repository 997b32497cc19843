"""The doors as a process of their own: opens them, reports arrivals line by line, stops on request or when orphaned.

The composition root calls `serve` in a child process. Knows nothing of what happens to an upload afterwards: the spool
is the hand-over, and the lines only make it fast.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, Final, Protocol, TextIO

from cws_filedrop import log
from cws_filedrop.drop.intake import Intake
from cws_filedrop.transports.folder.door import FolderDoor
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.sftp.door import SftpDoor

_LOG = log.get(__name__)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class _Lines:
    """Writes JSON lines from a thread of its own, so that a slow reader never holds up a door."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    def say(self, **what: Any) -> None:
        """Queue a line. From any thread; never blocks."""
        self._lines.put(what)

    def close(self) -> None:
        """Write what is queued, unless nobody reads any more."""
        self._lines.put(None)
        self._thread.join(5.0)

    def _run(self) -> None:
        for what in iter(self._lines.get, None):
            with contextlib.suppress(OSError, ValueError):  # the reader is gone; the spool has it all
                self._out.write(json.dumps(what) + "\n")
                self._out.flush()


def serve(
    intake: Intake,
    *,
    ftp: FtpDoor | None,
    folder: FolderDoor | None,
    sftp: SftpDoor | None = None,
    out: TextIO,
    in_: TextIO,
    drain_seconds: float = 10.0,
) -> None:
    """Open the doors; returns after SIGTERM, SIGINT or end of file on `in_`, when they are closed again.

    Lines on `out`: `{"event": "ready", "ftp": [host, port], "ftps": …, "sftp": …, "folder": {"mode": "events"}}` (null
    for a door that is closed), then `{"event": "arrived", "upload": "<id>"}` for each upload that was graded.
    Raises: ConfigError when a door cannot be opened.
    """
    opened = [door for door in (ftp, sftp, folder) if door is not None]
    lines = _Lines(out)
    with _stop() as stop:
        try:
            intake.announce_to(lambda upload_id: lines.say(event="arrived", upload=upload_id))
            # Before any door is open: recovery takes whatever is growing for the remains of a dead process.
            intake.recover()
            threading.Thread(target=_until_end, args=(in_, stop), name="parent", daemon=True).start()
            for door in opened:
                door.start()
            lines.say(event="ready", **_ready(ftp, folder, sftp))
            stop.wait()
        finally:
            # Doors first: what still lands while they close is announced. Then the lock, so that a successor may
            # recover; then the lines, of which nothing can come any more.
            _close(opened, drain_seconds)
            intake.close()
            lines.close()


def _ready(ftp: FtpDoor | None, folder: FolderDoor | None, sftp: SftpDoor | None) -> dict[str, Any]:
    """The address of each door."""
    implicit = ftp.implicit_address if ftp is not None else None
    return {
        "ftp": None if ftp is None else list(ftp.address),
        "ftps": None if implicit is None else list(implicit),
        "sftp": None if sftp is None else list(sftp.address),
        "folder": None if folder is None else {"mode": folder.mode},
    }


def _close(opened: Sequence[_Door], drain_seconds: float) -> None:
    """Close all at the same time, so that each has the whole `drain_seconds`."""
    closing = [threading.Thread(target=door.stop, args=(drain_seconds,)) for door in opened]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()


class _Door(Protocol):
    def start(self) -> None: ...
    def stop(self, drain_seconds: float) -> None: ...


def _until_end(in_: TextIO, stop: _Stop) -> None:
    with contextlib.suppress(OSError, ValueError):
        for _ in in_:
            pass
    _LOG.info("doors.parent_gone")
    stop.requested()


class _Stop:
    """A request to stop, from any thread or signal.

    A pipe, not a lock: a signal that the system gives to another thread does not wake a main thread that waits for a
    lock, but it is written into the pipe whichever thread has it.
    """

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        os.set_blocking(self.write, False)
        self._lock = threading.Lock()
        self._closed = False

    def requested(self) -> None:
        """Have `wait` return."""
        with self._lock, contextlib.suppress(BlockingIOError):  # full: a request is waiting already
            if not self._closed:
                os.write(self.write, b"\0")

    def wait(self) -> None:
        """Return once a stop was requested."""
        select.select([self._read], [], [])

    def close(self) -> None:
        """Ignore requests from now on."""
        with self._lock:
            self._closed = True
            os.close(self._read)
            os.close(self.write)


@contextlib.contextmanager
def _stop() -> Iterator[_Stop]:
    stop = _Stop()
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
    before = {number: signal.signal(number, _heard) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)
        signal.set_wakeup_fd(written_before)


def _heard(number: int, frame: FrameType | None) -> None:
    """Do nothing: the wake-up descriptor has it. But a signal without a handler would end the process."""
