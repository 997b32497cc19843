"""The drop folder for order files: operators and their scripts put order reports into a folder for each seller, and
each is merged into that seller's order book.

A file that is complete is claimed by one rename into `.in-work/`, imported, reported, and then moved to `done/` or
`failed/`. What a crash leaves in `.in-work/` is imported again at the next look: importing it twice changes nothing,
and the report is rewritten under the same name.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from cws_filedrop import log, private
from cws_filedrop.drop import disk
from cws_filedrop.drop.home import SELLER_NAME, deliver_all, files_in, regular
from cws_filedrop.drop.names import clean, is_temporary
from cws_filedrop.drop.stillness import Stillness, cannot_tell, openness, sees_open_files
from cws_filedrop.errors import FileRejected
from cws_filedrop.model import Seller
from cws_filedrop.orders.importing import import_file
from cws_filedrop.periodic import RETRY_SECONDS
from cws_filedrop.reports import order_import
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
IN_WORK: Final = ".in-work"
DONE: Final = "done"
FAILED: Final = "failed"
END: Final = "\r\n"
LONGEST_STEM: Final = 180  # bytes; leaves room for moment, number and the ending of a report in 255 of a file name
MOMENT: Final = re.compile(r"\.([0-9]{8}-[0-9]{6})(-[0-9]+)?\.")
SHOWN_ISSUES: Final = 100


class OrderDropFolder:
    """Looks through the drop folder. One instance per process; two processes may look through the same folder."""

    def __init__(self, context: ServiceContext, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._root = context.settings.order_drops
        self._clock = clock
        self._stillness: Stillness | None = None
        self._strange_folders: set[str] = set()  # warned of
        self._not_before: dict[Path, float] = {}

    def look(self) -> int:
        """Import what is complete. Returns how many files. Raises: OSError when the folder cannot be used."""
        owners = {seller.name: seller for seller in sellers.everyone(self._context.db)}
        self._root.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        folders = dict(self._folders(owners))
        waiting = {path: folder for folder in folders for path in _waiting(folder)}
        for path in self._complete(waiting):
            self._unless_failed(path, partial(self._claim, path, waiting[path]))
        done = 0
        for folder, seller in folders.items():
            for path in _claimed(folder):
                with log.bound(seller=seller.name):
                    done += self._unless_failed(path, partial(self._import, seller, folder, path))
        return done

    def _unless_failed(self, path: Path, work: Callable[[], bool]) -> bool:
        """Work on a file. If that fails it is tried again after a while, and the other files are not held up."""
        if self._not_before.get(path, 0.0) > self._clock():
            return False
        try:
            done = work()
        except Exception as error:
            # Where it happened and not what: an exception's text may contain a buyer's data from the file.
            where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            words = str(error) if isinstance(error, OSError) else type(error).__name__
            LOG.error("order_drops.file_failed", file=clean(path.name), error=words, where=" > ".join(where))
            self._not_before[path] = self._clock() + RETRY_SECONDS
            return False
        self._not_before.pop(path, None)
        return done

    def _folders(self, owners: dict[str, Seller]) -> Iterator[tuple[Path, Seller]]:
        """The sellers' folders, created where missing. A folder of nobody's is warned of once."""
        for name in owners:
            if not os.path.lexists(self._root / name):
                disk.make_shared(self._root / name)
        with os.scandir(self._root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        strange = {name for name in names if name.lower() not in owners and not name.startswith(".")}
        for name in sorted(strange - self._strange_folders):
            LOG.warning("order_drops.seller_not_found", folder=clean(name))
        self._strange_folders = strange
        for name in names:
            if SELLER_NAME.fullmatch(name.lower()) and name.lower() in owners:
                yield self._root / name, owners[name.lower()]

    def _complete(self, paths: Iterable[Path]) -> list[Path]:
        if self._stillness is None:
            folder = self._context.settings.folder
            look = openness if sees_open_files(self._root) else cannot_tell
            unsure = folder.settle_unsure_seconds
            self._stillness = Stillness(folder.settle_seconds, unsure_seconds=unsure, look=look, clock=self._clock)
        return self._stillness.complete(paths)

    def _claim(self, path: Path, folder: Path) -> bool:
        """Move a file out of reach of those who put it there, to the name it will keep; false if it is gone."""
        try:
            os.close(_opened(path))  # a file that cannot be read stays where its owner sees it
            working = _own_folder(folder, IN_WORK)
            disk.move(path, working / _kept_name(path.name, self._context.clock(), folder))
        except FileNotFoundError:
            return False
        disk.sync_directory(working)
        disk.sync_directory(folder)
        return True

    def _import(self, seller: Seller, folder: Path, path: Path) -> bool:
        with _locked(path) as source:
            if source is None:
                return False
            try:
                where, summary, plain = self._merged(seller, path, source)
            except FileRejected as error:
                where, summary, plain = FAILED, order_import.refused(path.name, error.issues), _refused(path, error)
            # Reports first, the move last: a crash in between leaves the file in `.in-work/`, and all is done again.
            target = _own_folder(folder, where)
            body = json.dumps({"version": 1, "seller": seller.name} | plain, indent=2, ensure_ascii=False)
            reports = {".import.txt": END.join([*summary, ""]), ".import.json": body + "\n"}
            deliver_all((target / f"{path.name}{ending}", [text.encode()]) for ending, text in reports.items())
            disk.move(path, target / path.name)
            for changed in (target, path.parent):
                disk.sync_directory(changed)
        return True

    def _merged(self, seller: Seller, path: Path, source: BinaryIO) -> tuple[str, list[str], dict[str, Any]]:
        now = self._context.clock()
        judging = self._context.judging(seller.policy, now)
        done = import_file(self._context.db, seller.account.id, source, file_name=path.name, judging=judging, now=now)
        plain = {"file": path.name, "imported": True} | done.as_json()
        counts = {"lines": done.lines, "refused": done.refused}
        changes = {"new": len(done.new_orders), "changed": len(done.changed_orders)}
        LOG.info("order_drops.imported", seller=seller.name, file=path.name, **counts, **changes)
        return DONE, order_import.text(plain, most_issues=SHOWN_ISSUES), plain


def _refused(path: Path, error: FileRejected) -> dict[str, Any]:
    LOG.warning("order_drops.refused", file=path.name, codes=[issue.code for issue in error.issues])
    return {"file": path.name, "imported": False, "file_issues": [issue.as_json() for issue in error.issues]}


def forget(context: ServiceContext, *, before: datetime) -> int:
    """Remove files that were imported, or failed to be, before a moment: they name buyers. Returns how many."""
    removed = 0
    root = context.settings.order_drops
    folders = [root / name for name in os.listdir(root)] if root.is_dir() else []
    for folder in (own / kind for own in folders for kind in (DONE, FAILED)):
        if folder.is_symlink() or folder.parent.is_symlink():
            continue
        for path in (folder / name for name in files_in(folder)):
            if _moment(path) < before:
                disk.remove(path)
                removed += 1
    return removed


def _moment(path: Path) -> datetime:
    """When a file was claimed, according to its name; for a file that somebody put there, when it was last changed."""
    claimed = MOMENT.findall(path.name)
    if claimed:
        return datetime.strptime(f"{claimed[-1][0]}+0000", "%Y%m%d-%H%M%S%z")
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _waiting(folder: Path) -> list[Path]:
    return [folder / name for name in files_in(folder) if not is_temporary(name)]


def _claimed(folder: Path) -> list[Path]:
    """The files that were claimed, just now or before a crash."""
    working = folder / IN_WORK
    return [] if working.is_symlink() else [working / name for name in files_in(working)]


def _own_folder(folder: Path, name: str) -> Path:
    """A folder of ours within a seller's, created if missing. Raises: NotADirectoryError for a link to elsewhere."""
    own = folder / name
    disk.make_shared(own)
    if own.is_symlink():
        raise NotADirectoryError(f"{own} is a link; it has to be a folder")
    return own


def _kept_name(name: str, now: datetime, folder: Path) -> str:
    """`report.txt` -> `report.20261122-120000.txt`, or a variant of it that is not taken yet."""
    whole = Path(clean(name))
    stem = whole.stem.encode()[:LONGEST_STEM].decode(errors="ignore")
    ending = whole.suffix.encode()[:20].decode(errors="ignore") or ".txt"
    for number in range(1, 10_000):
        again = f"-{number}" if number > 1 else ""
        kept = f"{stem}.{now.astimezone(UTC):%Y%m%d-%H%M%S}{again}{ending}"
        if not any(os.path.lexists(folder / where / kept) for where in (IN_WORK, DONE, FAILED)):
            return kept
    raise FileExistsError(f"{folder}: ten thousand files of one name in a second")


def _opened(path: Path) -> int:
    # No links, and no waiting: a named pipe would block until somebody writes to it.
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO | None]:
    """A claimed file, opened for reading; None when another process is working on it, or has moved it on."""
    try:
        descriptor = _opened(path)
    except FileNotFoundError:
        yield None
        return
    with open(descriptor, "rb") as source:
        try:
            fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        there, held = regular(path), os.fstat(source.fileno())  # it may have been moved on before it was locked
        yield source if there is not None and os.path.samestat(there, held) else None
