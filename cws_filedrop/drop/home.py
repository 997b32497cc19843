"""A seller's home on disk: its folders, the hidden landing area where uploads grow, and delivery into it.

Knows nothing of how files come in, of the spool, or of what is in a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cws_filedrop import private
from cws_filedrop.drop import disk
from cws_filedrop.drop.names import is_temporary, is_usable, result_name

__all__ = ["Folder", "Home", "Homes", "Unfinished", "UploadStage", "deliver", "is_temporary", "result_name"]

SELLER_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
COLLECT_FOLDERS: Final = ("outbox", "orders/created", "orders/modified")
LANDING: Final = ".landing"
_DELIVERING: Final = ".delivering-"
_STALE_SECONDS: Final = 86_400


class Folder(StrEnum):
    """The two folders a seller uploads into."""

    INBOX = "inbox"
    TEST = "test"


class UploadStage(StrEnum):
    """How far an upload that is not yet delivered has come; a name is in one stage at most."""

    PART = "part"  # growing now
    HELD = "held"  # complete under a client's working name; its rename delivers it
    CUT = "cut"  # broken off; can be resumed


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A seller's upload that is not delivered yet."""

    stage: UploadStage
    path: Path

    @property
    def is_told(self) -> bool:
        """Was its client told that all of it is safe here?"""
        return self.stage is UploadStage.HELD

    @property
    def inode(self) -> int:
        """That of its file; 0 when it has gone."""
        found = regular(self.path)
        return 0 if found is None else found.st_ino


@dataclass(frozen=True, slots=True)
class Home:
    """One seller's home. `seller` is letters and digits, lower case."""

    seller: str
    path: Path

    def make(self) -> None:
        """Make every folder of it that is missing, open to whomever the folder of all homes is open to.

        Where uploads grow nobody else has anything to do.
        """
        self.path.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        for name in ("", *Folder, "orders", *COLLECT_FOLDERS):
            disk.make_shared(self.path / name)
        landing = [self.landing(folder, stage) for folder in Folder for stage in UploadStage]
        for directory in [self.path / LANDING, *dict.fromkeys(one.parent for one in landing), *landing]:
            directory.mkdir(mode=private.FOLDER, exist_ok=True)

    def folder(self, folder: Folder) -> Path:
        """Where files of that folder lie that others put there on disk."""
        return self.path / folder

    def landing(self, folder: Folder, stage: UploadStage) -> Path:
        """Where the doors' own uploads into that folder lie at that stage."""
        return self.path.joinpath(LANDING, folder, stage)

    def is_astray(self, *parts: str) -> bool:
        """Is that folder of this home, or one above it, something else than a folder: a link to elsewhere, say?"""
        place = os.fspath(self.path)
        places = [place, *(place := f"{place}/{part}" for part in parts)]
        return any(_is_something_else(place) for place in places)

    def find(self, folder: Folder, name: str) -> Unfinished | None:
        """The unfinished upload of that name."""
        for stage in UploadStage:
            path = self.path.joinpath(LANDING, folder, stage, name)
            if regular(path) is not None:
                return Unfinished(stage, path)
        return None

    def unfinished(self, folder: Folder, *stages: UploadStage) -> dict[str, Unfinished]:
        """Unfinished uploads by name, of the stages given or all."""
        found = {}
        for stage in stages or tuple(UploadStage):
            directory = self.landing(folder, stage)
            names = [] if self.is_astray(LANDING, folder, stage) else files_in(directory)
            found.update({name: Unfinished(stage, directory / name) for name in names})
        return found

    def is_landing_astray(self, folder: Folder) -> bool:
        """The same of where uploads into that folder lie."""
        return any(self.is_astray(LANDING, folder, stage) for stage in UploadStage)

    def waiting(self, folder: Folder) -> list[str]:
        """Names of the files that others put into that folder on disk."""
        return [] if self.is_astray(folder) else files_in(self.folder(folder))


class Homes:
    """Every seller's home, under one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        self._made: set[str] = set()

    def of(self, seller: str) -> Home:
        """That seller's home, made if need be. Raises: ValueError for what cannot be a seller's name."""
        if SELLER_NAME.fullmatch(seller) is None:
            raise ValueError(f"not a seller's name: {seller!r}")
        home = Home(seller, self.root / seller)
        if seller not in self._made or not home.path.is_dir():
            home.make()
            self._made.add(seller)
        return home

    def known(self) -> list[Home]:
        """The homes there are, by name."""
        with os.scandir(self.root) as entries:
            names = [
                item.name for item in entries if SELLER_NAME.fullmatch(item.name) and item.is_dir(follow_symlinks=False)
            ]
        return [Home(name, self.root / name) for name in sorted(names)]

    def tidy(self) -> None:
        """Remove what deliveries that were killed left behind a day ago or more."""
        limit = time.time() - _STALE_SECONDS
        for stale in (path for home in self.known() for path in _deliveries(home)):
            if stale.stat().st_mtime < limit:
                disk.remove(stale)


def _deliveries(home: Home) -> Iterator[Path]:
    for directory in (home.path, *(home.path / name for name in COLLECT_FOLDERS)):
        yield from directory.glob(f"{_DELIVERING}*")


def files_in(directory: Path) -> list[str]:
    """Names of the regular files in a directory: no links, no directories, no pipes; sorted; empty if it is gone."""
    try:
        with os.scandir(directory) as entries:
            return sorted(item.name for item in entries if item.is_file(follow_symlinks=False))
    except FileNotFoundError:
        return []


def visible_files(directory: Path) -> list[str]:
    """Names of the files in a directory that a seller may see: no hidden ones, none that cannot be shown."""
    return [name for name in files_in(directory) if not name.startswith(".") and is_usable(name)]


def _is_something_else(place: str) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(place).st_mode)
    except (FileNotFoundError, NotADirectoryError):  # nothing is there; or the folder above is the one
        return False


def regular(path: Path) -> os.stat_result | None:
    """What `lstat` says of a regular file; None for anything else, links too."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def deliver(path: Path, chunks: Iterable[bytes]) -> None:
    """Put a file where a seller reads it: never seen half, on the disk when this returns, harmless when repeated."""
    deliver_all([(path, chunks)])


def deliver_all(files: Iterable[tuple[Path, Iterable[bytes]]]) -> None:
    """`deliver` many files in this order. All are written before the disk is waited for, and it then waits once.

    Who may look into their folder may read them.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for path, chunks in files:
            if path.parent.is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "a link to elsewhere is no place for answers", str(path.parent))
            working = _working(path)
            written.append((working, path))
            disk.write_soon(working, chunks, mode=disk.shared_mode(path.parent))
        for working, _ in written:
            disk.sync_path(working)
        for working, path in written:
            disk.move(working, path)
    except BaseException:
        for working, _ in written:
            disk.remove(working)
        raise
    for directory in {path.parent for _, path in written}:
        disk.sync_directory(directory)


def _working(path: Path) -> Path:
    # Hidden, short whatever the name is, and never shared with another process or thread that does the same.
    digest = hashlib.blake2s(path.name.encode(), digest_size=8).hexdigest()
    return path.with_name(f"{_DELIVERING}{digest}-{os.getpid()}-{threading.get_ident()}")
