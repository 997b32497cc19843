"""A real service in real processes, for tests: started by its command, spoken to by real clients, killed for real."""

from __future__ import annotations

import contextlib
import ftplib
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import children
import databases
import in_process

from cws_filedrop.reports.order_file import HOW_TO

PASSWORD = "correct-horse-9"
Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], *, seconds: float = 120, what: str = "it") -> Found:
    """The first true value of `look`, asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        pause.wait(0.02)


class Process:
    """A process of ours whose standard output is read as it comes."""

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        *,
        before: Sequence[str] = (),
        scope: children.Scope | None = None,
    ) -> None:
        self._log = log.open("ab")
        self.process = children.start(
            [*before, sys.executable, "-m", *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            scope=scope,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode())

    def said(self, pattern: str) -> re.Match[str] | None:
        """The first match in what it said so far."""
        return re.search(pattern, "".join(self.lines), re.MULTILINE)

    def expect(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """The first match, waited for; fails at once when the process ends."""

        def look() -> re.Match[str] | None:
            found = self.said(pattern)
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}: {self.tail()}"
            return found

        found = wait_for(look, seconds=seconds, what=f"{pattern!r}; log: {self.tail()}")
        assert found is not None
        return found

    def tail(self) -> str:
        """The end of its log."""
        return Path(self._log.name).read_text(errors="replace")[-3000:]

    def stop(self, number: int = signal.SIGTERM, *, group: bool = False, seconds: float = 120) -> int:
        """Send it (or its whole group) a signal, and wait for its end."""
        if self.process.poll() is None:
            (os.killpg if group else os.kill)(self.process.pid, number)
        code = self.process.wait(seconds)
        self._reader.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        return code


class Sandbox:
    """The built-in Amazon in a process of its own, so that it outlives a killed service."""

    def __init__(
        self,
        folder: Path,
        *,
        rate_scale: float = 5000.0,
        processing_seconds: float = 0.05,
        more: Sequence[str] = (),
    ) -> None:
        arguments = ["cws_filedrop.marketplaces.sandbox", "--data", str(folder / "amazon.db"), "--port", "0"]
        arguments += ["--rate-scale", str(rate_scale), "--processing-seconds", str(processing_seconds), *more]
        self.process = Process(arguments, {}, folder / "amazon.log")
        self.endpoint = json.loads(self.process.expect(r"^\{.*\}$")[0])["endpoint"]

    def ledger(self) -> list[dict[str, Any]]:
        """Every OrderFulfillment message that was ever accepted for processing."""
        with urllib.request.urlopen(f"{self.endpoint}/sandbox/ledger", timeout=60) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["messages"]
        return rows

    def fault(self, operation: str, kind: str, **values: object) -> None:
        """Have something go wrong with its next calls (the shape is in `marketplaces.sandbox.faults`)."""
        wanted = json.dumps({"operation": operation, "kind": kind} | values).encode()
        with urllib.request.urlopen(f"{self.endpoint}/sandbox/faults", wanted, timeout=60) as answer:
            answer.read()

    def faults(self) -> list[dict[str, Any]]:
        """What is yet to go wrong."""
        with urllib.request.urlopen(f"{self.endpoint}/sandbox/faults", timeout=60) as answer:
            waiting: list[dict[str, Any]] = json.load(answer)["faults"]
        return waiting

    def stop(self) -> None:
        """End it."""
        self.process.stop()


class Running:
    """`cws-filedrop serve` on a folder of its own; `before` is a command that starts it, such as `nice`.

    With `roles` it is one service of several on the same folder and the same PostgreSQL.
    """

    def __init__(self, folder: Path, *, before: Sequence[str] = (), roles: str = "", **settings: object) -> None:
        self.folder = folder
        self.roles = ["--roles", roles] if roles else []
        self.before = before
        self.data = folder / "data"
        usual = {
            "SERVICE__DATA_DIR": self.data,
            "DATABASE__URL": databases.url_for(self.data),
            "FTP__PORT": 0,
            "SFTP__PORT": 0,
            "WEB__ENABLED": False,
            "WEB__PORT": 0,
            "MARKETPLACE__POLL_SECONDS": 0.2,
            "MARKETPLACE__LOOKUP_SECONDS": 0.5,
            "SANDBOX__RATE_SCALE": 5000,
            "SANDBOX__PROCESSING_SECONDS": 0.05,
        } | settings
        self.environment = {f"CWS_FILEDROP_{name}": str(value) for name, value in usual.items()}
        self.process: Process | None = None
        self.address = ("", 0)
        self.implicit_address = ("", 0)
        self.sftp_address = ("", 0)
        self._sellers = 0
        self._scope = children.current()
        self.pages = ""  # where they are, when WEB__ENABLED

    def add_seller(self, name: str, *options: str) -> None:
        """By the command line, as an operator would."""
        done = self.command(
            "seller", "add", name, "--merchant-id", f"M{name.upper()}", "--password", PASSWORD, *options
        )
        assert done.returncode == 0, done.stderr

    def new_seller(self, *options: str) -> str:
        """One that no other test has; its name."""
        self._sellers += 1
        name = f"seller{self._sellers}"
        self.add_seller(name, *options)
        return name

    def add_user(self, name: str, password: str, role: str = "admin") -> None:
        """An operator of the pages, by the command line."""
        done = self.command("user", "add", name, "--role", role, "--password-stdin", given=password + "\n")
        assert done.returncode == 0, done.stderr

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of ours with the service's settings, which it meets in the data folder; in this process."""
        return in_process.run(arguments, self.environment, given=given)

    def program(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """The same in a process of its own: for commands that go on, or set up what is the process's."""
        return subprocess.run(
            [*self.before, sys.executable, "-m", "cws_filedrop", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            input=given,
            timeout=120,
            check=False,
        )

    def start(self) -> Running:
        """Start it and wait until it is ready."""
        log = self.folder / "service.log"
        self.process = Process(
            ["cws_filedrop", "serve", *self.roles], self.environment, log, before=self.before, scope=self._scope
        )
        self.process.expect(r"^ready$")
        self.address, self.implicit_address, self.sftp_address = map(self._listening, ("ftp", "ftps", "sftp"))
        pages = self.process.said(r"^pages +(\S+)$")
        self.pages = pages[1] if pages else ""
        return self

    def _listening(self, scheme: str) -> tuple[str, int]:
        assert self.process is not None
        found = self.process.said(rf" {scheme}://([\d.]+):(\d+)")
        return (found[1], int(found[2])) if found else ("", 0)

    @contextlib.contextmanager
    def started(self) -> Iterator[Running]:
        """Started, and stopped whatever happens; without a failure it must have ended well."""
        try:
            yield self.start()
        except BaseException:
            if self.process is not None:
                self.process.stop()
            raise
        assert self.stop() == 0

    def stop(self, number: int = signal.SIGTERM, *, group: bool = False) -> int:
        """Stop it; its exit code."""
        assert self.process is not None
        return self.process.stop(number, group=group)

    def home(self, seller: str) -> Path:
        """The seller's home on disk."""
        return self.data / "homes" / seller

    def ftp(self, seller: str) -> ftplib.FTP:
        """A session that is logged in."""
        session = ftplib.FTP(timeout=60, encoding="utf-8")
        try:
            session.connect(*self.address)
            session.login(seller, PASSWORD)
        except BaseException:
            session.close()
            raise
        return session

    def drop(self, seller: str, name: str, content: bytes, folder: str = "inbox") -> str:
        """Upload by FTP; the upload's id."""
        with self.ftp(seller) as session:
            try:
                return upload_id(session.storbinary(f"STOR /{folder}/{name}", io.BytesIO(content)))
            except ftplib.error_perm as refusal:  # it cannot be used; it was taken all the same, and is answered
                return upload_id(str(refusal))

    def outbox(self, seller: str) -> list[str]:
        """Names in the outbox on disk, without files that are being written."""
        folder = self.home(seller) / "outbox"
        return sorted(name for name in os.listdir(folder) if not name.startswith(".")) if folder.exists() else []

    def find(self, seller: str, upload: str, kind: str) -> Path | None:
        """One of an upload's files in the outbox."""
        ending = f".{upload}.{kind}.txt"
        name = next((name for name in self.outbox(seller) if name.endswith(ending)), None)
        return None if name is None else self.home(seller) / "outbox" / name

    def result(self, seller: str, upload: str, *, seconds: float = 120) -> list[dict[str, str]]:
        """The rows of an upload's result, waited for."""
        path = wait_for(
            lambda: self.find(seller, upload, "result"),
            seconds=seconds,
            what=f"the result of {upload}; log: {self.process.tail() if self.process else ''}",
        )
        assert path is not None
        return rows(path.read_bytes())


def spooled(data: Path) -> list[tuple[dict[str, Any], bytes]]:
    """Every claim that lies in the spool, and its bytes; what is moved on just now is found at the next look."""
    found = []
    for folder, _, names in os.walk(data / "spool"):  # unlike a glob it lets folders vanish
        if "claim.json" in names:
            with contextlib.suppress(FileNotFoundError):
                claim = json.loads((Path(folder) / "claim.json").read_bytes())
                found.append((claim, (Path(folder) / "data").read_bytes()))
    return found


def upload_id(reply: str) -> str:
    """The id in the reply to an upload."""
    found = re.search(r"\d{8}-\d{6}-\w{4}", reply)
    assert found, reply
    return found[0]


def rows(table: bytes) -> list[dict[str, str]]:
    """A tab-delimited file with a heading row, and perhaps a line above that says how to use the file."""
    heading, *lines = table.decode().removeprefix(f"{HOW_TO}\r\n").split("\r\n")[:-1]
    return [dict(zip(heading.split("\t"), line.split("\t"), strict=True)) for line in lines]


def amazon_file(orders: Iterable[str], *, date: str = "", carrier: str = "Other") -> bytes:
    """A clean amazon-shipping-confirmation file for these orders."""
    day = date or time.strftime("%Y-%m-%d", time.gmtime())
    heading = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method"
    lines = [
        f"{order}\t{order[4:11]}{order[12:19]}\t1\t{day}\t{carrier}\tRiver Post\tRP{order[4:11]}{order[12:19]}\tGround"
        for order in orders
    ]
    return "\r\n".join([heading, *lines, ""]).encode()


def order_ids(number: int, *, start: int = 0) -> list[str]:
    """Well-formed order ids, all different."""
    return [f"902-{n // 10_000_000 + 1_000_000:07d}-{n % 10_000_000:07d}" for n in range(start, start + number)]
