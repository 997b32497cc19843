"""What `cws-filedrop demo` does: the main job once, on the sample files, with embedded defaults and a real client."""

from __future__ import annotations

import ftplib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cws_filedrop import config, data_folder, log_settings, private
from cws_filedrop.cli.demo import showing
from cws_filedrop.cli.demo.lately import days_since, moved
from cws_filedrop.cli.demo.showing import Answered, Row
from cws_filedrop.cli.run_service import running
from cws_filedrop.credentials import passwords
from cws_filedrop.errors import expected
from cws_filedrop.formats import known_profiles
from cws_filedrop.model import Account, Role, Seller
from cws_filedrop.orders import importing
from cws_filedrop.processes.addresses import Addresses
from cws_filedrop.processes.stopping import StopRequest
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database
from cws_filedrop.store.opening import open_database
from cws_filedrop.store.sellers import profiles, sellers
from cws_filedrop.store.users import users

SELLER: Final = "demo"
FIRST: Final = "fillz-mixed-good-and-bad.txt"  # shown line by line: an example of nearly everything
ORDER_BOOK: Final = "order-book.txt"  # lies beside some samples, and is loaded before they are dropped
PATIENCE_SECONDS: Final = 55.0


@dataclass(frozen=True, slots=True)
class UploadedSample:
    """A sample that went up, and the id the server gave it."""

    path: Path
    upload_id: str


def demonstrate(names: list[Path], data: Path | None, *, serve: bool, every: bool) -> bool:
    """Start everything, drop these files by FTP, show what became of their lines; true if every line has its verdict.

    `every`: show each file's verdicts, not only those of the first file and the sums.
    """
    private.set_umask()
    console = Console(highlight=False)
    with _data_folder(data) as folder:
        settings = _settings(folder, serve=serve)
        log_settings.configure(settings, "worker")
        password = _seller(settings)
        _load_orders(settings, {beside for path in names if (beside := path.with_name(ORDER_BOOK)).exists()})
        with running(settings) as (addresses, stop):
            began = time.monotonic()
            results = _run(console, names, addresses, password, stop)
            showing.show(console, results, time.monotonic() - began, every=every)
            if serve:
                showing.show_ways_in(console, _ways_in(settings, addresses, password))
                stop.wait()
    return all(answered.rows for answered in results)


def samples_in(folder: Path) -> list[Path]:
    """The sample files, those in the folder itself first."""
    samples = (path for path in folder.rglob("*") if _is_sample(path, folder))
    return sorted(samples, key=lambda path: (len(path.parts), path.name != FIRST, path.name))


def _is_sample(path: Path, samples: Path) -> bool:
    inside = path.relative_to(samples).parts
    return path.is_file() and inside[0] != "expected" and path.name not in ("README.md", ORDER_BOOK)


@contextmanager
def _data_folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="cws_filedrop-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _settings(folder: Path, *, serve: bool) -> Settings:
    usual = config.load(None, os.environ)
    return replace(
        usual,
        service=replace(usual.service, data_dir=folder, log_level="error"),
        ftp=replace(usual.ftp, port=_port(usual.ftp.port) if serve else 0),
        sftp=replace(usual.sftp, port=_port(usual.sftp.port) if serve else 0),
        web=replace(usual.web, enabled=serve, port=_port(usual.web.port) if serve else 0),
        marketplace=replace(usual.marketplace, poll_seconds=0.5, lookup_seconds=2.0),
    )


def _port(wanted: int) -> int:
    """The usual port if it is free, else 0, which takes any."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def _seller(settings: Settings) -> str:
    """A demo seller with every known profile, and an operator of the pages; the fresh password of both."""
    data_folder.make(settings)
    db = open_database(settings)
    db.create()
    password, now = passwords.generated(12), datetime.now(UTC)
    hashed = passwords.hashed(password)
    if not sellers.add(db, Seller(0, SELLER, Account(0, "A1DEMO2MERCHANT")), password_hash=hashed, now=now):
        sellers.change(db, SELLER, {"password_hash": hashed})
    if not users.add(db, SELLER, password_hash=hashed, role=Role.ADMIN, now=now):
        users.change(db, SELLER, {"password_hash": hashed})
    for name in known_profiles.names():  # some of the samples are exports of shipping programs
        profiles.put(db, _owner(db).id, name, known_profiles.text(name), now=now)
    db.close()
    return password


def _owner(db: Database) -> Seller:
    return expected(sellers.find(db, SELLER), "demo seller")


def _load_orders(settings: Settings, files: set[Path]) -> None:
    """Put the orders of some samples into the order book."""
    context = open_context(settings)
    owner = _owner(context.db)
    for path in sorted(files):
        now = context.clock()
        judging = context.judging(owner.policy, now)
        with _lately(path) as source:
            importing.import_file(context.db, owner.account.id, source, file_name=path.name, judging=judging, now=now)
    context.db.close()


def _run(console: Console, names: list[Path], addresses: Addresses, password: str, stop: StopRequest) -> list[Answered]:
    """Drop the files and wait; each with the lines of its result, none if there is none yet. Raises: Stopped."""
    where = expected(addresses.ftp, "FTP of a demonstration")
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn())
    with _session(where, password) as ftp, Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("dropping by FTP", total=len(names))
        sent = []
        for path in names:
            stop.check()
            sent.append(_drop(ftp, path))
            progress.advance(bar)
        bar = progress.add_task("waiting for answers", total=len(sent))
        outbox = _wait(ftp, sent, stop, lambda answered: progress.update(bar, completed=answered))
        return [Answered(sample.path, _rows(ftp, _file(outbox, sample, "result"))) for sample in sent]


@contextmanager
def _session(address: tuple[str, int], password: str) -> Iterator[ftplib.FTP]:
    with ftplib.FTP(timeout=30, encoding="utf-8") as ftp:  # noqa: S321
        ftp.connect(*address)
        ftp.login(SELLER, password)
        yield ftp


def _lately(path: Path) -> io.BytesIO:
    """A sample, with days that are not long past."""
    return io.BytesIO(moved(path.read_bytes(), days_since(datetime.now(UTC).date())))


def _drop(ftp: ftplib.FTP, path: Path) -> UploadedSample:
    with _lately(path) as file:
        try:
            reply = ftp.storbinary(f"STOR /inbox/{path.name}", file)
        except ftplib.error_perm as refusal:  # such as for a file without the needed headings; its receipt has details
            reply = str(refusal)
    id_in_reply = expected(re.search(r"\d{8}-\d{6}-\w{4}", reply), f"upload id in the reply {reply!r}")
    return UploadedSample(path, id_in_reply[0])


def _wait(ftp: ftplib.FTP, sent: list[UploadedSample], stop: StopRequest, tell: Callable[[int], None]) -> list[str]:
    """The names in the outbox, once each upload has its result or patience has run out. Raises: Stopped."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        outbox = ftp.nlst("/outbox")
        answered = sum(1 for one in sent if _file(outbox, one, "result"))
        tell(answered)
        if answered == len(sent) or time.monotonic() > deadline:
            return outbox
        stop.check(wait_seconds=0.2)


def _file(outbox: list[str], sent: UploadedSample, kind: str) -> str:
    wanted = f".{sent.upload_id}.{kind}.txt"
    return next((name.rpartition("/")[2] for name in outbox if name.endswith(wanted)), "")


def _text(ftp: ftplib.FTP, name: str) -> str:
    if not name:
        return ""
    body = io.BytesIO()
    ftp.retrbinary(f"RETR /outbox/{name}", body.write)
    return body.getvalue().decode()


def _rows(ftp: ftplib.FTP, name: str) -> list[Row]:
    return [Row.read(line) for line in _text(ftp, name).splitlines()[1:]]


def _ways_in(settings: Settings, addresses: Addresses, password: str) -> list[tuple[str, str]]:
    """Where it is served and what to type there, the user and the password last."""
    host, port = expected(addresses.ftp, "FTP of a demonstration")
    sftp = addresses.sftp
    doors = [f"ftp://{host}:{port}", *([f"sftp://{sftp[0]}:{sftp[1]}"] if sftp else [])]
    return [
        ("try", f"curl -T sample_files/shipped-today.txt ftp://{SELLER}@{host}:{port}/inbox/"),
        ("folder", str(settings.data / "homes" / SELLER / "inbox")),
        ("doors", "   ".join(doors)),
        *([("pages", str(addresses.web))] if addresses.web else []),
        ("user", f"[b]{SELLER}[/]   password [b]{password}[/]   as seller and as operator"),
    ]
