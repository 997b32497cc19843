"""A process of the service, from both ends: how the service starts, hears and ends it, and what the process itself does
to begin, to say something, and to end with its parent.

It loads what it consists of as soon as it is started, so that all of them load side by side, and opens nothing before
its parent says so by a line on its standard input: the database is up to date then, and the data folder is ours. It
says JSON lines on its standard output, first of all that it is ready, or why it is not. The end of its standard input
means that the service is gone.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.errors import ConfigError
from cws_filedrop.stopping import Stop

LOG: Final = log.get(__name__)
_BEGIN: Final = b"begin\n"
_SAYING: Final = threading.Lock()


# The service's end.


class Child:
    """One process of ours. `name` is for people; `arguments` are a module of ours and what it is given."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], *, log_to_stdout: bool = False
    ) -> None:
        self.name = name
        self._arguments = [sys.executable, "-m", "cws_filedrop.loading", *arguments]
        self._environment = dict(environment)
        self._log_to_stdout = log_to_stdout  # of ours; its own is for what it says to us
        self._lock = threading.Lock()
        self._ended = False
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Have it load, unless it was told to end."""
        with self._lock, no_ctrl_c():
            if self._ended:
                return
            self._bury()
            self._process = subprocess.Popen(  # noqa: S603 - our own modules, by our own interpreter
                self._arguments,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sys.stdout if self._log_to_stdout else None,
                text=True,
            )

    def begin(self) -> None:
        """Have it open what it is there for."""
        if self._process is None or self._process.stdin is None:
            return
        with suppress(BrokenPipeError):  # it has died; who listens to it sees that
            os.write(self._process.stdin.fileno(), _BEGIN)

    def hear(self) -> dict[str, Any] | None:
        """The next thing it says, waited for; None when it has ended."""
        if self._process is None or self._process.stdout is None:
            return None
        line = self._process.stdout.readline()
        said: dict[str, Any] | None = json.loads(line) if line else None
        return said

    def hear_first(self) -> dict[str, Any]:
        """What it says when it is ready. Raises: ConfigError with its own words when it ends instead."""
        said = self.hear()
        if said is None:
            raise ConfigError(f"{self.name} did not start (its reason stands above)")
        if "error" in said:
            raise ConfigError(said["error"])
        return said

    def tell_to_end(self) -> None:
        """Ask it to finish and end; it is not started again."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.terminate()

    def wait_for_end(self, *, patience_seconds: float) -> None:
        """Return when it has ended; make it end when it does not."""
        if self._process is None:
            return
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            LOG.error("service.child_killed", child=self.name)
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """After its end, when nobody hears it any more."""
        with self._lock:
            self._bury()

    def _bury(self) -> None:
        if self._process is None:
            return
        self._process.kill()  # it has ended, or says nothing any more
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def no_ctrl_c() -> Iterator[None]:
    """Processes that are started meanwhile never hear of Ctrl-C, which reaches the whole group: their parent tells
    them to end when it is their turn. They inherit the mask before they could have a handler."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# The child's end.


def may_begin(stop: Stop) -> bool:
    """Wait for the parent's word; false when the parent is gone, or somebody wishes to stop, instead."""
    heard, _, _ = select.select([sys.stdin, stop], [], [])
    return stop not in heard and bool(os.read(sys.stdin.fileno(), len(_BEGIN)))


def say(**what: Any) -> None:
    """One line to the parent, from any thread; nothing when nobody reads any more."""
    line = json.dumps(what).encode() + b"\n"
    with _SAYING, suppress(OSError):
        while line:  # not by sys.stdout: what could not be written would be tried again when the process ends
            line = line[os.write(sys.stdout.fileno(), line) :]


def watch_parent(gone: Callable[[], object]) -> None:
    """Call `gone` from a thread when the parent has ended."""
    threading.Thread(target=_until_end, args=(gone,), name="parent", daemon=True).start()


def _until_end(gone: Callable[[], object]) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not by sys.stdin: its lock would be held when the process ends
        pass
    gone()
