"""Uploads by SFTP: whole only when the client closed the file before its session ended."""

from __future__ import annotations

import errno
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest
from paramiko import sftp
from transports.doors_kit import LIMIT, wait_for
from transports.sftp_kit import (
    APPEND,
    CONTENT,
    GO_ON,
    NEW,
    OK,
    Raw,
    SftpPlace,
    client,
    door,
    lent_keys,
    loaded_keys,
    place,
    put,
    raw,
    session,
    ssh,
)

from cws_filedrop.drop import disk
from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.landing.grading import RENAMED
from cws_filedrop.transports.sftp.door import SftpDoor
from cws_filedrop.transports.sftp.handles import CLOSED, FULL_BLOCK

__all__ = ["client", "door", "lent_keys", "loaded_keys", "place", "raw"]

BLOCK = b"y" * 32_768


def test_an_upload_is_landed_and_whole_when_its_close_is_answered(
    place: SftpPlace, client: paramiko.SFTPClient
) -> None:
    put(client, "/inbox/shipped.txt", CONTENT)
    (claim,) = place.claims()
    assert (claim.seller, claim.folder, claim.name, claim.size) == ("acme", Folder.INBOX, "shipped.txt", len(CONTENT))
    assert (claim.door, claim.client, claim.grade, claim.evidence, claim.cause) == (
        Door.SFTP,
        "127.0.0.1",
        Grade.WHOLE,
        CLOSED,
        Cause.NONE,
    )
    assert place.bytes_of(claim) == CONTENT


@pytest.mark.parametrize("size", [0, 1, 4095, 32_767, 32_769, 3_000_001])
def test_any_size(place: SftpPlace, client: paramiko.SFTPClient, size: int) -> None:
    content = (CONTENT * (size // len(CONTENT) + 1))[:size]
    put(client, "/test/a.txt", content)
    (claim,) = place.claims()
    assert (claim.grade, claim.folder, place.bytes_of(claim)) == (Grade.WHOLE, Folder.TEST, content)


def test_a_large_file(place: SftpPlace, tmp_path: Path, client: paramiko.SFTPClient) -> None:
    place.intake.upload_limit_bytes = 100_000_000
    source = tmp_path / "large.txt"
    source.write_bytes(CONTENT * 500 + b"x")
    client.put(str(source), "/inbox/large.txt")  # which asks for the size afterwards
    (claim,) = place.claims()
    assert (claim.grade, claim.size) == (Grade.WHOLE, 50_000_001)
    assert place.bytes_of(claim) == source.read_bytes()


def test_stat_still_answers_for_what_was_picked_up(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    put(client, "/inbox/a.txt", CONTENT)
    assert client.stat("/inbox/a.txt").st_size == len(CONTENT)
    assert client.listdir("/inbox") == []


@pytest.mark.parametrize("blocks", [1, 3])
def test_an_end_at_a_full_block_proves_little(place: SftpPlace, raw: Raw, blocks: int) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    for number in range(blocks):
        assert raw.write(handle, number * len(BLOCK), BLOCK) == OK
    assert raw.close(handle) == OK
    (claim,) = place.claims()
    assert (claim.grade, claim.evidence) == (Grade.DOUBTFUL, FULL_BLOCK)


def test_leaving_with_an_open_file_is_cut(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, CONTENT)
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause, claim.size, claim.kept) == (Grade.CUT, Cause.CLOSED, len(CONTENT), True)
    assert place.cut_bytes("a.txt") == CONTENT


def test_closing_the_channel_alone_is_cut_too(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, CONTENT)
        raw.channel.close()
        (claim,) = place.wait_for_claims(1)
        assert (claim.grade, claim.cause) == (Grade.CUT, Cause.CLOSED)
        with session(door) as other:
            put(other, "/inbox/a.txt", CONTENT)
    assert [one.grade for one in place.claims()] == [Grade.CUT, Grade.WHOLE]


@pytest.mark.parametrize("flags", [GO_ON, APPEND], ids=["at an offset", "at the end"])
def test_resuming_after_a_cut(place: SftpPlace, door: SftpDoor, flags: int) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, CONTENT[:1234])
    place.wait_for_claims(1)
    with ssh(door) as transport:
        raw = Raw(transport)
        kind, message = raw.ask(sftp.CMD_STAT, "/inbox/a.txt")
        assert kind == sftp.CMD_ATTRS
        assert (message.get_int() & 1, message.get_int64()) == (1, 1234)
        handle = raw.open("/inbox/a.txt", flags)
        assert raw.write(handle, 1234, CONTENT[1234:]) == OK
        assert raw.close(handle) == OK
    claim = place.claims()[-1]
    assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, CONTENT)


def test_resuming_at_a_place_before_the_cut(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, b"x" * 2000)
    place.wait_for_claims(1)
    with ssh(door) as transport:
        raw = Raw(transport)
        handle = raw.open("/inbox/a.txt", GO_ON)
        assert raw.write(handle, 0, CONTENT[:1000]) == OK
        assert raw.write(handle, 1000, CONTENT[1000:]) == OK
        assert raw.close(handle) == OK
    assert place.bytes_of(place.claims()[-1]) == CONTENT


def test_opening_what_was_cut_changes_nothing(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, CONTENT)
    place.wait_for_claims(1)
    with ssh(door) as transport:
        raw = Raw(transport)
        assert raw.close(raw.open("/inbox/a.txt", GO_ON)) == OK
        raw.open("/inbox/a.txt", APPEND)
    wait_for(lambda: not place.intake.is_live("acme", Folder.INBOX, "a.txt"))
    assert len(place.claims()) == 1
    assert place.cut_bytes("a.txt") == CONTENT


def test_pieces_may_come_ahead_of_their_turn(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    for start in (3000, 1000, 2000, 0, 5000, 4000):
        assert raw.write(handle, start, CONTENT[start : start + (1000 if start < 5000 else 777)]) == OK
    assert raw.close(handle) == OK
    assert place.bytes_of(place.claims()[0]) == CONTENT[:5777]


def test_a_hole_is_never_whole(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    raw.write(handle, 0, b"x" * 100)
    raw.write(handle, 200, b"x" * 100)
    assert raw.close(handle) == (sftp.SFTP_FAILURE, "Bytes 100 to 199 never came.")
    (claim,) = place.claims()
    assert (claim.grade, claim.cause, claim.size) == (Grade.CUT, Cause.SHORT, 100)


def test_too_far_ahead_is_refused(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    answers = [raw.write(handle, (number + 1) * 1_000_000, b"x" * 200_000) for number in range(90)]
    assert answers[0] == OK
    assert answers[-1] == (sftp.SFTP_FAILURE, "bytes 0 to 999999 never came.")
    assert place.claims()[0].grade is Grade.CUT


def test_bytes_that_arrived_are_not_written_again(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    raw.write(handle, 0, b"x" * 100)
    code, words = raw.write(handle, 50, b"y")
    assert (code, words) == (
        sftp.SFTP_FAILURE,
        "The client wrote at byte 50 again, where bytes had arrived already.",
    )
    assert raw.close(handle)[0] == sftp.SFTP_FAILURE
    assert [claim.grade for claim in place.claims()] == [Grade.CUT]


def test_the_size_limit_is_kept_in_mid_transfer(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    chunk = b"x" * 250_000
    answers = [raw.write(handle, number * len(chunk), chunk) for number in range(18)]
    assert answers[:16] == [OK] * 16
    words = f"a.txt is larger than {LIMIT} bytes."
    assert [(code, text.lower()) for code, text in answers[16:]] == [(sftp.SFTP_FAILURE, words)] * 2
    assert raw.close(handle)[0] == sftp.SFTP_FAILURE
    (claim,) = place.claims()
    assert (claim.grade, claim.cause, claim.kept) == (Grade.CUT, Cause.TOO_LARGE, False)
    assert place.home().unfinished(Folder.INBOX) == {}


@pytest.mark.parametrize("name", ["a.txt.part", "a.txt.filepart", ".a.txt.swp", "a.tmp"])
def test_a_working_name_is_delivered_by_its_rename(place: SftpPlace, client: paramiko.SFTPClient, name: str) -> None:
    put(client, f"/inbox/{name}", BLOCK * 2)
    assert client.stat(f"/inbox/{name}").st_size == 65_536
    assert place.claims() == []
    client.posix_rename(f"/inbox/{name}", "/inbox/a.txt")
    (claim,) = place.claims()
    assert (claim.name, claim.grade, claim.evidence) == ("a.txt", Grade.WHOLE, RENAMED)
    assert place.bytes_of(claim) == BLOCK * 2
    assert client.stat("/inbox/a.txt").st_size == 65_536


def test_a_cut_one_is_not_delivered_by_its_rename(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.filepart", NEW), 0, CONTENT)
    place.wait_for_claims(1)
    with session(door) as client, pytest.raises(PermissionError, match="cut off while it arrived"):
        client.rename("/inbox/a.filepart", "/inbox/a.txt")


def test_two_uploads_of_one_name_at_once(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as one, ssh(door) as other:
        first, second = Raw(one), Raw(other)
        handle = first.open("/inbox/a.txt", NEW)
        code, words = second.status(sftp.CMD_OPEN, "/inbox/a.txt", NEW, 0)
        assert code == sftp.SFTP_FAILURE
        assert words.startswith("a.txt is being uploaded by another connection")
        assert first.write(handle, 0, CONTENT) == OK
        assert first.close(handle) == OK
        handle = second.open("/inbox/a.txt", NEW)
        assert second.write(handle, 0, b"second") == OK
        assert second.close(handle) == OK
    assert [place.bytes_of(claim) for claim in place.claims()] == [CONTENT, b"second"]


def test_many_at_once_in_one_session(place: SftpPlace, raw: Raw) -> None:
    handles = [raw.open(f"/inbox/{number}.txt", NEW) for number in range(30)]
    for turn in range(3):
        for number, handle in enumerate(handles):
            assert raw.write(handle, turn * 3, b"%03d" % number) == OK
    assert {raw.close(handle) for handle in handles} == {OK}
    assert {claim.name: place.bytes_of(claim) for claim in place.claims()} == {
        f"{number}.txt": b"%03d" % number * 3 for number in range(30)
    }


def test_many_clients_at_once(place: SftpPlace, door: SftpDoor) -> None:
    def upload(number: int) -> None:
        with session(door, f"seller{number}") as client:
            put(client, "/inbox/a.txt", CONTENT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(16)))
    assert sorted(claim.seller for claim in place.claims()) == sorted(f"seller{number}" for number in range(16))
    assert {claim.grade for claim in place.claims()} == {Grade.WHOLE}


def test_times_and_rights_may_be_set_and_are_not(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    with client.open("/inbox/a.txt", "w") as file:
        file.write(CONTENT)
        file.chmod(0o600)
        file.utime((1, 1))
        file.truncate(len(CONTENT))
        assert file.stat().st_size == len(CONTENT)
    client.utime("/inbox/a.txt", (1, 1))
    client.chmod("/inbox/nothing.txt", 0o777)
    client.chown("/", 0, 0)
    assert place.claims()[0].grade is Grade.WHOLE


@pytest.mark.parametrize(("size", "cause"), [(500, Cause.ABORTED), (5000, Cause.SHORT)])
def test_a_size_that_says_there_is_more(place: SftpPlace, raw: Raw, size: int, cause: Cause) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    raw.write(handle, 0, b"x" * 1000)
    assert raw.status(sftp.CMD_FSETSTAT, handle, 1, sftp.int64(size)) == OK
    assert raw.close(handle)[0] == sftp.SFTP_FAILURE
    assert [(claim.grade, claim.cause) for claim in place.claims()] == [(Grade.CUT, cause)]


def test_fsync_is_offered(raw: Raw) -> None:
    message = raw.version[1]
    assert message.get_int() == 3
    offered = {message.get_text(): message.get_text() for _ in range(3)}
    assert offered == {f"{name}@openssh.com": "1" for name in ("posix-rename", "fsync", "limits")}
    handle = raw.open("/inbox/a.txt", NEW)
    raw.write(handle, 0, CONTENT)
    assert raw.status(sftp.CMD_EXTENDED, "fsync@openssh.com", handle) == OK
    assert raw.status(sftp.CMD_EXTENDED, "statvfs@openssh.com", "/")[0] == sftp.SFTP_OP_UNSUPPORTED


def test_limits_are_told_and_are_true(place: SftpPlace, raw: Raw) -> None:
    kind, message = raw.ask(sftp.CMD_EXTENDED, "limits@openssh.com")
    packet, read, write, handles = (message.get_int64() for _ in range(4))
    assert (kind, packet, read, write, handles) == (sftp.CMD_EXTENDED_REPLY, 262_144, 261_120, 261_120, 256)
    content = random.Random(1).randbytes(write)
    handle = raw.open("/inbox/a.bin", NEW)
    assert raw.write(handle, 0, content) == OK
    (place.home().path / "outbox" / "r.txt").write_bytes(content)
    fetched = raw.open("/outbox/r.txt", sftp.SFTP_FLAG_READ)
    kind, message = raw.ask(sftp.CMD_READ, fetched, sftp.int64(0), read)
    assert (kind, message.get_binary()) == (sftp.CMD_DATA, content)
    for _ in range(handles - 2):
        raw.open("/outbox/r.txt", sftp.SFTP_FLAG_READ)
    assert raw.ask(sftp.CMD_OPEN, "/outbox/r.txt", sftp.SFTP_FLAG_READ, 0)[0] == sftp.CMD_STATUS


@pytest.mark.parametrize("step", ["sync_file", "sync_path", "move", "sync_directory", "write_soon"])
def test_what_cannot_be_landed_is_said_and_kept(
    place: SftpPlace, raw: Raw, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    raw.write(handle, 0, CONTENT)

    failed = threading.Event()
    works = getattr(disk, step)

    def fail_once(*arguments: object) -> object:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.EIO, "Input/output error")
        return works(*arguments)

    monkeypatch.setattr(disk, step, fail_once)
    code, words = raw.close(handle)
    assert (code, words) == (sftp.SFTP_FAILURE, "It could not be written to disk here; try again later.")
    assert [(claim.grade, claim.cause) for claim in place.claims()] == [(Grade.CUT, Cause.DISK)]
    places = [*place.home().path.glob(".landing/*/*/a.txt"), *place.spool.root.glob("landed/*/data")]
    assert [path.read_bytes() for path in places] == [CONTENT]


def test_a_closed_file_is_closed(raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    assert raw.close(handle) == OK
    assert raw.close(handle) == (sftp.SFTP_FAILURE, "That file is not open.")
    assert raw.write(handle, 0, b"x") == (sftp.SFTP_FAILURE, "That file is not open.")
