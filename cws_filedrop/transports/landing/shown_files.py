"""What a seller sees by FTP and SFTP: six folders, two status files, and nothing else (docs/domain.md#2-home).

Paths here are the seller's own (`/inbox/shipped.txt`), never those of the disk. Knows nothing of connections.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from cws_filedrop import log
from cws_filedrop.drop.home import COLLECT_FOLDERS, Folder, Home, regular, visible_files
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.names import is_usable
from cws_filedrop.model import NO_LIMITS, Allowance, Door
from cws_filedrop.transports.landing.recently_taken import PickedUp, RecentlyTaken

_LOG = log.get(__name__)
UPLOAD: Final = {f"/{folder}": folder for folder in Folder}
COLLECT: Final = frozenset(f"/{name}" for name in COLLECT_FOLDERS)
_BROWSE: Final = {"/": ("inbox", "orders", "outbox", "test"), "/orders": ("created", "modified")}
_STATUS: Final = ("STATUS.txt", "STATUS.json")
_FACTS: Final = {"upload": "eladfw", "collect": "elrd", "browse": "el"}  # MLSD's perm facts, by kind of folder

_MAGIC: Final = re.compile(r"[*?[]")

ASTRAY: Final = "That folder cannot be used at the moment; the operator can see why"


class CommandRefused(FilesystemError):  # type: ignore[misc]
    """A command that is not carried out; the text says what to do instead, `code` is the FTP reply."""

    def __init__(self, text: str, *, code: int = 550) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose files are shown, and how that seller is connected."""

    home: Home
    door: Door
    client: str
    allowance: Allowance = NO_LIMITS


class ShownFiles(AbstractedFS):  # type: ignore[misc]
    """A seller's home as a file system for pyftpdlib, as far as looking goes. Belongs to one session."""

    # By FTP rclone looks into the folder for what it has just sent, and knows no other way. What was sent before that
    # must not be there: it takes a new file of the same name and size for that one, and removes its own.
    lists_picked_up = True

    def __init__(self, visitor: Visitor, cmd_channel: Any, *, intake: Intake, recently_taken: RecentlyTaken) -> None:
        super().__init__("/", cmd_channel)
        self._home = visitor.home
        self._visitor = visitor
        self._intake = intake
        self._recently_taken = recently_taken
        self._began = time.time()

    # Paths: a seller's path is never translated into one on disk, so that none can lead out of the home.

    def ftp2fs(self, ftppath: str) -> str:
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        return fspath

    def validpath(self, path: str) -> bool:
        return True

    def realpath(self, path: str) -> str:
        return path

    # What is there.

    def isdir(self, path: str) -> bool:
        return path in UPLOAD or path in COLLECT or path in _BROWSE

    def isfile(self, path: str) -> bool:
        return not self.isdir(path) and self.lexists(path)

    def islink(self, path: str) -> bool:
        return False

    def lexists(self, path: str) -> bool:
        return self._look(path) is not None

    def getsize(self, path: str) -> int:
        return self.lstat(path).st_size

    def getmtime(self, path: str) -> float:
        return self.lstat(path).st_mtime

    def stat(self, path: str) -> os.stat_result:
        return self.lstat(path)

    def lstat(self, path: str) -> os.stat_result:
        status = self._look(path)
        if status is None:
            raise CommandRefused("No such file or folder")
        return _as_shown(status)

    def listdir(self, path: str) -> list[str]:
        if self.isdir(path) and self._is_astray(path):
            raise CommandRefused(ASTRAY)
        if path in UPLOAD:
            folder = UPLOAD[path]
            recently_taken = self._recently_taken
            lately = recently_taken.names(self._home.seller, folder, since=self._began) if self.lists_picked_up else ()
            return sorted({*self._home.unfinished(folder), *visible_files(self._home.folder(folder)), *lately})
        if path in COLLECT:
            return visible_files(self._disk(path))
        if path == "/":
            return [*_BROWSE[path], *(name for name in _STATUS if regular(self._home.path / name))]
        if path in _BROWSE:
            return list(_BROWSE[path])
        raise CommandRefused("No such folder")

    def get_user_by_uid(self, uid: int) -> str:
        return "seller"

    def get_group_by_gid(self, gid: int) -> str:
        return "seller"

    # pyftpdlib makes the perm fact of what the authorizer allows; here it depends on the folder.
    def format_mlsx(
        self, basedir: str, listing: list[str], perms: str, facts: list[str], ignore_err: bool = True
    ) -> Iterator[bytes]:
        kind = "upload" if basedir in UPLOAD else "collect" if basedir in COLLECT else "browse"
        lines: Iterator[bytes] = super().format_mlsx(basedir, listing, _FACTS[kind], facts, ignore_err)
        return lines

    def _disk(self, path: str) -> Path:
        return self._home.path / path.lstrip("/")

    def _is_astray(self, path: str) -> bool:
        """Does that folder, as it is on disk, lead out of the home (by a link)?"""
        astray = self._home.is_astray(*path.split("/")[1:] if path != "/" else ())
        if path in UPLOAD and not astray:
            astray = self._home.is_landing_astray(UPLOAD[path])
        if astray:
            _LOG.error("home.folder_not_followed", seller=self._home.seller, folder=path)
        return astray

    def _look(self, path: str) -> os.stat_result | None:
        folder = path if self.isdir(path) else posixpath.dirname(path)
        if not self.isdir(folder) or self._is_astray(folder):
            return None
        if self.isdir(path):
            status = os.lstat(self._disk(path))
            return status if stat.S_ISDIR(status.st_mode) else None
        parent, name = posixpath.split(path)
        if not is_usable(name):
            return None
        if parent in UPLOAD:
            return self._look_upload(UPLOAD[parent], name)
        readable = parent in COLLECT and not name.startswith(".")
        return regular(self._disk(path)) if readable or (parent == "/" and name in _STATUS) else None

    def _look_upload(self, folder: Folder, name: str) -> os.stat_result | None:
        unfinished = self._home.find(folder, name)
        if unfinished is not None:
            return regular(unfinished.path)
        on_disk = None if name.startswith(".") else regular(self._home.folder(folder) / name)
        picked_up = self._recently_taken.recall(self._home.seller, folder, name)
        return on_disk if on_disk is not None or picked_up is None else _stat_of(picked_up)

    def matching(self, path: str) -> list[str] | None:
        """What a pattern such as `/outbox/*.receipt.txt` means, as the client may ask for it; None for no pattern."""
        parent, pattern = posixpath.split(path)
        if not _MAGIC.search(pattern) or self.lexists(path) or not self.isdir(parent):
            return None
        found = [name for name in self.listdir(parent) if fnmatch.fnmatchcase(name, pattern)]
        return sorted(found if parent == self.cwd else [posixpath.join(parent, name) for name in found])

    def bytes_of(self, path: str) -> Path:
        """Where the bytes of a file lie that a client wants the digest of; also of one that was just picked up."""
        parent, name = posixpath.split(path)
        if self.isdir(path) or self._look(path) is None:
            raise CommandRefused("No such file")
        if parent not in UPLOAD:
            return self._disk(path)
        unfinished = self._home.find(UPLOAD[parent], name)
        picked_up = self._recently_taken.recall(self._home.seller, UPLOAD[parent], name)
        if unfinished is None and picked_up is not None:
            return self._kept_bytes(picked_up)
        return self._home.folder(UPLOAD[parent]) / name if unfinished is None else unfinished.path

    def _kept_bytes(self, picked_up: PickedUp) -> Path:
        spool = self._intake.spool
        try:
            landed = spool.landed_data(picked_up.upload_id)
            return landed if landed.exists() else spool.data_path(picked_up.upload_id)
        except FileNotFoundError as error:
            raise CommandRefused("Its bytes are on their way; ask again") from error


def _as_shown(found: os.stat_result) -> os.stat_result:
    """Without the rights that things have on our disk, which are no business of a seller's."""
    mode = stat.S_IFMT(found.st_mode) | (0o755 if stat.S_ISDIR(found.st_mode) else 0o644)
    return os.stat_result((mode, *found[1:10]))


def _stat_of(picked_up: PickedUp) -> os.stat_result:
    at = int(picked_up.modified)
    return os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, picked_up.size, at, at, at))
