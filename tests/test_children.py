"""Processes of tests: none is left behind, and each can be interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import children
import pytest
from running import wait_for

FOR_EVER = "import signal\nprint('ready', flush=True)\nsignal.pause()"
PARENT = f"""
import os, subprocess, sys
print(subprocess.Popen([sys.executable, "-c", {FOR_EVER!r}], stdout=subprocess.DEVNULL).pid, flush=True)
if sys.argv[1:] == ["stay"]:
    {FOR_EVER.splitlines()[0]}
    signal.pause()
"""


def started(*words: str) -> tuple[subprocess.Popen[Any], str]:
    """A program in Python, and the first line that it said."""
    process = children.start([sys.executable, "-c", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        return process, process.stdout.readline()


def is_gone(pid: int) -> bool:
    """Does it run no more? Whoever takes in orphans may not have looked after it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("words", [["stay"], []], ids=["its parent runs", "its parent has ended"])
def test_what_a_test_started_is_over_when_it_fails_and_so_is_what_that_started(words: list[str]) -> None:
    pids: list[int] = []

    @children.none_left()
    def fail() -> None:
        parent, child = started(PARENT, *words)
        pids.append(int(child))
        assert words or parent.wait(60) == 0
        os.kill(pids[0], 0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    wait_for(lambda: is_gone(pids[0]), what="the end of the child's child")


@pytest.fixture
def in_the_background() -> Iterator[None]:
    """As a shell starts what it puts there."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_children_can_be_interrupted_when_we_run_in_the_background(in_the_background: None) -> None:
    children.hear_interrupts()
    process, said = started(FOR_EVER)
    assert said == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT
