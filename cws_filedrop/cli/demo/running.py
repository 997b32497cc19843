"""What `cws-filedrop demo` does: the main job once, on the sample files, with embedded defaults and a real client."""

from __future__ import annotations

import ftplib
import io
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from cws_filedrop import config, data_folder, log_settings, private
from cws_filedrop.cli.demo.lately import days_since, moved
from cws_filedrop.cli.run_service import running
from cws_filedrop.credentials import passwords
from cws_filedrop.errors import expected
from cws_filedrop.formats import known_profiles
from cws_filedrop.formatting import printable
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
FIRST: Final = "fillz-mixed-good-and-bad.txt"  # shown with its receipt: an example of nearly everything
ORDER_BOOK: Final = "order-book.txt"  # lies beside some samples, and is loaded before they are dropped
PATIENCE_SECONDS: Final = 55.0
COLOURS: Final = {
    "confirmed": "green",
    "confirmed-warning": "yellow",
    "updated": "cyan",
    "duplicate": "cyan",
    "rejected": "red",
    "unconfirmed": "red",
    "unknown": "magenta",
    "held": "yellow",
}


@dataclass(frozen=True, slots=True)
class UploadedSample:
    """A sample that went up, and the id the server gave it."""

    name: str
    upload_id: str


def demonstrate(names: list[Path], data: Path | None, *, serve: bool) -> bool:
    """Start everything, drop these files by FTP, show what became of every line; true if every line has its verdict."""
    private.set_umask()
    console = Console(highlight=False)
    with _data_folder(data) as folder:
        settings = _settings(folder, serve=serve)
        log_settings.configure(settings, "worker")
        password = _seller(settings)
        _load_orders(settings, {beside for path in names if (beside := path.with_name(ORDER_BOOK)).exists()})
        with running(settings) as (addresses, stop):
            complete = _run(console, names, addresses, password, stop)
            if serve:
                _show_ways_in(console, settings, addresses, password)
                stop.wait()
    return complete


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


def _run(console: Console, names: list[Path], addresses: Addresses, password: str, stop: StopRequest) -> bool:
    """Drop, wait, show; true when every line of every sample has its final verdict. Raises: Stopped."""
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
        results = [(sample, _rows(ftp, _file(outbox, sample, "result"))) for sample in sent]
        receipt = _text(ftp, _file(outbox, sent[0], "receipt"))
    console.rule(f"the receipt of {_short(sent[0].name)}, as the seller finds it", align="left")
    console.print(receipt.strip(), markup=False, highlight=False)
    console.rule("what became of every line", align="left")
    _show(console, results)
    return all(rows for _, rows in results)


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
    return UploadedSample(path.name, id_in_reply[0])


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


def _rows(ftp: ftplib.FTP, name: str) -> list[list[str]]:
    return [line.split("\t") for line in _text(ftp, name).splitlines()[1:]]


def _show(console: Console, results: list[tuple[UploadedSample, list[list[str]]]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", no_wrap=True)
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("verdicts")
    table.add_column("first thing to know", ratio=1)
    for sent, rows in results:
        verdicts = Counter(row[4] for row in rows)
        words = "\n".join(f"[{COLOURS.get(name, 'white')}]{name} {n:,}[/]" for name, n in verdicts.most_common())
        first_issue = next((f"{row[5]}: {row[6]}" for row in rows if row[5]), "")
        table.add_row(_short(sent.name), f"{len(rows):,}", words or "[red]no result[/]", _short(first_issue))
    console.print(table)
    total = Counter(row[4] for _, rows in results for row in rows)
    console.print("all lines:", ", ".join(f"{name} {number:,}" for name, number in total.most_common()))


def _short(text: str, width: int = 90) -> str:
    from rich.markup import escape

    return escape(printable(text if len(text) <= width else text[: width - 1] + "…"))


def _show_ways_in(console: Console, settings: Settings, addresses: Addresses, password: str) -> None:
    host, port = expected(addresses.ftp, "FTP of a demonstration")
    lines = [
        f"FTP       ftp://{host}:{port}   user [b]{SELLER}[/]   password [b]{password}[/]",
        *([f"SFTP      sftp://{addresses.sftp[0]}:{addresses.sftp[1]}   the same"] if addresses.sftp else []),
        f"folder    {settings.data / 'homes' / SELLER / 'inbox'}",
        *([f"pages     {addresses.web}   the same, as operator or as seller"] if addresses.web else []),
        f"try       curl -T sample_files/shipped-today.txt ftp://{SELLER}:{password}@{host}:{port}/inbox/",
        "stop      Ctrl-C",
    ]
    console.print(Panel("\n".join(lines), title="serving", title_align="left", box=box.ROUNDED))
