"""Doors that are fuzzed, from outside: what they cost, what they log, and whether they still serve a good client."""

from __future__ import annotations

import ftplib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import children
import paramiko
from transports.doors_kit import wait_for

from cws_filedrop.processes.children import FEW_ARENAS

PASSWORD = "correct-horse-9"
PROGRAM = Path(__file__).with_name("fuzz_program.py")
# What they may well say at level "error": a client asked for something that only an operator can mend.
EXPECTED = frozenset({"upload.cut_not_reported"})


class Fuzzed:
    """The process of the doors."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / "doors.log").open("wb")
        self.log = folder / "doors.log"
        self.process = children.start(
            [sys.executable, str(PROGRAM), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**FEW_ARENAS, **os.environ, "PYTHONPATH": str(PROGRAM.parents[2])},
        )
        assert self.process.stdout is not None
        while True:
            line = json.loads(self.process.stdout.readline())
            if line["event"] == "ready":
                break
        self.ftp: tuple[str, int] = tuple(line["ftp"])
        self.ftps: tuple[str, int] = tuple(line["ftps"])
        self.sftp: tuple[str, int] = tuple(line["sftp"])
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()
        self.good_uploads = 0

    def _drain(self) -> None:
        assert self.process.stdout is not None
        for _ in self.process.stdout:
            pass

    def memory(self) -> int:
        """Bytes of it that are in memory."""
        resident = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(resident) * os.sysconf("SC_PAGE_SIZE")

    def handles(self) -> int:
        """Files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self) -> int:
        """Threads it has."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def serves_ftp(self) -> None:
        """A good client's upload works."""
        self.good_uploads += 1
        with ftplib.FTP(timeout=60, encoding="utf-8") as session:
            session.connect(*self.ftp)
            session.login("witness", PASSWORD)
            reply = session.storbinary(f"STOR /inbox/good-{self.good_uploads}.txt", io.BytesIO(b"1"))
            assert reply.startswith("226 "), reply

    def serves_sftp(self) -> None:
        """The same by SFTP."""
        self.good_uploads += 1
        transport = paramiko.Transport(self.sftp)
        try:
            transport.connect(username="witness", password=PASSWORD)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            client.putfo(io.BytesIO(b"1"), f"/inbox/good-{self.good_uploads}.txt")
        finally:
            transport.close()

    def troubles(self) -> list[str]:
        """What is in the log that should not be."""
        lines = self.log.read_text(errors="replace").splitlines()
        found = [line for line in lines if not line.startswith("{")]
        for line in lines:
            if line.startswith("{"):
                event = json.loads(line)
                if event["event"] not in EXPECTED and (event.get("level") == "error" or "exception" in event):
                    found.append(line[:2000])
        return found

    def settles(self, look: Callable[[], int], most: int, what: str) -> None:
        """Wait until a figure has come down again."""
        wait_for(lambda: look() <= most, seconds=60, what=f"{what} to come down from {look()} to {most}")

    def stop(self) -> int:
        """End it; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        self._drainer.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        return code
