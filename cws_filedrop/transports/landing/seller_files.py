"""What a seller sees by FTP and SFTP: six folders, two status files, and nothing else (docs/domain.md#2-home).

Paths here are the seller's own (`/inbox/shipped.txt`), never those of the disk. Knows nothing of connections.
"""

from __future__ import annotations

import os
import posixpath
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from cws_filedrop import log
from cws_filedrop.drop import disk
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.home import COLLECT_FOLDERS, Folder, Home, regular, visible_files
from cws_filedrop.drop.intake import Busy, IncomingUpload, Intake, NoRoom, NothingToResume, NotWhole, TooMuch
from cws_filedrop.drop.names import is_usable
from cws_filedrop.model import NO_LIMITS, Allowance, Door
from cws_filedrop.transports.landing.recently_taken import PickedUp, RecentlyTaken

_LOG = log.get(__name__)
_UPLOAD: Final = {f"/{folder}": folder for folder in Folder}
_COLLECT: Final = frozenset(f"/{name}" for name in COLLECT_FOLDERS)
_BROWSE: Final = {"/": ("inbox", "orders", "outbox", "test"), "/orders": ("created", "modified")}
_STATUS: Final = ("STATUS.txt", "STATUS.json")
_FACTS: Final = {"upload": "eladfw", "collect": "elrd", "browse": "el"}  # MLSD's perm facts, by kind of folder

_ELSEWHERE: Final = "Upload into /inbox (or /test for a rehearsal), not here"
_ASTRAY: Final = "That folder cannot be used at the moment; the operator can see why"
_NO_NAME: Final = "That file name cannot be used: no control characters, no slashes, at most 255 bytes"


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


class SellerFiles(AbstractedFS):  # type: ignore[misc]
    """A seller's home as a file system for pyftpdlib, with one method for each thing a client may ask for.

    Belongs to one session. By FTP the serving thread calls it, but for `rename`, which a disk thread calls.
    """

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
        return path in _UPLOAD or path in _COLLECT or path in _BROWSE

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
            raise CommandRefused(_ASTRAY)
        if path in _UPLOAD:
            folder = _UPLOAD[path]
            recently_taken = self._recently_taken
            lately = recently_taken.names(self._home.seller, folder, since=self._began) if self.lists_picked_up else ()
            return sorted({*self._home.unfinished(folder), *visible_files(self._home.folder(folder)), *lately})
        if path in _COLLECT:
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
        kind = "upload" if basedir in _UPLOAD else "collect" if basedir in _COLLECT else "browse"
        lines: Iterator[bytes] = super().format_mlsx(basedir, listing, _FACTS[kind], facts, ignore_err)
        return lines

    def _disk(self, path: str) -> Path:
        return self._home.path / path.lstrip("/")

    def _is_astray(self, path: str) -> bool:
        """Does that folder, as it is on disk, lead out of the home (by a link)?"""
        astray = self._home.is_astray(*path.split("/")[1:] if path != "/" else ())
        if path in _UPLOAD and not astray:
            astray = self._home.is_landing_astray(_UPLOAD[path])
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
        if parent in _UPLOAD:
            return self._look_upload(_UPLOAD[parent], name)
        readable = parent in _COLLECT and not name.startswith(".")
        return regular(self._disk(path)) if readable or (parent == "/" and name in _STATUS) else None

    def _look_upload(self, folder: Folder, name: str) -> os.stat_result | None:
        unfinished = self._home.find(folder, name)
        if unfinished is not None:
            return regular(unfinished.path)
        on_disk = None if name.startswith(".") else regular(self._home.folder(folder) / name)
        picked_up = self._recently_taken.recall(self._home.seller, folder, name)
        return on_disk if on_disk is not None or picked_up is None else _stat_of(picked_up)

    # What a client may do.

    def chdir(self, path: str) -> None:
        if not self.isdir(path):
            raise CommandRefused("No such folder")
        self.cwd = path

    def open(self, filename: str, mode: str) -> IO[bytes]:
        """Open a file for download."""
        if posixpath.dirname(filename) in _UPLOAD:
            raise CommandRefused("Uploads cannot be downloaded again; receipts and results are in /outbox")
        if self._look(filename) is None or self.isdir(filename):
            raise CommandRefused("No such file")
        self._witnessed(AuditEventKind.DOWNLOAD, filename)
        return open(self._disk(filename), "rb", opener=_open_plain)

    def begin(self, path: str, *, offset: int | None) -> IncomingUpload:
        """Begin an upload; `offset` as for `Intake.begin`."""
        drop = self._drop(path)
        picked_up = self._recently_taken.recall(drop.seller, drop.folder, drop.name)
        if offset is None and picked_up is not None and self._home.find(drop.folder, drop.name) is None:
            raise CommandRefused(
                f"{drop.name} was picked up as upload {picked_up.upload_id}; send a whole file, do not append"
            )
        try:
            return self._intake.begin(drop, offset=offset, allowance=self._visitor.allowance)
        except TooMuch as error:
            raise CommandRefused(str(error), code=450 if error.later else 452) from error
        except Busy as error:
            raise CommandRefused(str(error), code=450) from error
        except NoRoom as error:
            raise CommandRefused(str(error), code=452) from error
        except NothingToResume as error:
            raise CommandRefused(str(error), code=554) from error
        except FileExistsError as error:  # not by a seller's doing: someone has put it there on disk
            _LOG.error("upload.name_taken", seller=drop.seller, path=str(error.filename))
            raise CommandRefused("Something else has that name here; the operator can see what", code=553) from error

    def begin_unique(self, path: str) -> IncomingUpload:
        """Begin an upload under a name that is not in use, like the one given (STOU)."""
        drop = self._drop(path if not self.isdir(path) else posixpath.join(path, "upload.txt"))
        stem, suffix = posixpath.splitext(drop.name)
        names = (f"/{drop.folder}/{stem}-{number}{suffix}" for number in range(1, 10_000))
        return self.begin(next(name for name in names if not self.lexists(name)), offset=0)

    def rename(self, src: str, dst: str) -> Claim | None:
        """Rename an unfinished upload; the claim if that delivered it."""
        drop, target = self._drop(src, own=True), self._drop(dst)
        if drop.folder is not target.folder:
            raise CommandRefused("A file can be renamed within its folder only")
        try:
            claim = self._intake.rename(drop, target.name)
        except Busy as error:
            raise CommandRefused(str(error), code=450) from error
        except NotWhole as error:
            raise CommandRefused(str(error)) from error
        self._witnessed(AuditEventKind.RENAME, src, f"to {dst}")
        return claim

    def remove(self, path: str) -> None:
        self._remove(path)
        self._witnessed(AuditEventKind.DELETE, path)

    def _remove(self, path: str) -> None:
        if posixpath.dirname(path) in _UPLOAD:
            try:
                return self._intake.remove(self._drop(path, own=True))
            except Busy as error:
                raise CommandRefused(str(error), code=450) from error
        if posixpath.dirname(path) not in _COLLECT or self._look(path) is None:
            raise CommandRefused("That cannot be deleted" if self.lexists(path) else "No such file")
        return disk.remove(self._disk(path))

    def _witnessed(self, event: AuditEventKind, path: str, detail: str = "") -> None:
        seller, visitor = self._home.seller, self._visitor
        by: dict[str, Any] = {"seller": seller, "address": visitor.client, "door": str(visitor.door)}
        self._intake.witness(AuditEvent(event=event, **by, name=path.lstrip("/"), detail=detail))

    def mkdir(self, path: str) -> None:
        raise CommandRefused("Folders cannot be made here; upload straight into /inbox")

    def rmdir(self, path: str) -> None:
        raise CommandRefused("Folders cannot be removed here")

    def utime(self, path: str, timeval: float) -> None:
        """Show this time with what was just sent; it is not stored."""
        parent, name = posixpath.split(path)
        if parent not in _UPLOAD or self._look(path) is None:
            raise CommandRefused("Times can only be set of what was just sent to /inbox or /test")
        self._recently_taken.set_time(self._home.seller, _UPLOAD[parent], name, timeval)

    def chmod(self, path: str, mode: int) -> None:
        raise CommandRefused("Permissions cannot be changed here, and need not be")

    def _drop(self, path: str, *, own: bool = False) -> Drop:
        parent, name = posixpath.split(path)
        if parent not in _UPLOAD or self.isdir(path):
            raise CommandRefused(
                "Files can only be renamed or deleted in /inbox and /test" if own else _ELSEWHERE, code=550
            )
        if not is_usable(name):
            raise CommandRefused(_NO_NAME, code=553)
        if self._is_astray(parent):
            raise CommandRefused(_ASTRAY)
        drop = Drop(self._home.seller, _UPLOAD[parent], name, self._visitor.door, self._visitor.client)
        if own and self._home.find(drop.folder, name) is None:
            raise CommandRefused(self._why_not_own(drop))
        return drop

    def _why_not_own(self, drop: Drop) -> str:
        picked_up = self._recently_taken.recall(drop.seller, drop.folder, drop.name)
        if picked_up is not None:
            return f"{drop.name} was picked up already, as upload {picked_up.upload_id}; look into /outbox"
        return f"There is no unfinished upload {drop.name}"


# Without following links, which could lead out of the home, and without waiting for a pipe's other end.
def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _as_shown(found: os.stat_result) -> os.stat_result:
    """Without the rights that things have on our disk, which are no business of a seller's."""
    mode = stat.S_IFMT(found.st_mode) | (0o755 if stat.S_ISDIR(found.st_mode) else 0o644)
    return os.stat_result((mode, *found[1:10]))


def _stat_of(picked_up: PickedUp) -> os.stat_result:
    at = int(picked_up.modified)
    return os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, picked_up.size, at, at, at))
