"""A process that reads files, seen from the service: started, asked, ended.

Loads none of what it does there (`reading_main`), so that it can be started first of all, and loads beside the service.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from enum import StrEnum
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final

from cws_filedrop.child import no_ctrl_c
from cws_filedrop.settings import Settings

MODULE: Final = "cws_filedrop.pipeline.reading_main"


class Work(StrEnum):
    """What it can be asked for."""

    NOTHING = "nothing"  # an answer comes when everything is loaded
    PREPARE = "prepare"
    READ_LARGE = "read_large"
    PUBLISH = "publish"


class ProcessDied(Exception):
    """It ended while it was to do something."""


class ProcessClosed(OSError):
    """The service ends, and it with it: what it was to do is done after the next start."""


class ReadingProcess:
    """Does one thing after the other. Started anew when it is asked after it died. Safe to share between threads."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.name: Final = name
        self._settings = settings
        self._asking = threading.Lock()
        self._changing = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._closed = False

    def start(self) -> None:
        """Have it load, unless it runs or is closed."""
        with self._changing:
            if self._process is None and not self._closed:
                self._process, self._line = self._started()

    def _started(self) -> tuple[subprocess.Popen[bytes], Connection]:
        ours, theirs = Pipe()
        with theirs, no_ctrl_c():
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-m", "cws_filedrop.loading", MODULE, str(theirs.fileno())],
                stdin=subprocess.PIPE,  # its end says that we are gone
                pass_fds=[theirs.fileno()],
            )
        with contextlib.suppress(OSError):  # it has died already; who asks it hears of that
            ours.send((self._settings, self.name))
        return process, ours

    def ask(self, work: Work, given: object) -> Any:
        """What that work comes to, when it is its turn.

        Raises: what the work raises; ProcessDied; ProcessClosed.
        """
        with self._asking:
            self.start()
            line = self._line
            if line is None:
                raise ProcessClosed
            try:
                line.send((work, given))
                done, found = line.recv()
            except (EOFError, OSError) as error:
                self._bury()
                raise (ProcessClosed if self._closed else ProcessDied) from error
        if not done:
            raise found
        return found

    def close(self) -> None:
        """End it, whatever it does."""
        self._closed = True
        self._bury()

    def _bury(self) -> None:
        with self._changing:
            process, self._process, self._line = self._process, None, None
            if process is not None:
                process.kill()  # it has nothing to put in order, and may hang
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()
