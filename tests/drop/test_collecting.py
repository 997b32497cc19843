"""Files that other programs put on disk: looked at again once nobody can reach them, kept or given back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.collecting import Look, SetAside, StillWritten
from cws_filedrop.drop.home import Folder, Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.drop.stillness import Openness, openness, sees_open_files, signature
from cws_filedrop.model import Door, Grade

DROP = Drop("acme", Folder.INBOX, "a.txt", Door.FOLDER, "")


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    if not sees_open_files(tmp_path):
        pytest.skip("not at hand: this system does not say which files are open")
    return Intake(Homes(tmp_path / "homes"), Spool(tmp_path / "spool"), upload_limit_bytes=1000)


@pytest.fixture
def path(intake: Intake) -> Path:
    path = intake.homes.of("acme").folder(Folder.INBOX) / "a.txt"
    path.write_bytes(b"one\n")
    return path


def first(act: Callable[[], object], say: Openness | None = None) -> Callable[[Path], Openness]:
    """A look during which something happens to the file; what it says is the system's own word unless given."""

    def look(place: Path) -> Openness:
        act()
        return say or openness(place)

    return look


def landed(intake: Intake) -> list[str]:
    return os.listdir(intake.spool.root / "landed")


def test_a_program_that_opened_it_before_the_move_gets_it_back(intake: Intake, path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        with pytest.raises(StillWritten):
            intake.collect(path, DROP, "settled")
        file.write(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert landed(intake) == []
    assert intake.spool.data_path(intake.collect(path, DROP, "settled").upload_id).read_bytes() == b"one\ntwo\n"


def test_what_was_written_between_the_move_and_the_look_counts(intake: Intake, path: Path) -> None:
    with path.open("ab", buffering=0) as file:

        def write() -> None:
            file.write(b"two\n")
            file.close()

        with pytest.raises(StillWritten):
            intake.collect(path, DROP, "settled", Look(openness=first(write)))
    assert path.read_bytes() == b"one\ntwo\n"


def test_it_must_be_as_it_was_seen(intake: Intake, path: Path) -> None:
    seen = signature(path)
    path.write_bytes(b"other\n")
    with pytest.raises(StillWritten):
        intake.collect(path, DROP, "settled", Look(seen))
    assert path.read_bytes() == b"other\n"
    assert landed(intake) == []


def test_it_is_given_back_beside_a_newer_one(intake: Intake, path: Path) -> None:
    with path.open("ab"), pytest.raises(StillWritten):
        intake.collect(path, DROP, "settled", Look(openness=first(lambda: path.write_bytes(b"new\n"))))
    others = [one for one in path.parent.iterdir() if one != path]
    assert path.read_bytes() == b"new\n"
    assert [one.read_bytes() for one in others] == [b"one\n"]
    assert others[0].name.startswith("a.2")
    assert others[0].suffix == ".txt"


def test_the_kept_bytes_are_no_other_file_s(intake: Intake, path: Path) -> None:
    os.link(path, path.parent.parent / "linked")
    claim = intake.collect(path, DROP, "settled")
    (path.parent.parent / "linked").write_bytes(b"changed afterwards\n")
    data = intake.spool.data_path(claim.upload_id)
    assert data.read_bytes() == b"one\n"
    assert data.stat().st_nlink == 1
    assert intake.spool.claim_of(claim.upload_id).kept_file.why_not(data.stat()) == ""
    assert claim.grade is None
    assert intake.spool.claim_of(claim.upload_id).grade is Grade.WHOLE
    assert sorted(os.listdir(data.parent)) == ["claim.json", "data", "graded.json"]


def test_a_linked_file_that_is_open_elsewhere_is_given_back(intake: Intake, path: Path) -> None:
    os.link(path, path.parent.parent / "linked")
    with (path.parent.parent / "linked").open("ab"), pytest.raises(StillWritten):
        intake.collect(path, DROP, "settled")
    assert path.read_bytes() == b"one\n"
    assert landed(intake) == []


def test_an_inbox_on_a_file_system_of_its_own(intake: Intake, path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    other = Path("/dev/shm") / f"cws-filedrop-test-{os.getpid()}"
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == intake.homes.root.stat().st_dev:
        pytest.skip("not at hand: a second file system")
    other.mkdir()
    try:
        (other / "a.txt").write_bytes(b"one\n")
        claim = intake.collect(other / "a.txt", DROP, "settled")
        assert intake.spool.data_path(claim.upload_id).read_bytes() == b"one\n"
        assert list(other.iterdir()) == []
        (other / "b.txt").write_bytes(b"two\n")
        with (other / "b.txt").open("ab"), pytest.raises(StillWritten):
            intake.collect(other / "b.txt", DROP, "settled")
        assert os.listdir(other) == ["b.txt"]
        assert landed(intake) == []
    finally:
        shutil.rmtree(other)


def test_where_nobody_can_tell_it_is_doubtful(intake: Intake, path: Path) -> None:
    claim = intake.collect(path, DROP, "settled", Look(openness=first(lambda: None, Openness.CANNOT_TELL)))
    assert intake.spool.claim_of(claim.upload_id).grade is Grade.DOUBTFUL


def set_aside(intake: Intake, path: Path) -> SetAside:
    look = Look(openness=first(lambda: None, Openness.CANNOT_TELL), wait=True)
    with pytest.raises(SetAside) as refused:
        intake.collect(path, DROP, "settled", look)
    return refused.value


def test_or_waits_aside_and_is_given_back_when_it_grows(intake: Intake, path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        aside = set_aside(intake, path).file
        assert not path.exists()
        file.write(b"two\n")
    with pytest.raises(StillWritten):
        intake.collect_aside(aside, "settled")
    assert path.read_bytes() == b"one\ntwo\n"
    claim = intake.collect_aside(set_aside(intake, path).file, "settled")
    assert intake.spool.claim_of(claim.upload_id).grade is Grade.DOUBTFUL


def test_after_a_crash_it_lies_in_its_folder_again(intake: Intake, path: Path) -> None:
    set_aside(intake, path)
    again = Intake(intake.homes, intake.spool, upload_limit_bytes=1000)
    assert again.recover() == []
    again.close()
    assert path.read_bytes() == b"one\n"
    assert landed(intake) == []


def test_what_could_not_be_tidied_up_is_by_the_next_start(intake: Intake) -> None:
    (intake.spool.root / "landed" / ".dropped-20261129-103914-5mk2").mkdir()
    assert intake.spool.unrecorded() == []
    again = Intake(intake.homes, intake.spool, upload_limit_bytes=1000)
    again.recover()
    again.close()
    assert landed(intake) == []
