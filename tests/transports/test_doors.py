"""The doors as a process: its lines, its end, and what is left when it is killed."""

from __future__ import annotations

import contextlib
import ftplib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import children
import pytest
from transports.doors_kit import PASSWORD, wait_for

from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Grade

PROGRAM = Path(__file__).with_name("doors_program.py")
CONTENT = b"order-id\tship-date\r\n" * 1000


class Doors:
    """The process, and what it said."""

    def __init__(self, data: Path, port: int = 0, *, read: bool = True) -> None:
        with (data / "log").open("ab") as log:
            self.process = children.start(
                [sys.executable, str(PROGRAM), str(data), str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read if read else lambda: None)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def ready(self) -> dict[str, Any]:
        return wait_for(lambda: next((one for one in self.said if one["event"] == "ready"), None) or {})

    def arrived(self) -> list[str]:
        return [one["upload"] for one in self.said if one["event"] == "arrived"]

    def connect(self) -> ftplib.FTP:
        session = ftplib.FTP(timeout=60)
        session.connect(*self.ready()["ftp"])
        session.login("acme", PASSWORD)
        return session

    def end(self) -> int:
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.end()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Homes(tmp_path / "homes").of("acme")
    return tmp_path


@pytest.fixture
def doors(data: Path) -> Iterator[Doors]:
    doors = Doors(data)
    yield doors
    if doors.process.poll() is None:
        doors.kill()


def test_ready_then_a_line_for_each_upload(data: Path, doors: Doors) -> None:
    ready = doors.ready()
    assert ready["ftp"][0] == "127.0.0.1"
    assert ready["folder"] == {"mode": "events"}
    with doors.connect() as session:
        reply = session.storbinary("STOR /inbox/a.txt", io.BytesIO(CONTENT))
    (data / "homes" / "acme" / "inbox" / "b.txt").write_bytes(CONTENT)
    wait_for(lambda: len(doors.arrived()) == 2)
    assert doors.arrived()[0] in reply
    assert [one.upload_id for one in Spool(data / "spool").arrivals()] == sorted(doors.arrived())
    doors.process.terminate()
    assert doors.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(doors: Doors, number: signal.Signals) -> None:
    session = doors.connect()
    connection = session.transfercmd("STOR /inbox/a.txt")
    connection.sendall(CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    doors.process.send_signal(number)
    connection.close()
    assert session.getresp().startswith("226 ")
    assert doors.end() == 0
    assert len(doors.arrived()) == 1
    session.close()


def test_it_ends_when_its_parent_is_gone(doors: Doors) -> None:
    doors.ready()
    assert doors.process.stdin is not None
    doors.process.stdin.close()
    assert doors.process.wait(60) == 0
    doors.end()


def test_nobody_reads_its_lines(data: Path) -> None:
    doors = Doors(data, read=False)
    wait_for(lambda: '"ftp.opened"' in (data / "log").read_text())
    opened = next(line for line in (data / "log").read_text().splitlines() if '"ftp.opened"' in line)
    with ftplib.FTP(timeout=60) as session:
        session.connect("127.0.0.1", json.loads(opened)["port"])
        session.login("acme", PASSWORD)
        assert doors.process.stdout is not None
        doors.process.stdout.close()
        for number in range(20):
            session.storbinary(f"STOR /inbox/{number}.txt", io.BytesIO(b"1"))
    wait_for(lambda: len(list(Spool(data / "spool").arrivals())) == 20)
    doors.process.terminate()
    assert doors.end() == 0


def test_a_port_that_is_taken_ends_it_with_words(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        doors = Doors(data, taken.getsockname()[1])
        assert doors.end() == 1
    assert "another program has that port: stop it, or set another port" in (data / "log").read_text()


def test_killed_at_random_while_files_are_dropped(data: Path) -> None:
    chance = random.Random(42)
    safe: set[str] = set()
    for round_number in range(4):
        doors = Doors(data)
        doors.ready()
        dropper = threading.Thread(target=_drop_until_it_dies, args=(doors, round_number, safe))
        dropper.start()
        wanted = len(safe) + chance.randrange(1, 25)
        wait_for(lambda wanted=wanted: len(safe) >= wanted)  # type: ignore[misc]
        doors.kill()
        dropper.join(60)
    doors = Doors(data)
    doors.ready()
    doors.process.terminate()
    assert doors.end() == 0
    spool = Spool(data / "spool")
    found = [spool.claim_of(arrival.upload_id) for arrival in spool.arrivals()]
    names = [claim.name for claim in found]
    assert len(names) == len(set(names))
    taken = {
        claim.name: spool.data_path(claim.upload_id).read_bytes() for claim in found if claim.grade is not Grade.CUT
    }
    assert safe <= set(taken)
    assert set(taken.values()) == {CONTENT}
    assert os.listdir(data / "spool" / "landed") == []


def _drop_until_it_dies(doors: Doors, round_number: int, safe: set[str]) -> None:
    with contextlib.suppress(OSError, EOFError, ftplib.Error), doors.connect() as session:
        for number in range(1000):
            name = f"{round_number}-{number}.txt"
            session.storbinary(f"STOR /inbox/{name}", io.BytesIO(CONTENT))
            safe.add(name)
