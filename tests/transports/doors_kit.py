"""Doors for tests: real ones, on any free port, in a folder of their own."""

from __future__ import annotations

import ftplib
import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cws_filedrop.door_settings import FolderSettings, FtpSettings
from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.home import Folder, Home, Homes, UploadStage
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.gate.logins import Authenticate, GuessLimit, Logins, SellerLogin, Throttle
from cws_filedrop.transports.folder.door import FolderDoor
from cws_filedrop.transports.ftp.door import FtpDoor

PASSWORD = "correct-horse-9"
LIMIT = 4_000_000
ANY_STRANGERS = {"max_strangers_per_address": 0}  # since all that tests do comes from one address
Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], *, seconds: float = 60, what: str = "it") -> Found:
    """The first true value of `look`, asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        pause.wait(0.01)
    return found


def needs(command: str) -> None:
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not installed")


def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, **more)


class Sellers:
    """Who may log in: every name, with one password, until told otherwise."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.shut: set[str] = set()
        self.asked: list[str] = []
        self.hold = threading.Event()
        self.hold.set()

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        self.asked.append(name)
        self.hold.wait(60)
        right = self.passwords.get(name, PASSWORD) == password
        return SellerLogin(name, self.versions.get(name, 1)) if right else None

    def current(self, names: Collection[str]) -> dict[str, int]:
        return {name: self.versions.get(name, 1) for name in names if name not in self.shut}

    def logins(self, brake: GuessLimit | None = None, in_clear: Authenticate | None = None) -> Logins:
        """What doors ask."""
        return Logins(self.authenticate, self.current, brake or Throttle(), in_clear=in_clear)


class Place:
    """A data folder with its doors."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.homes = Homes(data / "homes")
        self.spool = Spool(data / "spool")
        self.intake = Intake(self.homes, self.spool, upload_limit_bytes=LIMIT)
        self.announced: list[str] = []
        self.intake.announce_to(self.announced.append)
        self.sellers = Sellers()
        self.open: list[FtpDoor | FolderDoor] = []

    def ftp_door(self, **settings: Any) -> FtpDoor:
        """An FTP door, open. Wrong passwords are answered at once, unless the class is told otherwise."""
        wanted = FtpSettings(**({"port": 0, "grace_seconds": 0.2} | ANY_STRANGERS | settings))
        door = FtpDoor(wanted, self.intake, self.sellers.logins())
        door.failure_delay_seconds = 0.01
        door.start()
        self.open.append(door)
        return door

    def folder_door(self, **settings: Any) -> FolderDoor:
        """A folder door, open."""
        door = FolderDoor(FolderSettings(**({"settle_seconds": 0.15} | settings)), self.intake)
        door.start()
        self.open.append(door)
        return door

    def close(self) -> None:
        for door in self.open:
            door.stop(1.0)

    def home(self, seller: str = "acme") -> Home:
        return self.homes.of(seller)

    def folder(self, seller: str = "acme", folder: Folder = Folder.INBOX) -> Path:
        return self.home(seller).folder(folder)

    def claims(self) -> list[Claim]:
        """Everything that was announced, in that order."""
        return [self.spool.claim_of(upload_id) for upload_id in list(self.announced)]

    def wait_for_claims(self, number: int, *, seconds: float = 60) -> list[Claim]:
        wait_for(lambda: len(self.announced) >= number, seconds=seconds, what=f"{number} uploads")
        claims = self.claims()
        assert len(claims) == number, claims
        return claims

    def bytes_of(self, claim: Claim) -> bytes:
        return self.spool.data_path(claim.upload_id).read_bytes()

    def cut_bytes(self, name: str, seller: str = "acme") -> bytes:
        return (self.home(seller).landing(Folder.INBOX, UploadStage.CUT) / name).read_bytes()


def connect(door: FtpDoor, seller: str = "acme", password: str = PASSWORD) -> ftplib.FTP:
    """A session that is logged in."""
    session = ftplib.FTP(timeout=60, encoding="utf-8")
    session.connect(*door.address)
    try:
        session.login(seller, password)
    except BaseException:
        session.close()
        raise
    return session


def put(session: ftplib.FTP, path: str, content: bytes, rest: int | None = None) -> str:
    """STOR; the reply."""
    return session.storbinary(f"STOR {path}", io.BytesIO(content), rest=rest)


def begin(session: ftplib.FTP, command: str, content: bytes) -> socket.socket:
    """A transfer that is under way: the data connection, with some bytes sent."""
    connection = session.transfercmd(command)
    connection.sendall(content)
    return connection


def refusal(session: ftplib.FTP, command: str) -> str:
    """The reply to a command that is refused."""
    try:
        reply = session.sendcmd(command)
    except ftplib.Error as error:
        return str(error)
    raise AssertionError(f"{command} was answered {reply}")
