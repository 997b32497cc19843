"""When a file that others put on disk is complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cws_filedrop.drop.stillness import Stillness, is_open, sees_open_files, signature


class Clock:
    """A monotonic clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_is_complete_when_it_was_unchanged_for_the_settle_time(tmp_path: Path, clock: Clock) -> None:
    still, path = Stillness(2.0, sees_open=False, clock=clock), tmp_path / "a.txt"
    path.write_text("one")
    assert still.complete([path]) == []
    clock.now += 1.99
    assert still.complete([path]) == []
    path.write_text("one and two")
    clock.now += 1.0
    assert still.complete([path]) == [], "it was changed meanwhile"
    clock.now += 2.0
    assert still.complete([path]) == [path]


def test_another_file_of_the_same_name_begins_anew(tmp_path: Path, clock: Clock) -> None:
    still, path = Stillness(2.0, sees_open=False, clock=clock), tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 2.0
    (tmp_path / "b.txt").write_text("two")
    os.replace(tmp_path / "b.txt", path)
    assert still.complete([path]) == []


def test_a_file_that_was_not_asked_for_begins_anew(tmp_path: Path, clock: Clock) -> None:
    still, path = Stillness(2.0, sees_open=False, clock=clock), tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 2.0
    assert still.complete([]) == []
    assert still.complete([path]) == []


def test_links_folders_and_pipes_are_never_complete(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "real.txt").write_text("one")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path / name for name in ("link.txt", "folder", "pipe", "gone.txt")]
    assert [signature(path) for path in paths] == [None] * 4
    still = Stillness(0.0, sees_open=False, clock=clock)
    still.complete(paths)
    assert still.complete(paths) == []


def test_a_file_that_a_program_has_open_for_writing_is_not_complete(tmp_path: Path, clock: Clock) -> None:
    if not sees_open_files(tmp_path):
        pytest.skip("not at hand: this system does not say which files are open")
    path = tmp_path / "a.txt"
    still = Stillness(0.0, sees_open=True, clock=clock)
    with path.open("w") as file:
        file.write("half")
        file.flush()
        assert is_open(path)
        still.complete([path])
        assert still.complete([path]) == []
    assert still.complete([path]) == [path]
