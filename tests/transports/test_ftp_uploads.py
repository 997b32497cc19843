"""Uploads by FTP: landed before the 226, graded by what the client does next."""

from __future__ import annotations

import contextlib
import ftplib
import io
import re
import socket
import struct
from collections.abc import Callable

import pytest
from transports.doors_kit import LIMIT, Place, begin, connect, put, refusal, wait_for

from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.landing import grading

CONTENT = b"order-id\tship-date\r\n" * 100
BIG = b"x" * 3_000_000


def reset(connection: socket.socket) -> None:
    """End a connection as a machine that fell over would."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_the_bytes_are_landed_when_the_reply_comes(place: Place, session: ftplib.FTP) -> None:
    reply = put(session, "/inbox/shipped.txt", CONTENT)
    found = re.fullmatch(r"226 Received 2000 bytes; upload id (\d{8}-\d{6}-\w{4})\.", reply)
    assert found
    directory = place.spool.root / "landed" / found[1]
    arrived = place.spool.root / "arrived"
    assert (directory / "data").exists() or any(arrived.iterdir())
    session.voidcmd("NOOP")
    (claim,) = place.claims()
    assert claim.upload_id == found[1]
    assert (claim.seller, claim.folder, claim.name, claim.size) == ("acme", Folder.INBOX, "shipped.txt", len(CONTENT))
    assert (claim.door, claim.client, claim.grade, claim.evidence) == (
        Door.FTP,
        "127.0.0.1",
        Grade.WHOLE,
        grading.TALKED,
    )
    assert place.bytes_of(claim) == CONTENT


@pytest.mark.parametrize("content", [b"", b"x", BIG], ids=["empty", "one byte", "3 MB"])
def test_any_size(place: Place, session: ftplib.FTP, content: bytes) -> None:
    assert put(session, "/inbox/a.txt", content).startswith(f"226 Received {len(content)} bytes")
    session.quit()
    (claim,) = place.claims()
    assert claim.grade is Grade.WHOLE
    assert place.bytes_of(claim) == content


def test_ascii_mode_changes_no_byte(place: Place, session: ftplib.FTP) -> None:
    content = b"a\r\nb\nc\rd\r"
    session.voidcmd("TYPE A")
    with session.transfercmd("STOR /inbox/a.txt") as connection:
        connection.sendall(content)
    session.voidresp()
    session.voidcmd("NOOP")
    assert place.bytes_of(place.claims()[0]) == content
    assert session.size("/inbox/a.txt") == len(content)


def test_into_the_current_folder(place: Place, session: ftplib.FTP) -> None:
    session.cwd("test")
    put(session, "a.txt", CONTENT)
    session.cwd("/")
    assert place.claims()[0].folder is Folder.TEST


def test_staying_connected_is_whole(place: Place, session: ftplib.FTP) -> None:
    put(session, "/inbox/a.txt", CONTENT)
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.evidence) == (Grade.WHOLE, grading.STAYED)


@pytest.mark.parametrize("end", [ftplib.FTP.close, lambda session: reset(session.sock)], ids=["fin", "rst"])
def test_leaving_at_once_is_doubtful(place: Place, session: ftplib.FTP, end: Callable[[ftplib.FTP], None]) -> None:
    put(session, "/inbox/a.txt", CONTENT)
    end(session)
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.evidence) == (Grade.DOUBTFUL, grading.VANISHED)
    assert place.bytes_of(claim) == CONTENT


def test_leaving_before_the_reply_is_doubtful(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", BIG)
    session.close()
    connection.close()
    (claim,) = place.wait_for_claims(1)
    assert claim.grade is Grade.DOUBTFUL
    assert place.bytes_of(claim) == BIG


def test_words_from_before_the_reply_prove_nothing(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", BIG)
    assert session.sock is not None
    session.sock.sendall(b"NOOP\r\n" * 3)
    connection.close()
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert claim.grade is Grade.DOUBTFUL


def test_quit_that_was_said_too_early_proves_nothing(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    session.putcmd("QUIT")
    assert session.getresp().startswith("221")
    connection.close()
    assert session.getresp().startswith("226 Received 2000 bytes")
    (claim,) = place.wait_for_claims(1)
    assert claim.grade is Grade.DOUBTFUL


def test_a_data_connection_that_broke_is_cut(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    reset(connection)
    assert refusal_of(session).startswith("426 The data connection broke")
    (claim,) = place.claims()
    assert (claim.grade, claim.cause, claim.size, claim.kept) == (Grade.CUT, Cause.RESET, len(CONTENT), True)
    assert place.cut_bytes("a.txt") == CONTENT


def refusal_of(session: ftplib.FTP) -> str:
    with pytest.raises(ftplib.Error) as caught:
        session.getresp()
    return str(caught.value)


def test_abor_is_cut(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    session.putcmd("ABOR")
    assert session.getmultiline().startswith("426")
    assert session.getmultiline().startswith("226")
    connection.close()
    (claim,) = place.claims()
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.ABORTED)


def test_abor_right_after_the_data_takes_the_file_back(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", BIG)
    connection.close()
    session.voidresp()
    assert session.sendcmd("ABOR").startswith("225")
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.ABORTED)
    assert place.cut_bytes("a.txt") == BIG


def test_losing_the_control_connection_in_the_middle_is_cut(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.CLOSED)
    connection.close()


def test_a_transfer_that_stalls_is_cut(place: Place) -> None:
    door = place.ftp_door(transfer_timeout_seconds=1)
    session = connect(door)
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    assert refusal_of(session).startswith("421")
    (claim,) = place.claims()
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.STALLED)
    connection.close()
    session.close()


def test_a_new_passive_command_ends_the_transfer(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    assert refusal(session, "PASV").startswith("426 The transfer was broken off")  # the answer to STOR
    assert session.getresp().startswith("227")
    (claim,) = place.claims()
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.ABORTED)
    connection.close()


def test_allo_that_is_met_is_whole_at_once(place: Place, session: ftplib.FTP) -> None:
    session.voidcmd(f"ALLO {len(CONTENT)}")
    put(session, "/inbox/a.txt", CONTENT)
    (claim,) = place.claims()
    assert (claim.grade, claim.evidence) == (Grade.WHOLE, grading.ANNOUNCED)
    put(session, "/inbox/b.txt", b"1")  # it counted for one upload only
    session.voidcmd("NOOP")
    assert [claim.evidence for claim in place.claims()][1:] == [grading.TALKED]


def test_allo_that_is_missed_is_cut(place: Place, session: ftplib.FTP) -> None:
    session.voidcmd(f"ALLO {len(CONTENT) + 1} R 80")
    with pytest.raises(ftplib.error_temp, match=f"426 Only {len(CONTENT)} of {len(CONTENT) + 1} bytes arrived"):
        put(session, "/inbox/a.txt", CONTENT)
    (claim,) = place.claims()
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.SHORT)


def test_allo_with_more_than_is_taken(session: ftplib.FTP) -> None:
    assert refusal(session, f"ALLO {LIMIT + 1}").startswith("552 Too large")
    assert refusal(session, "ALLO much").startswith("501")


def test_the_size_limit_holds_in_the_middle_of_a_transfer(place: Place, session: ftplib.FTP) -> None:
    with pytest.raises((ftplib.error_perm, OSError)):
        put(session, "/inbox/a.txt", b"x" * (LIMIT + 5_000_000))
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause, claim.kept) == (Grade.CUT, Cause.TOO_LARGE, False)
    assert claim.size <= LIMIT
    assert place.home().unfinished(Folder.INBOX) == {}


def test_the_words_of_the_size_limit(session: ftplib.FTP) -> None:
    with session.transfercmd("STOR /inbox/a.txt") as connection, contextlib.suppress(OSError):
        connection.sendall(b"x" * (LIMIT + 5_000_000))
    assert refusal_of(session) == f"552 a.txt is larger than {LIMIT} bytes; nothing of it was taken."


def test_exactly_the_size_limit(place: Place, session: ftplib.FTP) -> None:
    put(session, "/inbox/a.txt", b"x" * LIMIT)
    session.quit()
    assert place.claims()[0].size == LIMIT


def test_resume_with_rest(place: Place, session: ftplib.FTP, log_in: Callable[..., ftplib.FTP]) -> None:
    begin(session, "STOR /inbox/a.txt", CONTENT[:500]).close()
    session.close()
    place.wait_for_claims(1)
    place.announced.clear()
    again = log_in()
    connection = begin(again, "STOR /inbox/b.txt", CONTENT[:500])
    wait_for(lambda: again.size("/inbox/b.txt") == 500)
    reset(connection)
    refusal_of(again)
    size = again.size("/inbox/b.txt")
    assert size == 500
    assert again.nlst("/inbox") == ["b.txt"]
    assert put(again, "/inbox/b.txt", CONTENT[size:], rest=size).startswith("226 Received 2000 bytes")
    again.quit()
    assert [claim.grade for claim in place.claims()] == [Grade.CUT, Grade.WHOLE]
    assert place.bytes_of(place.claims()[1]) == CONTENT


def test_resume_with_appe(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT[:500])
    wait_for(lambda: session.size("/inbox/a.txt") == 500)
    reset(connection)
    refusal_of(session)
    session.storbinary("APPE /inbox/a.txt", io.BytesIO(CONTENT[500:]))
    session.quit()
    assert place.bytes_of(place.claims()[1]) == CONTENT


def test_an_upload_from_the_start_replaces_what_was_cut(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt") == len(CONTENT))
    reset(connection)
    refusal_of(session)
    put(session, "/inbox/a.txt", b"new")
    session.quit()
    assert place.bytes_of(place.claims()[1]) == b"new"
    assert place.home().unfinished(Folder.INBOX) == {}


def test_nothing_to_resume(place: Place, session: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match=r"554 only 0 bytes of a.txt are here"):
        put(session, "/inbox/a.txt", CONTENT, rest=7)
    put(session, "/inbox/a.txt", CONTENT)
    with pytest.raises(ftplib.error_perm, match=r"550 a.txt was picked up as upload"):
        session.storbinary("APPE /inbox/a.txt", io.BytesIO(CONTENT))
    session.quit()
    assert len(place.claims()) == 1


def test_one_name_twice_at_once(place: Place, session: ftplib.FTP, log_in: Callable[..., ftplib.FTP]) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    other = log_in("ACME")
    with pytest.raises(ftplib.error_temp, match=r"450 a.txt is being uploaded by another connection"):
        put(other, "/inbox/a.txt", CONTENT)
    put(log_in("other"), "/inbox/a.txt", CONTENT)
    connection.close()
    session.voidresp()
    put(other, "/inbox/a.txt", CONTENT)
    session.quit()
    other.quit()
    assert sorted(claim.seller for claim in place.wait_for_claims(3)) == ["acme", "acme", "other"]


def test_a_second_transfer_on_the_same_connection_waits(session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt", CONTENT)
    assert refusal(session, "LIST").startswith("450 A transfer is under way")
    assert refusal(session, "STOR /inbox/b.txt").startswith("450 A transfer is under way")
    connection.close()
    assert session.voidresp().startswith("226 Received 2000 bytes")


def test_stou_finds_a_name(place: Place, session: ftplib.FTP) -> None:
    session.cwd("/inbox")
    session.storbinary("STOU", io.BytesIO(b"1"))
    session.storbinary("STOU shipped.txt", io.BytesIO(b"2"))
    session.storbinary("STOU shipped.txt", io.BytesIO(b"3"))
    session.quit()
    assert [claim.name for claim in place.claims()] == ["upload-1.txt", "shipped-1.txt", "shipped-2.txt"]


def test_an_upload_without_a_data_connection_leaves_nothing(place: Place, session: ftplib.FTP) -> None:
    session.sendcmd("PASV")
    assert session.sendcmd("STOR /inbox/a.txt").startswith("150")
    assert refusal(session, "ABOR").startswith("426 ")  # the answer to STOR
    assert session.getresp().startswith("226 ")
    assert session.nlst("/inbox") == []
    session.sendcmd("PASV")
    session.sendcmd("STOR /inbox/a.txt")
    session.close()
    wait_for(lambda: not place.intake.is_live("acme", Folder.INBOX, "a.txt"))
    assert place.claims() == []
    assert place.home().unfinished(Folder.INBOX) == {}


def test_active_mode(place: Place, session: ftplib.FTP) -> None:
    session.set_pasv(False)
    put(session, "/inbox/a.txt", CONTENT)
    session.quit()
    assert place.bytes_of(place.claims()[0]) == CONTENT


def test_a_working_name_is_delivered_by_its_rename(place: Place, session: ftplib.FTP) -> None:
    assert "rename it" in put(session, "/inbox/a.txt.part", CONTENT)
    assert session.nlst("/inbox") == ["a.txt.part"]
    assert session.size("/inbox/a.txt.part") == len(CONTENT)
    assert place.claims() == []
    assert session.rename("/inbox/a.txt.part", "/inbox/a.txt").startswith("250 Received 2000 bytes; upload id ")
    (claim,) = place.claims()
    assert (claim.name, claim.grade, claim.evidence) == ("a.txt", Grade.WHOLE, grading.RENAMED)
    assert place.bytes_of(claim) == CONTENT
    assert session.nlst("/inbox") == ["a.txt"]
    assert session.size("/inbox/a.txt") == len(CONTENT)


def test_a_working_name_whose_client_vanished_is_cut(place: Place, session: ftplib.FTP) -> None:
    put(session, "/inbox/a.txt.part", CONTENT)
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause, claim.name) == (Grade.CUT, Cause.UNNAMED, "a.txt.part")
    assert place.cut_bytes("a.txt.part") == CONTENT


def test_what_was_cut_cannot_be_renamed_into_an_order(place: Place, session: ftplib.FTP) -> None:
    connection = begin(session, "STOR /inbox/a.txt.part", CONTENT)
    wait_for(lambda: session.size("/inbox/a.txt.part") == len(CONTENT))
    reset(connection)
    refusal_of(session)
    session.sendcmd("RNFR /inbox/a.txt.part")
    assert refusal(session, "RNTO /inbox/a.txt").startswith("550 a.txt.part was cut off while it arrived")
    put(session, "/inbox/a.txt.part", CONTENT[2000:], rest=2000)
    session.rename("/inbox/a.txt.part", "/inbox/a.txt")
    assert place.claims()[1].grade is Grade.WHOLE


def test_a_file_is_still_shown_for_a_while_after_the_file_was_picked_up(place: Place, session: ftplib.FTP) -> None:
    put(session, "/inbox/a.txt", CONTENT)
    assert session.size("/inbox/a.txt") == len(CONTENT)
    assert re.fullmatch(r"213 \d{14}", session.sendcmd("MDTM /inbox/a.txt"))
    assert f"size={len(CONTENT)};" in session.sendcmd("MLST /inbox/a.txt")
    lines: list[str] = []
    session.retrlines("LIST /inbox/a.txt", lines.append)
    assert len(lines) == 1
    assert session.nlst("/inbox") == ["a.txt"]
    assert session.nlst("/test") == []
    assert refusal(session, "RETR /inbox/a.txt").startswith("550 Uploads cannot be downloaded")
    reply = session.sendcmd("DELE /inbox/a.txt")
    assert reply.startswith("250 Nothing is undone: a.txt was picked up already, as upload ")
    assert session.nlst("/inbox") == []


def test_a_file_is_not_shown_for_ever(place: Place) -> None:
    with connect(place.ftp_door(courtesy_seconds=0)) as session:
        put(session, "/inbox/a.txt", CONTENT)
        assert refusal(session, "SIZE /inbox/a.txt").startswith("550")
        assert session.nlst("/inbox") == []


def test_many_uploads_in_one_session(place: Place, session: ftplib.FTP) -> None:
    for number in range(100):
        put(session, f"/inbox/{number:03d}.txt", b"%d" % number)
    session.quit()
    claims = place.wait_for_claims(100)
    assert [claim.name for claim in sorted(claims, key=lambda one: one.upload_id)] == [
        f"{n:03d}.txt" for n in range(100)
    ]
    assert {claim.grade for claim in claims} == {Grade.WHOLE}


def test_what_cannot_be_written_is_said(place: Place, session: ftplib.FTP, door: FtpDoor) -> None:
    arrived = place.spool.root / "landed"
    arrived.rename(place.data / "away")
    with pytest.raises(ftplib.error_temp, match="452 It could not be written"):
        put(session, "/inbox/a.txt", CONTENT)
    (place.data / "away").rename(arrived)
    assert session.size("/inbox/a.txt") == len(CONTENT)
    put(session, "/inbox/a.txt", CONTENT)
    session.quit()
    assert [claim.grade for claim in place.claims()] == [Grade.WHOLE]


@pytest.mark.parametrize("command", ["STOR /inbox/a.txt", "LIST", "NLST"])
def test_a_transfer_without_a_data_connection_is_refused_at_once(session: ftplib.FTP, command: str) -> None:
    assert refusal(session, command).startswith("425 There is no data connection: send EPSV or PASV")
    session.voidcmd("NOOP")


def test_a_data_connection_that_broke_before_its_command(session: ftplib.FTP) -> None:
    host, port = session.makepasv()
    reset(socket.create_connection((host, port), timeout=60))
    session.putcmd("LIST")
    reply = session.getmultiline()
    if reply.startswith("150"):  # the listing was sent before the door heard of it
        reply = session.getmultiline()
    assert reply[:3] in ("425", "426"), reply
    session.voidcmd("NOOP")
