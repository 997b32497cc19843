"""The doors as a process of their own: opens them, says on a line each what arrived, and stops when told.

The composition root calls `serve` in a child process. Knows nothing of what happens to an upload afterwards: the spool
is the hand-over, a line only makes it fast.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from cws_filedrop import child
from cws_filedrop.drop.intake import Intake
from cws_filedrop.stopping import Stop
from cws_filedrop.transports.folder import FolderDoor
from cws_filedrop.transports.ftp import FtpDoor
from cws_filedrop.transports.sftp import SftpDoor


class _Lines:
    """Says things from a thread of its own, so that a slow reader never holds up a door."""

    def __init__(self) -> None:
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
            child.say(**what)


def serve(
    intake: Intake,
    *,
    ftp: FtpDoor | None,
    folder: FolderDoor | None,
    sftp: SftpDoor | None = None,
    stop: Stop,
    drain_seconds: float = 10.0,
) -> None:
    """Open the doors; returns when somebody wishes to stop and they are closed again.

    It says `{"event": "ready", "ftp": [host, port], "ftps": …, "sftp": …, "folder": {"mode": "events"}}` (null
    for a door that is not there), then `{"event": "arrived", "upload": "<id>"}` for each upload that was graded.
    Raises: ConfigError when a door cannot be opened.
    """
    opened = [door for door in (ftp, sftp, folder) if door is not None]
    lines = _Lines()
    try:
        intake.announce_to(lambda upload_id: lines.say(event="arrived", upload=upload_id))
        intake.recover()
        for door in opened:
            door.start()
        lines.say(event="ready", **_ready(ftp, folder, sftp))
        stop.wait()
    finally:
        _close(opened, drain_seconds)
        intake.close()
        lines.close()


def _ready(ftp: FtpDoor | None, folder: FolderDoor | None, sftp: SftpDoor | None) -> dict[str, Any]:
    """Where each door is to be found."""
    implicit = ftp.implicit_address if ftp is not None else None
    return {
        "ftp": None if ftp is None else list(ftp.address),
        "ftps": None if implicit is None else list(implicit),
        "sftp": None if sftp is None else list(sftp.address),
        "folder": None if folder is None else {"mode": folder.mode},
    }


def _close(opened: Sequence[_Door], drain_seconds: float) -> None:
    """All at the same time: each has as long as it would have alone."""
    closing = [threading.Thread(target=door.stop, args=(drain_seconds,)) for door in opened]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()


class _Door(Protocol):
    def start(self) -> None: ...
    def stop(self, drain_seconds: float) -> None: ...
