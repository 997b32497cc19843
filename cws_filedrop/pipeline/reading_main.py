"""The process that reads files: hears what to do on a line from the service, and does one thing after the other."""

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
from cws_filedrop.child import watch_parent
from cws_filedrop.errors import Impossible
from cws_filedrop.pipeline import large, outbox, reading
from cws_filedrop.pipeline.desk import Desk, open_desk
from cws_filedrop.pipeline.reading_process import Work
from cws_filedrop.settings import Settings
from cws_filedrop.store import uploads
from cws_filedrop.store.uploads import Upload

NICE: Final = 10
# Of the values of a large file none is in a cycle; to look cost a quarter of the time.
RARELY: Final = (200_000, 10, 10)


def main() -> None:
    """Do what is asked for until the service ends us, or has ended."""
    watch_parent(lambda: os._exit(1))
    line = Connection(int(sys.argv[1]))
    desk = _desk(*line.recv())
    try:
        while True:
            work, given = line.recv()
            line.send(_done(desk, work, given))
    except (EOFError, OSError):
        return


def _desk(settings: Settings, name: str) -> Desk:
    os.nice(NICE if name == "large" else 0)
    log_settings.configure(settings, "reader" if name == "small" else f"reader-{name}")
    desk = open_desk(settings)
    gc.collect()
    gc.freeze()  # the libraries are not garbage: looking through them again and again cost an eighth of the reading
    gc.set_threshold(*RARELY)
    return desk


def _done(desk: Desk, work: Work, given: Any) -> tuple[bool, object]:
    """Whether that went well, and what it came to, or why not."""
    try:
        return True, WORKS[work](desk, given)
    except Exception as error:
        error.add_note(f"in the process that reads files:\n{traceback.format_exc()}")
        return False, _portable(error)


def _portable(error: Exception) -> Exception:
    """The error, or its words where it cannot be made again from what it says of itself."""
    try:
        copy.copy(error)
    except Exception:
        return Impossible(f"{type(error).__name__}: {error}")
    return error


def _read_large(desk: Desk, upload_id: str) -> Upload:
    upload = _upload(desk, upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return large.read(desk, upload)


def _publish(desk: Desk, upload_id: str) -> bool:
    upload = _upload(desk, upload_id)
    with log.bound(upload=upload.id, seller=upload.seller):
        return not outbox.publish(desk, [upload])


def _upload(desk: Desk, upload_id: str) -> Upload:
    upload = uploads.get(desk.db, upload_id)
    if upload is None:
        raise Impossible(f"there is no upload {upload_id}")
    return upload


WORKS: Final[Mapping[Work, Callable[[Desk, Any], object]]] = MappingProxyType(
    {
        Work.NOTHING: lambda _desk, given: given,
        Work.PREPARE: lambda desk, tasks: reading.prepare(desk.db, tasks),
        Work.READ_LARGE: _read_large,
        Work.PUBLISH: _publish,
    }
)
