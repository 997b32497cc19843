"""Reading in processes of their own: no interpreter lock is shared, and a file that kills its reader kills no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from cws_filedrop import log
from cws_filedrop.errors import Impossible
from cws_filedrop.model import Seller, UploadState
from cws_filedrop.pipeline import reading, recording
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.reading import Prepared, Task
from cws_filedrop.pipeline.reading_process import ProcessDied, ReadingProcess, Work
from cws_filedrop.pipeline.recording import Read
from cws_filedrop.settings import Settings
from cws_filedrop.store import sellers
from cws_filedrop.store.uploads import Upload

LOG: Final = log.get(__name__)


class Processes:
    """One process that reads small files, one for large ones, which is started when the first comes."""

    def __init__(self, settings: Settings, small: ReadingProcess) -> None:
        self._settings = settings
        self._each = {"small": small, "large": ReadingProcess(settings, "large")}

    def is_large(self, size: int) -> bool:
        """Is a file of that many bytes worked on apart from the small ones?"""
        return size > self._settings.service.heavy_bytes

    def warm_up(self) -> None:
        """Return when the reader of small files is there, so that the first file does not wait for it."""
        self._run("small", Work.NOTHING, None)

    def read(self, desk: Desk, found: Sequence[Upload], *, wait_for_turn: Callable[[], None]) -> list[Upload]:
        """Read uploads, and record them when it is their turn; as they are afterwards, those that cannot be read set
        aside as failed.

        Raises: OSError, OperationalError when disk or database do not work at all.
        """
        unread = [upload for upload in found if upload.state is UploadState.ARRIVED]
        owners = sellers.by_ids(desk.db, {upload.seller_id for upload in unread})
        kept = [upload for upload in found if upload.state is not UploadState.ARRIVED]
        while unread:
            done = self._read(desk, unread, owners, wait_for_turn)
            kept += done
            # Orders that changed while a file was judged by them: those files are judged once more.
            unread = [upload for upload in unread if upload.id not in {one.id for one in done}]
        return kept

    def _read(
        self, desk: Desk, unread: Sequence[Upload], owners: Mapping[int, Seller], wait_for_turn: Callable[[], None]
    ) -> list[Upload]:
        """Read and record uploads, but those whose orders changed meanwhile."""
        small: dict[str, Task] = {}
        prepared: dict[str, Prepared] = {}
        kept: list[Upload] = []
        for upload in unread:
            if (aside := recording.without_reading(desk, upload)) is not None:
                prepared[upload.id] = aside
            elif self.is_large(upload.size):
                kept.append(self._read_large(desk, upload, owners[upload.seller_id]))
            else:
                try:
                    small[upload.id] = recording.task(desk, upload, owners[upload.seller_id])
                except FileNotFoundError as error:  # somebody took its bytes away; that is not the others' trouble
                    LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
                    prepared[upload.id] = reading.failed(error)
        prepared |= zip(small, self._prepared(list(small.values())), strict=True)
        read = [Read(one, owners[one.seller_id], prepared[one.id]) for one in unread if one.id in prepared]
        wait_for_turn()
        return kept + (recording.keep(desk, read) if read else [])

    def _prepared(self, tasks: Sequence[Task]) -> list[Prepared]:
        if not tasks:
            return []
        try:
            prepared: list[Prepared] = self._run("small", Work.PREPARE, tasks)
            return prepared
        except Impossible as error:
            if len(tasks) == 1:
                return [reading.failed(error)]
        return [prepared for task in tasks for prepared in self._prepared([task])]  # which of them is it?

    def _read_large(self, desk: Desk, upload: Upload, seller: Seller) -> Upload:
        try:
            read: Upload = self._run("large", Work.READ_LARGE, upload.id)
            return read
        except (OSError, OperationalError):
            raise
        except Exception as error:
            LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
            return recording.keep(desk, [Read(upload, seller, reading.failed(error))])[0]

    def publish_large(self, upload_id: str) -> bool:
        """`outbox.publish`, in the process for large files; whether that worked."""
        try:
            published: bool = self._run("large", Work.PUBLISH, upload_id)
            return published
        except Impossible:
            LOG.exception("outbox.not_delivered", upload=upload_id)
            return False

    def close(self) -> None:
        """Stop the processes; what they have not finished is done again after the next start."""
        for process in self._each.values():
            process.close()

    def _run(self, name: str, work: Work, given: object) -> Any:
        for _ in range(2):
            try:
                return self._each[name].ask(work, given)
            except ProcessDied:
                LOG.error("process.died", process=name)
        raise Impossible("the process that read this file died twice (out of memory?)")
