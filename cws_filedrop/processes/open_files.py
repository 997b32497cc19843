"""How many files, connections among them, a process may have open at once."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

_SPARE: Final = 512  # besides connections: database, spool, logs, what waits to be accepted


def allow(connections: int) -> None:
    """Let this process have that many connections and what goes with them, as far as the system allows. Never lowers a
    limit: the usual soft limit of 1024 is used up by what a few addresses may open.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # a sandbox may forbid it; the usual limit has to do then
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
