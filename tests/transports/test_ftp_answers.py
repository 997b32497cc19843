"""Every command has one final answer, in its turn: an answer too many or too few is taken for that to another."""

from __future__ import annotations

import ftplib
import socket

import pytest
from transports.doors_kit import Place, refusal, wait_for

from cws_filedrop.drop.home import Folder
from cws_filedrop.transports.ftp.door import FtpDoor


def told(session: ftplib.FTP) -> str:
    """The next answer, whatever it is."""
    return session.getmultiline()


def in_step(session: ftplib.FTP) -> None:
    """Is the next answer that to the next command?"""
    session.putcmd("XMARK")
    assert told(session) == '500 Command "XMARK" not understood.'


@pytest.mark.parametrize("size", [2049, 5_000, 200_000])
def test_a_command_that_is_too_long_is_answered_once_and_nothing_of_it_is_done(
    place: Place, session: ftplib.FTP, size: int
) -> None:
    (place.home().path / "outbox" / "a.txt").write_bytes(b"1")
    assert session.sock is not None
    session.sock.sendall(b"x" * size + b"DELE /outbox/a.txt\r\n")
    assert told(session) == "500 That command is too long; 2048 bytes are the most."
    in_step(session)
    assert session.nlst("/outbox") == ["a.txt"]


def test_the_longest_command_is_carried_out(session: ftplib.FTP) -> None:
    assert refusal(session, "SIZE " + "x" * 2043).startswith("550 ")
    in_step(session)


@pytest.mark.parametrize("second", ["STOR /inbox/b.txt", "LIST", "RETR /outbox/a.txt", "PASV", "EPSV"])
@pytest.mark.parametrize("first", ["STOR /inbox/a.txt", "LIST", "RETR /outbox/a.txt"])
def test_a_transfer_that_is_overtaken_while_it_waits(
    place: Place, session: ftplib.FTP, first: str, second: str
) -> None:
    (place.home().path / "outbox" / "a.txt").write_bytes(b"1")
    session.sendcmd("PASV")
    assert session.sendcmd(first).startswith("150 ")
    session.putcmd(second)
    assert told(session).startswith("425 No data connection was made before")
    assert told(session)[:3] in ("150", "227", "229")
    if second[0] != "P" and second[0] != "E":
        session.putcmd("ABOR")
        assert told(session).startswith("426 ")
        assert told(session).startswith("226 ")
    in_step(session)
    assert not place.intake.is_live("acme", Folder.INBOX, "a.txt")


@pytest.mark.parametrize("command", ["REIN", "USER other"])
@pytest.mark.parametrize("connected", [False, True])
def test_a_transfer_that_is_overtaken_by_another_login(session: ftplib.FTP, command: str, connected: bool) -> None:
    address = session.makepasv()
    if connected:
        with socket.create_connection(address, timeout=60):
            session.putcmd("STOR /inbox/a.txt")
            assert told(session)[:3] in ("150", "125")
            session.putcmd(command)
            assert told(session).startswith("426 ")
    else:
        session.sendcmd("LIST")
        session.putcmd(command)
        assert told(session).startswith("425 ")
    assert told(session)[:3] in ("230", "331")
    in_step(session)


def test_abor_of_a_transfer_of_which_nothing_came_yet(session: ftplib.FTP) -> None:
    with socket.create_connection(session.makepasv(), timeout=60):
        session.sendcmd("STOR /inbox/a.txt")
        session.putcmd("ABOR")
        assert told(session) == "426 The transfer was aborted."
        assert told(session) == "226 It was aborted."
    in_step(session)


@pytest.mark.parametrize("waiting", [False, True])
def test_a_data_connection_that_is_not_made_is_told_only_to_who_waits(
    session: ftplib.FTP, monkeypatch: pytest.MonkeyPatch, door: FtpDoor, waiting: bool
) -> None:
    (served,) = door._server.sessions  # type: ignore[union-attr]
    monkeypatch.setattr(served.passive_dtp, "timeout", 0.2)
    session.sendcmd("PASV")
    if waiting:
        session.sendcmd("STOR /inbox/a.txt")
        assert told(session).startswith("425 No data connection was made; is a firewall in the way?")
    wait_for(lambda: served._dtp_acceptor is not None and served._dtp_acceptor._closed)
    in_step(session)
    assert refusal(session, "LIST").startswith("425 There is no data connection")


def test_what_is_said_while_an_active_connection_is_made_is_answered_after_it(
    session: ftplib.FTP,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert session.sock is not None
        lines = [f"PORT 127,0,0,1,{port >> 8},{port & 255}"] * 3 + ["NOOP", "ABOR"]
        session.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())
        assert [told(session)[:3] for _ in lines] == ["200", "200", "200", "200", "225"]
    in_step(session)


def test_an_active_connection_that_is_refused(session: ftplib.FTP) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert session.sock is not None
    session.sock.sendall(f"PORT 127,0,0,1,{port >> 8},{port & 255}\r\nNOOP\r\n".encode())
    assert told(session) == "425 You could not be reached at that address; passive mode may work."
    assert told(session).startswith("200 ")
    in_step(session)


@pytest.mark.parametrize("letters", [b"\n", b"\r", b"\0", b"\x1b[2J", b"\x7f", b"\xc2\x85"])
def test_an_answer_is_one_line_whatever_was_asked(session: ftplib.FTP, letters: bytes) -> None:
    assert session.sock is not None
    session.sock.sendall(b"XA" + letters + b"B\r\n")
    answer = told(session)
    assert answer.startswith('500 Command "XA')
    assert answer.isprintable()
    in_step(session)
