"""A newer program takes up what an older one began: a workflow is its name and arguments, not its code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import databases
import pytest

pytestmark = pytest.mark.postgres(only=True)

COMMON = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from dbos import DBOS
from cws_filedrop import engine
from cws_filedrop.processes import environment
from cws_filedrop.store.cluster.membership import Membership
from cws_filedrop.store.database import Database

url, path = sys.argv[1], Path(sys.argv[2])
environment.name_worker()
done = threading.Event()

def told(word):
    with path.open("a") as file:
        file.write(word + "\\n")

def begun():
    db = Database(url, worker=environment.worker())
    db.create()
    member = Membership(db, clock=lambda: datetime.now(UTC), lost=lambda: os._exit(75))
    member.join()
    engine.Engine(url, turn=db.turn, executor=member.name, connections=db.new_engine(), poll_seconds=0.1).start()
    return member
"""
OLDER = """
@DBOS.workflow()
def story(feed_no):
    first(feed_no)

@DBOS.step()
def first(feed_no):
    told("first")

@DBOS.workflow()
def waiting(feed_no):
    told("never here")

@DBOS.step()
def second(feed_no):
    told("second of the older")
    os._exit(9)  # dies in the middle

@DBOS.workflow()
def longer(feed_no):
    first(feed_no)
    second(feed_no)

begun()
engine.enqueue("later", waiting, 7, id="waiting", delay_seconds=3600)
engine.start(longer, 7, id="longer")
threading.Event().wait()
"""
NEWER = """
@DBOS.step()
def first(feed_no):
    told("first again")

@DBOS.step()
def second(feed_no):
    told("second of the newer")

@DBOS.step()
def third(feed_no):
    told("third")

@DBOS.workflow()
def longer(feed_no, series="none"):  # has another argument, and a step more at its end
    first(feed_no)
    second(feed_no)
    third(feed_no)
    told(series)
    done.set()

@DBOS.workflow()
def waiting(feed_no):
    pass

member = begun()
member.take_over(engine.adopt)
assert done.wait(60)
print(engine.live("waiting"))
sys.stdout.flush()
os._exit(0)
"""


def run(program: str, url: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMON + program, url, str(path)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_what_an_older_program_began_is_finished_by_a_newer_one(tmp_path: Path) -> None:
    url, path = databases.empty(), tmp_path / "told"
    assert run(OLDER, url, path).returncode == 9
    newer = run(NEWER, url, path)
    assert newer.stdout.endswith("['waiting']\n"), newer.stderr
    assert path.read_text().split("\n")[:-1] == ["first", "second of the older", "second of the newer", "third", "none"]
