"""The process that reads files, asked from here: answers, errors, its death and its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pipeline.contexts import context_on
from running import wait_for

from cws_filedrop.errors import Impossible
from cws_filedrop.pipeline.reading_main import _portable
from cws_filedrop.processes.reading_process import ProcessClosed, ProcessDied, ReadingProcess, Work


def pids() -> list[int]:
    """The reading processes that this process has."""
    children = [name for task in Path("/proc/self/task").iterdir() for name in (task / "children").read_text().split()]
    return [int(name) for name in children if b"reading_main" in Path(f"/proc/{name}/cmdline").read_bytes()]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ReadingProcess]:
    process = ReadingProcess(context_on(tmp_path).settings, "small")
    yield process
    process.close()


def test_it_does_what_it_is_asked_for_one_after_the_other(process: ReadingProcess) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: process.ask(Work.PING, number), range(50))) == list(range(50))


def test_what_the_work_raises_is_raised_here_with_where_that_was(process: ReadingProcess) -> None:
    with pytest.raises(Impossible, match="there is no upload x,") as raised:
        process.ask(Work.READ_LARGE, "x")
    assert any("_read_large" in note for note in raised.value.__notes__)
    assert process.ask(Work.PING, 1) == 1


def test_who_asks_one_that_died_is_told_and_the_next_one_has_another(process: ReadingProcess) -> None:
    assert process.ask(Work.PING, 1) == 1
    (pid,) = pids()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ProcessDied):
        process.ask(Work.PING, 2)
    assert process.ask(Work.PING, 3) == 3
    assert pids() != [pid]


def test_who_waits_while_it_is_closed_is_told_that_and_nobody_gets_another(process: ReadingProcess) -> None:
    assert process.ask(Work.PING, 1) == 1
    (pid,) = pids()
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(process.ask, Work.PING, number) for number in range(2)]
        wait_for(process._asking.locked)
        process.close()
        assert [type(one.exception(60)) for one in waiting] == [ProcessClosed] * 2
    with pytest.raises(ProcessClosed):
        process.ask(Work.PING, 2)
    process.start()
    assert pids() == []


def test_one_that_was_never_asked_may_be_closed(process: ReadingProcess) -> None:
    process.close()
    process.close()


class Odd(Exception):
    """One that cannot be made again from what it says of itself."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


def test_an_error_that_cannot_be_sent_is_sent_in_words() -> None:
    told = _portable(Odd("here", "broken"))
    assert (type(told), str(told)) == (Impossible, "Odd: here: broken")
    plain = ValueError("as it is")
    assert _portable(plain) is plain
