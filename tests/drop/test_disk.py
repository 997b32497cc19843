"""Several things that wait for the disk at the same time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cws_filedrop.drop import disk


def test_they_wait_at_the_same_time() -> None:
    met = threading.Barrier(3, timeout=60)
    disk.together(*[lambda: (met.wait(), None)[1]] * 3)
    assert not met.broken


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_that_fails_is_told_when_all_are_done(tmp_path: Path, bad: int) -> None:
    def step(number: int) -> None:
        if number == bad:
            raise OSError(number, "no")
        (tmp_path / str(number)).touch()

    with pytest.raises(OSError, match="no"):
        disk.together(*[lambda number=number: step(number) for number in range(3)])
    assert sorted(os.listdir(tmp_path)) == [str(number) for number in range(3) if number != bad]


def test_a_forked_process_has_threads_of_its_own(tmp_path: Path) -> None:
    places = [tmp_path / name for name in "abc"]
    disk.together(*[place.touch for place in places])
    child = os.fork()
    if child == 0:
        disk.together(*[place.unlink for place in places])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.listdir(tmp_path) == []
