"""Reading, and publishing large results, in processes of their own: they do not share the worker's interpreter lock,
and a file that kills its reader kills nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.errors import Impossible
from cws_filedrop.model import Seller, UploadState
from cws_filedrop.pipeline import reading, recording
from cws_filedrop.pipeline.reading import PreparedUpload, ReadingTask
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.processes.reading_process import ProcessDied, ReadingProcess, Work
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)


class Processes:
    """One process that reads small files, and one for large ones, started when the first comes."""

    def __init__(self, settings: Settings, small: ReadingProcess) -> None:
        self._settings = settings
        self._each = {"small": small, "large": ReadingProcess(settings, "large")}

    def is_large(self, size: int) -> bool:
        """Does a file of that many bytes go to the process for large ones?"""
        return size > self._settings.service.heavy_bytes

    def warm_up(self) -> None:
        """Wait for the reader of small files, so that the first file does not."""
        self._run("small", Work.PING, None)

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
        small: dict[str, ReadingTask] = {}
        prepared: dict[str, PreparedUpload] = {}
        kept: list[Upload] = []
        for upload in unread:
            if (aside := recording.without_reading(context, upload)) is not None:
                prepared[upload.id] = aside
            elif self.is_large(upload.size):
                kept.append(self._read_large(context, upload, owners[upload.seller_id]))
            else:
                try:
                    small[upload.id] = recording.task(context, upload, owners[upload.seller_id])
                except FileNotFoundError as error:  # its bytes are gone; the other uploads must not suffer from that
                    LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
                    prepared[upload.id] = reading.failed(error)
        prepared |= zip(small, self._prepared(list(small.values())), strict=True)
        read = [
            ReadUpload(upload, owners[upload.seller_id], prepared[upload.id])
            for upload in unread
            if upload.id in prepared
        ]
        # Groups are read side by side but recorded in order of arrival: what a file means may depend on earlier ones.
        wait_for_turn()
        return kept + (recording.keep(context, read) if read else [])

    def _prepared(self, tasks: Sequence[ReadingTask]) -> list[PreparedUpload]:
        if not tasks:
            return []
        try:
            prepared: list[PreparedUpload] = self._run("small", Work.PREPARE, tasks)
            return prepared
        except Impossible as error:
            if len(tasks) == 1:
                return [reading.failed(error)]
        # One of these files kills the process. Read one by one, only that one fails.
        return [prepared for task in tasks for prepared in self._prepared([task])]

    def _read_large(self, context: ServiceContext, upload: Upload, seller: Seller) -> Upload:
        try:
            read: Upload = self._run("large", Work.READ_LARGE, upload.id)
            return read
        except (OSError, DatabaseUnavailable):
            raise
        except Exception as error:
            LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
            return recording.keep(context, [ReadUpload(upload, seller, reading.failed(error))])[0]

    def publish_large(self, upload_id: str) -> bool:
        """`outbox.publish`, in the process for large files; whether that worked."""
        try:
            published: bool = self._run("large", Work.PUBLISH, upload_id)
            return published
        except Impossible:
            LOG.exception("outbox.not_delivered", upload=upload_id)
            return False

    def close(self) -> None:
        """Stop the processes; unfinished work is done again after the next start."""
        for process in self._each.values():
            process.close()

    def _run(self, name: str, work: Work, given: object) -> Any:
        for _ in range(2):
            try:
                return self._each[name].ask(work, given)
            except ProcessDied:
                LOG.error("process.died", process=name)
        raise Impossible("the process that read this file died twice (out of memory?)")
