"""How long after a worker dies, or is stopped, another takes over its work: `python -m bench takeover [TIMES]`.

Two processes share a PostgreSQL that is started for this: each has the service's own engine and membership. One runs a
workflow whose step does not end and is killed (SIGKILL) or stopped (SIGSTOP); the time is from the signal to the step's
second begin, in the other process. Who began is written down: nobody begins the same twice.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TIMES: Final = 20
SLEEPS: Final = 3  # each takes the session's time-out
PATIENCE_SECONDS: Final = 120.0

PROGRAM: Final = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from dbos import DBOS
from cws_filedrop import engine
from cws_filedrop.processes import environment
from cws_filedrop.store.cluster.membership import Membership
from cws_filedrop.store.database import Database

url, folder = sys.argv[1], Path(sys.argv[2])
environment.name_worker()

@DBOS.step()
def work(name: str) -> None:
    is_first = not (folder / name).exists()
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
    if is_first:
        threading.Event().wait()

@DBOS.workflow()
def story(name: str) -> None:
    work(name)

db = Database(url, worker=environment.worker())
db.create()
member = Membership(db, clock=lambda: datetime.now(UTC), lost=lambda: os._exit(75))
member.join()
made = engine.Engine(url, turn=db.turn, executor=member.name, connections=db.new_engine())
made.start()
print("ready", flush=True)
if (name := sys.stdin.readline().strip()):
    engine.start(story, name, id=name)
while True:
    threading.Event().wait(0.5)  # as the worker does (worker.TAKEOVER_SECONDS)
    member.take_over(engine.adopt)
"""


class _Worker:
    def __init__(self, url: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def given(self, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return self.process.wait()


@contextmanager
def _worker(url: str, folder: Path) -> Iterator[_Worker]:
    worker = _Worker(url, folder)
    try:
        yield worker
    finally:
        worker.end()


def _begins(path: Path, number: int) -> list[str]:
    """Who began the step, once that many did."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= number:
            return lines
        time.sleep(0.01)
    raise TimeoutError(f"{path.name}: {number} begins")


def seconds(url: str, folder: Path, name: str, number: signal.Signals) -> float:
    """One takeover: seconds from the signal to the step's begin in the other worker."""
    with _worker(url, folder) as first, _worker(url, folder) as second:
        first.ready()
        second.ready()
        first.given(name)
        second.given("")
        _begins(folder / name, 1)
        os.kill(first.process.pid, number)
        begun = time.monotonic()
        who = _begins(folder / name, 2)
        took = time.monotonic() - begun
        assert who == [str(first.process.pid), str(second.process.pid)]
        if number is signal.SIGSTOP:
            os.kill(first.process.pid, signal.SIGCONT)
            assert first.process.wait(PATIENCE_SECONDS) == 75, "who was taken over ends when it wakes"
    return took


def main(arguments: list[str]) -> list[str]:
    """A table of both ways to vanish."""
    sys.path.insert(0, str(ROOT / "tests"))
    import postgres_kit

    times = int(arguments[0]) if arguments else TIMES
    with postgres_kit.postgres() as server, TemporaryDirectory() as name:
        url, folder = server.create("takeover"), Path(name)
        killed = [seconds(url, folder, f"kill-{n}", signal.SIGKILL) for n in range(times)]
        stopped = [seconds(url, folder, f"stop-{n}", signal.SIGSTOP) for n in range(min(times, SLEEPS))]
    rows = [("killed (SIGKILL)", killed), ("stopped (SIGSTOP), as a host that is lost", stopped)]
    return ["| one of two workers is | times | median | worst |", "| --- | --- | --- | --- |"] + [
        f"| {what} | {len(some)} | {statistics.median(some):.1f} s | {max(some):.1f} s |" for what, some in rows
    ]
