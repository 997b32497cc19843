"""Intake: an upload from its first byte to the spool, the same for every door.

Owns the rule that a name is uploaded by one connection at a time, and the recovery after a crash. Knows nothing of
protocols: the doors report what they saw of a client, and that decides the grade.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, assert_never

from cws_filedrop import log
from cws_filedrop.drop import collecting, disk, streamed
from cws_filedrop.drop.allowance import Counting, TooMuch
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind, Witness, unseen
from cws_filedrop.drop.claims import Cause, Claim, Drop
from cws_filedrop.drop.collecting import AT_ONCE, AsideFile, Look, SetAside, StillWritten
from cws_filedrop.drop.home import Folder, Home, Homes, Unfinished, UploadStage, regular
from cws_filedrop.drop.kept import kept
from cws_filedrop.drop.names import final_name, is_release, is_temporary
from cws_filedrop.drop.spool import Spool
from cws_filedrop.drop.stillness import Openness, cannot_tell
from cws_filedrop.drop.streamed import StreamedDigests
from cws_filedrop.drop.upload import Busy, IncomingUpload, NoRoom, NothingToResume, NotWhole, TooLarge
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import NO_LIMITS, Allowance, Door, Grade

__all__ = ["Busy", "IncomingUpload", "Intake", "NoRoom", "NotWhole", "NothingToResume", "TooLarge", "TooMuch"]

_LOG = log.get(__name__)
_RESTARTED: Final = "the service stopped before it was known whether the client was still there"
NOTHING: Final[Mapping[int, str]] = MappingProxyType({})
_REPLACED: Final = "complete under a working name, but never renamed; then another connection took that name"
_INTERRUPTED: Final = "the service stopped in the middle of this upload"


def _sees_nothing(path: Path, seller: str) -> str:
    return ""


def _nobody(upload_id: str) -> None:
    """The default for `announce_to`: nobody listens."""


class Intake:
    """Takes uploads into the spool. Every method may be called from any thread.

    Raises: ConfigError when homes and spool are on two filesystems, since a claim is a rename.
    """

    def __init__(self, homes: Homes, spool: Spool, *, upload_limit_bytes: int, least_free_bytes: int = 0) -> None:
        if os.stat(homes.root).st_dev != os.stat(spool.root).st_dev:
            raise ConfigError(f"{homes.root} and {spool.root} must be on one filesystem")
        self.homes = homes
        self.spool = spool
        self.streamed = StreamedDigests()
        self.upload_limit_bytes = upload_limit_bytes
        self.least_free_bytes = least_free_bytes
        self.working_names: tuple[str, ...] = ()  # patterns, besides those that `names` knows
        self._counting = Counting()
        self._look: Callable[[Path, str], str] = _sees_nothing
        self.witness: Witness = unseen
        self._on_arrival: Callable[[str], None] = _nobody
        self._live: set[tuple[str, Folder, str]] = set()
        self._lock = threading.Lock()  # for "is it there? then add it"; never held over a call to the disk
        self._only: IO[bytes] | None = None

    def is_working(self, name: str) -> bool:
        """Is it a name that is used while a file is written?"""
        return is_temporary(name, self.working_names)

    def look_first(self, look: Callable[[Path, str], str]) -> None:
        """Check uploads before they are claimed: `look` returns why a seller's file cannot be used ("" = it can)."""
        self._look = look

    def first_look(self, path: Path, drop: Drop) -> str:
        """Why the file cannot be used as this drop, judged by its first rows; "" when nothing is wrong so far."""
        return "" if is_release(drop.name) else self._look(path, drop.seller)

    def announce_to(self, on_arrival: Callable[[str], None]) -> None:
        """Call `on_arrival` with the id of each upload that is graded, from the grading thread; it must not block."""
        self._on_arrival = on_arrival

    # Uploads that arrive by a door.

    def begin(
        self,
        drop: Drop,
        *,
        offset: int | None = 0,
        allowance: Allowance = NO_LIMITS,
        own_inodes: Collection[int] = (),
    ) -> IncomingUpload:
        """Open an upload: from byte 0 (replaces an unfinished one), from byte `offset` of it, or at its end (None).

        `own_inodes` are those of complete uploads that may be replaced without a word.
        Raises: Busy, NoRoom, NothingToResume, TooMuch, OSError.
        """
        self._counting.check(self.homes.of(drop.seller), allowance)
        # Before the first byte: a disk that fills up in the middle would leave the worker without room as well.
        if disk.free_bytes(self.homes.root) < self.least_free_bytes:
            _LOG.error("upload.refused_for_room", refused=drop.name, seller=drop.seller)
            raise NoRoom("There is no room on our disk just now; nothing was taken. Try again in some minutes")
        # The name before the file: of two connections only one may replace or resume what is there.
        self._take_name(drop)
        try:
            upload = IncomingUpload(
                self, drop, offset=offset, limit_bytes=self.most_bytes(allowance), own_inodes=own_inodes
            )
        except BaseException:
            self.release_name(drop)
            raise
        self._counting.begun(drop.seller)
        return upload

    def most_bytes(self, allowance: Allowance) -> int:
        """How large a file may be."""
        return min(self.upload_limit_bytes, allowance.file_bytes or self.upload_limit_bytes)

    def is_live(self, seller: str, folder: Folder, name: str) -> bool:
        """Is that name being uploaded at this moment?"""
        return (seller, folder, name) in self._live  # one look-up needs no lock

    def _take_name(self, drop: Drop) -> None:
        with self._lock:
            if (drop.seller, drop.folder, drop.name) in self._live:
                raise Busy(f"{drop.name} is being uploaded by another connection; try again when that has ended")
            self._live.add((drop.seller, drop.folder, drop.name))

    def release_name(self, drop: Drop) -> None:
        """Let that name be uploaded again."""
        with self._lock:
            self._live.discard((drop.seller, drop.folder, drop.name))

    def keep_replaced(self, drop: Drop, held: Path) -> None:
        """Answer for a complete upload that was never renamed, whose working name another session takes now.

        Its bytes go into the spool, for an operator to release; its receipt says so.
        """
        why = (Cause.REPLACED, _REPLACED, False)
        claim = self.spool.open_claim(replace(drop, name=final_name(drop.name)), kept(os.lstat(held)), cut=why)
        disk.move(held, self.spool.landed_data(claim.upload_id))
        self.spool.sync_landed(claim.upload_id, held.parent)
        self._complete_cut(claim)

    def rename(self, drop: Drop, new_name: str, *, own: Mapping[int, str] = NOTHING) -> Claim | None:
        """Rename an unfinished upload; from a working name to a final one it is delivered, and its claim returned.

        `own` has the digests of complete uploads that may be replaced without a word, by inode.
        Raises: Busy, NotWhole, FileNotFoundError, OSError.
        """
        target = replace(drop, name=new_name)
        with contextlib.ExitStack() as taken:
            # Both names, so that no upload begins under either. Whoever finds one taken gives up instead of waiting, so
            # that two crossing renames cannot block each other. Once each: a name may be renamed to itself.
            for either in dict.fromkeys((drop, target)):
                self._take_name(either)
                taken.callback(self.release_name, either)
            return self._rename(drop, target, own)

    def _deliver(self, unfinished: Unfinished, name: str, target: Drop, sha256: str) -> Claim:
        if unfinished.stage is not UploadStage.HELD:
            raise NotWhole(f"{name} was cut off while it arrived; upload it again, then rename it")
        fault = self.first_look(unfinished.path, target)
        size = unfinished.path.stat().st_size
        if not sha256:  # another connection brought it
            digest = self.streamed.of(unfinished.inode, size) or streamed.of_file(unfinished.path)
            sha256 = digest.hexdigest()
        return replace(self.spool.land(unfinished.path, target, size=size, sha256=sha256), fault=fault)

    def _rename(self, drop: Drop, target: Drop, own: Mapping[int, str]) -> Claim | None:
        home = self.homes.of(drop.seller)
        unfinished = home.find(drop.folder, drop.name)
        if unfinished is None:
            raise FileNotFoundError(drop.name)
        if not self.is_working(target.name):
            return self._deliver(unfinished, drop.name, target, own.get(unfinished.inode, ""))
        replaced = home.find(drop.folder, target.name)
        if replaced is not None and replaced.path != unfinished.path:
            if replaced.is_told and replaced.inode not in own:
                self.keep_replaced(target, replaced.path)
            disk.remove(replaced.path)
        # The bytes were synced before the upload got this name (`IncomingUpload.finish`); the rename itself is on the
        # disk when its directory is. Only then may the client hear that it is renamed, and go away.
        disk.move(unfinished.path, unfinished.path.with_name(target.name))
        disk.sync_directory(unfinished.path.parent)
        return None

    def remove(self, drop: Drop) -> None:
        """Remove an unfinished upload. Raises: Busy, FileNotFoundError."""
        self._take_name(drop)
        try:
            unfinished = self.homes.of(drop.seller).find(drop.folder, drop.name)
            if unfinished is None:
                raise FileNotFoundError(drop.name)
            disk.remove(unfinished.path)
        finally:
            self.release_name(drop)

    # Files that others put into a folder on disk.

    def collect(self, path: Path, drop: Drop, evidence: str, look: Look = AT_ONCE) -> Claim:
        """Take a complete file from where it lies. Doubtful, where the system does not say who has it open.

        Raises: StillWritten, and then it lies there again; SetAside; OSError (FileNotFoundError if it is gone).
        """
        aside = collecting.set_aside(self.spool, path, drop, look.seen)
        match collecting.look_again(aside, look.openness):
            case Openness.OPEN:
                raise self._given_back(aside)
            case Openness.NOT_OPEN:
                return self._collected(aside, Grade.WHOLE, evidence)
            case Openness.CANNOT_TELL if look.wait:
                raise SetAside(aside)
            case Openness.CANNOT_TELL:
                return self._collected(aside, Grade.DOUBTFUL, evidence)
            case other:
                assert_never(other)

    def collect_aside(self, aside: AsideFile, evidence: str) -> Claim:
        """Take a file that was set aside, if nothing has changed it since. Raises: StillWritten, as above; OSError."""
        if collecting.look_again(aside, cannot_tell) is Openness.OPEN:
            raise self._given_back(aside)
        return self._collected(aside, Grade.DOUBTFUL, evidence)

    def _collected(self, aside: AsideFile, grade: Grade, evidence: str) -> Claim:
        try:
            claim = collecting.keep(self.spool, aside)
        except StillWritten:
            self._given_back(aside)
            raise
        self.grade(claim, grade, evidence)
        return claim

    def _given_back(self, aside: AsideFile) -> StillWritten:
        place = collecting.give_back(self.spool, aside)
        _LOG.info("folder.file_returned", path=str(place))
        return StillWritten(f"{place} was still written to")

    # Grades.

    def grade(self, claim: Claim, grade: Grade, evidence: str) -> None:
        """Hand a landed upload to the worker as whole or doubtful."""
        # The rename hands it over. Log, audit trail and announcement follow it: a crash in between loses a line of
        # them, never the upload, which the worker finds in the spool by itself.
        self.spool.grade(claim.upload_id, grade, evidence)
        _LOG.info("upload.arrived", upload=claim.upload_id, seller=claim.seller, grade=str(grade), bytes=claim.size)
        self._witnessed(AuditEventKind.UPLOAD, claim, claim.fault or evidence)
        self._on_arrival(claim.upload_id)

    def report_cut(self, drop: Drop, *, size: int, cause: Cause, evidence: str) -> Claim:
        """Report an unfinished upload as cut; its bytes stay in the home to be resumed, unless it was too large."""
        kept = cause is not Cause.TOO_LARGE
        claim = self.spool.open_cut(drop, size=size, cause=cause, evidence=evidence, kept=kept)
        self._complete_cut(claim)
        return claim

    def take_back(self, claim: Claim, *, cause: Cause, evidence: str) -> None:
        """Report a landed upload as cut after all; its bytes go back to the home."""
        self._complete_cut(self.spool.as_cut(claim, cause=cause, evidence=evidence, kept=True))

    # The claim with the intent is on the disk (`open_cut`, `as_cut`); from here every step may be repeated after a
    # crash. Whatever was done before it is not there to be done again. The bytes move first and the grade comes
    # last: the worker tells the seller that it can resume, so that there must be something to resume.
    def _complete_cut(self, claim: Claim) -> None:
        home = self.homes.of(claim.seller)
        source = None if claim.cause is Cause.REPLACED else self._bytes_of_cut(claim, home)
        if source is not None and claim.kept:
            disk.move(source, home.landing(claim.folder, UploadStage.CUT) / claim.name)
            disk.sync_directory(home.landing(claim.folder, UploadStage.CUT))
        elif source is not None:
            disk.remove(source)
        self.spool.grade(claim.upload_id, Grade.CUT)
        _LOG.info("upload.cut", upload=claim.upload_id, seller=claim.seller, cause=str(claim.cause), bytes=claim.size)
        self._witnessed(AuditEventKind.UPLOAD_CUT, claim, claim.evidence)
        self._on_arrival(claim.upload_id)

    def _witnessed(self, kind: AuditEventKind, claim: Claim, detail: str) -> None:
        where = f"{claim.folder}/{claim.name}"
        by: dict[str, Any] = {"seller": claim.seller, "address": claim.client, "door": str(claim.door)}
        event = AuditEvent(event=kind, **by, name=where, upload_id=claim.upload_id, size=claim.size, detail=detail)
        self.witness(event)

    def _bytes_of_cut(self, claim: Claim, home: Home) -> Path | None:
        growing = (home.landing(claim.folder, stage) / claim.name for stage in (UploadStage.PART, UploadStage.HELD))
        places = (self.spool.landed_data(claim.upload_id), *growing)
        return next((place for place in places if regular(place) is not None), None)

    # After a crash.

    # What has landed first: completing a cut takes its bytes out of the places where parts are looked for, which
    # would otherwise be reported a second time.
    def recover(self, *, wait_seconds: float = 30.0) -> list[str]:
        """Finish what an earlier process left half done; call it before any door is open. Returns upload ids.

        Raises: ConfigError when another process still has the doors after `wait_seconds`.
        """
        self._be_only(wait_seconds)
        done: list[str] = []
        for upload_id, claim in list(self.spool.landed()):
            done += [upload_id] if self._recover_landed(upload_id, claim) else []
        done += [self._recover_part(drop, path) for drop, path in self._parts()]
        self.homes.tidy()
        if done:
            _LOG.info("intake.recovered", uploads=len(done))
        return done

    # Recovery would take a live upload of another process for a dead one. The kernel gives the lock back when its
    # process ends, however it ends; the file itself is never removed, since a lock is on a file and not on a name.
    def _be_only(self, wait_seconds: float) -> None:
        self._only = self._only or (self.spool.root / "doors.lock").open("ab")
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                return fcntl.flock(self._only, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ConfigError(
                        f"{self.spool.root}: another process has the doors open; stop it first"
                    ) from error
                time.sleep(0.05)

    def close(self) -> None:
        """Release the lock, so that another process can open the doors."""
        if self._only is not None:
            self._only.close()
            self._only = None

    def _recover_landed(self, upload_id: str, claim: Claim | None) -> bool:
        has_bytes = regular(self.spool.landed_data(upload_id)) is not None
        if claim is None and has_bytes:
            _LOG.error("upload.claim_not_read", upload=upload_id)  # left where it is, for a person
        elif claim is not None and claim.cause is Cause.REPLACED and not has_bytes:
            self.spool.drop_landed(upload_id)  # they are still where they were
        elif claim is not None and claim.grade is Grade.CUT:
            self._complete_cut(claim)
            return True
        elif claim is not None and claim.door is Door.FOLDER:
            self._recover_collected(claim)
        elif claim is not None and has_bytes:
            self.grade(claim, Grade.DOUBTFUL, _RESTARTED)
            return True
        else:  # the bytes are still where they were before
            self.spool.drop_landed(upload_id)
        return False

    def _recover_collected(self, claim: Claim) -> None:
        """Nobody was told of it, and it may still be written: it lies in its folder again, and is looked at anew."""
        aside = collecting.after_crash(self.spool, self.homes, claim)
        if aside is None:
            self.spool.drop_landed(claim.upload_id)
        else:
            self._given_back(aside)

    def _parts(self) -> Iterator[tuple[Drop, Path]]:
        for home in self.homes.known():
            for folder in Folder:
                for name, part in home.unfinished(folder, UploadStage.PART).items():
                    yield Drop(home.seller, folder, name, Door.FTP, ""), part.path

    def _recover_part(self, drop: Drop, path: Path) -> str:
        size = path.stat().st_size
        return self.report_cut(drop, size=size, cause=Cause.RESTART, evidence=_INTERRUPTED).upload_id
