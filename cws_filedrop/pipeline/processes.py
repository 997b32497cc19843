"""Reading, and publishing large results, in processes of their own: they do not share the worker's interpreter lock,
and a file that kills its reader kills nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.errors import Impossible
from cws_filedrop.model import Seller, UploadState
from cws_filedrop.pipeline import reading, recording, weight
from cws_filedrop.pipeline.reading import PreparedUpload, ReadingTask
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.processes.effort import Effort
from cws_filedrop.processes.reading_process import (
    UNLIMITED,
    ProcessDied,
    ProcessHung,
    ProcessOverran,
    ReadingProcess,
    Work,
)
from cws_filedrop.rules import catalogue
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
LEAST_LINE_BYTES: Final = 20  # an order number is nearly that
MOST_UNPACKED: Final = 1032  # times what it was, by the method of gzip and zip (RFC 1951: 258 bytes in two bits)
MIB: Final = 1_048_576


class Lane(StrEnum):
    """Which process a file is read by. None of them waits for another."""

    SMALL = "small"
    LARGE = "large"
    PACKED = "packed"  # large once unpacked: what may be any amount of work for a few bytes


class Processes:
    """One process that reads small files, and one each for large and packed ones, started when the first comes."""

    def __init__(self, settings: Settings, small: ReadingProcess) -> None:
        self._settings = settings
        self._heavy = settings.service.heavy_bytes
        large = {lane: ReadingProcess(settings, lane) for lane in (Lane.LARGE, Lane.PACKED)}
        self._each = {Lane.SMALL: small, **large}

    def weight(self, path: Path, size: int) -> int:
        """How much of a file of that many bytes there is to read; what makes it large is not told exactly."""
        return weight.of_file(path, size, self._heavy)

    def lane(self, path: Path, size: int) -> Lane:
        """Which process a file of that many bytes goes to."""
        if self.weight(path, size) <= self._heavy:
            return Lane.SMALL
        return Lane.PACKED if weight.is_packed(path) else Lane.LARGE

    def is_large(self, upload: Upload) -> bool:
        """Has an upload that was read so many lines that its result is written by the process for large ones?"""
        return upload.size > self._heavy or upload.line_count * LEAST_LINE_BYTES > self._heavy

    def warm_up(self) -> None:
        """Wait for the reader of small files, so that the first file does not."""
        self._run(Lane.SMALL, Work.PING, None)

    def read(
        self, context: ServiceContext, batch: Sequence[Upload], *, wait_for_turn: Callable[[], None]
    ) -> list[Upload]:
        """Read uploads, and record them when it is their turn. Returns them as they are afterwards; those that could
        not be read are set aside as failed.

        Raises: OSError, DatabaseUnavailable when disk or database do not work at all.
        """
        unread = [upload for upload in batch if upload.state is UploadState.ARRIVED]
        owners = sellers.by_ids(context.db, {upload.seller_id for upload in unread})
        kept = [upload for upload in batch if upload.state is not UploadState.ARRIVED]
        while unread:
            done = self._read(context, unread, owners, wait_for_turn)
            kept += done
            # What is left was judged by orders that changed before it was recorded: it is judged again.
            unread = [upload for upload in unread if upload.id not in {recorded.id for recorded in done}]
        return kept

    def _read(
        self,
        context: ServiceContext,
        unread: Sequence[Upload],
        owners: Mapping[int, Seller],
        wait_for_turn: Callable[[], None],
    ) -> list[Upload]:
        """Read and record uploads; those whose orders changed meanwhile are missing from the answer."""
        prepared: dict[str, PreparedUpload] = {}
        kept: list[Upload] = []
        for upload in unread:
            if (aside := recording.without_reading(context, upload)) is not None:
                prepared[upload.id] = aside
                continue
            try:
                task = recording.task(context, upload, owners[upload.seller_id])
            except FileNotFoundError as error:  # its bytes are gone; the other uploads must not suffer from that
                LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
                prepared[upload.id] = reading.failed(error)
                continue
            lane = self.lane(task.path, upload.size)
            if lane is Lane.SMALL:
                prepared[upload.id] = self._prepared(task, upload)
            else:
                kept.append(self._read_large(context, upload, owners[upload.seller_id], lane))
        read = [
            ReadUpload(upload, owners[upload.seller_id], prepared[upload.id])
            for upload in unread
            if upload.id in prepared
        ]
        # Groups are read side by side but recorded in order of arrival: what a file means may depend on earlier ones.
        wait_for_turn()
        return kept + (recording.keep(context, read) if read else [])

    def _prepared(self, task: ReadingTask, upload: Upload) -> PreparedUpload:
        """A small file, read. One by one, so that each answers for itself: a file that ends the process, by its death
        or by what it takes, costs the others nothing."""
        try:
            (prepared,) = self._run(Lane.SMALL, Work.PREPARE, [task], most=self._most(upload.size, Lane.SMALL))
        except (ProcessOverran, ProcessHung) as why:
            return _ended(upload, why)
        except Impossible as error:
            return reading.failed(error)
        read: PreparedUpload = prepared
        return read

    def _read_large(self, context: ServiceContext, upload: Upload, seller: Seller, lane: Lane) -> Upload:
        try:
            read: Upload = self._run(lane, Work.READ_LARGE, upload.id, most=self._most(upload.size, lane))
            return read
        except (OSError, DatabaseUnavailable):
            raise
        except (ProcessOverran, ProcessHung) as why:
            prepared = _ended(upload, why)
        except Exception as error:
            LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
            prepared = reading.failed(error)
        return self._set_aside(context, upload, seller, prepared)

    @staticmethod
    def _set_aside(context: ServiceContext, upload: Upload, seller: Seller, prepared: PreparedUpload) -> Upload:
        with context.db.write() as connection:
            if uploads.unread_in(connection, [upload.id]):  # else it was recorded whole before the process ended
                recording.forget_in(connection, upload.id)
        return recording.keep(context, [ReadUpload(upload, seller, prepared)])[0]

    def _most(self, size: int, lane: Lane) -> Effort:
        """What reading a file of that many bytes may take, as [limits] says."""
        limits = self._settings.limits
        unpacked = {
            Lane.SMALL: self._heavy,
            Lane.LARGE: size,
            Lane.PACKED: min(limits.unpacked_bytes, size * MOST_UNPACKED),
        }[lane]
        seconds = limits.reading_seconds + limits.reading_seconds_per_mib * unpacked / MIB
        cpu, stalled = seconds if limits.reading_seconds else 0.0, limits.reading_stalled_seconds
        clock = stalled + seconds * limits.reading_clock_factor if limits.reading_clock_factor else 0.0
        return Effort(limits.reading_memory_bytes, cpu, clock, stalled)

    def publish_large(self, upload_id: str) -> bool:
        """`outbox.publish`, in the process for large files; whether that worked."""
        try:
            most = Effort(0, 0.0, stalled_seconds=self._settings.limits.reading_stalled_seconds)
            published: bool = self._run(Lane.LARGE, Work.PUBLISH, upload_id, most=most)
            return published
        except (Impossible, ProcessHung):
            LOG.exception("outbox.not_delivered", upload=upload_id)
            return False

    def close(self) -> None:
        """Stop the processes; unfinished work is done again after the next start."""
        for process in self._each.values():
            process.close()

    def _run(self, lane: Lane, work: Work, given: object, *, most: Effort = UNLIMITED) -> Any:
        for _ in range(2):
            try:
                return self._each[lane].ask(work, given, most=most)
            except ProcessDied:
                LOG.error("process.died", process=lane)
        raise Impossible("the process that read this file died twice (out of memory?)")


def _ended(upload: Upload, why: ProcessOverran | ProcessHung) -> PreparedUpload:
    """The result for a file whose reader was ended: too much work is the file's fault, standing still may be ours."""
    LOG.warning("upload.reading_stopped", upload=upload.id, seller=upload.seller, why=str(why))
    if isinstance(why, ProcessHung):
        issue = catalogue.issue("F05", detail=f"stopped={why}")
        return PreparedUpload(state=UploadState.FAILED, failure=f"reading was given up: {why}", issues=(issue,))
    return PreparedUpload(state=UploadState.REJECTED, issues=(catalogue.issue("F05", detail=str(why)),))
