"""Is a file that somebody else puts on disk complete? Unchanged for a time, and open for writing nowhere (where the
system can say so). Knows nothing of whose file it is, or what is in it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cws_filedrop.drop.home import regular

Signature: TypeAlias = tuple[int, int, int, int]


def signature(path: Path) -> Signature | None:
    """What changes whenever a file does; None for anything but a regular file, links too."""
    found = regular(path)
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_open(path: Path) -> bool:
    """Has any program this file open for writing? False, too, where the system does not say."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # A read lease is refused while anyone writes. Should someone open the file in the moment we have it, the kernel
        # tells us by a signal, whose usual choice would end the process; SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def sees_open_files(root: Path) -> bool:
    """Can `is_open` tell an open file from a closed one there? Raises: OSError when nothing can be written there."""
    with tempfile.NamedTemporaryFile(prefix=".probe-", dir=root) as file:
        while_open = is_open(Path(file.name))
        file.file.close()
        return while_open and not is_open(Path(file.name))


@dataclass(slots=True)
class _Seen:
    signature: Signature
    since: float


class Stillness:
    """Files that are looked at again and again, and how long each has been as it is.

    Times are of the monotonic clock. Files that are not asked for any more are forgotten. `sees_open`: the system can
    say which files are open for writing there (`sees_open_files`).
    """

    def __init__(self, settle_seconds: float, *, sees_open: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_seconds = settle_seconds
        self._sees_open = sees_open
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
        still = [path for path, seen in self._seen.items() if now - seen.since >= self._settle_seconds]
        return [path for path in still if not (self._sees_open and is_open(path))]
