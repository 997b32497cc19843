"""`watch`: what it shows, on terminals of any width, and how it behaves when the database does not answer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cli.commands import Command
from cli.terminal import ALTERNATE, CURSOR, USUAL, Terminal
from pipeline.contexts import context_on, put, read
from rich.cells import cell_len

from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import AlarmKind, Door
from cws_filedrop.service_context import ServiceContext, utc_now
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.schema import FEEDS, LINES, ORDERS
from cws_filedrop.views import overview

GOOD = b"order-id\tstatus\tcarrier\ttracking\n026-1520163-6049104\tshipped\tRiver Post\tRP1234567\n"


@pytest.fixture
def context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[ServiceContext]:
    """A desk with uploads in several states, an alarm, a connection and a late order."""
    made = replace(context_on(tmp_path), clock=utc_now)
    now = datetime.now(UTC)
    put(made, GOOD, name="[b]brackets[/].txt")
    sent = put(made, GOOD, name="sent.txt")
    read(made, sent)
    put(made, b"", name="empty.txt")
    source = made.settings.data / "incoming"
    source.write_bytes(GOOD)
    made.spool.land(source, Drop("anna", Folder.INBOX, "landed.txt", Door.SFTP, "127.0.0.1"), size=len(GOOD))
    alarms.renew(
        made.db, [AlarmFinding("disk", AlarmKind.DISK, "The disk is nearly full", "Make room on it.")], now=now
    )
    alarms.beat(made.db, "worker on here", now=now)
    row = {"id": "1", "seller": "anna", "door": "sftp", "address": "192.0.2.7", "client": "OpenSSH_9.2"}
    connections.keep(made.db, "doors", [{**row, "since": "2026-11-22T12:00:00.000Z", "busy": True}], [])
    with made.db.write() as connection:
        order = {"account_id": 1, "amazon_order_id": "026-1520163-0000002", "state": "new"}
        at = stamp(now)
        connection.execute(ORDERS.insert().values(**order, latest_ship_date=at, created_at=at, changed_at=at))
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(made.settings.data))
    capsys.readouterr()  # what was logged meanwhile is none of a command's words
    yield made
    made.db.close()


def environment(context: ServiceContext) -> dict[str, str]:
    """Settings for a process of its own."""
    return {"CWS_FILEDROP_SERVICE__DATA_DIR": str(context.settings.data)}


def test_everything_is_there(command: Command, context: ServiceContext) -> None:
    said = command("watch", "--once")
    assert (said.code, said.err) == (0, "")
    for words in ("● worker", "being read", "The disk is nearly full.", "Make room on it.", "At the doors: 1"):
        assert words in said.out
    for words in ("[b]brackets[/].txt", "sent.txt", "192.0.2.7", "OpenSSH_9.2", "transfer", "026-1520163-0000002"):
        assert words in said.out
    rows = [line.split() for line in said.out.replace("│", " ").splitlines()]
    assert ["being", "read", "3"] in [row[:3] for row in rows], "two that are recorded and one in the spool"
    assert ["to", "be", "sent", "1"] in [row[:4] for row in rows]
    assert "Ctrl-C" not in said.out


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_it_fits_the_terminal(
    command: Command, context: ServiceContext, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = command("watch", "--once")
    assert said.code == 0
    assert max(cell_len(line) for line in said.out.splitlines()) <= columns
    assert "Newest uploads" in said.out
    side_by_side = any("Where it stands" in line and "Newest uploads" in line for line in said.out.splitlines())
    assert side_by_side == (columns >= 120)


def test_an_empty_service(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_on(tmp_path)
    context.db.close()
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(context.settings.data))
    said = command("watch", "--once")
    assert said.code == 0
    for words in ("none yet", "nobody is connected", "nothing needs an operator", "the service does not run"):
        assert words in said.out


def test_without_data_it_says_so(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "nothing"))
    said = command("watch")
    assert (said.code, said.err.startswith(f"cws-filedrop: {tmp_path / 'nothing'} holds no data yet")) == (2, True)


def test_a_database_that_says_no(command: Command, context: ServiceContext) -> None:
    with context.db.write() as connection:
        connection.execute(sa.text("ALTER TABLE beats RENAME TO away"))
    said = command("watch", "--once")
    assert said.code == 1
    assert "It cannot be looked at (no such table: beats); try again; nothing was seen yet." in said.out


def test_lines_in_no_feed_are_queued_and_others_not(context: ServiceContext) -> None:
    assert overview.look(context).stages.to_send.lines == 1
    with context.db.write() as connection:
        row = {
            "account_id": 1,
            "cause": "x",
            "state": "submitted",
            "line_count": 1,
            "opened_at": "2026-11-22T12:00:00.000Z",
        }
        number = connection.execute(FEEDS.insert().values(**row)).inserted_primary_key
        assert number is not None
        connection.execute(LINES.update().where(LINES.c.verdict == "queued").values(feed_no=number[0], verdict="sent"))
    seen = overview.look(context)
    assert (seen.stages.to_send.lines, seen.stages.to_send.oldest) == (0, "")
    assert (seen.stages.feed("submitted").number, seen.stages.feed("submitted").lines) == (1, 1)


# On a terminal


def test_it_goes_on_until_ctrl_c_and_leaves_the_terminal_as_it_was(context: ServiceContext) -> None:
    with Terminal("watch", "--every", "0.2", environment=environment(context)) as terminal:
        terminal.expect("sent.txt")
        put(context, GOOD, name="later.txt")
        terminal.expect("later.txt")
        terminal.resize(130, 30)
        terminal.forget()
        terminal.expect("every 0.2 s; Ctrl-C ends it")
        assert terminal.end() == 130
        assert terminal.raw.rstrip().endswith(CURSOR) or CURSOR in terminal.raw
        assert terminal.raw.count(USUAL) == 1
        assert "Traceback" not in terminal.words()
        assert "Abort" not in terminal.words()


def test_it_uses_the_other_screen(context: ServiceContext) -> None:
    with Terminal("watch", environment=environment(context), columns=80, rows=24) as terminal:
        terminal.expect("Ctrl-C ends it")
        assert ALTERNATE in terminal.raw
        assert terminal.end(15) == 143
        assert USUAL in terminal.raw


@pytest.mark.parametrize("rows", [20, 24, 32, 50])
def test_a_small_terminal_shows_less_instead_of_half(context: ServiceContext, rows: int) -> None:
    with Terminal("watch", environment=environment(context), columns=80, rows=rows) as terminal:
        terminal.expect("every 2 s; Ctrl-C ends it")
        assert terminal.end() == 130
    words = terminal.words()
    assert "empty.txt" in words
    assert ("connected: 1   late soon: 1" in words) == (rows < 30)


def test_a_busy_database_is_told_of_and_waited_for(context: ServiceContext) -> None:
    """Somebody has the whole database to himself for a while."""
    context.db.close()
    path = context.settings.data / "cws_filedrop.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with Terminal("watch", "--every", "0.2", environment=environment(context)) as terminal:
            terminal.expect("The database has not answered for")
            terminal.expect("It cannot be looked at (database is locked); it is tried again; nothing was seen yet.")
            other.execute("COMMIT")
            other.close()
            terminal.expect("sent.txt")
            terminal.forget()
            terminal.expect("Ctrl-C ends it")
            assert "it is tried again" not in terminal.words()
            assert terminal.end() == 130


def test_what_was_seen_last_stays_while_the_database_is_away(context: ServiceContext) -> None:
    with Terminal("watch", "--every", "0.2", environment=environment(context)) as terminal:
        terminal.expect("sent.txt")
        with context.db.write() as connection:
            connection.execute(sa.text("ALTER TABLE beats RENAME TO away"))
        terminal.expect("It cannot be looked at (no such table: beats); it is tried again; what is shown is")
        terminal.forget()
        terminal.expect("sent.txt")
        with context.db.write() as connection:
            connection.execute(sa.text("ALTER TABLE away RENAME TO beats"))
        put(context, GOOD, name="again.txt")
        terminal.expect("again.txt")
        assert terminal.end() == 130


def test_it_prints_once_into_a_pipe(context: ServiceContext) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", "watch"],
        env={"PATH": "", **environment(context)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
