"""Reading, and publishing large results, in processes of their own: they do not share the worker's interpreter lock,
and a file that kills its reader kills nothing else.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Final, TypeVar

from cws_filedrop import log, log_settings
from cws_filedrop.errors import Impossible, expected
from cws_filedrop.model import Seller, UploadState
from cws_filedrop.pipeline import large, outbox, reading, recording
from cws_filedrop.pipeline.reading import PreparedUpload, ReadingTask
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
NICE: Final = 10
# Thresholds of the garbage collector: none of a large file's values is in a cycle, and looking for cycles took a
# quarter of the time.
RARELY: Final = (200_000, 10, 10)
Given = TypeVar("Given")
Result = TypeVar("Result")


class Processes:
    """One process that reads small files, one for large ones; each is started again when it dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[str, ProcessPoolExecutor] = {}
        self._lock = threading.Lock()

    def is_large(self, size: int) -> bool:
        """Does a file of that many bytes go to the process for large ones?"""
        return size > self._settings.service.heavy_bytes

    def warm_up(self) -> None:
        """Start the reader of small files, so that the first file does not wait for it."""
        self._started("small").submit(os.getpid).result()

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
            return self._run("small", _prepare, tasks)
        except Impossible as error:
            if len(tasks) == 1:
                return [reading.failed(error)]
        # One of these files kills the process. Read one by one, only that one fails.
        return [prepared for task in tasks for prepared in self._prepared([task])]

    def _read_large(self, context: ServiceContext, upload: Upload, seller: Seller) -> Upload:
        try:
            return self._run("large", _read_large, upload.id)
        except (OSError, DatabaseUnavailable):
            raise
        except Exception as error:
            LOG.exception("upload.failed", upload=upload.id, seller=upload.seller)
            return recording.keep(context, [ReadUpload(upload, seller, reading.failed(error))])[0]

    def publish_large(self, upload_id: str) -> bool:
        """`outbox.publish`, in the process for large files; whether that worked."""
        try:
            return self._run("large", _publish, upload_id)
        except Impossible:
            LOG.exception("outbox.not_delivered", upload=upload_id)
            return False

    def close(self) -> None:
        """Stop the processes; unfinished work is done again after the next start."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, name: str, work: Callable[[Given], Result], given: Given) -> Result:
        for _ in range(2):
            pool = self._started(name)
            try:
                return pool.submit(work, given).result()
            except BrokenProcessPool:
                LOG.error("process.died", process=name)
                with self._lock:
                    if self._pools.get(name) is pool:
                        del self._pools[name]
        raise Impossible("the process that read this file died twice (out of memory?)")

    def _started(self, name: str) -> ProcessPoolExecutor:
        with self._lock:
            if name not in self._pools:
                judging = multiprocessing.get_context("spawn")
                arguments = (self._settings, name)
                self._pools[name] = ProcessPoolExecutor(1, judging, initializer=_begin, initargs=arguments)
            return self._pools[name]


class _Here:
    context: ServiceContext


def _begin(settings: Settings, name: str) -> None:
    os.nice(NICE if name == "large" else 0)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole process group; the worker decides when to end
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log_settings.configure(settings, "reader" if name == "small" else f"reader-{name}")
    _Here.context = open_context(settings)
    gc.collect()
    gc.freeze()  # the imported libraries are no garbage; scanning them over and over took an eighth of the reading time
    gc.set_threshold(*RARELY)


def _end_with_parent() -> None:
    parent = expected(multiprocessing.parent_process(), "process that started this one")
    wait([parent.sentinel])
    os._exit(1)


def _prepare(tasks: Sequence[ReadingTask]) -> list[PreparedUpload]:
    return reading.prepare(_Here.context.db, tasks)


def _read_large(upload_id: str) -> Upload:
    upload = _upload(upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return large.read(_Here.context, upload)


def _publish(upload_id: str) -> bool:
    upload = _upload(upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return not outbox.publish(_Here.context, [upload])


def _upload(upload_id: str) -> Upload:
    return expected(uploads.get(_Here.context.db, upload_id), f"upload {upload_id}")
