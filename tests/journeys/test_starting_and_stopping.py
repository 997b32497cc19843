"""A service that is told to end while it starts, at any moment of it, or that cannot start: nothing is left of it."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import nobody
import pytest
from running import Process, Running, wait_for

CLEAN = {signal.SIGTERM: {0, -signal.SIGTERM}, signal.SIGINT: {0, 130, -signal.SIGINT}}
READER = "cws_filedrop.pipeline.reading_main"
SIGNALS = [pytest.param(signal.SIGTERM, False, id="SIGTERM"), pytest.param(signal.SIGINT, True, id="Ctrl-C")]
SIGNALS += [pytest.param(signal.SIGTERM, True, id="SIGTERM-to-all")]  # as systemd does unless it is told otherwise


class Starting:
    """A service that was just started, and what there is of it by now."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.service = Running(folder, **{"WEB__ENABLED": True, **settings})
        self.data = self.service.data
        self.process = Process(["cws_filedrop", "serve"], self.service.environment, folder / "service.log")

    @property
    def pids(self) -> list[int]:
        """The processes that have these settings, those of the service among them."""
        wanted = f"CWS_FILEDROP_SERVICE__DATA_DIR={self.data}\0".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if wanted in (place / "environ").read_bytes():
                    found.append(int(place.name))
        return found

    def pid_of(self, module: str) -> int:
        """The process that runs a module; 0 when there is none yet."""
        for pid in self.pids:
            with contextlib.suppress(OSError):
                if f"\0{module}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        return 0

    def has_logged(self, event: str) -> bool:
        """Does the log of any of its processes have that event?"""
        return any(event in path.read_text() for path in (self.data / "logs").glob("*.log"))

    def hears(self, number: signal.Signals) -> bool:
        """Does it do something about a signal?"""
        status = Path(f"/proc/{self.process.process.pid}/status").read_text()
        (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
        return bool(int(caught, 16) >> (number - 1) & 1)


MOMENTS: dict[str, Callable[[Starting], object]] = {
    "it hears signals": lambda starting: starting.hears(signal.SIGTERM),
    "another process begins": lambda starting: len(starting.pids) > 1,
    "all are on their way": lambda starting: starting.pid_of(READER),
    "the database is made": lambda starting: (starting.data / "cws_filedrop.db").exists(),
    "the doors open": lambda starting: starting.has_logged('"ftp.opened"'),
    "it is ready": lambda starting: starting.process.said("^ready$"),
}


def assert_gone(starting: Starting) -> None:
    """Nothing is left, and nobody complained."""
    wait_for(lambda: not starting.pids, what=f"the end of {starting.pids}")
    assert "Traceback" not in starting.process.tail()
    assert not starting.has_logged('"level": "error"')


@pytest.mark.parametrize(("number", "group"), SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_told_to_end_while_it_starts(tmp_path: Path, moment: str, number: signal.Signals, group: bool) -> None:
    starting = Starting(tmp_path)
    wait_for(lambda: MOMENTS[moment](starting), what=moment)
    assert starting.process.stop(number, group=group) in CLEAN[number]
    assert_gone(starting)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_while_commands_are_loaded(number: signal.Signals) -> None:
    """Too early to have anything to put in order: that number ends it, without a word."""
    program = f"""
import os, signal, sys
class Teller:
    def find_spec(self, name, *_):
        if name == "cws_filedrop.cli.main":
            os.kill(os.getpid(), {int(number)})
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Teller())
from cws_filedrop.__main__ import run
run()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (-number, "")


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("number", "group"), SIGNALS)
def test_told_to_end_at_any_moment(tmp_path: Path, number: signal.Signals, group: bool) -> None:
    pause, seconds = threading.Event(), random.Random(number)
    for run in range(60):
        folder = tmp_path / str(run)
        folder.mkdir()
        starting = Starting(folder)
        wait_for(lambda starting=starting: starting.hears(signal.SIGTERM))
        pause.wait(seconds.uniform(0, 4))
        assert starting.process.stop(number, group=group) in CLEAN[number], run
        assert_gone(starting)


def test_killed_while_it_starts_the_others_end_by_themselves(tmp_path: Path) -> None:
    starting = Starting(tmp_path)
    wait_for(lambda: starting.pid_of(READER))
    assert starting.process.stop(signal.SIGKILL) == -signal.SIGKILL
    assert_gone(starting)


# What cannot start.


@pytest.mark.parametrize("section", ["ftp", "sftp", "web", "sandbox"])
def test_a_port_that_is_taken_is_said_and_ends_the_others(tmp_path: Path, section: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        starting = Starting(tmp_path, **{f"{section.upper()}__PORT": port})
        assert starting.process.process.wait(60) == 2
    assert re.fullmatch(
        rf"cws-filedrop: \[{section}\] port: cannot listen on 127.0.0.1:{port}: another program has .*\n",
        starting.process.tail(),
    )
    assert (starting.process.stop(), starting.process.lines) == (2, [])
    assert_gone(starting)
    assert [path.name for path in starting.data.iterdir()] == ["worker.lock"]  # nothing was opened, nothing made


def test_two_of_ours_with_one_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    starting = Starting(tmp_path, FTP__PORT=port, SFTP__PORT=port)
    assert starting.process.process.wait(60) == 2
    assert f"[sftp] port: cannot listen on 127.0.0.1:{port}" in starting.process.tail()
    starting.process.stop()


AS_NOBODY = """
from cws_filedrop.cli import main
from cws_filedrop.cli.run_service import running
import cws_filedrop.service
become_nobody()
sys.argv = ["cws-filedrop", "serve"]
os.environ.update(CWS_FILEDROP_SERVICE__DATA_DIR=WHERE, CWS_FILEDROP_FTP__PORT="0", CWS_FILEDROP_SFTP__PORT="0",
                  CWS_FILEDROP_WEB__ENABLED="false")
main.run()
"""


def served_by_nobody(data: Path) -> tuple[int, str]:
    """What `serve` as another user ends with, and says."""
    done = subprocess.run(
        nobody.program(AS_NOBODY.replace("WHERE", repr(str(data)))),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stderr + done.stdout


@pytest.mark.parametrize("there", [True, False])
def test_a_data_folder_that_cannot_be_written_is_told_in_a_sentence(*, there: bool) -> None:
    with nobody.shared_folder() as folder:
        data = folder / "data"
        if there:
            data.mkdir(mode=0o755)
        said = served_by_nobody(data)
    assert said == (2, f"cws-filedrop: [service] data_dir: {data} cannot be used: Permission denied\n")


PREPARED_BY_NOBODY = """
from dataclasses import replace
from cws_filedrop import data_folder
from cws_filedrop.errors import ConfigError
from cws_filedrop.settings import Settings
become_nobody()
usual = Settings()
try:
    data_folder.prepare(replace(usual, service=replace(usual.service, data_dir=pathlib.Path(sys.argv[1]))))
except ConfigError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["spool", "keys", "tmp", "homes", "documents", "cws_filedrop.db"])
def test_a_part_of_the_data_folder_that_cannot_be_written_is_told_in_a_sentence(name: str) -> None:
    """Before anything is opened: `serve` prepares the folder, and then tells doors and pages to begin."""
    with nobody.shared_folder() as folder:
        data = folder / "data"
        data.mkdir()
        os.chown(data, nobody.NOBODY, nobody.NOBODY)
        (data / name).touch() if "." in name else (data / name).mkdir()
        said = nobody.as_nobody(PREPARED_BY_NOBODY, str(data))
    assert said == f"[service] data_dir: {data / name} cannot be written by nobody\n"


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    starting = Starting(tmp_path)
    assert starting.process.process.wait(60) == 2
    assert starting.process.tail().count("\n") == 1
    assert "[service] data_dir" in starting.process.tail()
    starting.process.stop()


def test_a_first_start_tells_what_is_next_and_nothing_of_the_making_of_tables(tmp_path: Path) -> None:
    starting = Starting(tmp_path)
    starting.process.expect("^ready$")
    assert starting.process.said("^next +cws-filedrop user add NAME --role admin")
    assert starting.process.said("^next +cws-filedrop seller add NAME --merchant-id ID")
    assert starting.process.stop() == 0
    assert "alembic" not in starting.process.tail()
    assert not starting.has_logged("alembic")


def test_what_is_read_when_everybody_is_told_to_end_is_read_after_the_next_start(tmp_path: Path) -> None:
    """The process that reads is told, too, as all are; the file that it reads is not blamed for its end."""
    starting = Starting(tmp_path)
    starting.process.expect("^ready$")
    reader = starting.pid_of(READER)
    os.kill(reader, signal.SIGTERM)
    assert starting.process.stop(group=True) == 0
    assert not starting.has_logged('"process.died"')
    assert not starting.has_logged('"service.child_died"')
    assert_gone(starting)


def test_one_that_dies_while_it_starts_ends_the_others(tmp_path: Path) -> None:
    starting = Starting(tmp_path)
    os.kill(wait_for(lambda: starting.pid_of("cws_filedrop.doors")), signal.SIGKILL)
    assert starting.process.process.wait(60) == 2
    assert "the doors did not start" in starting.process.tail()
    assert starting.process.stop() == 2
    assert_gone(starting)


def names(data: Path) -> set[str]:
    """Of all files that stay."""
    return {str(path) for path in data.rglob("*") if not path.name.startswith("cws_filedrop.db")}


def test_a_second_service_on_the_same_data_goes_and_touches_nothing(tmp_path: Path) -> None:
    first = Starting(tmp_path)
    first.process.expect("^ready$")
    before, files = first.pids, names(first.data)
    second = Process(["cws_filedrop", "serve"], first.service.environment, tmp_path / "second.log")
    assert second.process.wait(60) == 2
    assert "another cws-filedrop works on this data folder already" in second.tail()
    assert (second.stop(), second.lines) == (2, [])
    assert second.tail().count("\n") == 1
    assert (first.pids, names(first.data)) == (before, files)
    assert first.process.stop() == 0
    assert_gone(first)
