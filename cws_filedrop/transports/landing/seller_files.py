"""What a client may do by FTP and SFTP with what it is shown (`shown_files`): upload, fetch, rename, remove.

Paths here are the seller's own (`/inbox/shipped.txt`), never those of the disk. Knows nothing of connections.
"""

from __future__ import annotations

import os
import posixpath
from typing import IO, Any, Final

from cws_filedrop import log
from cws_filedrop.drop import disk
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.intake import Busy, IncomingUpload, Intake, NoRoom, NothingToResume, NotWhole, TooMuch
from cws_filedrop.drop.names import is_usable
from cws_filedrop.transports.landing.recently_taken import PickedUp, RecentlyTaken
from cws_filedrop.transports.landing.shown_files import ASTRAY, COLLECT, UPLOAD, CommandRefused, ShownFiles, Visitor

__all__ = ["CommandRefused", "SellerFiles", "Visitor"]

_LOG = log.get(__name__)
_ELSEWHERE: Final = "Upload into /inbox (or /test for a rehearsal), not here"
_NO_NAME: Final = "That file name cannot be used: no control characters, no slashes, at most 255 bytes"


class SellerFiles(ShownFiles):
    """A seller's home as a file system for pyftpdlib, with one method for each thing a client may ask for.

    Belongs to one session. By FTP the serving thread calls it, but for `rename`, which a disk thread calls.
    """

    def __init__(self, visitor: Visitor, cmd_channel: Any, *, intake: Intake, recently_taken: RecentlyTaken) -> None:
        super().__init__(visitor, cmd_channel, intake=intake, recently_taken=recently_taken)
        self._own_inodes: dict[str, int] = {}  # of complete uploads under working names, by path
        self._own_digests: dict[int, str] = {}  # of the same, by inode
        self._own_uploads: set[str] = set()

    def chdir(self, path: str) -> None:
        if not self.isdir(path):
            raise CommandRefused("No such folder")
        self.cwd = path

    def open(self, filename: str, mode: str) -> IO[bytes]:
        """Open a file for download."""
        if posixpath.dirname(filename) in UPLOAD:
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
            own = self._own_digests
            return self._intake.begin(drop, offset=offset, allowance=self._visitor.allowance, own_inodes=own)
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

    def took(self, claim: Claim) -> None:
        """An upload of this session was taken. Clients that look for one that cannot be used do not find it."""
        self._own_uploads.add(claim.upload_id)
        if not claim.fault:
            self._recently_taken.remember(claim)

    def holds(self, upload: IncomingUpload) -> None:
        """An upload of this session is complete under a working name."""
        self._own_inodes[f"/{upload.drop.folder}/{upload.drop.name}"] = upload.inode
        self._own_digests[upload.inode] = upload.sha256

    def rename(self, src: str, dst: str) -> Claim | None:
        """Rename an unfinished upload; the claim if that delivered it.

        One that this session uploaded under a final name was picked up under that: it is done as well as can be.
        """
        if (picked_up := self._own_pick(src)) is not None:
            self._renamed_late(src, dst, picked_up)
            return None
        drop, target = self._drop(src, own=True), self._drop(dst)
        if drop.folder is not target.folder:
            raise CommandRefused("A file can be renamed within its folder only")
        self._must_be_own(src, drop)
        try:
            claim = self._intake.rename(drop, target.name, own=self._own_digests)
        except Busy as error:
            raise CommandRefused(str(error), code=450) from error
        except NotWhole as error:
            raise CommandRefused(str(error)) from error
        if (inode := self._own_inodes.pop(src, None)) is not None and claim is None:
            self._own_inodes[dst] = inode
        self._witnessed(AuditEventKind.RENAME, src, f"to {dst}")
        return claim

    def _own_pick(self, path: str) -> PickedUp | None:
        parent, name = posixpath.split(path)
        if parent not in UPLOAD or not is_usable(name) or self._home.find(UPLOAD[parent], name) is not None:
            return None
        picked_up = self._recently_taken.recall(self._home.seller, UPLOAD[parent], name)
        return picked_up if picked_up is not None and picked_up.upload_id in self._own_uploads else None

    def _renamed_late(self, src: str, dst: str, picked_up: PickedUp) -> None:
        (parent, name), target = posixpath.split(src), self._drop(dst)
        if target.folder is not UPLOAD[parent]:
            raise CommandRefused("A file can be renamed within its folder only")
        self._recently_taken.rename(self._home.seller, target.folder, name, target.name)
        self._witnessed(AuditEventKind.RENAME, src, f"to {dst}, when it had been picked up as {picked_up.upload_id}")

    def _must_be_own(self, path: str, drop: Drop) -> None:
        own, found = self._own_inodes.get(path), self._home.find(drop.folder, drop.name)
        if own is not None and found is not None and found.inode != own:
            raise CommandRefused(
                f"Another connection has used {drop.name} since; a receipt in /outbox says where yours is"
            )

    def remove(self, path: str) -> str:
        """Remove a file. Returns what there is to say: what was picked up lately only disappears from the list."""
        words = self._remove(path)
        self._witnessed(AuditEventKind.DELETE, path, words)
        return words

    def _remove(self, path: str) -> str:
        parent, name = posixpath.split(path)
        if parent in UPLOAD:
            return self._remove_upload(path, UPLOAD[parent], name)
        if parent not in COLLECT or self._look(path) is None:
            raise CommandRefused("That cannot be deleted" if self.lexists(path) else "No such file")
        disk.remove(self._disk(path))
        return ""

    def _remove_upload(self, path: str, folder: Folder, name: str) -> str:
        seller = self._home.seller
        picked_up = self._recently_taken.recall(seller, folder, name) if is_usable(name) else None
        if picked_up is not None and self._home.find(folder, name) is None:
            self._recently_taken.hide(seller, folder, name)
            return (
                f"Nothing is undone: {name} was picked up already, as upload {picked_up.upload_id}; look into /outbox"
            )
        try:
            self._intake.remove(self._drop(path, own=True))
        except Busy as error:
            raise CommandRefused(str(error), code=450) from error
        return ""

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
        if parent not in UPLOAD or self._look(path) is None:
            raise CommandRefused("Times can only be set of what was just sent to /inbox or /test")
        self._recently_taken.set_time(self._home.seller, UPLOAD[parent], name, timeval)

    def chmod(self, path: str, mode: int) -> None:
        raise CommandRefused("Permissions cannot be changed here, and need not be")

    def _drop(self, path: str, *, own: bool = False) -> Drop:
        parent, name = posixpath.split(path)
        if parent not in UPLOAD or self.isdir(path):
            raise CommandRefused(
                "Files can only be renamed or deleted in /inbox and /test" if own else _ELSEWHERE, code=550
            )
        if not is_usable(name):
            raise CommandRefused(_NO_NAME, code=553)
        if self._is_astray(parent):
            raise CommandRefused(ASTRAY)
        drop = Drop(self._home.seller, UPLOAD[parent], name, self._visitor.door, self._visitor.client)
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
