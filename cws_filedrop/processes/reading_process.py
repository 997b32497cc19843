"""A process that reads files, seen from the service: started, asked, ended.

Imports nothing of what it does there (`reading_main`), so that it can be started first of all, and loads meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from enum import StrEnum
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.processes import effort, environment
from cws_filedrop.processes.child import PYTHON, without_ctrl_c
from cws_filedrop.processes.effort import Effort, Patience
from cws_filedrop.settings import Settings

MODULE: Final = "cws_filedrop.pipeline.reading_main"
END_SECONDS: Final = 1.0  # it has nothing to put in order, but may hang, or still be loading
LOOK_SECONDS: Final = 0.1  # how often it is looked at while it works: memory may grow by a gigabyte in a second
WIRE_SECONDS: Final = 60  # for each piece of what is asked and answered
UNLIMITED: Final = Effort(0, 0.0)
LOG: Final = log.get(__name__)


class Work(StrEnum):
    """What it can be asked for."""

    PING = "ping"  # answered once everything is loaded
    PREPARE = "prepare"
    READ_LARGE = "read_large"
    PUBLISH = "publish"


class ProcessDied(Exception):
    """It ended before it had answered."""


class ProcessOverran(Exception):
    """It was ended, since what it was asked for took more than it may; the text says what of."""


class ProcessHung(Exception):
    """It was ended, since it did not come to an end, or did nothing; the text says for how long."""


class ProcessClosed(OSError):
    """The service stops, and it with it: what it was asked for is done after the next start."""


class ReadingProcess:
    """Does one thing after the other; started again when it is asked after it died. Safe to share between threads."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._asking = threading.Lock()
        self._changing = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._closed = False

    def start(self) -> bool:
        """Have it load, unless it runs or is closed; whether it was started."""
        with self._changing:
            if self._process is not None or self._closed:
                return False
            self._process, self._connection = self._started()
            return True

    def _started(self) -> tuple[subprocess.Popen[bytes], Connection]:
        ours, theirs = Pipe()
        with theirs, without_ctrl_c(signal.SIGTERM):  # sent to the whole group, it would end a reading in hand
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                [*PYTHON, MODULE, str(theirs.fileno())],
                env=environment.of_reader(self._settings),
                stdin=subprocess.PIPE,  # its end says that we are gone
                pass_fds=[theirs.fileno()],
            )
        _limit_waits(ours)
        with contextlib.suppress(OSError):  # it died already; whoever asks it is told
            ours.send((self._settings, self._name))
        return process, ours

    def ask(self, work: Work, given: object, *, most: Effort = UNLIMITED) -> Any:
        """The outcome of that work, once it was its turn; `most` is what it may take.

        Raises: what the work raises; ProcessOverran; ProcessHung; ProcessDied; ProcessClosed.
        """
        with self._asking:
            is_new = self.start()
            connection = self._connection
            if connection is None:
                raise ProcessClosed
            try:
                if is_new and most != UNLIMITED:  # that it loads is nobody's fault
                    self._exchange(connection, (Work.PING, None), UNLIMITED)
                is_done, outcome = self._exchange(connection, (work, given), most)
            except (EOFError, OSError) as error:
                self._bury()
                raise (ProcessClosed if self._closed else ProcessDied) from error
        if not is_done:
            raise outcome
        return outcome

    def _exchange(self, connection: Connection, asked: tuple[Work, object], most: Effort) -> tuple[bool, Any]:
        """Its answer. Raises: ProcessOverran, ProcessHung; EOFError, OSError at its end."""
        connection.send(asked)
        self._watch(connection, most)
        answer: tuple[bool, Any] = connection.recv()
        return answer

    def _watch(self, connection: Connection, most: Effort) -> None:
        process = self._process
        if process is None or most == UNLIMITED:
            connection.poll(None)
            return
        begun, patience = effort.of_process(process.pid), Patience(most, time.monotonic())
        while not connection.poll(LOOK_SECONDS):
            now = effort.of_process(process.pid)
            if words := effort.excess(most, begun, now):
                process.kill()  # at once: it may grow by the gigabyte
                self._bury()
                raise ProcessOverran(words)
            if words := patience.over(now, time.monotonic()):
                self._bury()
                raise ProcessHung(words)

    def close(self) -> None:
        """End it, whatever it does."""
        self._closed = True
        self._bury()

    def _bury(self) -> None:
        # Its end wakes a thread that waits for an answer. The connection is that thread's to give up: a descriptor that
        # is closed while another thread reads from it may be something else by then.
        with self._changing:
            process, self._process, self._connection = self._process, None, None
            if process is None:
                return
            if process.stdin is not None:
                process.stdin.close()  # it takes that for our end, and ends
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:  # it waits for a disk that does not answer, and ends when that does
        LOG.error("process.not_ended", pid=process.pid)


def _limit_waits(connection: Connection) -> None:
    """A process that hangs reads nothing, and may stop in the middle of an answer: then reading and writing fail."""
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            wire.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", WIRE_SECONDS, 0))
