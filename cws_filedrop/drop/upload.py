"""One upload while it arrives in its seller's home; enough of a file object for a door to write to.

Knows nothing of protocols or grades. Belongs to `intake`, which opens it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from cws_filedrop.drop import disk, streamed
from cws_filedrop.drop.claims import Cause, Claim, Drop
from cws_filedrop.drop.home import Homes, Unfinished, UploadStage
from cws_filedrop.drop.spool import Spool
from cws_filedrop.drop.streamed import StreamedDigests
from cws_filedrop.errors import FileDropError


class Busy(FileDropError):
    """That name is being uploaded already; it may work later."""


class NoRoom(FileDropError):
    """The disk is nearly full; it works again when there is room."""


class NothingToResume(FileDropError):
    """The client wants to resume from an offset beyond the bytes that are here."""


class NotWhole(FileDropError):
    """Only part of this file arrived, so that it cannot be delivered."""


class TooLarge(FileDropError):
    """More bytes than one upload may have."""


class _Owner(Protocol):
    @property
    def homes(self) -> Homes: ...
    @property
    def spool(self) -> Spool: ...
    @property
    def streamed(self) -> StreamedDigests: ...
    def is_working(self, name: str) -> bool: ...
    def first_look(self, path: Path, drop: Drop) -> str: ...
    def release_name(self, drop: Drop) -> None: ...
    def keep_replaced(self, drop: Drop, held: Path) -> None: ...
    def report_cut(self, drop: Drop, *, size: int, cause: Cause, evidence: str) -> Claim: ...


class IncomingUpload:
    """The bytes of one upload while they arrive. It ends by exactly one of `finish`, `cut` and `abandon`.

    Belongs to one thread at a time; only `sync` may run beside another method.
    """

    def __init__(
        self, owner: _Owner, drop: Drop, *, offset: int | None, limit_bytes: int, own_inodes: Collection[int] = ()
    ) -> None:
        self._owner = owner
        self._limit_bytes = limit_bytes
        self.drop = drop
        self._home = owner.homes.of(drop.seller)
        earlier = self._home.find(drop.folder, drop.name)
        # A client was told that these bytes are safe, and is not the one that comes now.
        self._is_strangers = earlier is not None and earlier.is_told and earlier.inode not in own_inodes
        self.name: str = str(self._part)
        self.closed = False
        self.first_byte = self._first_byte(earlier, offset)
        self.size = self.first_byte
        self._resumed_from = earlier if self.first_byte else None
        inode = 0 if earlier is None else earlier.inode
        self._digest = owner.streamed.of(inode, self.first_byte) if self.first_byte else streamed.begin()
        if earlier is not None and earlier.path != self._part:
            self._replace(earlier)
        self._descriptor = disk.open_own(self._part)
        self.inode = os.fstat(self._descriptor).st_ino
        os.ftruncate(self._descriptor, self.first_byte)
        os.lseek(self._descriptor, self.first_byte, os.SEEK_SET)

    @property
    def _part(self) -> Path:
        return self._home.landing(self.drop.folder, UploadStage.PART) / self.drop.name

    def _first_byte(self, earlier: Unfinished | None, offset: int | None) -> int:
        size = 0 if earlier is None else earlier.path.stat().st_size
        if offset is None:
            return size
        if offset > size:
            raise NothingToResume(f"only {size} bytes of {self.drop.name} are here; upload it from the start")
        if self._is_strangers and 0 < offset < size:
            raise NothingToResume(f"all of {self.drop.name} is here; rename it, or upload it from the start")
        return offset

    def _replace(self, earlier: Unfinished) -> None:
        if self.first_byte:
            disk.move(earlier.path, self._part)
        elif self._is_strangers:
            self._owner.keep_replaced(self.drop, earlier.path)
        else:
            disk.remove(earlier.path)

    @property
    def sha256(self) -> str:
        """The digest of all its bytes; "" until it is finished, when the first of them came we do not know how."""
        return "" if self._digest is None else self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append. Raises: TooLarge, OSError."""
        if self.size + len(chunk) > self._limit_bytes:
            raise TooLarge(f"{self.drop.name} is larger than {self._limit_bytes} bytes")
        rest = memoryview(chunk)
        while rest:
            written = os.write(self._descriptor, rest)
            self.size += written
            if self._digest is not None:
                self._digest.update(rest[:written])
            rest = rest[written:]

    def sync(self) -> None:
        """Return when the bytes are on the disk. The only method that another thread may call during `write`."""
        disk.sync_file(self._descriptor)

    def finish(self) -> Claim | None:
        """Land it, or keep it for its rename if it has a working name (None); either way it is on the disk then.

        Raises: OSError; the upload is then as it was, and `cut` is the way out.
        """
        claim = None
        self._digest = self._digest or streamed.of_file(self._part)
        if self._owner.is_working(self.drop.name):
            # fsync, rename, fsync of the directory. Bytes before the name: after a power cut a file in HELD must be
            # whole. The directory before the answer: otherwise the rename may be undone, and the client has gone.
            self.sync()
            held = self._home.landing(self.drop.folder, UploadStage.HELD)
            disk.move(self._part, held / self.drop.name)
            disk.sync_directory(held)
        else:
            # `land` syncs the bytes and the claim at the same time, both before the rename, and the directories after
            # it.
            fault = self._owner.first_look(self._part, self.drop)
            landed = self._owner.spool.land(
                self._part, self.drop, size=self.size, unsynced=self._descriptor, sha256=self.sha256
            )
            claim = replace(landed, fault=fault)
        self._end()
        return claim

    def cut(self, cause: Cause, evidence: str) -> Claim:
        """Report it as cut. Raises: OSError; the next start of the service then reports it."""
        try:
            return self._owner.report_cut(self.drop, size=self.size, cause=cause, evidence=evidence)
        finally:
            self._end()

    def abandon(self) -> None:
        """Not one byte arrived: restore what was there before."""
        if self.closed:
            return
        if self._resumed_from is None:
            disk.remove(self._part)
        else:
            disk.move(self._part, self._resumed_from.path)
        self._end()

    def close(self) -> None:
        """Abandon an upload for which no data connection was ever made; the library calls it as a file's."""
        self.abandon()

    # The name last: whoever uploads it next must not find this one's file still under it.
    def _end(self) -> None:
        self.closed = True
        os.close(self._descriptor)
        self._owner.streamed.keep(self.inode, self.size, self._digest)
        self._owner.release_name(self.drop)
