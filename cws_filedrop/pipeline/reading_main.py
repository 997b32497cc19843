"""The process that reads files: does what the service asks for over a connection, one thing after the other."""

from __future__ import annotations

import copy
import gc
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any, Final

from cws_filedrop import log, log_settings
from cws_filedrop.errors import Impossible, expected
from cws_filedrop.pipeline import large, outbox, reading
from cws_filedrop.processes.child import watch_parent
from cws_filedrop.processes.reading_process import Work
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

NICE: Final = 10
# Thresholds of the garbage collector: none of a large file's values is in a cycle, and looking for cycles took a
# quarter of the time.
RARELY: Final = (200_000, 10, 10)


def main() -> None:
    """Do what is asked for until the service ends us, or has ended."""
    watch_parent(lambda: os._exit(1))
    connection = Connection(int(sys.argv[1]))
    context = _context(*connection.recv())
    try:
        while True:
            work, given = connection.recv()
            connection.send(_outcome(context, work, given))
    except (EOFError, OSError):
        return


def _context(settings: Settings, name: str) -> ServiceContext:
    os.nice(0 if name == "small" else NICE)
    log_settings.configure(settings, "reader" if name == "small" else f"reader-{name}")
    context = open_context(settings)
    gc.collect()
    gc.freeze()  # the imported libraries are no garbage; scanning them over and over took an eighth of the reading time
    gc.set_threshold(*RARELY)
    return context


def _outcome(context: ServiceContext, work: Work, given: Any) -> tuple[bool, object]:
    """Whether the work was done, and what it came to, or what it raised."""
    try:
        return True, WORKS[work](context, given)
    except Exception as error:
        error.add_note(f"in the process that reads files:\n{traceback.format_exc()}")
        return False, _portable(error)


def _portable(error: Exception) -> Exception:
    """The error, or its words where it cannot be pickled: where it cannot be made again of its own arguments."""
    try:
        copy.copy(error)
    except Exception:
        return Impossible(f"{type(error).__name__}: {error}")
    return error


def _read_large(context: ServiceContext, upload_id: str) -> Upload:
    upload = _upload(context, upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return large.read(context, upload)


def _publish(context: ServiceContext, upload_id: str) -> bool:
    upload = _upload(context, upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return not outbox.publish(context, [upload])


def _upload(context: ServiceContext, upload_id: str) -> Upload:
    return expected(uploads.get(context.db, upload_id), f"upload {upload_id}")


WORKS: Final[Mapping[Work, Callable[[ServiceContext, Any], object]]] = MappingProxyType(
    {
        Work.PING: lambda _, given: given,
        Work.PREPARE: lambda context, tasks: reading.prepare(context.db, tasks),
        Work.READ_LARGE: _read_large,
        Work.PUBLISH: _publish,
    }
)
