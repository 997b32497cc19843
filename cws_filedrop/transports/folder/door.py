"""The folder door: takes files that others copy, move or write into an inbox on disk, once they are complete.

Complete is: unchanged for the settle time, and open for writing nowhere; or unchanged for a longer time where the
system cannot tell, and then it is called doubtful. After it was moved out of reach it is looked at once more. File
events report a file at once; a sweep through every inbox finds the rest. Knows nothing of what is in a file.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final, assert_never

from cws_filedrop import log
from cws_filedrop.door_settings import FolderSettings
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.collecting import AsideFile, Look, SetAside, StillWritten
from cws_filedrop.drop.filesystems import kind_at
from cws_filedrop.drop.home import SELLER_NAME, Folder
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.names import clean
from cws_filedrop.drop.stillness import Openness, Signature, cannot_tell, openness, sees_open_files, signature
from cws_filedrop.model import Door
from cws_filedrop.periodic import Again, Job, PeriodicTask
from cws_filedrop.transports.folder.events import FolderEvents, why_not

_LOG = log.get(__name__)
_POLL_SECONDS: Final = 0.5
_OPEN_LOOK_SECONDS: Final = 0.5
_LONGEST_LOOK_SECONDS: Final = 0.25
_FAILED_LOOK_SECONDS: Final = 30.0
_HELD_OPEN_SECONDS: Final = 600.0


@dataclass(slots=True)
class _Candidate:
    """A file that may be complete. Times are of the monotonic clock."""

    drop: Drop
    signature: Signature
    since: float
    due: float
    complained: bool = False


class FolderDoor:
    """Watches every seller's `inbox` and `test` on disk."""

    def __init__(self, settings: FolderSettings, intake: Intake) -> None:
        self._settings = settings
        self._intake = intake
        self._root = intake.homes.root
        self._names: queue.SimpleQueue[Path] = queue.SimpleQueue()  # all that the observer's thread touches
        self._candidates: dict[Path, _Candidate] = {}
        self._aside: dict[AsideFile, float] = {}
        self._served: dict[str, float] = {}  # when sellers last had their turn
        self._events: FolderEvents | None = None
        self._openness = cannot_tell
        self._next_sweep = 0.0
        self._task: PeriodicTask | None = None
        self.mode = "polling"

    def start(self) -> None:
        """Find out whether file events work, fall back to polling, and start."""
        self._task = PeriodicTask(
            "folder",
            Job(self._round, self._settings.sweep_seconds, retry_seconds=1.0),
            failed=lambda _: _LOG.error("folder.round_failed", exc_info=True),
        )
        reason = "they are switched off" if self._settings.polling else why_not(self._root)
        if not reason:
            try:
                self._events = FolderEvents(self._root, self._names, self._task.wake)
            except OSError as error:
                reason = f"they cannot be asked for: {error.strerror or error}"
        self.mode = "polling" if reason else "events"
        sees = sees_open_files(self._root)
        self._openness = openness if sees else cannot_tell
        kind = kind_at(self._root)
        _LOG.info("folder.opened", mode=self.mode, why_no_events=reason, sees_open_files=sees, filesystem=kind)
        self._task.start()

    def stop(self, drain_seconds: float = 10.0) -> None:
        """Stop; a file that is not complete stays where it is until the next start. Harmless when repeated."""
        if self._task is None:
            return
        self._task.stop(patience_seconds=drain_seconds)
        self._task = None
        if self._events is not None:
            self._events.stop()
        _LOG.info("folder.closed")

    @property
    def _sweep_seconds(self) -> float:
        polling = min(self._settings.sweep_seconds, _POLL_SECONDS)
        return self._settings.sweep_seconds if self.mode == "events" else polling

    def _round(self) -> Again:
        """Note what is new, take what is complete; due again when the next file may be complete."""
        self._note(self._named())
        if time.monotonic() >= self._next_sweep:
            self._note(self._sweep())
            self._next_sweep = time.monotonic() + self._sweep_seconds
        self._look()
        due = min([self._next_sweep, *self._aside.values(), *(one.due for one in self._candidates.values())])
        return Again(max(0.0, due - time.monotonic()))

    def _named(self) -> Iterator[Path]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._names.get_nowait()

    def _sweep(self) -> Iterable[Path]:
        for home in self._intake.homes.known():
            for folder in Folder:
                yield from (home.folder(folder) / name for name in home.waiting(folder))

    def _note(self, paths: Iterable[Path]) -> None:
        now = time.monotonic()
        for path in paths:
            if path not in self._candidates and (drop := self._drop_of(path)) is not None:
                seen = signature(path)
                if seen is not None:
                    self._candidates[path] = _Candidate(drop, seen, now, now + self._settings.settle_seconds)

    def _drop_of(self, path: Path) -> Drop | None:
        place = path.relative_to(self._root).parts
        if len(place) != 3 or place[1] not in list(Folder) or not SELLER_NAME.fullmatch(place[0]):
            return None
        if self._intake.is_working(path.name):
            return None
        return Drop(place[0], Folder(place[1]), clean(path.name), Door.FOLDER, "")

    def _look(self) -> None:
        until = time.monotonic() + _LONGEST_LOOK_SECONDS  # then what has come meanwhile is noted
        for path in self._in_turns():
            self._look_at(path, self._candidates[path], time.monotonic())
            if time.monotonic() >= until:
                break
        for aside in [aside for aside, when in self._aside.items() if when <= time.monotonic()]:
            self._take_aside(aside)

    def _in_turns(self) -> Iterator[Path]:
        """What is due, oldest first; one file of each seller after the other, first of whoever waited longest."""
        now, due = time.monotonic(), defaultdict[str, list[tuple[float, Path]]](list)
        for path, candidate in self._candidates.items():
            if candidate.due <= now:
                due[candidate.drop.seller].append((candidate.since, path))
        sellers = sorted(due, key=lambda seller: self._served.get(seller, 0.0))
        for turn in zip_longest(*(sorted(due[seller]) for seller in sellers)):
            for seller, item in zip(sellers, turn, strict=True):
                if item is not None:
                    self._served[seller] = time.monotonic()
                    yield item[1]

    def _look_at(self, path: Path, candidate: _Candidate, now: float) -> None:
        current = signature(path)
        if current is None:
            del self._candidates[path]
        elif current != candidate.signature:
            self._changed(candidate, current)
        else:
            self._look_who_writes(path, candidate, now)

    def _changed(self, candidate: _Candidate, current: Signature) -> None:
        candidate.signature, candidate.since = current, time.monotonic()
        candidate.due = candidate.since + self._settings.settle_seconds

    def _look_who_writes(self, path: Path, candidate: _Candidate, now: float) -> None:
        match state := self._openness(path):
            case Openness.OPEN:
                self._still_open(path, candidate, now)
            case Openness.NOT_OPEN:
                settle_seconds = self._settings.settle_seconds
                self._take(path, candidate, f"{_unchanged(settle_seconds)}, and no program had it open for writing")
            case Openness.CANNOT_TELL:
                self._take_unsure(path, candidate, now)
            case _:
                assert_never(state)

    def _take_unsure(self, path: Path, candidate: _Candidate, now: float) -> None:
        settle_seconds = self._settle_unsure_seconds
        if now - candidate.since < settle_seconds:
            candidate.due = candidate.since + settle_seconds
            return
        self._take(path, candidate, self._unsure)

    @property
    def _settle_unsure_seconds(self) -> float:
        return max(self._settings.settle_seconds, self._settings.settle_unsure_seconds)

    @property
    def _unsure(self) -> str:
        unchanged = _unchanged(self._settle_unsure_seconds)
        return f"{unchanged}; whether a program had it open for writing, the system does not say"

    def _still_open(self, path: Path, candidate: _Candidate, now: float) -> None:
        candidate.due = now + max(_OPEN_LOOK_SECONDS, self._settings.settle_seconds)
        if now - candidate.since > _HELD_OPEN_SECONDS and not candidate.complained:
            _LOG.warning("folder.file_held_open", path=str(path), seconds=round(now - candidate.since))
            candidate.complained = True

    def _take(self, path: Path, candidate: _Candidate, evidence: str) -> None:
        look = Look(candidate.signature, self._openness, wait=True)
        try:
            self._intake.collect(path, candidate.drop, evidence, look)
        except FileNotFoundError:
            pass
        except StillWritten:
            self._names.put(path)
        except SetAside as error:
            self._aside[error.file] = time.monotonic() + self._settings.settle_seconds
        except OSError as error:  # not ours to read or to move: it stays, and is tried again
            if not candidate.complained:
                _LOG.error("folder.file_not_taken", path=str(path), error=str(error))
            candidate.complained = True
            candidate.due = time.monotonic() + _FAILED_LOOK_SECONDS
            return
        del self._candidates[path]

    def _take_aside(self, aside: AsideFile) -> None:
        try:
            self._intake.collect_aside(aside, self._unsure)
        except StillWritten:
            self._names.put(aside.original)
        except FileNotFoundError:  # somebody has taken it out of the spool
            _LOG.error("folder.file_not_taken", path=str(aside.original), error="it has gone")
        except OSError as error:
            _LOG.error("folder.file_not_taken", path=str(aside.original), error=str(error))
            self._aside[aside] = time.monotonic() + _FAILED_LOOK_SECONDS
            return
        del self._aside[aside]


def _unchanged(seconds: float) -> str:
    return f"nothing changed it for {seconds:g} s"
