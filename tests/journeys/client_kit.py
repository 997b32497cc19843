"""What a client is to the journeys: a program, or a library, on one way in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final, Protocol

import children
import pytest
from running import Running

FTP, FTPS, IMPLICIT, SFTP = "ftp", "ftps", "implicit", "sftp"
SLOW_BYTES: Final = 200_000  # a second, so that an upload can be caught in its middle
CUT_BYTES: Final = 65_000
PATIENCE: Final = 120


class Begun(Protocol):
    """An upload that is under way."""

    def kill(self) -> None: ...


class Client:
    """One program on one way in; its paths are the seller's own. Every method raises when the program says no."""

    program = ""  # on PATH; none: a library
    cannot: tuple[str, ...] = ()

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        self.service = service
        self.seller = seller
        self.way = way
        self.folder = folder
        self.environment = dict(os.environ, HOME=str(folder))
        if self.program and shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not installed")

    @property
    def address(self) -> tuple[str, int]:
        found = {IMPLICIT: self.service.implicit_address, SFTP: self.service.sftp_address}
        return found.get(self.way, self.service.address)

    def said(self, *words: object, text: str = "") -> str:
        """What the program printed, when all went well."""
        done = subprocess.run(
            [str(word) for word in words],
            input=text,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]}"
        return done.stdout

    def put(self, source: Path, target: str) -> None:
        raise NotImplementedError

    def names(self, folder: str) -> set[str]:
        raise NotImplementedError

    def get(self, source: str, target: Path) -> None:
        raise NotImplementedError

    def delete(self, path: str) -> None:
        raise NotImplementedError

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        raise NotImplementedError

    def resume(self, source: Path, target: str) -> None:
        raise NotImplementedError

    def begin(self, source: Path, target: str) -> Begun:
        """Begin an upload, slowly."""
        raise NotImplementedError


class Program:
    """A client that runs, with all the processes it started."""

    def __init__(self, client: Client, *words: object, text: str = "") -> None:
        script = client.folder / "begun"
        script.write_text(text)
        with script.open() as standard_input:
            self._process = children.start(
                [str(word) for word in words],
                stdin=standard_input,
                env=client.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        assert self._process.poll() is None, "it had ended before it was killed"
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
