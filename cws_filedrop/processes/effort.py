"""What a process has used of the machine, and how much it may: read from /proc, where the system tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")  # in a second
_USER, _SYSTEM = 11, 12  # places in /proc/PID/stat after the name (proc(5): utime and stime)
_MIB: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Effort:
    """Memory that is in use, and seconds of computing: not of waiting, so that a busy machine changes nothing.

    As a limit also seconds by the clock in all, and without any computing, for what only waits; 0 = no limit.
    """

    memory_bytes: int
    cpu_seconds: float
    clock_seconds: float = 0.0
    stalled_seconds: float = 0.0


def of_process(pid: int) -> Effort:
    """What a process uses by now; nothing once it has ended."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return Effort(pages * _PAGE_BYTES, (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS)
    return Effort(0, 0.0)


def excess(most: Effort, begun: Effort, now: Effort) -> str:
    """In words, what has become more than may be since it began; 0 = no limit; "" = nothing."""
    if most.memory_bytes and now.memory_bytes > most.memory_bytes:
        return f"reading it takes more than {most.memory_bytes // _MIB:,} MiB of memory"
    if most.cpu_seconds and now.cpu_seconds - begun.cpu_seconds > most.cpu_seconds:
        return f"reading it takes more than {most.cpu_seconds:,.3g} seconds of computing"
    return ""


class Patience:
    """How long a process has worked on something, and since when it has computed nothing. Moments are monotonic."""

    def __init__(self, most: Effort, began_at: float) -> None:
        self._most = most
        self._began_at = self._computed_at = began_at
        self._cpu_seconds = 0.0

    def over(self, now: Effort, at: float) -> str:
        """In words, why it is given up; "" = it may go on."""
        if now.cpu_seconds != self._cpu_seconds:
            self._cpu_seconds, self._computed_at = now.cpu_seconds, at
        if 0 < self._most.stalled_seconds < at - self._computed_at:
            return f"nothing happened for {self._most.stalled_seconds:,.3g} seconds"
        if 0 < self._most.clock_seconds < at - self._began_at:
            return f"it had not come to an end after {self._most.clock_seconds:,.0f} seconds"
        return ""
