from __future__ import annotations

import contextlib
import ftplib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from transports.balancer_kit import BALANCER, ForwardedFtp, line
from transports.doors_kit import PASSWORD, Place, connect, needs, put, refusal, run, wait_for

from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.passive import is_given_set_address

OUTSIDE = "203.0.113.5"  # our address as clients see it
CONTENT = b"order-id\tship-date\r\n" * 500


def free_ports(number: int) -> str:
    """A range of ports that nobody has, none of those that the system gives out."""
    first = 20_000 + os.getpid() % 10_000
    while True:
        with contextlib.ExitStack() as opened:
            try:
                for port in range(first, first + number):
                    opened.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                first += number
            else:
                return f"{first}-{first + number - 1}"


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as found:
        yield found


@pytest.mark.parametrize(
    ("reached", "client", "is_told"),
    [
        ("10.0.0.5", "198.51.100.9", True),
        ("10.0.0.5", "192.168.1.9", True),  # by another way than our own network
        ("10.0.0.5", "10.200.3.4", False),
        ("172.16.0.5", "172.31.255.1", False),
        ("192.168.1.5", "192.168.77.1", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("203.0.113.5", "203.0.113.6", True),
        ("::ffff:10.0.0.5", "::ffff:198.51.100.9", True),
        ("::ffff:10.0.0.5", "::ffff:10.0.0.9", False),
        ("fe80::5%eth0", "fe80::9%eth0", False),
        ("fd00::5", "2001:db8::9", True),
    ],
)
def test_who_is_told_the_address_that_was_set(reached: str, client: str, is_told: bool) -> None:
    assert is_given_set_address(OUTSIDE, reached, client) is is_told
    assert is_given_set_address(None, reached, client) is False


def test_clients_outside_are_told_it_and_epsv_tells_none(place: Place) -> None:
    ports = free_ports(1)
    port = int(ports.split("-")[0])
    door = place.ftp_door(passive_ports=ports, masquerade_address=OUTSIDE, proxy_networks=BALANCER)
    with ForwardedFtp(door.address, line()).enter() as session:
        told_ = f"227 Entering passive mode (203,0,113,5,{port // 256},{port % 256})."
        assert session.sendcmd("PASV") == told_
        assert session.sendcmd("EPSV") == f"229 Entering extended passive mode (|||{port}|)."
        assert session.upload(CONTENT).startswith("226")


@pytest.mark.parametrize("epsv", [True, False], ids=["EPSV", "PASV"])
def test_clients_inside_come_directly(place: Place, epsv: bool) -> None:
    with connect(place.ftp_door(masquerade_address=OUTSIDE)) as session:
        session.trust_server_pasv_ipv4_address = True
        session.af = socket.AF_INET6 if epsv else socket.AF_INET  # which makes it use EPSV
        assert put(session, "/inbox/a.txt", CONTENT).startswith("226")
    assert place.bytes_of(place.wait_for_claims(1)[0]) == CONTENT


@pytest.mark.parametrize("options", [[], ["--disable-epsv"], ["--disable-epsv", "--no-ftp-skip-pasv-ip"]])
def test_curl(place: Place, tmp_path: Path, options: list[str]) -> None:
    needs("curl")
    door = place.ftp_door(masquerade_address=OUTSIDE, passive_ports=free_ports(2))
    (tmp_path / "a.txt").write_bytes(CONTENT)
    url = f"ftp://acme:{PASSWORD}@127.0.0.1:{door.address[1]}/inbox/a.txt"
    done = run("curl", "-sS", "-m", "20", *options, "-T", str(tmp_path / "a.txt"), url)
    assert done.returncode == 0, done.stderr
    assert place.bytes_of(place.wait_for_claims(1)[0]) == CONTENT


@pytest.mark.parametrize("fix", ["yes", "no"])
def test_lftp(place: Place, tmp_path: Path, fix: str) -> None:
    needs("lftp")
    door = place.ftp_door(masquerade_address=OUTSIDE)
    (tmp_path / "a.txt").write_bytes(CONTENT)
    settings = f"set ftp:fix-pasv-address {fix}; set ftp:prefer-epsv no; set net:timeout 10; set net:max-retries 1"
    target = f"open -u acme,{PASSWORD} -p {door.address[1]} 127.0.0.1; put {tmp_path}/a.txt -o /inbox/a.txt"
    done = run("lftp", "--norc", "-c", f"{settings}; {target}")
    assert done.returncode == 0, done.stderr
    assert place.bytes_of(place.wait_for_claims(1)[0]) == CONTENT


@pytest.mark.parametrize("command", ["PASV", "EPSV"])
def test_when_all_ports_are_taken_that_is_said_and_passes(
    place: Place, events: list[dict[str, object]], command: str
) -> None:
    door = place.ftp_door(passive_ports=free_ports(2))
    with connect(door) as one, connect(door) as two, connect(door) as third:
        ports = {ftplib.parse229(session.sendcmd("EPSV"), session.sock.getpeername())[1] for session in (one, two)}
        assert len(ports) == 2
        assert refusal(third, command).startswith("425 All ports for passive data connections are taken")
        assert refusal(third, "STOR /inbox/c.txt").startswith("425 ")
        assert third.voidcmd("NOOP").startswith("200")
        assert [one["address"] for one in events if one["event"] == "ftp.passive_port_not_found"] == ["127.0.0.1"]
        two.quit()
        assert put(third, "/inbox/c.txt", CONTENT).startswith("226")
        assert put(one, "/inbox/a.txt", CONTENT).startswith("226")
    assert {claim.name for claim in place.wait_for_claims(2)} == {"a.txt", "c.txt"}


def test_when_no_file_handles_are_left_that_is_said_and_passes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    session = connect(place.ftp_door())

    def full(*_: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("cws_filedrop.transports.ftp.passive.Passive.create_socket", full)
        assert refusal(session, "PASV").startswith("425 No data connection can be made at the moment")
    assert put(session, "/inbox/a.txt", CONTENT).startswith("226")
    session.quit()


def test_a_port_is_free_again_as_soon_as_it_was_used(place: Place) -> None:
    with connect(place.ftp_door(passive_ports=free_ports(1))) as session:
        for number in range(20):
            assert put(session, f"/inbox/{number}.txt", CONTENT).startswith("226")


def test_pasv_over_ipv6(place: Place) -> None:
    try:
        door = place.ftp_door(host="::1")
    except Exception as error:
        pytest.skip(f"this machine has no network of IPv6: {error}")
    with connect(door) as session:
        assert refusal(session, "PASV") == "522 PASV can tell addresses of IPv4 only; send EPSV."
        assert put(session, "/inbox/a.txt", CONTENT).startswith("226")


def test_an_ipv4_client_of_a_socket_for_both_is_known_again(place: Place) -> None:
    try:
        door: FtpDoor = place.ftp_door(host="::", proxy_networks=BALANCER)
    except Exception as error:
        pytest.skip(f"this machine has no network of IPv6: {error}")
    address = ("127.0.0.1", door.address[1])
    with ForwardedFtp(address, line("127.0.0.1")).enter() as session:
        with socket.create_connection(("127.0.0.1", session.port()), timeout=60) as data:
            session.putcmd("STOR /inbox/a.txt")
            assert session.getresp()[:3] in ("150", "125")
            data.sendall(CONTENT)
        assert session.getresp().startswith("226")
    wait_for(lambda: place.announced)
