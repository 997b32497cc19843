"""Work on large files in a process of its own, so that it shares no interpreter lock with anybody."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Final, TypeVar

from cws_filedrop import log
from cws_filedrop.config import Settings
from cws_filedrop.errors import Impossible
from cws_filedrop.pipeline import outbox, reading
from cws_filedrop.pipeline.desk import Desk, open_desk
from cws_filedrop.store import uploads
from cws_filedrop.store.uploads import Upload

LOG: Final = log.get(__name__)
NICE: Final = 10
Result = TypeVar("Result")


class HeavyWork:
    """One process for large files, started when the first one comes and again if it dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def is_heavy(self, size: int) -> bool:
        """Is a file of that many bytes worked on in a process of its own?"""
        return size > self._settings.service.heavy_bytes

    def read(self, desk: Desk, upload: Upload) -> Upload:
        """`reading.read`, here or in the process for large files."""
        return self._run(_read, upload.id) if self.is_heavy(upload.size) else reading.read(desk, upload)

    def publish(self, upload_id: str) -> None:
        """`outbox.publish` in the process for large files."""
        self._run(_publish, upload_id)

    def close(self) -> None:
        """Stop the process; what it has not finished is done again after the next start."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, work: Callable[[str], Result], upload_id: str) -> Result:
        for _ in range(2):
            try:
                return self._started().submit(work, upload_id).result()
            except BrokenProcessPool:
                LOG.error("heavy.process_died", upload=upload_id)
                with self._lock:
                    self._pool = None
        raise Impossible(f"the process that worked on upload {upload_id} died twice (out of memory?)")

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self._settings,))
            return self._pool


class _Here:
    desk: Desk


def _begin(settings: Settings) -> None:
    os.nice(NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log.configure(settings.service.log_level, json=settings.service.log_json)
    _Here.desk = open_desk(settings)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _read(upload_id: str) -> Upload:
    return reading.read(_Here.desk, _upload(upload_id))


def _publish(upload_id: str) -> None:
    outbox.publish(_Here.desk, _upload(upload_id))


def _upload(upload_id: str) -> Upload:
    upload = uploads.get(_Here.desk.db, upload_id)
    assert upload is not None
    return upload
