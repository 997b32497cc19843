"""Is a file that somebody else puts on disk complete? Unchanged for a time, and open for writing nowhere; where the
system does not say who has it open, unchanged for a longer time. Knows nothing of what is in a file.
"""

from __future__ import annotations

import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias, assert_never

from cws_filedrop.drop.filesystems import tells_of_open_files
from cws_filedrop.drop.home import regular

Signature: TypeAlias = tuple[int, int, int, int]


def signature(path: Path) -> Signature | None:
    """What changes whenever a file does; None for anything but a regular file, links too."""
    found = regular(path)
    return None if found is None else signature_of(found)


def signature_of(found: os.stat_result) -> Signature:
    """The same of what the system said."""
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Openness(Enum):
    """Has any program a file open for writing?"""

    OPEN = "open"
    NOT_OPEN = "not open"
    CANNOT_TELL = "cannot tell"


def openness(path: Path) -> Openness:
    """What the system says of a file: it tells the file's owner, and who has the capability CAP_LEASE (fcntl(2)).

    To everybody else it refuses the lease whether or not a program is writing, so that a refusal says nothing. Neither
    do file systems without leases or with openers that our kernel does not see (`filesystems`), and files that we may
    not read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return Openness.CANNOT_TELL
    try:
        if not tells_of_open_files(descriptor):
            return Openness.CANNOT_TELL
        # A read lease is refused while anyone writes. Should someone open the file in the moment we have it, the kernel
        # tells us by a signal, whose usual choice would end the process; SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return Openness.OPEN
    except OSError:
        return Openness.CANNOT_TELL
    finally:
        os.close(descriptor)
    return Openness.NOT_OPEN


def cannot_tell(path: Path) -> Openness:
    """`openness` where no file system says anything."""
    return Openness.CANNOT_TELL


def sees_open_files(root: Path) -> bool:
    """Can `openness` tell an open file of ours there from a closed one? Raises: OSError when nothing can be written."""
    with tempfile.NamedTemporaryFile(prefix=".probe-", dir=root) as file:
        while_open = openness(Path(file.name))
        file.file.close()
        return (while_open, openness(Path(file.name))) == (Openness.OPEN, Openness.NOT_OPEN)


@dataclass(slots=True)
class _Seen:
    signature: Signature
    since: float


class Stillness:
    """Files that are looked at again and again, and how long each has been as it is.

    Times are of the monotonic clock. Files that are not asked for any more are forgotten. `unsure_seconds` is the
    settle time of files of which the system does not say whether a program has them open. `look` says what it says.
    """

    def __init__(
        self,
        settle_seconds: float,
        *,
        unsure_seconds: float,
        look: Callable[[Path], Openness] = openness,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settle_seconds = settle_seconds
        self._unsure_seconds = max(settle_seconds, unsure_seconds)
        self._look = look
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}

    def complete(self, paths: Iterable[Path]) -> list[Path]:
        """Those of all the files there are now that nothing has changed for the settle time, and nobody has open."""
        now = self._clock()
        found = {path: made for path in paths if (made := signature(path)) is not None}
        before, self._seen = self._seen, {}
        for path, made in found.items():
            seen = before.get(path)
            self._seen[path] = seen if seen is not None and seen.signature == made else _Seen(made, now)
        return [path for path, seen in self._seen.items() if self._is_complete(path, now - seen.since)]

    def _is_complete(self, path: Path, still_seconds: float) -> bool:
        if still_seconds < self._settle_seconds:
            return False
        match found := self._look(path):
            case Openness.OPEN:
                return False
            case Openness.NOT_OPEN:
                return True
            case Openness.CANNOT_TELL:
                return still_seconds >= self._unsure_seconds
            case _:
                assert_never(found)
