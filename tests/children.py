"""Processes that tests start: each leads a group of its own, and none outlives the test that started it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

Scope = list[subprocess.Popen[Any]]
_SCOPES: list[Scope] = [
    []
]  # that of the session, which has the fixtures of modules; then, while one runs, that of a test


def hear_interrupts() -> None:
    """See to it that children can be interrupted, though we were started in the background.

    A shell has such programs ignore SIGINT, and what is ignored is inherited. A handler is not.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


def start(words: Sequence[str], *, scope: Scope | None = None, **how: Any) -> subprocess.Popen[Any]:
    """Start a program that is over with its scope at the latest, and so is all that it starts."""
    process = subprocess.Popen(words, start_new_session=True, **how)
    (current() if scope is None else scope).append(process)
    return process


def current() -> Scope:
    """The scope that runs now: to be given to `start` by what lasts as long, whenever it starts something."""
    return _SCOPES[-1]


@contextmanager
def none_left() -> Iterator[None]:
    """A scope: whatever is started in it is killed at its end, and so is whatever of its group outlived it."""
    _SCOPES.append([])
    try:
        yield
    finally:
        for process in _SCOPES.pop():
            _kill(process)


def kill_all() -> None:
    """End the session: kill what still runs; the numbers of the others may be those of strangers by now."""
    for process in _SCOPES[0]:
        if process.poll() is None:
            _kill(process)
    _SCOPES[0].clear()


def _kill(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
