"""Wrong passwords from many addresses, and what a seller with the right one feels of them.

python -m bench.guessing     1,000 wrong passwords from 20 addresses, by FTP and by SFTP, against a running service
"""

from __future__ import annotations

import contextlib
import ftplib
import json
import logging
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from running import PASSWORD, Running, wait_for

from bench.drops import figures

ADDRESSES = tuple(f"127.0.1.{number}" for number in range(1, 21))
AT_ONCE = 20


@dataclass
class Attack:
    """What became of the guesses."""

    refused: int = 0  # wrong password
    kept_out: int = 0  # not even asked
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, asked: bool) -> None:
        """One more."""
        with self.lock:
            self.refused += asked
            self.kept_out += not asked


def guess_by_ftp(service: Running, address: str, attack: Attack) -> None:
    """One wrong password from that address."""
    with contextlib.suppress(OSError, EOFError, ftplib.Error), ftplib.FTP(timeout=60) as session:
        try:
            session.connect(*service.address, source_address=(address, 0))
            session.sendcmd("USER victim")
        except (OSError, EOFError, ftplib.Error):
            attack.count(asked=False)
            return
        attack.count(asked=True)
        session.sendcmd("PASS guess")


def guess_by_sftp(service: Running, address: str, attack: Attack) -> None:
    """The same by SFTP."""
    transport = None
    try:
        connection = socket.create_connection(service.sftp_address, 60, (address, 0))
        transport = paramiko.Transport(connection)
        transport.start_client(timeout=60)
        with contextlib.suppress(paramiko.AuthenticationException):
            transport.auth_password("victim", "guess")
        attack.count(asked=True)
    except (OSError, EOFError, paramiko.SSHException):
        attack.count(asked=False)
    finally:
        if transport is not None:
            transport.close()


class Honest(threading.Thread):
    """A seller that logs in again and again from an address of its own; how long each login took."""

    def __init__(self, login: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.login = login
        self.took: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            began = time.monotonic()
            self.login()
            self.took.append(time.monotonic() - began)


def log_in_by_ftp(service: Running) -> None:
    """As the seller that is guessed at."""
    service.ftp("victim").quit()


def log_in_by_sftp(service: Running) -> None:
    """The same by SFTP."""
    transport = paramiko.Transport(socket.create_connection(service.sftp_address, 60))
    try:
        transport.connect(username="victim", password=PASSWORD)
    finally:
        transport.close()


def felt(login: Callable[[], None], during: Callable[[], None]) -> dict[str, float]:
    """Figures of logins while something else goes on."""
    honest = Honest(login)
    honest.start()
    during()
    honest.over.set()
    honest.join()
    return figures(sorted(honest.took))


Guess = Callable[[Running, str, Attack], None]
DOORS: dict[str, tuple[Guess, Callable[[Running], None]]] = {
    "ftp": (guess_by_ftp, log_in_by_ftp),
    "sftp": (guess_by_sftp, log_in_by_sftp),
}


def measure(folder: Path, door: str, *, guesses: int = 1000, quiet_seconds: float = 10) -> dict[str, object]:
    """Logins while all is quiet, then beside guessing; and whom the guard keeps out afterwards."""
    guess, login = DOORS[door]
    service, attack, pause = Running(folder), Attack(), threading.Event()
    service.add_seller("victim")
    service.start()

    def storm() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number in range(guesses):
                pool.submit(guess, service, ADDRESSES[number % len(ADDRESSES)], attack)

    quiet = felt(lambda: login(service), lambda: _rest(pause, quiet_seconds))
    beside = felt(lambda: login(service), storm)
    wait_for(lambda: banned(service) >= len(ADDRESSES), what="every address to be banned")
    service.stop()
    return {"quiet": quiet, "beside": beside, "asked": attack.refused, "kept_out": attack.kept_out}


def _rest(pause: threading.Event, seconds: float) -> None:
    pause.wait(seconds)


def banned(service: Running) -> int:
    """How many addresses the guard keeps out."""
    return len(json.loads(service.command("guard", "list", "--json").stdout)["banned"])


if __name__ == "__main__":
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    for name in DOORS:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps({name: measure(Path(place), name)}, indent=1), flush=True)
