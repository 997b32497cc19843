"""A process of the service, from both ends: how the service starts it, listens to it and ends it, and what the process
itself does to begin, to send a message, and to end with its parent.

It loads what it consists of as soon as it is started, so that all of them load at the same time. It opens nothing
before its parent says so by a line on its standard input: only then is the database up to date, and the data folder
ours. It sends JSON lines on its standard output, the first of which says that it is ready, or why not. The end of its
standard input means that the service is gone.
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
from cws_filedrop.processes import loading
from cws_filedrop.processes.stopping import StopRequest

LOG: Final = log.get(__name__)
# By its place, and with -P: neither the working folder nor that of a script is searched for modules. A folder with a
# `json.py` in it, or another version of ours, would be run otherwise.
PYTHON: Final = (sys.executable, "-P", loading.__file__)
_BEGIN: Final = b"begin\n"
_SENDING: Final = threading.Lock()


# The service's end.


class ChildProcess:
    """One process of ours. `name` is for people; `arguments` are a module of ours and its arguments."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], *, log_to_stdout: bool = False
    ) -> None:
        self.name = name
        self._arguments = [*PYTHON, *arguments]
        self._environment = dict(environment)
        self._log_to_stdout = log_to_stdout  # of ours; its own carries messages
        self._lock = threading.Lock()
        self._terminated = False
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, so that it loads; not once it was told to end."""
        with self._lock, without_ctrl_c():
            if self._terminated:
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
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it died; whoever listens to it notices
                os.write(self._process.stdin.fileno(), _BEGIN)

    def next_message(self) -> dict[str, Any] | None:
        """Its next message, waited for; None when it has ended."""
        if self._process is None or self._process.stdout is None:
            return None
        line = self._process.stdout.readline()
        message: dict[str, Any] | None = json.loads(line) if line else None
        return message

    def first_message(self) -> dict[str, Any]:
        """The message that it is ready, waited for. Raises: ConfigError with its own words when it ends instead."""
        message = self.next_message()
        if message is None:
            raise ConfigError(f"{self.name} did not start (its reason stands above)")
        if "error" in message:
            raise ConfigError(message["error"])
        return message

    def terminate(self) -> None:
        """Ask it to finish and end; it is not started again."""
        with self._lock:
            self._terminated = True
            if self._process is not None:
                self._process.terminate()

    def wait(self, *, patience_seconds: float) -> None:
        """Wait for its end, which it was asked for; kill it when that takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            LOG.error("service.child_killed", child=self.name)
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Close its pipes, once it has ended and nobody listens any more."""
        with self._lock:
            self._bury()

    def _bury(self) -> None:
        if self._process is None:
            return
        self._process.kill()  # it has ended, or at least closed its output
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def without_ctrl_c(*more: signal.Signals) -> Iterator[None]:
    """Processes that are started within never see Ctrl-C, which reaches the whole process group, nor `more`: their
    parent ends them in good order. They inherit the signal mask, and so before they could have a handler."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *more})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# The child's end.


def may_begin(stop: StopRequest) -> bool:
    """Wait for the parent's word; false when a stop is requested, or the parent gone, instead."""
    readable, _, _ = select.select([sys.stdin, stop], [], [])
    return stop not in readable and bool(os.read(sys.stdin.fileno(), len(_BEGIN)))


def send(**message: Any) -> None:
    """Send the parent a message, from any thread; without effect when nobody reads any more."""
    line = json.dumps(message).encode() + b"\n"
    with _SENDING, suppress(OSError):
        while line:  # not by sys.stdout, which would try once more at the end what could not be written
            line = line[os.write(sys.stdout.fileno(), line) :]


def watch_parent(gone: Callable[[], object]) -> None:
    """Have a thread call `gone` when the parent has ended."""
    threading.Thread(target=_until_end, args=(gone,), name="parent", daemon=True).start()


def _until_end(gone: Callable[[], object]) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not sys.stdin, whose lock would still be held when the process ends
        pass
    gone()
