"""The doors as a process of their own: opens them, says on a line each what arrived, and stops when told or orphaned.

The composition root calls `serve` in a child process. Knows nothing of what happens to an upload afterwards: the spool
is the hand-over, a line only makes it fast.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, TextIO

from cws_filedrop import log
from cws_filedrop.drop.intake import Intake
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor

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
        """Have a line written soon."""
        self._lines.put(what)

    def close(self) -> None:
        """Write what is left, unless nobody reads any more."""
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
    out: TextIO,
    in_: TextIO,
    drain_seconds: float = 10.0,
) -> None:
    """Open the doors; returns after SIGTERM, SIGINT or end of file on `in_`, when they are closed again.

    Lines on `out`: `{"event": "ready", "ftp": [host, port], "folder": {"mode": "events"}}` (null for a door that is
    not there), then `{"event": "arrived", "upload": "<id>"}` for each upload that was graded.
    Raises: ConfigError when a door cannot be opened.
    """
    stop = threading.Event()
    lines = _Lines(out)
    with _on_signals(stop):
        try:
            intake.announce_to(lambda upload_id: lines.say(event="arrived", upload=upload_id))
            intake.recover()
            threading.Thread(target=_until_end, args=(in_, stop), name="parent", daemon=True).start()
            _open(ftp, folder, lines)
            stop.wait()
        finally:
            _close(ftp, folder, drain_seconds)
            intake.close()
            lines.close()


def _open(ftp: FtpDoor | None, folder: FolderDoor | None, lines: _Lines) -> None:
    if ftp is not None:
        ftp.start()
    if folder is not None:
        folder.start()
    lines.say(
        event="ready",
        ftp=None if ftp is None else list(ftp.address),
        folder=None if folder is None else {"mode": folder.mode},
    )


def _close(ftp: FtpDoor | None, folder: FolderDoor | None, drain_seconds: float) -> None:
    if folder is not None:
        folder.stop(drain_seconds)
    if ftp is not None:
        ftp.stop(drain_seconds)


def _until_end(in_: TextIO, stop: threading.Event) -> None:
    with contextlib.suppress(OSError, ValueError):
        for _ in in_:
            pass
    _LOG.info("doors.parent_gone")
    stop.set()


@contextlib.contextmanager
def _on_signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)
