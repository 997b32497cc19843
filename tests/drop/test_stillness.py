"""When a file that others put on disk is complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from nobody import NOBODY, as_nobody

from cws_filedrop.drop.stillness import Openness, Stillness, openness, sees_open_files, signature


class Clock:
    """A monotonic clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def always(said: Openness, clock: Clock) -> Stillness:
    """Files settle in 2 seconds, or in 10; the system says the same of all of them."""
    return Stillness(2.0, unsure_seconds=10.0, look=lambda path: said, clock=clock)


def test_a_file_is_complete_when_it_was_unchanged_for_the_settle_time(tmp_path: Path, clock: Clock) -> None:
    still, path = always(Openness.NOT_OPEN, clock), tmp_path / "a.txt"
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
    still, path = always(Openness.NOT_OPEN, clock), tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 2.0
    (tmp_path / "b.txt").write_text("two")
    os.replace(tmp_path / "b.txt", path)
    assert still.complete([path]) == []


def test_a_file_that_was_not_asked_for_begins_anew(tmp_path: Path, clock: Clock) -> None:
    still, path = always(Openness.NOT_OPEN, clock), tmp_path / "a.txt"
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
    still = Stillness(0.0, unsure_seconds=0.0, clock=clock)
    still.complete(paths)
    assert still.complete(paths) == []


def test_a_file_of_which_the_system_says_nothing_settles_longer(tmp_path: Path, clock: Clock) -> None:
    still, path = always(Openness.CANNOT_TELL, clock), tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 9.99
    assert still.complete([path]) == []
    path.write_text("one and two")
    clock.now += 0.01
    assert still.complete([path]) == [], "it was changed meanwhile"
    clock.now += 10.0
    assert still.complete([path]) == [path]


def test_it_never_settles_sooner_than_others(tmp_path: Path, clock: Clock) -> None:
    still = Stillness(2.0, unsure_seconds=0.0, look=lambda path: Openness.CANNOT_TELL, clock=clock)
    path = tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 1.99
    assert still.complete([path]) == []
    clock.now += 0.01
    assert still.complete([path]) == [path]


def test_an_open_file_is_not_complete_however_long_it_was_unchanged(tmp_path: Path, clock: Clock) -> None:
    still, path = always(Openness.OPEN, clock), tmp_path / "a.txt"
    path.write_text("one")
    still.complete([path])
    clock.now += 1e9
    assert still.complete([path]) == []


def test_a_file_that_a_program_has_open_for_writing_is_not_complete(tmp_path: Path, clock: Clock) -> None:
    if not sees_open_files(tmp_path):
        pytest.skip("not at hand: this system does not say which files are open")
    path = tmp_path / "a.txt"
    still = Stillness(0.0, unsure_seconds=0.0, clock=clock)
    with path.open("w") as file:
        file.write("half")
        file.flush()
        assert openness(path) is Openness.OPEN
        still.complete([path])
        assert still.complete([path]) == []
    assert openness(path) is Openness.NOT_OPEN
    assert still.complete([path]) == [path]


def test_what_cannot_be_opened_is_not_called_closed(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("one")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert openness(tmp_path / "link.txt") is Openness.CANNOT_TELL
    assert openness(tmp_path / "gone.txt") is Openness.CANNOT_TELL


def test_where_leases_cannot_be_had_the_system_says_nothing() -> None:
    """Such as of a folder, which stands here for the many file systems without leases."""
    assert openness(Path("/")) is Openness.CANNOT_TELL


LOOK = """
from cws_filedrop.drop.stillness import openness
become_nobody()
for name in sys.argv[1:]:
    print(openness(pathlib.Path(name)).name)
"""


def test_files_of_another_user(shared: Path) -> None:
    """A service that is not root is told of its own files, and of nobody else's, open or not."""
    theirs, closed, own = (shared / name for name in ("theirs.txt", "closed.txt", "own.txt"))
    for path in (theirs, closed, own):
        path.write_text("one")
        path.chmod(0o644)
    os.chown(own, NOBODY, NOBODY)
    if not sees_open_files(shared):
        pytest.skip("not at hand: this system does not say which files are open")
    with theirs.open("a"), own.open("a"):
        found = as_nobody(LOOK, str(theirs), str(closed), str(own))
    assert found.split() == ["CANNOT_TELL", "CANNOT_TELL", "OPEN"]
    assert as_nobody(LOOK, str(own)).split() == ["NOT_OPEN"]
