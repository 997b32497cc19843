"""Log files, rotated by size: the higher the number, the older. Knows nothing of what is written to them.

    doors.log    doors.log.1 … doors.log.4    doors-2.log (a second process of that kind, while the first one lives)

One process writes to a file: it holds a lock that the kernel releases when the process ends. Logging never disturbs the
work: lines that cannot be written, as on a full disk, are counted and dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
from pathlib import Path
from typing import Final

import structlog

from cws_filedrop import private

MOST: Final = 100  # processes of one kind
NAME: Final = re.compile(r"(?P<process>[a-z]+(?:-[a-z]+)*)(?:-(?P<copy>\d+))?\.log(?:\.(?P<age>\d+))?")
_LOG: Final = structlog.get_logger(__name__)


class LogFile(logging.Handler):
    """Writes one line per record, into `kept` files of at most `size` bytes (or one line) each.

    Raises: OSError when there is no file that this process could write to.
    """

    def __init__(self, folder: Path, process: str, *, size: int, kept: int) -> None:
        super().__init__()
        # Sellers' names and addresses are in them: not for everybody.
        folder.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        self.path, self._lock_fd = _own(folder, process)
        self._size_limit, self._kept = size, max(1, kept)
        self._fd = -1
        self._size = 0
        self._torn = False  # the last line has no end
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. Never raises."""
        try:
            self._write(self.format(record).encode("utf-8", "backslashreplace") + b"\n")
        except Exception:
            self._lost += 1
            self._close_file()
        else:
            self._report_lost_lines()

    def _write(self, line: bytes) -> None:
        if self._fd < 0:
            self._open()
        if self._size and self._size + len(line) > self._size_limit:
            self._rotate()
        if self._torn:
            line = b"\n" + line
        written = os.write(self._fd, line)
        self._size += written
        self._torn = not line[:written].endswith(b"\n")
        if self._torn:
            raise OSError("no room for the whole line")

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, private.FILE)
        self._size = os.fstat(self._fd).st_size
        self._torn = self._size > 0 and os.pread(self._fd, 1, self._size - 1) != b"\n"

    # The oldest first, so that no rename replaces a file that is still to be kept. Nothing is synced: of a log a
    # power cut may take the last lines.
    def _rotate(self) -> None:
        """Rotate: the current file becomes number 1, each older one moves up by one, and a new one begins."""
        self._close_file()
        for age in sorted(ages(self.path), reverse=True):
            if age >= self._kept - 1:
                os.unlink(aged(self.path, age))
            else:
                os.rename(aged(self.path, age), aged(self.path, age + 1))
        if self._kept > 1:
            os.rename(self.path, aged(self.path, 1))
        else:
            os.unlink(self.path)
        self._torn = False
        self._open()

    def _close_file(self) -> None:
        """Close the file; the next record reopens it, which is the only retry after a failure."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = -1

    def _report_lost_lines(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            _LOG.warning("log.lines_lost", file=self.path.name, lines=lost)

    def close(self) -> None:
        """Close the file and release the lock."""
        self.acquire()
        try:
            self._close_file()
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
            self._lock_fd = -1
        finally:
            self.release()
        super().close()


def _own(folder: Path, process: str) -> tuple[Path, int]:
    """The first file of that name that no living process writes to, and its lock, held."""
    for number in range(1, MOST + 1):
        name = f"{process}.log" if number == 1 else f"{process}-{number}.log"
        # A lock file of its own: the log file is renamed when it is rotated, and a lock would go with it.
        lock = os.open(folder / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private.FILE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return folder / name, lock
    raise OSError(f"{folder}: {MOST} processes write to {process}.log and its like already")


def aged(path: Path, age: int) -> Path:
    """Where a log file lies after `age` rotations; 0 is the one being written."""
    return path.with_name(f"{path.name}.{age}") if age else path


def ages(path: Path) -> list[int]:
    """The numbers of a log file's older files."""
    found = (NAME.fullmatch(name) for name in os.listdir(path.parent) if name.startswith(f"{path.name}."))
    return [int(one["age"]) for one in found if one and one["age"]]
