"""Logging in by FTP: words, delays, limits, and what happens to a session whose password changes."""

from __future__ import annotations

import ftplib
import logging
import socket
import threading
from collections.abc import Collection

import pytest
from transports.doors_kit import PASSWORD, Place, begin, connect, put, refusal, wait_for

from cws_filedrop.door_settings import FtpSettings
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.logins import Logins, Throttle
from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp import door as ftp
from cws_filedrop.transports.ftp.door import FtpDoor


def raw(door: FtpDoor) -> ftplib.FTP:
    session = ftplib.FTP(timeout=60)
    try:
        session.connect(*door.address)
    except BaseException:
        session.close()
        raise
    return session


def test_a_login_in_any_case(place: Place, door: FtpDoor) -> None:
    session = connect(door, "AcMe")
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()
    assert place.claims()[0].seller == "acme"


@pytest.mark.parametrize(("name", "password"), [("acme", "wrong"), ("a.b", PASSWORD), ("../x", PASSWORD), ("acme", "")])
def test_a_wrong_login_is_told_what_helps(door: FtpDoor, name: str, password: str) -> None:
    with raw(door) as session:
        session.sendcmd(f"USER {name}")
        reply = refusal(session, f"PASS {password}")
        assert reply.startswith("530 Login failed: wrong user name or password. User names are letters and digits only")
        assert refusal(session, "LIST").startswith("530")


def test_anonymous_is_refused(door: FtpDoor) -> None:
    with raw(door) as session, pytest.raises(ftplib.error_perm, match="530 Anonymous login is not offered"):
        session.login()


def test_the_third_failure_ends_the_connection_and_the_fifth_is_not_checked(place: Place, door: FtpDoor) -> None:
    for attempts in (3, 2):
        with raw(door) as session:
            for attempt in range(attempts):
                session.sendcmd("USER acme")
                assert ("Disconnecting" in refusal(session, "PASS wrong")) == (attempt == 2)
            if attempts == 3:
                with pytest.raises((EOFError, OSError)):
                    session.voidcmd("NOOP")
    asked = len(place.sellers.asked)
    with pytest.raises(ftplib.error_perm, match="530 Too many wrong passwords for this user name; wait 30 seconds"):
        connect(door)
    assert len(place.sellers.asked) == asked
    connect(door, "other").quit()


def test_failures_are_delayed_and_others_served_meanwhile(place: Place, door: FtpDoor) -> None:
    other = connect(door, "other")
    place.sellers.hold.clear()
    slow = raw(door)
    slow.sendcmd("USER acme")
    slow.putcmd(f"PASS {PASSWORD}")
    wait_for(lambda: "acme" in place.sellers.asked)
    assert put(other, "/inbox/a.txt", b"1").startswith("226")
    place.sellers.hold.set()
    assert slow.getresp().startswith("230")
    slow.quit()
    other.quit()


def test_a_client_that_leaves_during_the_check(place: Place, door: FtpDoor) -> None:
    place.sellers.hold.clear()
    slow = raw(door)
    slow.sendcmd("USER acme")
    slow.putcmd(f"PASS {PASSWORD}")
    wait_for(lambda: "acme" in place.sellers.asked)
    slow.close()
    place.sellers.hold.set()
    assert door._server is not None
    wait_for(lambda: not door._server.sessions)


def test_commands_sent_ahead_wait_for_the_login(door: FtpDoor) -> None:
    with raw(door) as session:
        assert session.sock is not None
        session.sock.sendall(f"USER acme\r\nPASS {PASSWORD}\r\nPWD\r\nCWD inbox\r\nPWD\r\n".encode())
        replies = [session.getmultiline() for _ in range(5)]
    assert [reply[:3] for reply in replies] == ["331", "230", "257", "250", "257"]
    assert replies[4].startswith('257 "/inbox"')


def test_a_login_that_cannot_be_checked(place: Place) -> None:
    def authenticate(name: str, password: str) -> None:
        raise RuntimeError("the database is away")

    door = FtpDoor(FtpSettings(port=0), place.intake, Logins(authenticate, lambda names: {}, Throttle()))
    door.start()
    place.open.append(door)
    with pytest.raises(ftplib.error_temp, match="421 Logins cannot be checked at the moment"):
        connect(door)


def test_a_session_ends_when_its_password_changes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp, "_RECHECK_SECONDS", 0.05)
    door = place.ftp_door()
    session, other = connect(door), connect(door, "other")
    place.sellers.versions["acme"] = 2
    with pytest.raises(ftplib.error_temp, match="421 Your password or access has changed"):
        session.getresp()
    assert other.voidcmd("NOOP").startswith("200")
    session.close()
    other.quit()


def test_who_is_shut_out_is_gone_at_once_in_the_middle_of_an_upload_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ftp, "_RECHECK_SECONDS", 0.05)
    door = place.ftp_door()
    session, other = connect(door), connect(door, "other")
    data = begin(session, "STOR /inbox/a.txt", b"half of it")
    place.sellers.shut.add("acme")
    with pytest.raises(ftplib.error_temp, match="421 You may not log in any more"):
        session.getresp()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.kept) == (Grade.CUT, True)
    assert other.voidcmd("NOOP").startswith("200")
    data.close()
    session.close()
    other.quit()


def test_a_changed_password_lets_a_transfer_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp, "_RECHECK_SECONDS", 0.05)
    asked = threading.Event()
    door = place.ftp_door()
    session = connect(door)
    data = begin(session, "STOR /inbox/a.txt", b"half of it, ")
    place.sellers.versions["acme"] = 2
    current = place.sellers.current

    def ask(names: Collection[str]) -> dict[str, int]:
        asked.set()
        return current(names)

    monkeypatch.setattr(door.logins, "_current", ask)
    assert asked.wait(60)
    data.sendall(b"and the rest")
    data.close()
    assert session.getresp().startswith("226 Received 24 bytes")
    with pytest.raises(ftplib.error_temp, match="421 Your password or access has changed"):
        session.getresp()
    session.close()


def test_too_many_connections(place: Place) -> None:
    door = place.ftp_door(max_connections=3)
    sessions = [connect(door) for _ in range(3)]
    with pytest.raises(ftplib.error_temp, match="421 All connections are taken; try again in a minute"):
        raw(door)
    sessions.pop().quit()
    wait_for(lambda: _welcome(door))
    for session in sessions:
        session.close()


def test_too_many_connections_from_one_address(place: Place) -> None:
    door = place.ftp_door(max_connections_per_address=2)
    sessions = [raw(door) for _ in range(2)]
    with pytest.raises(ftplib.error_temp, match="421 Too many connections from your address"):
        raw(door)
    for session in sessions:
        session.close()


def _welcome(door: FtpDoor) -> bool:
    try:
        raw(door).quit()
    except ftplib.error_temp:
        return False
    return True


def test_who_logs_in_may_come_and_go_as_often_as_it_likes(place: Place) -> None:
    door = place.ftp_door(max_strangers_per_address=2)
    for turn in range(40):
        session = connect(door)
        if turn % 2:
            session.quit()
        session.close()


def test_who_does_not_log_in_may_not(place: Place) -> None:
    door = place.ftp_door(max_strangers_per_address=2)

    def come_and_go() -> None:
        for _ in range(1000):
            raw(door).close()

    with pytest.raises(ftplib.error_temp, match="have not logged in"):
        come_and_go()
    wait_for(lambda: _welcome(door))


def test_at_once_of_one_address_so_many_that_have_not_logged_in(place: Place) -> None:
    door = place.ftp_door(max_strangers_per_address=2)
    with raw(door), raw(door) as second:
        with pytest.raises(ftplib.error_temp, match="have not logged in"):
            raw(door)
        second.login("acme", PASSWORD)
        raw(door).close()


def test_an_idle_session_is_closed(place: Place) -> None:
    with raw(place.ftp_door(idle_timeout_seconds=1)) as session, pytest.raises(ftplib.error_temp, match="421"):
        session.getresp()


def test_the_banner(place: Place) -> None:
    with raw(place.ftp_door(banner="Welcome to the drop.")) as session:
        assert session.welcome == "220 Welcome to the drop."


@pytest.mark.parametrize("ports", ["1-2", "60000", "a-b", "60001-60000", "60000-70000"])
def test_passive_ports_that_make_no_sense(place: Place, ports: str) -> None:
    with pytest.raises(ConfigError, match=r"passive_ports: .* is not a range such as 50000-50100"):
        place.ftp_door(passive_ports=ports)


def test_a_masquerade_address_that_is_not_known(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"masquerade_address: no\.such\.host\.invalid is not known"):
        place.ftp_door(masquerade_address="no.such.host.invalid")


def test_a_port_that_is_taken(place: Place, door: FtpDoor) -> None:
    with pytest.raises(ConfigError, match=rf"cannot listen on 127.0.0.1:{door.address[1]}: .*set another port"):
        place.ftp_door(port=door.address[1])


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours(place: Place, host: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on {host}:0: .*this machine"):
        place.ftp_door(host=host)


def test_every_address(place: Place) -> None:
    door = place.ftp_door(host="0.0.0.0")
    with raw(door) as session:
        assert session.welcome.startswith("220")


def test_stop_lets_a_transfer_end(place: Place, door: FtpDoor) -> None:
    session, idle = connect(door), connect(door)
    connection = begin(session, "STOR /inbox/a.txt", b"12345")
    stopping = threading.Thread(target=door.stop, args=(10.0,))
    stopping.start()
    with pytest.raises(ftplib.error_temp, match="421 The service is stopping"):
        idle.getresp()
    with pytest.raises(OSError):  # noqa: PT011
        socket.create_connection(door.address, timeout=60).close()
    connection.sendall(b"678")
    connection.close()
    assert session.getresp().startswith("226 Received 8 bytes")
    with pytest.raises(ftplib.error_temp, match="421 The service is stopping"):
        session.getresp()
    stopping.join(60)
    assert [claim.grade for claim in place.claims()] == [Grade.WHOLE]
    session.close()
    idle.close()


def under_way(door: FtpDoor, name: str) -> tuple[ftplib.FTP, socket.socket]:
    """A session with a transfer that does not go on."""
    session = connect(door)
    connection = begin(session, f"STOR /inbox/{name}", b"12345")
    wait_for(lambda: session.size(f"/inbox/{name}") == 5)
    return session, connection


def test_stop_does_not_wait_for_ever(place: Place, door: FtpDoor) -> None:
    patient = place.ftp_door()
    opened = [*under_way(patient, "b.txt")]
    stopping = threading.Thread(target=patient.stop, args=(3600.0,))
    stopping.start()
    opened += under_way(door, "a.txt")
    door.stop(0.2)
    assert stopping.is_alive(), "the other door has more patience"
    assert [claim.grade for claim in place.claims()] == [Grade.CUT]
    door.stop()
    for one in opened:
        one.close()
    stopping.join(60)
    assert not stopping.is_alive()


def test_a_mistake_of_ours_ends_one_session_only(place: Place, door: FtpDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    session, other = connect(door), connect(door, "other")

    def broken(*arguments: object) -> None:
        raise RuntimeError("a mistake: secret detail")

    monkeypatch.setattr(door._session_class, "ftp_NOOP", broken)
    with pytest.raises(ftplib.error_temp, match="421 Something went wrong here") as caught:
        session.voidcmd("NOOP")
    assert "secret" not in str(caught.value)
    assert put(other, "/inbox/a.txt", b"1").startswith("226")
    session.close()
    other.close()


def test_the_library_does_not_touch_logging(place: Place, door: FtpDoor) -> None:
    connect(door).quit()
    assert logging.getLogger("pyftpdlib").level == logging.WARNING
    assert logging.getLogger("pyftpdlib").handlers == []


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe\r\n", b"A" * 5000 + b"\r\n", b"\x00\r\n", b" \r\n", b"USER\r\n", b"\r\n" * 500]
)
def test_junk_is_answered_or_closed(door: FtpDoor, junk: bytes) -> None:
    with socket.create_connection(door.address, timeout=60) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert b"Traceback" not in answer
    connect(door).quit()
