"""`logs`: files of several processes, and older ones, as one story in order of time."""

from __future__ import annotations

import json
import os
import signal
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli.commands import Command, Said
from running import Process, wait_for

from cws_filedrop.cli.logs.lines import LogFilter, since_of
from cws_filedrop.cli.logs.reading import Log, everything, logs_in, newest

UPLOAD, OTHER = "20261122-013042-k7f3", "20261122-013043-m2q8"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def line(second: float, event: str, level: str = "info", **fields: object) -> str:
    """A line as it is written, so many seconds after noon."""
    at = (NOW + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    return json.dumps({"timestamp": at, "level": level, "event": event, "logger": "x", **fields}) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service's log files, with something in it."""
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path))
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "doors.log.2").write_text(line(0, "ftp.opened", port=2121))
    (logs / "doors.log.1").write_text(line(2, "upload.arrived", upload=UPLOAD, seller="anna"))
    (logs / "doors.log").write_text(
        line(5, "upload.cut", "warning", upload=OTHER, seller="bob") + line(9, "login.refused", "warning", user="anna")
    )
    (logs / "worker.log").write_text(
        line(3, "upload.read", upload=UPLOAD, seller="anna")
        + line(4, "amazon.feed_created", feed=1)
        + line(6, "outbox.not_renewed", "warning", uploads=[UPLOAD, OTHER])
        + line(7, "feed.failed", "error", feed=12, exception="Traceback:\n  where it was")
        + line(8, "uploads.counted")
    )
    (logs / ".doors.log.lock").write_text("")
    (logs / "notes.txt").write_text("not a log\n")
    return logs


def events(said: Said) -> list[str]:
    """The events of its JSON lines."""
    assert said.code == 0, said.err
    return [json.loads(one)["event"] for one in said.out.splitlines()]


def test_all_processes_and_older_files_are_merged_by_time(command: Command, folder: Path) -> None:
    assert events(command("logs", "--json")) == [
        "ftp.opened",
        "upload.arrived",
        "upload.read",
        "amazon.feed_created",
        "upload.cut",
        "outbox.not_renewed",
        "feed.failed",
        "uploads.counted",
        "login.refused",
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--lines", 2), ["uploads.counted", "login.refused"]),
        (("--upload", UPLOAD), ["upload.arrived", "upload.read", "outbox.not_renewed"]),
        (("--upload", OTHER, "--level", "warning"), ["upload.cut", "outbox.not_renewed"]),
        (("--seller", "Anna"), ["upload.arrived", "upload.read", "login.refused"]),
        (("--feed", 1), ["amazon.feed_created"]),
        (("--level", "error"), ["feed.failed"]),
        (("--event", "upload"), ["upload.arrived", "upload.read", "upload.cut"]),
        (("--event", "upload."), ["upload.arrived", "upload.read", "upload.cut"]),
        (("--event", "upload.read"), ["upload.read"]),
        (("--event", "upload.re"), []),
        (("--since", "2026-11-22T12:00:07"), ["feed.failed", "uploads.counted", "login.refused"]),
        (("--since", "2026-11-22T14:00:08+02:00", "--lines", 1), ["login.refused"]),
        (("--since", "2026-11-23"), []),
        (("--level", "warning", "--lines", 1, "--event", "upload"), ["upload.cut"]),
    ],
)
@pytest.mark.parametrize("everything", [False, True])
def test_lines_are_picked(
    command: Command, folder: Path, options: tuple[object, ...], found: list[str], everything: bool
) -> None:
    """Read backwards for the last lines, or forwards for all of them: the same is found."""
    how = ("--lines", 0) if everything and "--lines" not in options else ()
    assert events(command("logs", "--json", *options, *how)) == found


def test_people_see_readable_lines(command: Command, folder: Path) -> None:
    said = command("logs", "--event", "feed.failed")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "2026-11-22 12:00:07      error    worker   feed.failed  feed=12\n    Traceback:\n      where it was\n"
    )


def test_values_cannot_play_tricks_on_the_terminal(command: Command, folder: Path) -> None:
    (folder / "worker.log").write_text(line(1, "upload.odd", name='a\x1b[2J "b"\u202e', empty="", many=[1, "x"]))
    said = command("logs", "--event", "upload.odd")
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    assert 'name="a\\u001b[2J \\"b\\"\\u202e" empty="" many=[1, "x"]' in said.out


def test_what_is_no_json_is_shown_as_it_is(command: Command, folder: Path) -> None:
    odd = b'{"torn": \n\xff\xfe not text\n[1, 2]\n"word"\n' + b"9" * 5000 + b"\n" + b"[" * 100_000 + b"\n\n"
    (folder / "worker.log").write_bytes(line(1, "a.done").encode() + odd + line(1.5, "b.done").encode())
    for how in (("--lines", 100), ("--lines", 0)):
        said = command("logs", *how)
        assert said.code == 0, said.err
        shown = said.out.splitlines()
        start = next(at for at, one in enumerate(shown) if "a.done" in one)
        assert shown[start + 1 : start + 5] == ['{"torn": ', "\ufffd\ufffd not text", "[1, 2]", '"word"']
        assert "b.done" in shown[start + 7]
        assert command("logs", "--level", "info", "--event", "a", *how).out.count("\n") == 1


def test_files_without_a_line_end_or_content(command: Command, folder: Path) -> None:
    (folder / "worker.log").write_text(line(20, "last.done").rstrip("\n"))
    (folder / "pages.log").write_text("")
    assert events(command("logs", "--json", "--lines", 1)) == ["last.done"]


@pytest.mark.parametrize("text", ["yesterday", "2 h ago", "-1h", "2026-13-01", "9999999999999999h"])
def test_a_time_that_is_none_is_wrong_use(command: Command, folder: Path, text: str) -> None:
    said = command("logs", f"--since={text}")
    assert (said.code, "write 2h" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2h", "2026-11-22T10:00:00Z"),
        ("90s", "2026-11-22T11:58:30Z"),
        ("1.5 h", "2026-11-22T10:30:00Z"),
        ("30min", "2026-11-22T11:30:00Z"),
        ("1d", "2026-11-21T12:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T10:00+02:00", "2026-11-20T08:00:00Z"),
    ],
)
def test_times(text: str, stamp: str) -> None:
    assert since_of(text, NOW) == stamp.replace("Z", ".000000Z")


def test_without_log_files_it_says_so(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path))
    said = command("logs")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"cws-filedrop: nothing is logged in {tmp_path / 'logs'} yet")


def test_many_large_files_do_not_fill_the_memory(tmp_path: Path) -> None:
    """40 MB: the last lines of them, and all of them one by one."""
    row = "".join(line(n / 1000, "thing.done", n=n, filling="x" * 200) for n in range(14_000))
    for process in ("doors", "worker"):
        for age in ("", ".1", ".2", ".3", ".4"):
            (tmp_path / f"{process}.log{age}").write_text(row)
    (tmp_path / "pages.log").write_bytes(b"y" * 6_000_000)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size > 40_000_000
    logs = [Log(path) for path in logs_in(tmp_path)]
    tracemalloc.start()
    try:
        last = newest(logs, LogFilter(event="thing"), 10)
        number = sum(
            1
            for _ in everything(
                logs, LogFilter(level="info", event="thing.done", since=since_of("2026-11-22T12:00:13", NOW))
            )
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        for log in logs:
            log.close()
    assert [one.entry["n"] for one in last if one.entry] == [n for n in range(13_995, 14_000) for _ in range(2)]
    assert number == 10 * 1_000
    assert peak < 12_000_000


# Following


@pytest.fixture
def followed(folder: Path, tmp_path: Path) -> Callable[..., Process]:
    """`logs --follow --json` in a process of its own."""

    def begin(*options: str) -> Process:
        environment = {"CWS_FILEDROP_SERVICE__DATA_DIR": str(tmp_path)}
        return Process(["cws_filedrop", "logs", "--follow", "--json", *options], environment, tmp_path / "err.txt")

    return begin


def told(process: Process) -> list[str]:
    """The events that it has shown."""
    return [json.loads(one)["event"] for one in process.lines if one.endswith("\n")]


def add(path: Path, *more: str) -> None:
    """Write lines to the end of a file."""
    with path.open("a") as file:
        file.write("".join(more))


def turn(path: Path, kept: int = 5) -> None:
    """Put a log file aside, as its writer does."""
    for age in range(kept - 1, 0, -1):
        if (older := path.with_name(f"{path.name}.{age}")).exists():
            older.rename(path.with_name(f"{path.name}.{age + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


def test_what_comes_is_shown_until_ctrl_c(folder: Path, followed: Callable[..., Process]) -> None:
    process = followed("--lines", "1", "--level", "info")
    wait_for(lambda: told(process) == ["login.refused"])
    add(folder / "worker.log", line(30, "b.done"), line(31, "not.wanted", "debug"))
    add(folder / "doors.log", line(29, "a.done"))
    wait_for(lambda: "b.done" in told(process) and "a.done" in told(process))
    (folder / "pages.log").write_text(line(32, "late.done"))
    wait_for(lambda: "late.done" in told(process))
    assert process.stop(signal.SIGINT) == 130
    assert sorted(told(process)[1:]) == ["a.done", "b.done", "late.done"]
    assert process.tail() == ""


def test_nothing_is_missed_or_shown_twice_when_files_are_put_aside(
    folder: Path, followed: Callable[..., Process]
) -> None:
    process, path = followed("--lines", "1", "--event", "n"), folder / "worker.log"
    add(path, line(40, "n.0"))
    wait_for(lambda: told(process) == ["n.0"])
    os.kill(process.process.pid, signal.SIGSTOP)  # several turns between two looks
    add(path, line(41, "n.1"))
    turn(path)
    add(path, line(42, "n.2"))
    turn(path)
    add(path, line(43, "n.3"))
    os.kill(process.process.pid, signal.SIGCONT)
    wait_for(lambda: len(told(process)) >= 4)
    turn(path)
    add(folder / "doors.log", line(44, "n.4"))
    wait_for(lambda: len(told(process)) >= 5)
    add(path, line(45, "n.5"))
    wait_for(lambda: len(told(process)) >= 6)
    assert process.stop(signal.SIGINT) == 130
    assert told(process) == [f"n.{number}" for number in range(6)]


def test_half_a_line_is_waited_for(folder: Path, followed: Callable[..., Process]) -> None:
    whole = line(50, "half.done")
    add(folder / "worker.log", whole[:20])
    process = followed("--lines", "1", "--event", "half")
    add(folder / "doors.log", line(49, "half.other"))
    wait_for(lambda: told(process) == ["half.other"])
    add(folder / "worker.log", whole[20:])
    wait_for(lambda: told(process) == ["half.other", "half.done"])
    assert process.stop(signal.SIGINT) == 130


def test_files_may_come_later(tmp_path: Path) -> None:
    environment = {"CWS_FILEDROP_SERVICE__DATA_DIR": str(tmp_path)}
    process = Process(["cws_filedrop", "logs", "-f", "--json"], environment, tmp_path / "err.txt")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text(line(1, "a.done"))
    wait_for(lambda: told(process) == ["a.done"])
    assert process.stop(signal.SIGINT) == 130
