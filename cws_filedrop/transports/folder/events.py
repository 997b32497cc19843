"""File events of the operating system: names into a queue, and a probe whether any come at all.

Knows nothing of sellers or uploads. Events are a hint that saves time; nobody may rely on one.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.events import FileClosedEvent, FileCreatedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

_WANTED: Final[list[type[FileSystemEvent]]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]
_JOIN_SECONDS: Final = 5.0
_HIDDEN: Final = f"{os.sep}."


class _Names(FileSystemEventHandler):
    """Puts names into the queue and does nothing else: the reader must never fall behind the kernel's buffer."""

    def __init__(self, names: queue.SimpleQueue[Path], root: str, wake: Callable[[], None]) -> None:
        self._names = names
        self._root = root
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        name = os.fsdecode(event.dest_path or event.src_path)
        if _HIDDEN not in name[len(self._root) :]:  # the landing area is full of events that mean nothing here
            self._names.put(Path(name))
            self._wake()


class FolderEvents:
    """Watches a directory and all below it: names of files that were created, moved in or closed go into `names`.

    After each name `wake` is called, by the observer's thread.
    """

    def __init__(self, root: Path, names: queue.SimpleQueue[Path], wake: Callable[[], None] = lambda: None) -> None:
        self._observer: BaseObserver = Observer()
        try:
            self._observer.schedule(_Names(names, str(root), wake), str(root), recursive=True, event_filter=_WANTED)
            self._observer.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop watching."""
        self._observer.stop()
        if self._observer.ident is not None:
            self._observer.join(_JOIN_SECONDS)


def why_not(root: Path, *, deadline_seconds: float = 2.0) -> str:
    """Why file events cannot be used below `root`; "" if they can. Writes one file there and renames another."""
    probe = Path(tempfile.mkdtemp(prefix=".probe-", dir=root))
    try:
        watched = probe / "watched"
        watched.mkdir()
        return _try_events(probe, watched, deadline_seconds)
    except OSError as error:
        return f"they cannot be asked for: {error.strerror or error}"
    finally:
        shutil.rmtree(probe, ignore_errors=True)


def _try_events(probe: Path, watched: Path, deadline_seconds: float) -> str:
    names: queue.SimpleQueue[Path] = queue.SimpleQueue()
    events = FolderEvents(watched, names)
    try:
        (watched / "written").write_bytes(b"1")
        (probe / "moved").write_bytes(b"1")
        (probe / "moved").rename(watched / "moved")
        missing = {"written", "moved"} - _seen(names, deadline_seconds)
    finally:
        events.stop()
    return f"a file that was {' or '.join(sorted(missing))} raised none" if missing else ""


def _seen(names: queue.SimpleQueue[Path], deadline_seconds: float) -> set[str]:
    seen: set[str] = set()
    deadline = time.monotonic() + deadline_seconds
    with contextlib.suppress(queue.Empty):
        while not {"written", "moved"} <= seen:
            seen.add(names.get(timeout=max(0.0, deadline - time.monotonic())).name)
    return seen
