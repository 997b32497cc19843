"""Sellers that drop files while 500 others are logged in and silent: how long receipts take, and what idleness costs.

python -m bench.idle     50 sellers drop a file every two seconds for half a minute: alone, beside 250 FTP and 250 SFTP
                         sessions that say nothing, and beside 500 SFTP sessions
"""

from __future__ import annotations

import ftplib
import json
import logging
import os
import socket
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from running import PASSWORD, Running, amazon_file, order_ids

from bench.drops import Client, Watch, delays, figures

ACTIVE = 50
FILES = 15  # of each
EVERY_SECONDS = 2.0


class Idle:
    """Sessions that are logged in and say nothing."""

    def __init__(self, service: Running, *, ftp: int, sftp: int) -> None:
        self._service = service
        with ThreadPoolExecutor(8) as pool:
            self.ftp: list[ftplib.FTP] = list(pool.map(lambda number: service.ftp(_idler(number)), range(ftp)))
            self.sftp: list[paramiko.Transport] = list(pool.map(self._by_sftp, range(sftp)))

    def _by_sftp(self, number: int) -> paramiko.Transport:
        address = f"127.0.2.{1 + number // 50}"  # an address may have 64 connections
        transport = paramiko.Transport(socket.create_connection(self._service.sftp_address, 60, (address, 0)))
        transport.connect(username=_idler(number), password=PASSWORD)
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        return transport

    def close(self) -> None:
        """Let them go."""
        for one in (*self.ftp, *self.sftp):
            one.close()


def _idler(number: int) -> str:
    return f"idle{number % 10}"


def doors_of(service: Running) -> int:
    """The process of the doors."""
    assert service.process is not None
    tasks = Path(f"/proc/{service.process.process.pid}/task").iterdir()
    for child in {child for task in tasks for child in (task / "children").read_text().split()}:
        if b"cws_filedrop.doors" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise SystemExit("there is no process of the doors")


def cost(pid: int, seconds: float) -> dict[str, float]:
    """Memory, threads, and the share of a core that a process takes while nothing is asked of it."""
    pause, before = threading.Event(), _ticks(pid)
    pause.wait(seconds)
    share = (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / seconds
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return {
        "mib": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20),
        "threads": len(os.listdir(f"/proc/{pid}/task")),
        "core_percent": round(share * 100, 1),
    }


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def active(service: Running, names: list[str], *, first: int) -> dict[str, float]:
    """Figures of the receipts while every seller drops its files."""
    watch = Watch(service, names)
    watch.start()

    def seller(number: int) -> dict[str, float]:
        client, pause = Client(service, names[number]), threading.Event()
        begin = time.monotonic() + EVERY_SECONDS * number / len(names)
        for file in range(FILES):
            pause.wait(max(0.0, begin + EVERY_SECONDS * file - time.monotonic()))
            client.drop(f"{first}-{file}.txt", amazon_file(order_ids(1, start=first + number * FILES + file)))
        client.session.quit()
        return client.sent

    with ThreadPoolExecutor(len(names)) as pool:
        sent = {one: moment for part in pool.map(seller, range(len(names))) for one, moment in part.items()}
    found = delays(sent, watch, seconds=120)
    watch.over.set()
    return figures(found)


def measure(folder: Path) -> dict[str, object]:
    """Alone, then beside the two kinds of idle sessions."""
    names = [f"active{number}" for number in range(ACTIVE)]
    limits = {"FTP__MAX_CONNECTIONS_PER_ADDRESS": 600, "FTP__MAX_CONNECTIONS": 1000, "SFTP__MAX_CONNECTIONS": 1000}
    limits |= {"FTP__MAX_STRANGERS_PER_ADDRESS": 0, "SFTP__MAX_STRANGERS_PER_ADDRESS": 0}  # all come from one address
    service = Running(folder, **limits, MARKETPLACE__POLL_SECONDS=2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(service.add_seller, [*names, *(f"idle{number}" for number in range(10))]))
    service.start()
    doors = doors_of(service)
    found: dict[str, object] = {"alone": active(service, names, first=0) | cost(doors, 5)}
    for round_, (ftp, sftp) in enumerate(((250, 250), (0, 500)), start=1):
        idle = Idle(service, ftp=ftp, sftp=sftp)
        idleness = cost(doors, 20)
        found[f"beside {ftp} FTP and {sftp} SFTP"] = active(service, names, first=round_ * 10_000) | idleness
        idle.close()
    service.stop()
    return found


if __name__ == "__main__":
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(Path(place)), indent=1))
