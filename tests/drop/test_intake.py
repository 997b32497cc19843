"""Uploads from the first byte to the spool, without a protocol."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cws_filedrop.drop.claims import Cause, Drop
from cws_filedrop.drop.home import Folder, Homes, UploadStage
from cws_filedrop.drop.intake import Busy, Intake, NothingToResume, NotWhole, TooLarge
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import Door, Grade

DROP = Drop("acme", Folder.INBOX, "shipped.txt", Door.FTP, "192.0.2.7")
WORKING = replace(DROP, name="shipped.txt.part")


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(Homes(tmp_path / "homes"), Spool(tmp_path / "spool"), upload_limit_bytes=100)


def stage(intake: Intake, drop: Drop = DROP) -> UploadStage | None:
    found = intake.homes.of(drop.seller).find(drop.folder, drop.name)
    return None if found is None else found.stage


def test_an_upload_is_seen_as_it_grows_and_then_lands(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"123")
    assert stage(intake) is UploadStage.PART
    claim = upload.finish()
    assert claim is not None
    assert stage(intake) is None
    assert intake.spool.landed_data(claim.upload_id).read_bytes() == b"123"
    assert upload.closed


def test_a_name_grows_in_one_place_at_a_time(intake: Intake) -> None:
    upload = intake.begin(DROP)
    with pytest.raises(Busy, match="another connection"):
        intake.begin(DROP)
    with pytest.raises(Busy):
        intake.remove(DROP)
    with pytest.raises(Busy):
        intake.rename(DROP, "b.txt")
    intake.begin(replace(DROP, folder=Folder.TEST)).abandon()
    upload.abandon()
    intake.begin(DROP).abandon()
    assert stage(intake) is None


def test_a_refused_rename_leaves_the_other_upload_locked(intake: Intake) -> None:
    held = intake.begin(WORKING)
    held.finish()
    live = intake.begin(DROP)
    with pytest.raises(Busy):
        intake.rename(WORKING, DROP.name)
    assert intake.is_live("acme", Folder.INBOX, DROP.name)
    assert not intake.is_live("acme", Folder.INBOX, WORKING.name)
    live.abandon()


def test_a_working_name_waits_for_its_rename(intake: Intake) -> None:
    upload = intake.begin(WORKING)
    upload.write(b"123")
    assert upload.finish() is None
    assert stage(intake, WORKING) is UploadStage.HELD
    assert intake.rename(WORKING, "other.tmp") is None
    claim = intake.rename(replace(WORKING, name="other.tmp"), "shipped.txt")
    assert claim is not None
    assert (claim.name, claim.size) == ("shipped.txt", 3)
    assert intake.homes.of("acme").unfinished(Folder.INBOX) == {}


def test_what_was_cut_is_not_delivered_by_a_rename(intake: Intake) -> None:
    upload = intake.begin(WORKING)
    upload.write(b"123")
    upload.cut(Cause.RESET, "it broke")
    with pytest.raises(NotWhole, match="cut off"):
        intake.rename(WORKING, "shipped.txt")
    assert stage(intake, WORKING) is UploadStage.CUT


def test_renaming_nothing(intake: Intake) -> None:
    with pytest.raises(FileNotFoundError):
        intake.rename(DROP, "other.txt")
    with pytest.raises(FileNotFoundError):
        intake.remove(DROP)


def test_resume_after_a_cut(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"12345")
    upload.cut(Cause.CLOSED, "gone")
    assert stage(intake) is UploadStage.CUT
    again = intake.begin(DROP, offset=3)
    again.write(b"abc")
    claim = again.finish()
    assert claim is not None
    assert intake.spool.landed_data(claim.upload_id).read_bytes() == b"123abc"
    assert (again.first_byte, claim.size) == (3, 6)


def test_append_after_a_cut_and_to_nothing(intake: Intake) -> None:
    upload = intake.begin(DROP, offset=None)
    upload.write(b"12")
    upload.cut(Cause.CLOSED, "gone")
    upload = intake.begin(DROP, offset=None)
    upload.write(b"34")
    assert upload.size == 4
    upload.abandon()


def test_resume_beyond_what_is_here(intake: Intake) -> None:
    with pytest.raises(NothingToResume, match="only 0 bytes"):
        intake.begin(DROP, offset=1)
    intake.begin(DROP).abandon()  # the name is free again


def test_an_upload_from_the_start_replaces_what_was_cut(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"12345")
    upload.cut(Cause.CLOSED, "gone")
    upload = intake.begin(DROP)
    upload.write(b"x")
    claim = upload.finish()
    assert claim is not None
    assert claim.size == 1
    assert stage(intake) is None


def test_abandoning_a_resumed_upload_keeps_the_bytes(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"12345")
    upload.cut(Cause.CLOSED, "gone")
    intake.begin(DROP, offset=5).abandon()
    assert stage(intake) is UploadStage.CUT


def test_too_large(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"x" * 100)
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        upload.write(b"x")
    claim = upload.cut(Cause.TOO_LARGE, "too large")
    assert not claim.kept
    assert stage(intake) is None


def test_a_cut_is_announced_with_its_cause(intake: Intake) -> None:
    announced: list[str] = []
    intake.announce_to(announced.append)
    upload = intake.begin(DROP)
    upload.write(b"12345")
    claim = upload.cut(Cause.ABORTED, "the client aborted")
    assert announced == [claim.upload_id]
    (arrival,) = intake.spool.arrivals()
    found = intake.spool.claim_of(arrival.upload_id)
    assert (found.cause, found.evidence, found.size, found.kept) == (Cause.ABORTED, "the client aborted", 5, True)


def test_take_back_puts_the_bytes_where_they_can_be_resumed(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"12345")
    claim = upload.finish()
    assert claim is not None
    intake.take_back(claim, cause=Cause.ABORTED, evidence="aborted")
    assert stage(intake) is UploadStage.CUT
    assert intake.spool.claim_of(claim.upload_id).grade is Grade.CUT


def test_collect_takes_a_file_from_disk(intake: Intake) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / "a.txt"
    path.write_bytes(b"123")
    claim = intake.collect(path, replace(DROP, name="a.txt", door=Door.FOLDER), "settled")
    assert not path.exists()
    assert intake.spool.claim_of(claim.upload_id).evidence == "settled"
    assert intake.spool.data_path(claim.upload_id).read_bytes() == b"123"


def test_collect_does_not_follow_links(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    link = intake.homes.of("acme").folder(Folder.INBOX) / "a.txt"
    link.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        intake.collect(link, DROP, "settled")
    assert (tmp_path / "secret").exists()


def test_recovery_reports_each_upload_once(intake: Intake) -> None:
    growing = intake.begin(DROP)
    growing.write(b"12345")
    landed = intake.begin(replace(DROP, name="landed.txt"))
    landed.write(b"1")
    landed.finish()
    held = intake.begin(WORKING)
    held.finish()
    for _ in range(2):
        again = Intake(intake.homes, intake.spool, upload_limit_bytes=100)
        done = again.recover()
        again.close()
        grades = {intake.spool.claim_of(one.upload_id).name: one.grade for one in intake.spool.arrivals()}
        assert grades == {"shipped.txt": Grade.CUT, "landed.txt": Grade.DOUBTFUL}
    assert done == []
    assert stage(intake) is UploadStage.CUT
    assert stage(intake, WORKING) is UploadStage.HELD
    os.close(growing._descriptor)


def test_recovery_leaves_a_claim_that_cannot_be_read_for_a_person(intake: Intake) -> None:
    claim = intake.begin(DROP).finish()
    assert claim is not None
    directory = intake.spool.landed_data(claim.upload_id).parent
    (directory / "claim.json").write_bytes(b"{")
    assert intake.recover() == []
    intake.close()
    assert (directory / "data").exists()


def test_the_doors_are_open_in_one_process(intake: Intake) -> None:
    intake.recover()
    other = Intake(intake.homes, intake.spool, upload_limit_bytes=100)
    with pytest.raises(ConfigError, match="another process has the doors open"):
        other.recover(wait_seconds=0.1)
    intake.close()
    assert other.recover(wait_seconds=0.1) == []
    other.close()


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second filesystem")
def test_homes_and_spool_on_two_filesystems(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    other = Path("/dev/shm") / f"spool-{os.getpid()}"
    if os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("needs a second filesystem")
    spool = Spool(other)
    request.addfinalizer(lambda: [path.rmdir() for path in (*other.iterdir(), other)])
    with pytest.raises(ConfigError, match="one filesystem"):
        Intake(Homes(tmp_path), spool, upload_limit_bytes=1)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("offset", [None, 3, 2], ids=["at its end", "at its last byte", "before that"])
@pytest.mark.parametrize("restarted", [False, True])
def test_the_digest_of_a_resumed_upload(intake: Intake, offset: int | None, restarted: bool) -> None:
    upload = intake.begin(DROP)
    upload.write(b"123")
    upload.cut(Cause.RESET, "gone")
    if restarted:
        intake = Intake(intake.homes, intake.spool, upload_limit_bytes=100)
    again = intake.begin(DROP, offset=offset)
    again.write(b"456")
    claim = again.finish()
    assert claim is not None
    assert claim.sha256 == digest(intake.spool.landed_data(claim.upload_id).read_bytes())
    assert claim.size == (5 if offset == 2 else 6)


def test_what_was_written_into_a_cut_upload_by_others_is_not_what_came_through_us(intake: Intake) -> None:
    upload = intake.begin(DROP)
    upload.write(b"123")
    upload.cut(Cause.RESET, "gone")
    found = intake.homes.of(DROP.seller).find(DROP.folder, DROP.name)
    assert found is not None
    found.path.write_bytes(b"x23")
    again = intake.begin(DROP, offset=3)
    again.write(b"456")
    claim = again.finish()
    assert claim is not None
    assert claim.sha256 == digest(b"123456")


@pytest.mark.parametrize("restarted", [False, True])
def test_the_digest_of_what_another_connection_renames(intake: Intake, restarted: bool) -> None:
    upload = intake.begin(WORKING)
    upload.write(b"123")
    upload.finish()
    if restarted:
        intake = Intake(intake.homes, intake.spool, upload_limit_bytes=100)
    claim = intake.rename(WORKING, "b.txt")
    assert claim is not None
    assert claim.sha256 == digest(b"123")


def test_a_file_with_the_inode_of_an_earlier_one_is_not_taken_for_it(intake: Intake) -> None:
    for content in (b"123", b"456"):
        upload = intake.begin(DROP)
        upload.write(content)
        upload.cut(Cause.RESET, "gone")
        again = intake.begin(DROP, offset=None)
        again.write(b"7")
        claim = again.finish()
        assert claim is not None
        assert claim.sha256 == digest(content + b"7")
        intake.spool.landed_data(claim.upload_id).unlink()  # and its inode is free


def test_memory_of_digests_is_bounded(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.drop.streamed._MOST", 3)
    for number in range(9):
        upload = intake.begin(replace(DROP, name=f"{number}.txt"))
        upload.write(b"123")
        upload.finish()
    assert len(intake.streamed._kept) == 3
