"""Processes that tests start: each leads a group of its own, and none outlives the test that started it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

_STARTED: list[subprocess.Popen[Any]] = []


def hear_interrupts() -> None:
    """See to it that children can be interrupted, though we were started in the background.

    A shell has such programs ignore SIGINT, and what is ignored is inherited. A handler is not.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


def start(words: Sequence[str], **how: Any) -> subprocess.Popen[Any]:
    """Start a program; with it and all that it starts it is over at the latest when `none_left` ends."""
    process = subprocess.Popen(words, start_new_session=True, **how)
    _STARTED.append(process)
    return process


@contextmanager
def none_left() -> Iterator[None]:
    """Whatever is started within is killed at the end, and so is whatever of its group outlived it."""
    before = len(_STARTED)
    try:
        yield
    finally:
        for process in _STARTED[before:]:
            _kill(process)
        del _STARTED[before:]


def kill_all() -> None:
    """Kill those that still run; of the others the numbers may be those of strangers by now."""
    for process in _STARTED:
        if process.poll() is None:
            _kill(process)
    _STARTED.clear()


def _kill(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
