"""What lies in a seller's folders and is not taken: told in words after a while, so that nothing is ignored silently.

Looks, and touches nothing. Knows nothing of transports.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop.home import Folder, Home, UploadStage, regular
from cws_filedrop.drop.names import clean, is_litter, is_temporary

_LOG = log.get(__name__)
_MOST: Final = 20  # of a seller


@dataclass(frozen=True, slots=True)
class Leftover:
    """An entry that is not taken; `words` say what it is and what to do."""

    seller: str
    name: str  # with its folder: `inbox/monday`
    words: str


def leftovers(home: Home, *, minutes: float, more: Iterable[str] = (), now: float | None = None) -> list[Leftover]:
    """What has lain in a home's folders, unchanged, for so many minutes; some of it if it is much. 0: nothing is told.

    `more` are patterns of working names, `now` is in seconds since 1970.
    """
    if not minutes:
        return []
    before = (time.time() if now is None else now) - minutes * 60
    patterns = tuple(more)
    found = (one for folder in Folder for one in (*_in_folder(home, folder, patterns), *_held(home, folder)))
    return [Leftover(home.seller, name, words) for changed_at, name, words in found if changed_at < before][:_MOST]


def _in_folder(home: Home, folder: Folder, more: Iterable[str]) -> Iterator[tuple[float, str, str]]:
    try:
        entries = sorted(os.scandir(home.folder(folder)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if is_litter(entry.name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # taken this moment
            continue
        name = clean(entry.name)
        # A moved file keeps its old time, hence the time of its last change of any kind.
        yield status.st_ctime, f"{folder}/{name}", _words(entry, name, status.st_mode, more)


def _words(entry: os.DirEntry[str], name: str, mode: int, more: Iterable[str]) -> str:
    if stat.S_ISDIR(mode):
        return f"{name}/ is a folder: put the files themselves"
    if stat.S_ISLNK(mode):
        return f"{name} is a link: put the file itself"
    if not stat.S_ISREG(mode):
        return f"{name} is a pipe or a device: put a file"
    if is_temporary(entry.name, more):
        return f"{name} has a name that programs use while they write: rename it when it is complete"
    if not os.access(entry.path, os.R_OK):
        return f"{name} cannot be read by the service: give its user the right to"
    return f"{name} could not be taken yet: a program has it open, or the service may not move it"


def _held(home: Home, folder: Folder) -> Iterator[tuple[float, str, str]]:
    for name, held in home.unfinished(folder, UploadStage.HELD).items():
        status = regular(held.path)
        if status is not None:
            words = f"{name} was uploaded completely under a working name: rename it to its final name to deliver it"
            yield status.st_ctime, f"{folder}/{name}", words


class LeftoverWatch:
    """Looks again and again, tells the log of what is new, and whose list has changed. One thread uses it."""

    def __init__(self, minutes: float, more: Iterable[str] = ()) -> None:
        self._minutes = minutes
        self._more = tuple(more)
        self._known: dict[str, list[Leftover]] = {}

    def look(self, homes: Iterable[Home]) -> set[str]:
        """The sellers whose leftovers are others than at the look before."""
        changed = set()
        for home in homes:
            now, before = leftovers(home, minutes=self._minutes, more=self._more), self._known.get(home.seller, [])
            for one in now:
                if one not in before:
                    _LOG.warning("folder.entry_ignored", seller=one.seller, entry=one.name, why=one.words)
            if now != before:
                changed.add(home.seller)
            self._known[home.seller] = now
        return changed
