"""A file that another program put on disk -> the spool: moved out of reach, looked at again, kept or given back.

Between the look that called it complete and the rename a program may open it. Afterwards nobody can reach it by its
name, so that a second look is the last word where the system tells who has a file open. Knows nothing of grades.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cws_filedrop.drop import disk
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.home import Homes, regular
from cws_filedrop.drop.kept import KeptFile, kept
from cws_filedrop.drop.names import variant
from cws_filedrop.drop.spool import Spool
from cws_filedrop.drop.stillness import Openness, Signature, openness, signature_of
from cws_filedrop.errors import FileDropError

ASIDE: Final = ".taking-"


class StillWritten(FileDropError):
    """A program went on writing to a file that looked complete; it lies in its folder again."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a file is looked at that is about to be taken: it must be as it was `seen`; `openness` says who has it open.

    With `wait`, one of which nobody can say that is only set aside.
    """

    seen: Signature | None = None
    openness: Callable[[Path], Openness] = openness
    wait: bool = False


AT_ONCE: Final = Look()


class SetAside(FileDropError):
    """Nobody can say whether a file is still open; it lies out of reach now, to be looked at once more."""

    def __init__(self, file: AsideFile) -> None:
        super().__init__(f"{file.original} is set aside")
        self.file = file


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A file out of everybody's reach, whose bytes are at `path`; `original` is where it lay."""

    claim: Claim
    path: Path
    original: Path
    before: KeptFile


def set_aside(spool: Spool, path: Path, drop: Drop, seen: Signature | None) -> AsideFile:
    """Move a file out of reach. Raises: StillWritten when it is not as it was `seen`; OSError."""
    # Another program wrote it, and need not have synced it: its bytes must be on the disk before the rename says
    # that they are ours. No link is followed, and a pipe is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        disk.sync_file(descriptor)
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if seen is not None and signature_of(found) != seen:
        raise StillWritten(f"{path} was changed when it was about to be taken")
    before = kept(found)
    claim = spool.open_claim(drop, before)
    try:
        place = _move(path, spool.landed_data(claim.upload_id))
    except OSError:
        spool.drop_landed(claim.upload_id)
        raise
    spool.sync_landed(claim.upload_id, path.parent)
    return AsideFile(claim, place, path, before)


def _move(path: Path, data: Path) -> Path:
    try:
        disk.move(path, data)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Its folder is on a file system of its own: out of reach there, and then copied.
        data = path.with_name(ASIDE + data.parent.name)
        disk.move(path, data)
    return data


def look_again(aside: AsideFile, look: Callable[[Path], Openness]) -> Openness:
    """What is known of a file now that it is out of reach; OPEN also when it was changed meanwhile."""
    state = look(aside.path)  # first this: who closed it before the other look has written before that
    found = regular(aside.path)
    return Openness.OPEN if found is None or aside.before.why_not(found) else state


def keep(spool: Spool, aside: AsideFile) -> Claim:
    """Make the bytes ours alone. Raises: StillWritten when they changed while they were copied; OSError."""
    found = os.lstat(aside.path)
    data = spool.landed_data(aside.claim.upload_id)
    if found.st_nlink == 1 and aside.path == data:
        disk.make_private(data)
        return aside.claim
    claim = _copied(spool, aside, data)
    if aside.path != data:
        disk.remove(aside.path)
        disk.sync_directory(aside.path.parent)
    return claim


# By another name of the same file, or by another path, programs could write to it for ever.
def _copied(spool: Spool, aside: AsideFile, data: Path) -> Claim:
    copy = data.with_name("copy")
    descriptor = os.open(aside.path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        disk.copy_bytes(descriptor, copy)
        changed = aside.before.why_not(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if changed or os.lstat(copy).st_size != aside.before.size:
        raise StillWritten(f"{aside.original} was changed while it was copied")
    claim = spool.change_landed(aside.claim, kept(os.lstat(copy)))
    disk.move(copy, data)
    spool.sync_landed(claim.upload_id)
    return claim


def give_back(spool: Spool, aside: AsideFile) -> Path:
    """Put a file back where it lay, or beside what has its name by now. Returns where. Raises: OSError."""
    place = aside.original
    try:
        disk.move_new(aside.path, place)
    except OSError:  # there is one by that name, or it cannot be known whether there is
        place = place.with_name(variant(place.name, aside.claim.upload_id))
        disk.move(aside.path, place)
    disk.sync_directory(place.parent)
    disk.remove(spool.landed_data(aside.claim.upload_id))  # a copy, if there is one
    spool.drop_landed(aside.claim.upload_id)
    return place


def after_crash(spool: Spool, homes: Homes, claim: Claim) -> AsideFile | None:
    """The file that a process which died had set aside; None when it never moved it. Nobody was told of it."""
    original = homes.of(claim.seller).folder(claim.folder) / claim.name
    data = spool.landed_data(claim.upload_id)
    places = (original.with_name(ASIDE + claim.upload_id), data)  # the first is the file itself, the other its copy
    found = next((place for place in places if regular(place) is not None), None)
    return None if found is None else AsideFile(claim, found, original, replace(claim.kept_file, inode=0))
