"""A command of ours on a terminal of its own: a real pseudo-terminal of a given size, and what came to stand on it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import sys
import termios
import threading
from collections.abc import Mapping
from types import TracebackType

import children
from running import wait_for

WORDLESS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ALTERNATE, USUAL, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


class Terminal:
    """`cws-filedrop WORDS` on a terminal."""

    def __init__(self, *words: str, environment: Mapping[str, str], columns: int = 100, rows: int = 40) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        usual = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = children.start(
            [sys.executable, "-m", "cws_filedrop", *words],
            env={**usual, "TERM": "xterm-256color", **environment},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.raw = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                more = os.read(self._master, 65536)
            except OSError:  # the last one who had it open has ended
                return
            self.raw += more.decode(errors="replace")

    def words(self) -> str:
        """All that was written so far, without colours and moves."""
        return WORDLESS.sub("", self.raw)

    def expect(self, words: str, *, seconds: float = 60) -> None:
        """Wait until these words were written."""

        def look() -> bool:
            assert words in self.words() or self.process.poll() is None, f"ended: {self.words()[-3000:]}"
            return words in self.words()

        wait_for(look, seconds=seconds, what=f"{words!r} on the terminal; there is {self.words()[-3000:]}")

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._master, f"{line}\n".encode())

    def forget(self) -> None:
        """From now on only what is written anew counts."""
        self.raw = ""

    def resize(self, columns: int, rows: int) -> None:
        """Make it larger or smaller."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self, number: int = signal.SIGINT) -> int:
        """Send the command a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(60)
        return code

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.end(signal.SIGKILL)
        os.close(self._master)
