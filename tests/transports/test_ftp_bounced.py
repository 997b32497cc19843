"""Data connections to others, and by others: refused, and no connection is even tried."""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Callable, Iterator

import pytest
from transports.doors_kit import Place, connect, put, refusal, wait_for
from transports.tls_kit import ImplicitFtp, log_in, tls_door

from cws_filedrop.transports.ftp.door import FtpDoor

VICTIM = "127.0.0.2"


@pytest.fixture(params=["plain", "explicit", "implicit"])
def session(request: pytest.FixtureRequest, place: Place) -> Iterator[ftplib.FTP]:
    """A session that is logged in, on a plain and on encrypted doors."""
    made: dict[str, Callable[[], ftplib.FTP]] = {
        "plain": lambda: connect(place.ftp_door()),
        "explicit": lambda: log_in(tls_door(place)),
        "implicit": lambda: log_in(tls_door(place), kind=ImplicitFtp),
    }
    with made[request.param]() as session:
        yield session


@pytest.fixture
def victim() -> Iterator[socket.socket]:
    """Somebody else's service."""
    with socket.create_server((VICTIM, 0)) as listener:
        listener.settimeout(0.2)
        yield listener


@pytest.fixture
def own() -> Iterator[socket.socket]:
    """Where the client itself listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        yield listener


def nobody_came(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return True
    return False


def port_words(host: str, port: int) -> str:
    return f"{host.replace('.', ',')},{port // 256},{port % 256}"


def test_to_another_address(session: ftplib.FTP, victim: socket.socket) -> None:
    host, port = victim.getsockname()
    ways = (f"PORT {port_words(host, port)}", f"EPRT |1|{host}|{port}|", f"EPRT |1|::ffff:{host}|{port}|")
    for command in ways:
        assert refusal(session, command).startswith("501 "), command
        assert refusal(session, "NLST /").startswith("425 ")
        assert refusal(session, "STOR /inbox/a.txt").startswith("425 ")
    assert nobody_came(victim)


def test_to_a_port_of_a_service(session: ftplib.FTP) -> None:
    for port in (1, 22, 25, 1023):
        assert refusal(session, f"PORT {port_words('127.0.0.1', port)}").startswith("501 ")
        assert refusal(session, f"EPRT |1|127.0.0.1|{port}|").startswith("501 ")
    assert refusal(session, "NLST /").startswith("425 ")


def test_a_port_of_a_service_is_not_even_tried(session: ftplib.FTP) -> None:
    for port in range(1023, 600, -1):
        try:
            service = socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
        break
    else:
        pytest.skip("no port below 1024 is not at hand")
    with service:
        service.settimeout(0.2)
        assert refusal(session, f"PORT {port_words('127.0.0.1', port)}").startswith("501 ")
        assert refusal(session, f"EPRT |1|127.0.0.1|{port}|").startswith("501 ")
        assert nobody_came(service)


NONSENSE = {
    "EPRT |2|::1|{port}|": "522",
    "EPRT |2|127.0.0.1|{port}|": "522",
    "EPRT |1|::1|{port}|": "501",
    "EPRT |3|127.0.0.1|{port}|": "501",
    "EPRT |1|127.0.0.1|{port}": "501",
    "EPRT |1|localhost|{port}|": "501",
    "EPRT |1|2130706433|{port}|": "501",
    "EPRT |1|127.0.0.01|{port}|": "501",
    "EPRT |1|0x7f.0.0.1|{port}|": "501",
    "EPRT |1|127.0.0.1|{overflowing}|": "501",
    "EPRT |1|127.0.0.1|-1|": "501",
    "PORT 127,0,0,1,{overflowing},0": "501",
    "PORT 0,0,0,0,{high},{low}": "501",
    "PORT 127,0,0,257,{high},{low}": "501",
    "PORT 127,0,0,1,{high}": "501",
}


def test_words_that_make_no_sense(session: ftplib.FTP, own: socket.socket) -> None:
    port = own.getsockname()[1]
    for words, code in NONSENSE.items():
        command = words.format(port=port, high=port // 256, low=port % 256, overflowing=65_536 + port)
        assert refusal(session, command).startswith(code), command
    assert nobody_came(own)


def test_after_epsv_all_there_is_no_other_way(session: ftplib.FTP, own: socket.socket) -> None:
    port = own.getsockname()[1]
    assert session.sendcmd("EPSV ALL").startswith("2")
    for command in (f"PORT {port_words('127.0.0.1', port)}", f"EPRT |1|127.0.0.1|{port}|", "PASV"):
        assert refusal(session, command).startswith("501 "), command
    assert nobody_came(own)
    session.af = socket.AF_INET6  # which makes it use EPSV
    assert put(session, "/inbox/a.txt", b"1").startswith("226")


@pytest.mark.parametrize("upload", [True, False], ids=["STOR", "NLST"])
def test_another_does_not_get_the_data_connection(place: Place, session: ftplib.FTP, upload: bool) -> None:
    address = session.makepasv()
    with socket.create_connection(address, timeout=60, source_address=(VICTIM, 0)) as thief:
        thief.sendall(b"theirs")
        assert gone(thief)
    session.putcmd("STOR /inbox/a.txt" if upload else "NLST /")
    while not (reply := answer(session)).startswith("150"):
        assert reply.startswith("425 Rejected data connection from foreign address")
    plain = socket.create_connection(address, timeout=60)
    with session.context.wrap_socket(plain) if isinstance(session, ftplib.FTP_TLS) else plain as connection:
        if upload:
            connection.sendall(b"mine")
        else:
            assert connection.recv(1000).startswith(b"inbox")
        if isinstance(session, ftplib.FTP_TLS):
            connection.unwrap().close()
    assert session.getresp().startswith("226")
    if upload:
        assert place.bytes_of(place.wait_for_claims(1)[0]) == b"mine"


def answer(session: ftplib.FTP) -> str:
    try:
        return session.getresp()
    except ftplib.error_temp as error:
        return str(error)


def gone(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


def test_a_client_of_ipv6_is_not_sent_to_another_address(place: Place) -> None:
    try:
        door: FtpDoor = place.ftp_door(host="::1")
    except Exception as error:
        pytest.skip(f"this machine has no network of IPv6: {error}")
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(door) as session:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        assert refusal(session, f"EPRT |2|::ffff:127.0.0.1|{port}|").startswith("501 ")
        assert refusal(session, f"EPRT |1|127.0.0.1|{port}|").startswith("501 ")
        assert refusal(session, f"PORT {port_words('127.0.0.1', port)}").startswith("501 ")
        assert nobody_came(listener)
    wait_for(lambda: not door._server.sessions)
