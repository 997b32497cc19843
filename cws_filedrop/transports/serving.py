"""The doors as a process of their own: opens them, reports arrivals line by line, stops on request.

The composition root calls `serve` in a child process. Knows nothing of what happens to an upload afterwards: the spool
is the hand-over, and the lines only make it fast.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from cws_filedrop.drop.intake import Intake
from cws_filedrop.processes import child
from cws_filedrop.processes.stopping import StopRequest
from cws_filedrop.transports.folder.door import FolderDoor
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.sftp.door import SftpDoor


class _Messages:
    """Sends messages from a thread of its own, so that a slow parent never holds up a door."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="messages", daemon=True)
        self._thread.start()

    def send(self, **message: Any) -> None:
        """Queue a message. From any thread; never blocks."""
        self._queue.put(message)

    def close(self) -> None:
        """Send what is queued, unless nobody reads any more: the spool has it all."""
        self._queue.put(None)
        self._thread.join(5.0)

    def _run(self) -> None:
        for message in iter(self._queue.get, None):
            child.send(**message)


def serve(
    intake: Intake,
    *,
    ftp: FtpDoor | None,
    folder: FolderDoor | None,
    sftp: SftpDoor | None = None,
    stop: StopRequest,
    drain_seconds: float = 10.0,
) -> None:
    """Open the doors; returns after a request to stop, when they are closed again.

    Messages: `{"event": "ready", "ftp": [host, port], "ftps": …, "sftp": …, "folder": {"mode": "events"}}` (null
    for a door that is closed), then `{"event": "arrived", "upload": "<id>"}` for each upload that was graded.
    Raises: ConfigError when a door cannot be opened.
    """
    opened = [door for door in (ftp, sftp, folder) if door is not None]
    messages = _Messages()
    try:
        intake.announce_to(lambda upload_id: messages.send(event="arrived", upload=upload_id))
        # Before any door is open: recovery takes whatever is growing for the remains of a dead process.
        intake.recover()
        for door in opened:
            door.start()
        messages.send(event="ready", **_ready(ftp, folder, sftp))
        stop.wait()
    finally:
        # Doors first: what still lands while they close is announced. Then the lock, so that a successor may
        # recover; then the messages, of which none can come any more.
        _close(opened, drain_seconds)
        intake.close()
        messages.close()


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
