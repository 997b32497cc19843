from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from structlog.testing import capture_logs
from transports.balancer_kit import BALANCER, CLIENT, LOCAL, binary, forwarded, line, said
from transports.doors_kit import PASSWORD, wait_for
from transports.sftp_kit import SftpPlace, connect, door, lent_keys, loaded_keys, place, put, session

from cws_filedrop.door_settings import GuardSettings
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import SellerLogin
from cws_filedrop.transports.sftp.door import SftpDoor

__all__ = ["door", "lent_keys", "loaded_keys", "place"]

HEADERS = pytest.mark.parametrize("header", [line(), binary()], ids=["text", "binary"])
BEHIND = {"proxy_networks": f"10.0.0.0/8 {BALANCER}"}


@pytest.fixture
def deeds(place: SftpPlace) -> list[AuditEvent]:
    found: list[AuditEvent] = []
    place.intake.witness = found.append
    return found


@pytest.fixture
def behind(place: SftpPlace) -> SftpDoor:
    return place.sftp_door(**BEHIND)


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as found:
        yield found


@contextlib.contextmanager
def through(door: SftpDoor, header: bytes, seller: str = "acme") -> Iterator[paramiko.SFTPClient]:
    """A session by the balancer."""
    transport = paramiko.Transport(forwarded(door.address, header))
    try:
        transport.connect(username=seller, password=PASSWORD)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client
    finally:
        transport.close()


def came_from(deeds: list[AuditEvent]) -> list[str]:
    return [deed.address for deed in deeds if deed.event is AuditEventKind.LOGIN]


@HEADERS
def test_the_client_is_whom_the_balancer_says(
    place: SftpPlace, behind: SftpDoor, deeds: list[AuditEvent], header: bytes
) -> None:
    with through(behind, header) as client:
        put(client, "/inbox/a.txt", b"some bytes")
        assert [one.address for one in behind._connections] == [CLIENT]
    assert came_from(deeds) == [CLIENT]
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"some bytes"


@HEADERS
def test_a_header_in_pieces_and_words_right_behind_it(behind: SftpDoor, header: bytes) -> None:
    with forwarded(behind.address, header[:1]) as connection:
        for byte in header[1:-1]:
            connection.sendall(bytes([byte]))
        connection.sendall(header[-1:] + b"SSH-2.0-pieces\r\n")
        assert connection.recv(100).startswith(b"SSH-2.0-cws_filedrop")
        (one,) = behind._connections
        wait_for(lambda: one._transport.remote_version == "SSH-2.0-pieces")


def test_a_health_check_is_itself(behind: SftpDoor, deeds: list[AuditEvent]) -> None:
    with through(behind, LOCAL):
        pass
    assert came_from(deeds) == [BALANCER]


@HEADERS
def test_nobody_else_is_believed(behind: SftpDoor, header: bytes) -> None:
    with forwarded(behind.address, header, source="127.0.0.8"):
        wait_for(lambda: [one.address for one in behind._connections] == ["127.0.0.8"])
    with session(behind):
        pass


@pytest.mark.parametrize("first", [b"SSH-2.0-x\r\n", b"PROXY TCP4 nobody\r\n", b"PROXY", b"", binary()[:-1]], ids=repr)
def test_a_balancer_that_does_not_say_whose_it_is_is_not_served(
    place: SftpPlace, monkeypatch: pytest.MonkeyPatch, events: list[dict[str, object]], first: bytes
) -> None:
    monkeypatch.setattr(SftpDoor, "header_seconds", 0.2)
    door = place.sftp_door(**BEHIND)
    with forwarded(door.address, first) as connection:
        assert said(connection) == b""
    wait_for(lambda: [one for one in events if one["event"] == "sftp.announcement_refused"])
    wait_for(lambda: not door._unannounced)


def test_those_that_wait_for_their_header_hold_nobody_up_and_are_limited(place: SftpPlace) -> None:
    door = place.sftp_door(**BEHIND, max_connections=20)
    with contextlib.ExitStack() as opened:
        silent = [opened.enter_context(forwarded(door.address, b"PROXY")) for _ in range(21)]
        assert said(silent[-1]) == b""
        with session(door) as client:
            put(client, "/inbox/a.txt", b"1")
        silent[0].sendall(line()[5:])
        assert silent[0].recv(100).startswith(b"SSH-2.0")
        door.stop(1.0)
        assert said(silent[1]) == b""


def test_connections_are_counted_by_client(place: SftpPlace) -> None:
    door = place.sftp_door(**BEHIND, max_connections_per_address=1)
    one, two = through(door, line("192.0.2.1")), through(door, line("192.0.2.2"))
    with one, two, forwarded(door.address, line("192.0.2.1")) as third:
        assert said(third) == b""


def test_the_guard_bans_the_client_and_not_the_balancer(place: SftpPlace) -> None:
    door = place.sftp_door(**BEHIND, brake=Guard(GuardSettings(ban_failures=1)))
    transport = paramiko.Transport(forwarded(door.address, line("192.0.2.1")))
    with contextlib.closing(transport), pytest.raises(paramiko.AuthenticationException):
        transport.connect(username="acme", password="wrong")
    with forwarded(door.address, line("192.0.2.1")) as banned:
        assert said(banned) == b""
    with through(door, line("192.0.2.2")):
        pass


def test_a_seller_comes_from_its_own_networks_by_the_balancer_too(place: SftpPlace, lent_keys: Path) -> None:
    place.sellers.authenticate = lambda name, _: SellerLogin(name, 1, "192.0.2.0/24")  # type: ignore[method-assign]
    door = place.sftp_door(**BEHIND)
    with through(door, line()):
        pass
    with pytest.raises(paramiko.AuthenticationException), through(door, line("198.51.100.9")):
        pass


def test_networks_that_are_none(place: SftpPlace) -> None:
    with pytest.raises(ConfigError, match=r"\[sftp\] proxy_networks: .*write networks"):
        place.sftp_door(proxy_networks="the balancer")


def test_a_door_without_balancers_asks_nobody(place: SftpPlace, door: SftpDoor) -> None:
    with connect(door) as connection:
        assert connection.recv(100).startswith(b"SSH-2.0")
