"""What is on the disk when a client hears that its file is safe: system calls of real doors, as strace records them.

Crash tests kill the process, and the kernel then writes down all the same; only a power cut loses what was not synced.
"""

from __future__ import annotations

import ftplib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import children
import pytest
from transports.doors_kit import PASSWORD, needs, wait_for

PROGRAM = Path(__file__).with_name("doors_program.py")
CALLS = "trace=fsync,rename,renameat,renameat2,sendto"
MOVED = re.compile(r'rename(?:at2?)?\([^"]*"([^"]*)"[^"]*"([^"]*)"')
SYNCED = re.compile(r"fsync\(\d+<([^>]*)>")


class Traced:
    """Doors in a process of their own, and what it asked of the kernel so far."""

    def __init__(self, data: Path) -> None:
        self.data, self.trace, self.sessions = data, data / "trace", list[ftplib.FTP]()
        words = ["strace", "-f", "-y", "-s", "300", "-e", CALLS, "-o", str(self.trace)]
        self.process = children.start(
            [*words, sys.executable, str(PROGRAM), str(data), "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def session(self) -> ftplib.FTP:
        assert self.process.stdout is not None
        line = next(line for line in self.process.stdout if '"ready"' in line)
        port = re.search(r'"ftp": \[[^,]*, (\d+)', line)
        assert port is not None
        session = ftplib.FTP(timeout=60)
        self.sessions.append(session)
        session.connect("127.0.0.1", int(port[1]))
        session.login("acme", PASSWORD)
        return session

    def before(self, reply: str) -> list[str]:
        """What was done until the reply was sent. A sync counts where it ended, and all else where it began."""
        wait_for(lambda: f'"{reply}' in self.trace.read_text(), what=reply)
        done, begun = [], dict[str, str]()
        for line in self.trace.read_text().replace(str(self.data), "").splitlines():
            thread = line.partition(" ")[0]
            if "sendto(" in line and f'"{reply}' in line:
                break
            if (synced := SYNCED.search(line)) is not None:
                begun[thread] = f"sync {synced[1]}"
            if "fsync" in line and line.endswith("= 0"):
                done.append(begun.pop(thread))
            if (moved := MOVED.search(line)) is not None:
                done.append(f"move {moved[1]} to {moved[2]}")
        return done

    def end(self) -> None:
        for session in self.sessions:
            session.close()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    needs("strace")
    doors = Traced(tmp_path)
    yield doors
    doors.end()


def index_of(done: list[str], pattern: str) -> int:
    found = [at for at, one in enumerate(done) if re.fullmatch(pattern, one)]
    assert found, f"not done before the answer: {pattern} in {done}"
    return found[0]


LANDED = "/spool/landed/[^/ ]+"


def test_bytes_and_names_are_on_the_disk_before_226(traced: Traced) -> None:
    session = traced.session()
    assert session.storbinary("STOR /inbox/a.txt", io.BytesIO(b"order-id\n")).startswith("226")
    done = traced.before("226 ")
    moved = index_of(done, rf"move .*/part/a\.txt to {LANDED}/data")
    assert index_of(done, r"sync .*/part/a\.txt") < moved
    assert index_of(done, rf"sync {LANDED}/claim\.json") < moved
    after = done[moved:]
    for directory in (LANDED, "/spool/landed", ".*/part"):
        index_of(after, f"sync {directory}")


def test_a_file_under_a_working_name_too_and_so_is_its_rename(traced: Traced) -> None:
    session = traced.session()
    assert session.storbinary("STOR /inbox/a.txt.part", io.BytesIO(b"order-id\n")).startswith("226")
    done = traced.before("226 ")
    moved = index_of(done, r"move .*/part/a\.txt\.part to .*/held/a\.txt\.part")
    assert index_of(done, r"sync .*/part/a\.txt\.part") < moved
    index_of(done[moved:], "sync .*/held")
    assert session.rename("/inbox/a.txt.part", "/inbox/a.txt").startswith("250")
    done = traced.before("250 Received")
    moved = index_of(done, rf"move .*/held/a\.txt\.part to {LANDED}/data")
    assert index_of(done, rf"sync {LANDED}/claim\.json") < moved
    for directory in (LANDED, "/spool/landed", ".*/held"):
        index_of(done[moved:], f"sync {directory}")
