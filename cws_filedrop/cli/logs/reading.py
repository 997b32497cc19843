"""Reads log files, rotated ones included: forwards, backwards, and following as they grow; merged by time.

However large they are, only some blocks of them are held in memory.
"""

from __future__ import annotations

import contextlib
import heapq
import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import BinaryIO, Final

from cws_filedrop.cli.logs.lines import LogFilter, LogLine, line_of
from cws_filedrop.log_files import NAME, aged, ages

BLOCK: Final = 1 << 16
LONGEST: Final = 1 << 20  # bytes of a line; what is longer is shown in pieces
AT_ONCE: Final = 4 << 20  # bytes of a file that is followed


def logs_in(folder: Path) -> list[Path]:
    """The file each process writes to (it may be missing for a moment while it is rotated)."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = {name.rpartition(".log")[0] + ".log" for name in names if NAME.fullmatch(name)}
    return [folder / name for name in sorted(found)]


class Log:
    """The files of one process as they are now, oldest first; opened, since they may be rotated meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path, self.process = path, path.name.removesuffix(".log")
        self.files = _opened(path)
        self.ends = [os.fstat(file.fileno()).st_size for file in self.files]

    def end_with_lines(self) -> None:
        """Leave out the beginning of a line that is being written."""
        if self.files:
            self.ends[-1] = _whole(self.files[-1], self.ends[-1])

    def forwards(self, wanted: LogFilter) -> Iterator[LogLine]:
        """Its lines, oldest first."""
        beside = ""
        for file, end in zip(self.files, self.ends, strict=True):
            for raw in _forwards(file, end):
                if wanted.may_be(raw):
                    line = line_of(raw, self.process, beside=beside)
                    beside = line.at
                    yield line

    def backwards(self, wanted: LogFilter) -> Iterator[LogLine]:
        """Its lines, newest first."""
        beside = "9"  # sorts after every stamp: lines without one at the end of a log are its newest
        for file, end in zip(reversed(self.files), reversed(self.ends), strict=True):
            for raw in _backwards(file, end):
                if wanted.may_be(raw):
                    line = line_of(raw, self.process, beside=beside)
                    beside = line.at
                    yield line

    def close(self) -> None:
        """Close its files."""
        for file in self.files:
            file.close()


def _opened(path: Path) -> list[BinaryIO]:
    """From the newest to the oldest, the way they are renamed: one rotated meanwhile is met twice, never missed."""
    files: dict[tuple[int, int], BinaryIO] = {}
    for age in (0, *sorted(ages(path))):
        with contextlib.suppress(FileNotFoundError):
            file = aged(path, age).open("rb")
            if files.setdefault(_identity(file), file) is not file:
                file.close()
    return list(reversed(files.values()))


def _identity(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino


def _is_at(path: Path, file: BinaryIO) -> bool:
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return (found.st_dev, found.st_ino) == _identity(file)
    return False


def _whole(file: BinaryIO, end: int) -> int:
    start = max(0, end - BLOCK)
    last = os.pread(file.fileno(), end - start, start).rfind(b"\n")
    return start + last + 1 if last >= 0 else end


def _forwards(file: BinaryIO, end: int) -> Iterator[bytes]:
    file.seek(0)
    while (left := end - file.tell()) > 0:
        raw = file.readline(min(LONGEST, left))
        if not raw:
            return
        if raw.strip():
            yield raw.rstrip(b"\n")


def _backwards(file: BinaryIO, end: int) -> Iterator[bytes]:
    rest = b""
    while end > 0:
        start = max(0, end - BLOCK)
        first, *others = (os.pread(file.fileno(), end - start, start) + rest).split(b"\n")
        yield from (one for one in reversed(others) if one.strip())
        rest, end = first, start
        if len(rest) > LONGEST:
            yield rest
            rest = b""
    if rest.strip():
        yield rest


def newest(logs: Iterable[Log], wanted: LogFilter, number: int) -> list[LogLine]:
    """The latest `number` lines that are wanted, in order of time."""
    merged = heapq.merge(*(log.backwards(wanted) for log in logs), key=_at, reverse=True)
    recent = takewhile(lambda line: line.at >= wanted.since, merged)
    return list(islice(filter(wanted.takes, recent), number))[::-1]


def everything(logs: Iterable[Log], wanted: LogFilter) -> Iterator[LogLine]:
    """All lines that are wanted, in order of time."""
    return filter(wanted.takes, heapq.merge(*(log.forwards(wanted) for log in logs), key=_at))


def _at(line: LogLine) -> str:
    return line.at


class Follower:
    """What is written from now on, also to files that are begun later, and across rotations."""

    def __init__(self, folder: Path, logs: Iterable[Log]) -> None:
        self._folder = folder
        self._tails = {log.path: _Tail(log.path, log.files[-1], log.ends[-1]) for log in logs if log.files}

    def more(self, wanted: LogFilter) -> list[LogLine]:
        """The lines that have come, as far as they are wanted, in order of time."""
        for path in logs_in(self._folder):
            if path not in self._tails:
                self._tails[path] = _Tail(path, None, 0)
        lines = [line for tail in self._tails.values() for line in tail.more()]
        return sorted(filter(wanted.takes, lines), key=_at)


class _Tail:
    """The end of one process's log."""

    def __init__(self, path: Path, file: BinaryIO | None, place: int) -> None:
        self._path, self._process = path, path.name.removesuffix(".log")
        self._file = file
        self._next: deque[BinaryIO] = deque()
        self._rest = b""
        self._beside = ""
        if file is not None:
            file.seek(place)

    def more(self) -> Iterator[LogLine]:
        """What has come, up to some megabytes."""
        left = AT_ONCE
        while left > 0:
            raw = self._read(left)
            if not raw and not self._next_file():
                return
            left -= len(raw)
            *lines, self._rest = (self._rest + raw).split(b"\n")
            if len(self._rest) > LONGEST:
                lines, self._rest = [*lines, self._rest], b""
            for one in lines:
                if one.strip():
                    line = line_of(one, self._process, beside=self._beside)
                    self._beside = line.at
                    yield line

    def _read(self, most: int) -> bytes:
        if self._file is None:
            return b""
        if os.fstat(self._file.fileno()).st_size < self._file.tell():  # somebody truncated it
            self._file.seek(0)
        return self._file.read(most)

    def _next_file(self) -> bool:
        """Move on to the file after the one that was read to its end; false when there is none yet."""
        if not self._next:
            self._next.extend(self._younger())
            if self._next and self._file is not None and os.fstat(self._file.fileno()).st_size > self._file.tell():
                return True  # written to between the last read and the rotation: first read that
        if not self._next:
            return False
        if self._file is not None:
            self._file.close()
        self._file = self._next.popleft()
        return True

    def _younger(self) -> list[BinaryIO]:
        """The files that were begun after the one that is read, oldest first, opened."""
        if self._file is not None and _is_at(self._path, self._file):
            return []
        younger: list[BinaryIO] = []
        for file in reversed(_opened(self._path)):
            if self._file is not None and _identity(file) == _identity(self._file):
                file.close()
                break
            younger.append(file)
        return younger[::-1]
