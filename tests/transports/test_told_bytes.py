"""Bytes of which a client was told that they are safe never vanish without a word."""

from __future__ import annotations

import ftplib
import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from transports.doors_kit import PASSWORD, Place, connect, put, refusal, wait_for

from cws_filedrop.drop.claims import Cause, Claim, Drop
from cws_filedrop.drop.home import Folder, UploadStage
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.kept import KeptFile
from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.ftp.door import FtpDoor

LogIn = Callable[[], ftplib.FTP]


def held(place: Place, name: str) -> Path:
    return place.home().landing(Folder.INBOX, UploadStage.HELD) / name


def the_replaced(place: Place) -> Claim:
    (claim,) = (claim for claim in place.claims() if claim.grade is Grade.CUT)
    return claim


def test_two_sessions_under_one_working_name(place: Place, log_in: LogIn) -> None:
    first, second = log_in(), log_in()
    put(first, "/inbox/upload.tmp", b"first\n")
    put(second, "/inbox/upload.tmp", b"second\n")
    claim = the_replaced(place)
    assert (claim.name, claim.cause) == ("upload", Cause.REPLACED)
    assert claim.evidence.startswith("complete under a working name, but never renamed")
    assert place.bytes_of(claim) == b"first\n"
    first.sendcmd("RNFR /inbox/upload.tmp")
    assert refusal(first, "RNTO /inbox/first.txt").startswith("550 Another connection has used upload.tmp since")
    assert second.rename("/inbox/upload.tmp", "/inbox/second.txt").startswith("250 Received 7 bytes")
    first.close()
    second.close()
    whole = [one for one in place.claims() if one.grade is Grade.WHOLE]
    assert [(one.name, place.bytes_of(one)) for one in whole] == [("second.txt", b"second\n")]


def test_the_end_of_the_first_session_leaves_the_second_s_upload_alone(place: Place, log_in: LogIn) -> None:
    first, second = log_in(), log_in()
    put(first, "/inbox/upload.tmp", b"first\n")
    put(second, "/inbox/upload.tmp", b"second\n")
    first.close()
    second.voidcmd("NOOP")
    assert second.rename("/inbox/upload.tmp", "/inbox/second.txt").startswith("250 Received 7 bytes")


def test_a_session_may_replace_its_own(place: Place, log_in: LogIn) -> None:
    session = log_in()
    for content in (b"first\n", b"second\n"):
        put(session, "/inbox/upload.tmp", content)
    session.rename("/inbox/upload.tmp", "/inbox/a.txt")
    assert [place.bytes_of(claim) for claim in place.wait_for_claims(1)] == [b"second\n"]


def test_a_working_name_that_a_dead_run_left_behind(place: Place, log_in: LogIn) -> None:
    dead = log_in()
    put(dead, "/inbox/a.txt.part", b"first\n")
    dead.quit()
    put(log_in(), "/inbox/a.txt.part", b"second\n")
    claim = the_replaced(place)
    assert (claim.name, place.bytes_of(claim)) == ("a.txt", b"first\n")


def test_a_rename_to_a_working_name_that_is_in_use(place: Place, log_in: LogIn) -> None:
    first, second = log_in(), log_in()
    put(first, "/inbox/a.part", b"first\n")
    put(second, "/inbox/b.part", b"second\n")
    second.rename("/inbox/b.part", "/inbox/a.part")
    assert place.bytes_of(the_replaced(place)) == b"first\n"
    assert held(place, "a.part").read_bytes() == b"second\n"


def test_complete_bytes_are_not_resumed_in_the_middle(log_in: LogIn) -> None:
    put(log_in(), "/inbox/a.part", b"0123456789")
    with pytest.raises(ftplib.error_perm, match=r"554 all of a\.part is here"):
        put(log_in(), "/inbox/a.part", b"x", rest=4)


def test_a_crash_while_one_is_replaced(place: Place, log_in: LogIn) -> None:
    put(log_in(), "/inbox/a.part", b"first\n")
    drop = Drop("acme", Folder.INBOX, "a", Door.FTP, "")  # the intent is on the disk, the bytes are not moved yet
    place.spool.open_claim(drop, KeptFile(6), cut=(Cause.REPLACED, "never renamed", False))
    again = Intake(place.homes, place.spool, upload_limit_bytes=1000)
    again.recover()
    again.close()
    assert held(place, "a.part").read_bytes() == b"first\n"
    assert list((place.spool.root / "landed").iterdir()) == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_names_that_differ_stay_two(place: Place, door: FtpDoor, encoding: str) -> None:
    session = ftplib.FTP(timeout=60, encoding=encoding)
    session.connect(*door.address)
    session.login("acme", PASSWORD)
    for name in ("Käse", "Köse"):
        put(session, f"/inbox/{name}.txt.part", name.encode())
    assert sorted(session.nlst("/inbox")) == ["Käse.txt.part", "Köse.txt.part"]
    for name in ("Käse", "Köse"):
        session.rename(f"/inbox/{name}.txt.part", f"/inbox/{name}.txt")
    session.quit()
    found = {claim.name: place.bytes_of(claim).decode() for claim in place.wait_for_claims(2)}
    assert found == {"Käse.txt": "Käse", "Köse.txt": "Köse"}


def test_text_mode_does_not_resume(log_in: LogIn, place: Place) -> None:
    session = log_in()
    session.voidcmd("TYPE A")
    assert refusal(session, "REST 5").startswith("501 Text mode (TYPE A) changes line ends")
    assert session.sendcmd("REST 0").startswith("350")
    session.voidcmd("TYPE I")
    assert session.sendcmd("REST 5").startswith("350")
    session.voidcmd("TYPE A")
    assert refusal(session, "STOR /inbox/a.txt").startswith("501 Text mode (TYPE A)")
    assert session.storlines("STOR /inbox/b.txt", io.BytesIO(b"1\n2\n")).startswith("226")
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"1\r\n2\r\n"


DIGESTS = {
    "HASH": lambda content: f"213 SHA-256 0-{len(content)} {hashlib.sha256(content).hexdigest()} /inbox/a.txt",
    "XSHA256": lambda content: f"250 {hashlib.sha256(content).hexdigest().upper()}",
    "XSHA1": lambda content: f"250 {hashlib.sha1(content, usedforsecurity=False).hexdigest().upper()}",
    "XMD5": lambda content: f"250 {hashlib.new('md5', content, usedforsecurity=False).hexdigest().upper()}",
    "XCRC": lambda content: f"250 {zlib.crc32(content):08X}",
}


@pytest.mark.parametrize("command", DIGESTS)
def test_a_client_can_verify_what_arrived(log_in: LogIn, command: str) -> None:
    session, content = log_in(), b"order-id\tship-date\n" * 10_000
    put(session, "/inbox/a.txt", content)
    assert session.sendcmd(f"{command} /inbox/a.txt") == DIGESTS[command](content)
    assert command in session.sendcmd("FEAT")
    assert refusal(session, f"{command} /inbox/none.txt") == "550 No such file."


def test_hash_has_one_digest(log_in: LogIn) -> None:
    session = log_in()
    assert session.sendcmd("OPTS HASH") == "200 SHA-256"
    assert session.sendcmd("OPTS HASH SHA-256") == "200 SHA-256"
    assert refusal(session, "OPTS HASH MD5").startswith("501 ")


@pytest.mark.parametrize("name", ["a.txt", "a.txt.part"])
def test_the_claim_has_the_digest_of_what_came(place: Place, log_in: LogIn, name: str) -> None:
    session = log_in()
    put(session, f"/inbox/{name}", b"content")
    if name != "a.txt":
        session.rename(f"/inbox/{name}", "/inbox/a.txt")
    session.quit()
    assert place.wait_for_claims(1)[0].sha256 == hashlib.sha256(b"content").hexdigest()


def test_a_reconnecting_client_resumes_at_the_end(place: Place, door: FtpDoor) -> None:
    with connect(door) as session:
        put(session, "/inbox/a.part", b"0123")
        session.voidcmd("NOOP")
    with connect(door) as session:
        put(session, "/inbox/a.part", b"4567", rest=4)
        session.rename("/inbox/a.part", "/inbox/a.txt")
    wait_for(place.claims)
    assert [place.bytes_of(claim) for claim in place.claims()] == [b"01234567"]
