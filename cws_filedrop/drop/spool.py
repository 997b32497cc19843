"""The spool: the way of an upload from the doors to the worker, one rename at a time.

    landed/<id>/            claim.json, data        the bytes are safe (226 may be said); not graded yet
    arrived/<id>.<grade>/   the same                for the worker to take; a cut one has no data, if not replaced
    uploads/<day>/<id>/     the same                taken; stays as long as results are kept

Knows nothing of transports, of a seller's home, or of what is in a file. The doors and the worker are two processes;
the directories are the hand-over between them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from cws_filedrop import private
from cws_filedrop.drop import disk, filesystems
from cws_filedrop.drop.claims import Cause, Claim, Drop, read_claim
from cws_filedrop.drop.kept import KeptFile, kept
from cws_filedrop.model import Grade

UPLOAD_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[2-9a-hjkmnp-tv-z]{4}")
_LETTERS: Final = "23456789abcdefghjkmnpqrstvwxyz"  # none that are taken for one another; in the order they sort
_SLOTS: Final = len(_LETTERS) ** 4  # in a second
_CLAIM: Final = "claim.json"
_GRADED: Final = "graded.json"
_DATA: Final = "data"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload that waits for the worker."""

    upload_id: str
    grade: Grade
    path: Path


def arrival_stamp(upload_id: str) -> str:
    """When an upload came, as its id says: a stamp, to the second."""
    day, second, _ = upload_id.split("-")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{second[:2]}:{second[2:4]}:{second[4:]}Z"


class Ids:
    """Upload ids: the UTC second, then four letters that grow within it, so that ids sort in order of arrival."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def take(self) -> tuple[str, datetime]:
        """A new id and its moment; never the same twice from this object."""
        with self._lock:
            now = self._clock()
            slot = int(now.timestamp()) * _SLOTS + now.microsecond * _SLOTS // 1_000_000
            if self._last - 2 * _SLOTS < slot <= self._last:  # a clock set back further than that is believed
                slot = self._last + 1
            self._last = slot
        second, letters = divmod(slot, _SLOTS)
        return f"{datetime.fromtimestamp(second, UTC):%Y%m%d-%H%M%S}-{_spell(letters)}", now


def _spell(number: int) -> str:
    text = ""
    for _ in range(4):
        number, letter = divmod(number, len(_LETTERS))
        text = _LETTERS[letter] + text
    return text


def _now() -> datetime:
    return datetime.now(UTC)


class Spool:
    """The three directories under `root`, which must be on the filesystem of the sellers' homes."""

    def __init__(self, root: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self.root = root
        root.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        self._landed, self._arrived, self._uploads = root / "landed", root / "arrived", root / "uploads"
        for directory in (self._landed, self._arrived, self._uploads):
            directory.mkdir(mode=private.FOLDER, exist_ok=True)
        self._ids = Ids(clock)
        # Elsewhere a file may have another inode whenever one asks.
        self._has_lasting_inodes = filesystems.kind_at(root) in filesystems.LOCAL

    # The doors' side.

    def land(self, source: Path, drop: Drop, *, size: int, unsynced: int | None = None, sha256: str = "") -> Claim:
        """Take a file of our own; when this returns, it can no longer be lost.

        `unsynced` is its descriptor, unless its bytes are on the disk already; `sha256` their digest, if it is known.
        Raises: OSError (FileNotFoundError when `source` vanished), and then nothing was taken.
        """
        claim = self.open_claim(drop, replace(kept(os.lstat(source), sha256), size=size), unsynced=unsynced)
        directory = self._landed / claim.upload_id
        try:
            disk.move(source, directory / _DATA)
        except OSError:
            self.drop_landed(claim.upload_id)
            raise
        self.sync_landed(claim.upload_id, source.parent)
        return claim

    def sync_landed(self, upload_id: str, *more: Path) -> None:
        """Return when the names in the directory of a landed upload, and in `more` directories, are on the disk."""
        places = (self._landed / upload_id, self._landed, *more)
        disk.together(*(partial(disk.sync_directory, one) for one in places))

    def open_cut(self, drop: Drop, *, size: int, cause: Cause, evidence: str, kept: bool) -> Claim:
        """Begin to report an upload that was cut: the intent is on the disk, `grade` completes it."""
        claim = self.open_claim(drop, KeptFile(size), cut=(cause, evidence, kept))
        self.sync_landed(claim.upload_id)
        return claim

    def open_claim(
        self,
        drop: Drop,
        file: KeptFile,
        *,
        cut: tuple[Cause, str, bool] | None = None,
        unsynced: int | None = None,
    ) -> Claim:
        """Begin to land a file: a new id, and a claim on the disk. The bytes follow, or `drop_landed`."""
        upload_id, moment = self._new_directory()
        cause, evidence, kept = cut or (Cause.NONE, "", False)
        claim = Claim(
            seller=drop.seller,
            folder=drop.folder,
            name=drop.name,
            door=drop.door,
            client=drop.client,
            upload_id=upload_id,
            size=file.size,
            inode=file.inode if self._has_lasting_inodes else 0,
            mtime_ns=file.mtime_ns,
            sha256=file.sha256,
            arrived_at=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            grade=None if cut is None else Grade.CUT,
            evidence=evidence,
            cause=cause,
            kept=kept,
        )
        path = self._landed / upload_id / _CLAIM
        beside = [] if unsynced is None else [partial(disk.sync_file, unsynced)]
        try:
            disk.write_soon(path, [claim.as_json()])
            disk.together(partial(disk.sync_path, path), *beside)
        except OSError:
            self.drop_landed(upload_id)
            raise
        return claim

    def _new_directory(self) -> tuple[str, datetime]:
        while True:
            upload_id, moment = self._ids.take()
            with contextlib.suppress(FileExistsError):
                disk.make_directory(self._landed / upload_id)
                if self._place(upload_id) is None:  # taken by another process, which has moved it on already
                    return upload_id, moment
                disk.remove_directory(self._landed / upload_id)

    def as_cut(self, claim: Claim, *, cause: Cause, evidence: str, kept: bool) -> Claim:
        """Turn a landed upload into one that is to be reported as cut (the intent only)."""
        changed = replace(claim, grade=Grade.CUT, cause=cause, evidence=evidence, kept=kept)
        _rewrite(self._landed / claim.upload_id, changed)
        return changed

    def grade(self, upload_id: str, grade: Grade, evidence: str = "") -> None:
        """Hand a landed upload to the worker.

        Not synced: `accept` does that. A power cut before then can only make a whole upload doubtful (it lies in
        `landed` again), never lose or double it.
        """
        directory = self._landed / upload_id
        if evidence:
            disk.write_soon(directory / _GRADED, [json.dumps({"evidence": evidence}).encode()])
        disk.move(directory, self._arrived / f"{upload_id}.{grade}")

    def landed(self) -> Iterator[tuple[str, Claim | None]]:
        """What lies ungraded; None for one whose claim was never written. Only right while no door is open."""
        for directory in sorted(self._landed.iterdir()):
            yield directory.name, _claim_in(directory)

    def landed_data(self, upload_id: str) -> Path:
        """Where the bytes of a landed upload are, or would be."""
        return self._landed / upload_id / _DATA

    def change_landed(self, claim: Claim, file: KeptFile) -> Claim:
        """Its bytes are now those of `file`; the claim says so on the disk."""
        inode = file.inode if self._has_lasting_inodes else 0
        changed = replace(claim, size=file.size, inode=inode, mtime_ns=file.mtime_ns, sha256=file.sha256)
        _rewrite(self._landed / claim.upload_id, changed)
        return changed

    def drop_landed(self, upload_id: str) -> None:
        """Forget a landed upload that holds no bytes."""
        directory = self._landed / upload_id
        for leftover in directory.iterdir():
            if leftover.name != _DATA:
                disk.remove(leftover)
        try:
            disk.remove_directory(directory)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or (directory / _DATA).exists():
                raise
            # FUSE keeps what a program has open under a name of its own until that closes it. The next start tidies up.
            disk.move(directory, self._landed / f".dropped-{upload_id}")

    # The worker's side.

    def arrivals(self) -> Iterator[Arrival]:
        """What waits for the worker, in order of arrival."""
        for directory in sorted(self._arrived.iterdir()):
            upload_id, _, grade = directory.name.partition(".")
            if UPLOAD_ID.fullmatch(upload_id) and grade in list(Grade):
                yield Arrival(upload_id, Grade(grade), directory)

    def unrecorded(self) -> list[str]:
        """The ids of all that lies before the worker: not graded yet, or not taken; in order of arrival."""
        names = [*os.listdir(self._landed), *os.listdir(self._arrived)]
        return sorted({name.partition(".")[0] for name in names if UPLOAD_ID.fullmatch(name.partition(".")[0])})

    def arrival(self, upload_id: str) -> Arrival | None:
        """That upload, if it still waits for the worker."""
        found = ((grade, self._arrived / f"{upload_id}.{grade}") for grade in Grade)
        return next((Arrival(upload_id, grade, path) for grade, path in found if path.is_dir()), None)

    def accept(self, arrival: Arrival) -> Path:
        """Take an arrival; harmless when repeated. Returns its directory, whose claim now holds the grade."""
        target = self.path(arrival.upload_id)
        if not arrival.path.is_dir() and target.is_dir():
            return target
        claim = _claim_in(arrival.path)
        if claim is None:
            raise FileNotFoundError(arrival.path / _CLAIM)
        # Nothing is synchronised here: the caller has recorded the arrival durably, and should a power cut undo the
        # move, the upload is found where it was and accepted again. Six waits for the disk cost more than reading it.
        graded = replace(claim, grade=arrival.grade, evidence=_evidence_in(arrival.path, claim))
        disk.write_soon(arrival.path / f"{_CLAIM}.new", [graded.as_json()])
        disk.move(arrival.path / f"{_CLAIM}.new", arrival.path / _CLAIM)
        disk.remove(arrival.path / _GRADED)
        target.parent.mkdir(mode=private.FOLDER, exist_ok=True)
        disk.move(arrival.path, target)
        return target

    def accepted(self) -> Iterator[str]:
        """The id of every upload that was taken, in order of arrival."""
        for day in sorted(self._uploads.iterdir()):
            yield from sorted(directory.name for directory in day.iterdir() if UPLOAD_ID.fullmatch(directory.name))

    def path(self, upload_id: str) -> Path:
        """The directory of an upload that was taken. Raises: ValueError for what is no upload id."""
        if UPLOAD_ID.fullmatch(upload_id) is None:
            raise ValueError(f"not an upload id: {upload_id!r}")
        return self._uploads / upload_id[:8] / upload_id

    def data_path(self, upload_id: str) -> Path:
        """Where the bytes of an upload are, taken or not. Raises: FileNotFoundError, for a cut one too."""
        directory = self._place(upload_id)
        if directory is None or not (directory / _DATA).is_file():
            raise FileNotFoundError(f"no bytes of upload {upload_id} in the spool")
        return directory / _DATA

    def claim_of(self, upload_id: str) -> Claim:
        """The claim of an upload, taken or not. Raises: FileNotFoundError."""
        directory = self._place(upload_id)
        claim = None if directory is None else _claim_in(directory)
        if claim is None:  # it may have been accepted this moment
            directory = self._place(upload_id)
            claim = None if directory is None else _claim_in(directory)
        if directory is None or claim is None:
            raise FileNotFoundError(f"no claim of upload {upload_id} in the spool")
        grade = Grade(directory.name.partition(".")[2]) if directory.parent == self._arrived else claim.grade
        return replace(claim, grade=grade, evidence=_evidence_in(directory, claim))

    def seen(self, upload_id: str) -> Claim | None:
        """The claim of an upload wherever it is, also of one that is not graded yet; None when there is none."""
        if UPLOAD_ID.fullmatch(upload_id) is None:
            return None
        landed = _claim_in(self._landed / upload_id)  # first of all, since that is the way they go
        if landed is not None:
            return landed
        try:
            return self.claim_of(upload_id)
        except FileNotFoundError:
            return None

    def _place(self, upload_id: str) -> Path | None:
        # In the order uploads move, so that one on its way is not missed.
        places = [*(self._arrived / f"{upload_id}.{grade}" for grade in Grade), self.path(upload_id)]
        return next((place for place in places if place.is_dir()), None)


def _claim_in(directory: Path) -> Claim | None:
    try:
        return read_claim((directory / _CLAIM).read_bytes())
    except (OSError, ValueError):
        return None


def _evidence_in(directory: Path, claim: Claim) -> str:
    try:
        return str(json.loads((directory / _GRADED).read_bytes())["evidence"])
    except (OSError, ValueError, KeyError, TypeError):
        return claim.evidence


def _rewrite(directory: Path, claim: Claim) -> None:
    working = directory / f"{_CLAIM}.new"
    disk.write(working, [claim.as_json()])
    disk.move(working, directory / _CLAIM)
    disk.sync_directory(directory)
