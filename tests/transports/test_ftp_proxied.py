from __future__ import annotations

import contextlib
import ftplib
import socket
import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from transports.balancer_kit import BALANCER, CLIENT, LOCAL, ForwardedFtp, binary, forwarded, line, said
from transports.doors_kit import Place, connect, put, wait_for
from transports.tls_kit import tls_door

from cws_filedrop.door_settings import FtpSettings, GuardSettings
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import SellerLogin
from cws_filedrop.transports.ftp.door import FtpDoor

HEADERS = pytest.mark.parametrize("header", [line(), binary()], ids=["text", "binary"])
BEHIND = {"proxy_networks": f"10.0.0.0/8, {BALANCER}/32"}


@pytest.fixture
def deeds(place: Place) -> list[AuditEvent]:
    found: list[AuditEvent] = []
    place.intake.witness = found.append
    return found


@pytest.fixture
def door(place: Place) -> FtpDoor:
    return tls_door(place, ftp=dict(BEHIND), in_clear=place.sellers.authenticate)


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as found:
        yield found


def came_from(deeds: list[AuditEvent]) -> list[str]:
    return [deed.address for deed in deeds if deed.event is AuditEventKind.LOGIN]


@HEADERS
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "explicit"])
def test_the_client_is_whom_the_balancer_says(
    place: Place, door: FtpDoor, deeds: list[AuditEvent], header: bytes, tls: bool
) -> None:
    with ForwardedFtp(door.address, header, tls=tls).enter() as session:
        assert session.upload(b"some bytes").startswith("226")
    assert came_from(deeds) == [CLIENT]
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"some bytes"


@HEADERS
def test_implicit_tls_begins_after_the_header(
    place: Place, door: FtpDoor, deeds: list[AuditEvent], header: bytes
) -> None:
    with ForwardedFtp(door.implicit_address, header, implicit=True).enter() as session:
        assert session.upload(b"some bytes").startswith("226")
    assert came_from(deeds) == [CLIENT]
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"some bytes"


@HEADERS
def test_a_header_in_pieces_and_words_right_behind_it(door: FtpDoor, header: bytes) -> None:
    with forwarded(door.address, header[:1]) as connection:
        for byte in header[1:-1]:
            connection.sendall(bytes([byte]))
        connection.sendall(header[-1:] + b"NOOP\r\nQUIT\r\n")
        assert said(connection).count(b"\r\n") == 3


def test_a_health_check_is_itself(door: FtpDoor, deeds: list[AuditEvent]) -> None:
    with ForwardedFtp(door.address, LOCAL).enter() as session:
        session.quit()
    assert came_from(deeds) == [BALANCER]


@HEADERS
def test_nobody_else_is_believed(door: FtpDoor, deeds: list[AuditEvent], header: bytes) -> None:
    with forwarded(door.address, header + b"NOOP\r\n", source="127.0.0.8") as connection:
        connection.sendall(b"QUIT\r\n")
        assert b'500 Command "' in said(connection)
    connect(door).quit()
    assert came_from(deeds) == ["127.0.0.1"]


@pytest.mark.parametrize("first", [b"USER acme\r\n", b"PROXY TCP4 nobody\r\n", b"PROXY", b"", binary()[:-1]], ids=repr)
def test_a_balancer_that_does_not_say_whose_it_is_is_not_served(
    place: Place, monkeypatch: pytest.MonkeyPatch, events: list[dict[str, object]], first: bytes
) -> None:
    monkeypatch.setattr(FtpDoor, "header_seconds", 0.2)
    door = place.ftp_door(**BEHIND)
    with forwarded(door.address, first) as connection:
        assert said(connection) == b""
    wait_for(lambda: [one for one in events if one["event"] == "ftp.announcement_refused"])
    connect(door).quit()


def test_those_that_wait_for_their_header_hold_nobody_up_and_are_limited(place: Place) -> None:
    door = place.ftp_door(**BEHIND, max_connections=20)
    with contextlib.ExitStack() as opened:
        silent = [opened.enter_context(forwarded(door.address, b"PROXY")) for _ in range(21)]
        assert said(silent[-1]) == b""
        with connect(door) as session:
            assert put(session, "/inbox/a.txt", b"1").startswith("226")
        silent[0].sendall(line()[5:])
        assert silent[0].recv(100).startswith(b"220")
        door.stop(1.0)
        assert said(silent[1]) == b""


def test_connections_are_counted_by_client(place: Place) -> None:
    door = place.ftp_door(**BEHIND, max_connections_per_address=1)
    one, two = ForwardedFtp(door.address, line("192.0.2.1")), ForwardedFtp(door.address, line("192.0.2.2"))
    with one, two, forwarded(door.address, line("192.0.2.1")) as third:
        assert said(third).startswith(b"421 Too many connections from your address")


def test_the_guard_bans_the_client_and_not_the_balancer(place: Place) -> None:
    guard = Guard(GuardSettings(ban_failures=2))
    door = FtpDoor(FtpSettings(port=0, **BEHIND), place.intake, place.sellers.logins(guard))
    door.failure_delay_seconds = 0.01
    door.start()
    place.open.append(door)
    with ForwardedFtp(door.address, line("192.0.2.1")) as session:
        for _ in range(2):
            session.sendcmd("USER acme")
            assert session.refusal("PASS wrong").startswith("530")
    with forwarded(door.address, line("192.0.2.1")) as banned:
        assert said(banned).startswith(b"421 Too many failed logins")
    with ForwardedFtp(door.address, line("192.0.2.2")).enter() as session:
        session.quit()


def test_a_seller_comes_from_its_own_networks_by_the_balancer_too(place: Place) -> None:
    place.sellers.authenticate = lambda name, _: SellerLogin(name, 1, "192.0.2.0/24")  # type: ignore[method-assign]
    door = place.ftp_door(**BEHIND)
    with ForwardedFtp(door.address, line()).enter() as session:
        session.quit()
    with ForwardedFtp(door.address, line("198.51.100.9")) as session:
        session.sendcmd("USER acme")
        assert session.refusal("PASS x").startswith("530 acme may not log in from 198.51.100.9")


def test_a_password_in_clear_is_one_though_the_balancer_is_this_machine(place: Place) -> None:
    door = tls_door(place, ftp=dict(BEHIND))
    with ForwardedFtp(door.address, line()) as session:
        session.sendcmd("USER acme")
        assert "without encryption" in session.refusal("PASS x")


# Data connections.


def answered(session: ForwardedFtp) -> str:
    try:
        return session.getresp()
    except ftplib.error_temp as error:
        return str(error)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_data_connections_are_those_of_the_client_only(
    place: Place, door: FtpDoor, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    monkeypatch.setattr(FtpDoor, "header_seconds", 0.2)
    with ForwardedFtp(door.address, line(), tls=tls).enter() as session:
        passive = ("127.0.0.1", session.port())
        for header in (line("192.0.2.8"), LOCAL, b"by the balancer, but whose?"):
            with forwarded(passive, header) as thief:
                assert said(thief) == b""
        with socket.create_connection(passive, timeout=60) as thief:
            assert said(thief) == b""
        session.putcmd("STOR /inbox/a.txt")
        while (reply := answered(session))[:3] == "425":  # the library's word about each thief
            assert "foreign address" in reply
        assert reply.startswith("150")
        plain = forwarded(passive, line())
        with session.encrypted(plain) as data:
            data.sendall(b"mine")
            if tls:
                data.unwrap().close()
        assert session.getresp().startswith("226")
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"mine"


def test_a_client_may_come_directly_for_its_data(place: Place, door: FtpDoor) -> None:
    with ForwardedFtp(door.address, line("127.0.0.1")).enter() as session:
        with socket.create_connection(("127.0.0.1", session.port()), timeout=60) as data:
            session.putcmd("STOR /inbox/a.txt")
            assert session.getresp()[:3] in ("150", "125")
            data.sendall(b"mine")
        assert session.getresp().startswith("226")


def test_active_mode_goes_to_the_client_and_never_to_the_balancer(door: FtpDoor) -> None:
    with (
        socket.create_server((BALANCER, 0)) as target,
        ForwardedFtp(door.address, line("127.0.0.1")).enter() as session,
    ):
        port = target.getsockname()[1]
        assert session.refusal(f"PORT 127,0,0,9,{port // 256},{port % 256}").startswith("501 ")
        assert session.refusal(f"EPRT |1|{BALANCER}|{port}|").startswith("501 ")
        target.settimeout(0.2)
        with pytest.raises(TimeoutError):
            target.accept()
        with socket.create_server(("127.0.0.1", 0)) as own:
            session.sendport("127.0.0.1", own.getsockname()[1])
            own.settimeout(60)
            own.accept()[0].close()


def test_many_at_once_are_told_apart(place: Place, door: FtpDoor, deeds: list[AuditEvent]) -> None:
    def one(number: int) -> None:
        with ForwardedFtp(door.address, line(f"192.0.2.{number}")).enter(f"seller{number}") as session:
            assert session.upload(b"%d" % number).startswith("226")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place.wait_for_claims(20)
    logins = {(deed.seller, deed.address) for deed in deeds if deed.event is AuditEventKind.LOGIN}
    assert logins == {(f"seller{number}", f"192.0.2.{number}") for number in range(20)}


def test_networks_that_are_none(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"\[ftp\] proxy_networks: .*write networks"):
        place.ftp_door(proxy_networks="the balancer")
