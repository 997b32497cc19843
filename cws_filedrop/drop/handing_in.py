"""Uploads that come by HTTP: from the first byte to the spool.

    handed/<random>     still arriving; not acknowledged to anybody

Separate from `intake`, which belongs to the doors' process: an upload in a single request arrives whole or not at all,
so there is nothing to resume, to keep, or to report as cut. Knows nothing of requests.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from cws_filedrop import log, private
from cws_filedrop.drop import disk, streamed
from cws_filedrop.drop.allowance import Counting
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.home import Folder, Homes
from cws_filedrop.drop.names import is_release, is_temporary, is_usable
from cws_filedrop.drop.spool import Spool
from cws_filedrop.drop.upload import NoRoom, TooLarge
from cws_filedrop.errors import FileDropError
from cws_filedrop.model import Allowance, Grade

LOG: Final = log.get(__name__)
EVIDENCE: Final = "the whole request arrived"
LOOK_BYTES: Final = 8_388_608  # free space is checked again after this many


class NotUsable(FileDropError):
    """A file that cannot be used, or a name that no file can have; nothing was taken."""


class HandingIn:
    """Takes uploads into the spool. Every method may be called from any thread."""

    def __init__(
        self,
        homes: Homes,
        spool: Spool,
        *,
        upload_limit_bytes: int,
        least_free_bytes: int = 0,
        look: Callable[[Path, str], str] = lambda _path, _seller: "",
    ) -> None:
        """`look` says why a seller's file cannot be used, from its first rows ("" = it can)."""
        self.homes = homes
        self.spool = spool
        self.least_free_bytes = least_free_bytes
        self._upload_limit_bytes = upload_limit_bytes
        self._look = look
        self._counting = Counting()
        self._place = spool.root / "handed"
        self._place.mkdir(mode=private.FOLDER, exist_ok=True)

    def recover(self) -> int:
        """Remove what dead processes left behind: it was never acknowledged. Returns the number of files."""
        removed = 0
        for path in self._place.iterdir():
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a live writer holds the lock
                disk.remove(path)
                removed += 1
        return removed

    def begin(self, drop: Drop, allowance: Allowance) -> IncomingFile:
        """Open an upload. Raises: NotUsable, TooMuch, NoRoom, OSError."""
        if not is_usable(drop.name) or is_temporary(drop.name):
            raise NotUsable("This is not a name that a file can have here; give another one")
        self._counting.check(self.homes.of(drop.seller), allowance)
        self.check_room(drop)
        most = min(self._upload_limit_bytes, allowance.file_bytes or self._upload_limit_bytes)
        incoming = IncomingFile(self, drop, self._place / secrets.token_hex(16), most_bytes=most)
        self._counting.begun(drop.seller)
        return incoming

    def check_room(self, drop: Drop) -> None:
        """Is there room on the disk? Raises: NoRoom."""
        if disk.free_bytes(self.spool.root) < self.least_free_bytes:
            LOG.error("upload.refused_for_room", refused=drop.name, seller=drop.seller)
            raise NoRoom("There is no room on our disk just now; nothing was taken. Try again in some minutes")

    def fault(self, path: Path, drop: Drop) -> str:
        """Why the file cannot be used as this drop, judged by its first rows ("" = it can)."""
        return "" if is_release(drop.name) else self._look(path, drop.seller)


class IncomingFile:
    """The bytes of one upload while they arrive. It ends by `take`, or by `drop`, which is harmless after that."""

    def __init__(self, owner: HandingIn, drop: Drop, path: Path, *, most_bytes: int) -> None:
        self.what = drop
        self.size = 0
        self._owner = owner
        self._path = path
        self._most_bytes = most_bytes
        self._looked_at = 0
        self._digest = hashlib.sha256(f"{drop.folder}\0{drop.name}\0".encode("utf-8", "surrogatepass"))
        self._streamed = streamed.begin()  # of the bytes alone
        self._descriptor = disk.open_own(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)  # until it is closed: `recover` of another process leaves it alone

    @property
    def digest(self) -> str:
        """SHA-256 of folder, name and bytes, in hex."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append. Raises: TooLarge, NoRoom, OSError; the way out is `drop` then."""
        if self.size + len(chunk) > self._most_bytes:
            raise TooLarge(f"{self.what.name} is larger than {self._most_bytes:,} bytes; nothing was taken")
        if self.size + len(chunk) - self._looked_at > LOOK_BYTES:
            self._owner.check_room(self.what)
            self._looked_at = self.size
        rest = memoryview(chunk)
        while rest:
            written = os.write(self._descriptor, rest)
            self.size += written
            self._streamed.update(rest[:written])
            rest = rest[written:]
        self._digest.update(chunk)

    def into(self, folder: Folder) -> None:
        """It is for another folder of its seller's, as is known only now."""
        self.what = replace(self.what, folder=folder)

    def look(self) -> None:
        """Check its first rows. Raises: NotUsable when they show that it cannot be used."""
        if fault := self._owner.fault(self._path, self.what):
            raise NotUsable(fault)

    def take(self, evidence: str = EVIDENCE) -> Claim:
        """Land it and hand it to the worker: it can no longer be lost. `evidence` says why it counts as whole.

        Raises: OSError, and then nothing was taken.
        """
        claim = self._owner.spool.land(
            self._path, self.what, size=self.size, unsynced=self._descriptor, sha256=self._streamed.hexdigest()
        )
        # What has landed is safe, whatever happens from here on. The doors' process may be recovering at this moment:
        # it takes what has landed for a dead process's and grades it itself, so that it is gone from `landed`.
        with contextlib.suppress(FileNotFoundError):
            self._owner.spool.grade(claim.upload_id, Grade.WHOLE, evidence)
        self._end()
        LOG.info("upload.handed_in", upload=claim.upload_id, seller=claim.seller, bytes=claim.size)
        return claim

    def drop(self) -> None:
        """Discard it."""
        if self._descriptor >= 0:
            disk.remove(self._path)
            self._end()

    def _end(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
