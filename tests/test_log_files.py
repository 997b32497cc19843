"""Log files: their size and number, who writes to them, who may read them, and a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cws_filedrop.log_files import LogFile

PROGRAM = """
import sys
from pathlib import Path
from cws_filedrop import log
log.configure("info", files=log.LogFolder(Path(sys.argv[1]), "doors", int(sys.argv[2]), int(sys.argv[3])))
"""


def run(program: str, *arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program that logs into a folder."""
    words = [sys.executable, "-c", PROGRAM + program, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, input=given, timeout=60, check=False)


def lines(path: Path) -> list[dict[str, Any]]:
    """What stands in a log file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has its log file, and keeps it until its standard input ends."""
    program = PROGRAM + 'log.get("x").info("first.said"); print("ready", flush=True); sys.stdin.read()'
    words = [sys.executable, "-c", program, str(tmp_path), "1000", "2"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        yield one


def test_an_event_is_a_line_of_json_with_what_is_bound(tmp_path: Path) -> None:
    done = run(
        """
with log.bound(upload="20261122-013042-k7f3"):
    log.get("here").warning("upload.cut", bytes=3, path=Path("a\\nb"))
import logging
logging.getLogger("library").error("%s is odd", "it")
try:
    1 / 0
except ZeroDivisionError:
    log.get("here").exception("upload.failed")
""",
        tmp_path,
        10_000,
        3,
    )
    assert done.returncode == 0, done.stderr
    cut, odd, failed = lines(tmp_path / "doors.log")
    assert list(cut)[:3] == ["timestamp", "level", "event"]
    assert (cut["level"], cut["event"], cut["upload"], cut["bytes"]) == (
        "warning",
        "upload.cut",
        "20261122-013042-k7f3",
        3,
    )
    assert (odd["level"], odd["event"], odd["logger"]) == ("error", "it is odd", "library")
    assert "ZeroDivisionError" in failed["exception"]
    assert all(event in done.stderr for event in ("upload.cut", "it is odd", "upload.failed")), "the stream has it, too"


def test_files_are_put_aside_and_the_oldest_removed(tmp_path: Path) -> None:
    done = run('for n in range(100): log.get("x").info("thing.done", n=n)', tmp_path, 1000, 3)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert names == ["doors.log", "doors.log.1", "doors.log.2"]
    assert all((tmp_path / name).stat().st_size <= 1000 for name in names)
    numbers = [line["n"] for name in reversed(names) for line in lines(tmp_path / name)]
    assert numbers == list(range(numbers[0], 100)), "whole lines, none missing between"


def test_only_one_file_is_kept_when_that_is_wanted(tmp_path: Path) -> None:
    assert run('for n in range(100): log.get("x").info("thing.done", n=n)', tmp_path, 1000, 1).returncode == 0
    assert [path.name for path in tmp_path.glob("doors.log*")] == ["doors.log"]


def test_no_files_when_the_size_is_0(tmp_path: Path) -> None:
    assert run('log.get("x").info("thing.done")', tmp_path / "logs", 0, 3).returncode == 0
    assert not (tmp_path / "logs").exists()


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    assert run('log.get("x").info("thing.done")', tmp_path / "logs", 1000, 3).returncode == 0
    assert (tmp_path / "logs").stat().st_mode & 0o077 == 0
    assert (tmp_path / "logs" / "doors.log").stat().st_mode & 0o177 == 0


def test_a_second_process_has_a_file_of_its_own(tmp_path: Path, begun: subprocess.Popen[str]) -> None:
    assert run('log.get("x").info("second.said")', tmp_path, 1000, 2).returncode == 0
    assert [line["event"] for line in lines(tmp_path / "doors.log")] == ["first.said"]
    assert [line["event"] for line in lines(tmp_path / "doors-2.log")] == ["second.said"]


def test_a_file_is_free_when_its_process_was_killed(tmp_path: Path, begun: subprocess.Popen[str]) -> None:
    begun.send_signal(signal.SIGKILL)
    begun.wait(60)
    assert run('log.get("x").info("second.said")', tmp_path, 1000, 2).returncode == 0
    assert [line["event"] for line in lines(tmp_path / "doors.log")] == ["first.said", "second.said"]


def test_a_line_without_an_end_stays_apart(tmp_path: Path) -> None:
    (tmp_path / "doors.log").write_text('{"event": "torn')
    assert run('log.get("x").info("thing.done")', tmp_path, 1000, 2).returncode == 0
    torn, whole = (tmp_path / "doors.log").read_text().splitlines()
    assert (torn, json.loads(whole)["event"]) == ('{"event": "torn', "thing.done")


def test_a_full_disk_stops_nothing_and_is_told_of_afterwards(tmp_path: Path) -> None:
    """A limit of the kernel on the size of files: writing fails in the middle of a line, as on a full disk."""
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for n in range(50): log.get("x").info("thing.done", n=n)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.get("x").info("work.finished")
"""
    done = run(program, tmp_path, 1_000_000, 3)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("thing.done") == 50, "the stream has all of them"
    found = (tmp_path / "doors.log").read_text().splitlines()
    *before, _torn, finished, lost = found
    assert [json.loads(line)["n"] for line in before] == list(range(len(before)))
    assert json.loads(finished)["event"] == "work.finished"
    told = json.loads(lost)
    assert (told["event"], told["lines"]) == ("log.lines_lost", 50 - len(before))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = run('log.get("x").info("thing.done")', tmp_path / "logs", 1000, 3)
    tmp_path.chmod(0o700)
    assert done.returncode == 0
    assert "log.file_not_opened" in done.stderr


def test_a_file_in_the_folders_place_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    done = run('log.get("x").info("thing.done")', tmp_path / "logs", 1000, 3)
    assert (done.returncode, "log.file_not_opened" in done.stderr, "thing.done" in done.stderr) == (0, True, True)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    program = """
import threading
def work(who):
    for n in range(200): log.get("x").info("thing.done", who=who, n=n, filling="x" * 200)
threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
for one in threads: one.start()
for one in threads: one.join()
"""
    assert run(program, tmp_path, 20_000, 100).returncode == 0
    found = [line for path in tmp_path.glob("doors.log*") for line in lines(path)]
    assert {(line["who"], line["n"]) for line in found} == {(who, n) for who in range(8) for n in range(200)}
    assert len(found) == 1600


def test_a_handler_that_was_closed_gives_its_name_back(tmp_path: Path) -> None:
    first = LogFile(tmp_path, "worker", size=1000, kept=2)
    second = LogFile(tmp_path, "worker", size=1000, kept=2)
    assert (first.path.name, second.path.name) == ("worker.log", "worker-2.log")
    first.close()
    third = LogFile(tmp_path, "worker", size=1000, kept=2)
    assert third.path.name == "worker.log"
    second.close()
    third.close()
