"""The doors, as sellers' programs use them: each way to drop a file, and what it takes for an acknowledgement."""

from __future__ import annotations

import contextlib
import ftplib
import gzip
import io
import json
import logging
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paramiko
from chaos.deployment import Deployment
from running import PASSWORD, upload_id

TIMEOUT_SECONDS = 10.0
TAKEN_SECONDS = 8.0  # that a program waits for its file to be taken out of a folder before it looks again
FAILURES = (OSError, EOFError, ftplib.Error, paramiko.SSHException, urllib.error.URLError, ValueError)

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # connections break all the time


class NotTaken(OSError):
    """The door said no, or nothing at all: the program drops its file again."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A door has said that a file is safe; `upload_id` is "" where it does not say under which name."""

    door: str
    seller: str
    name: str
    upload_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that is to be dropped by one of the doors."""

    seller: str
    name: str
    content: bytes
    token: str
    packed: bool = False

    @property
    def sent(self) -> bytes:
        """What goes over the line."""
        return gzip.compress(self.content) if self.packed else self.content


class Doors:
    """All doors of a deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.ways: dict[str, Callable[[Drop], str]] = {
            "ftp": self._ftp,
            "ftps": self._ftps,
            "sftp": self._sftp,
            "folder": self._folder,
            "http": self._http,
        }

    def drop(self, door: str, drop: Drop) -> Acknowledged | None:
        """Drop a file once; None when it was not acknowledged."""
        try:
            said = self.ways[door](drop)
        except FAILURES:
            return None
        return Acknowledged(door, drop.seller, drop.name, said, drop.content)

    def _ftp(self, drop: Drop) -> str:
        return self._stored(ftplib.FTP(timeout=TIMEOUT_SECONDS), drop)

    def _ftps(self, drop: Drop) -> str:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        return self._stored(ftplib.FTP_TLS(timeout=TIMEOUT_SECONDS, context=trusting), drop)

    def _stored(self, session: ftplib.FTP, drop: Drop) -> str:
        try:
            session.connect(*self.deployment.ftp)
            session.login(drop.seller, PASSWORD)
            if isinstance(session, ftplib.FTP_TLS):
                session.prot_p()
            said = upload_id_in(session.storbinary(f"STOR /inbox/{drop.name}", io.BytesIO(drop.sent)))
            with contextlib.suppress(*FAILURES):
                session.quit()
            return said
        finally:
            session.close()

    def _sftp(self, drop: Drop) -> str:
        line = paramiko.Transport(self.deployment.sftp)
        line.banner_timeout = line.auth_timeout = TIMEOUT_SECONDS
        try:
            line.connect(username=drop.seller, password=PASSWORD)
            client = paramiko.SFTPClient.from_transport(line)
            assert client is not None
            if channel := client.get_channel():
                channel.settimeout(TIMEOUT_SECONDS)
            file = client.open(f"/inbox/{drop.name}", "w")
            file.write(drop.sent)
            file.close()  # raises unless the door has said that all is well
            return ""
        finally:
            line.close()

    def _folder(self, drop: Drop) -> str:
        """Under a working name, then renamed; it is taken when it is gone, and not put there twice."""
        inbox = self.deployment.running.home(drop.seller) / "inbox"
        target = inbox / drop.name
        if not target.exists():
            working = inbox / f".{drop.name}.tmp"
            working.write_bytes(drop.sent)
            os.rename(working, target)
        if not _gone(target):
            raise NotTaken(drop.name)
        return ""

    def _http(self, drop: Drop) -> str:
        headers = {"Authorization": f"Bearer {drop.token}", "X-File-Name": drop.name, "Idempotency-Key": drop.name}
        headers["Content-Type"] = "text/tab-separated-values"
        asked = urllib.request.Request(f"{self.deployment.api}/orders/confirm", drop.sent, headers)
        with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:
            if answer.status != 202:
                raise NotTaken(f"{answer.status}")
            return upload_id_in(json.dumps(json.load(answer)))


def upload_id_in(reply: str) -> str:
    """The id in a reply. Raises: NotTaken when there is none."""
    try:
        return upload_id(reply)
    except AssertionError as error:
        raise NotTaken(reply) from error


def _gone(path: Path) -> bool:
    """Was it taken out of the folder before the program looks at something else?"""
    deadline = time.monotonic() + TAKEN_SECONDS
    while path.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
