"""What is refused over TLS and without it, and in which words."""

from __future__ import annotations

import contextlib
import ftplib
import io
import socket
import ssl

import pytest
from transports.doors_kit import PASSWORD, Place, Sellers, begin, connect, put, refusal, wait_for
from transports.tls_kit import log_in, tls_door, trusting

from cws_filedrop.door_settings import FtpSettings, TlsSettings
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import Door
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.tls import open_tls
from cws_filedrop.transports.ftp.tls_session import _is_this_machine

WANTED = "530 This server wants encryption: choose 'FTP over TLS (explicit)' in your client."


def encrypted(door: FtpDoor) -> ftplib.FTP_TLS:
    """A session that has sent AUTH TLS, and nothing else."""
    session = ftplib.FTP_TLS(timeout=60, context=trusting())
    session.connect(*door.address)
    session.auth()
    return session


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or resets."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(1000):
            answer += chunk
    return answer


# Who must encrypt.


def test_where_it_is_required_no_password_is_taken_without(place: Place) -> None:
    session = ftplib.FTP(timeout=60)
    session.connect(*tls_door(place, mode="required").address)
    assert refusal(session, "USER acme") == WANTED
    assert refusal(session, f"PASS {PASSWORD}") == WANTED
    assert refusal(session, "LIST").startswith("530 ")
    assert session.sendcmd("NOOP").startswith("200")
    assert place.sellers.asked == []
    session.close()


def test_where_it_is_offered_this_machine_needs_none(place: Place) -> None:
    session = connect(tls_door(place))
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()
    assert place.wait_for_claims(1)[0].door is Door.FTP


def test_a_password_that_came_over_the_network_in_clear_is_checked_as_such(place: Place) -> None:
    clear = Sellers()
    clear.passwords["acme"] = "made-for-it"
    door = tls_door(place, ftp={"host": "0.0.0.0"}, in_clear=clear.authenticate)
    address = (own_address(), door.address[1])
    with ftplib.FTP(timeout=60) as session:
        session.connect(*address)
        with pytest.raises(ftplib.error_perm, match="without encryption only a password that was made for it"):
            session.login("acme", PASSWORD)
        session.login("acme", "made-for-it")
    with ftplib.FTP_TLS(timeout=60, context=trusting()) as session:
        session.connect(*address)
        session.login("acme", PASSWORD)
    assert (clear.asked, place.sellers.asked) == (["acme", "acme"], ["acme"])


def test_without_a_check_for_it_no_password_in_clear_is_taken(place: Place) -> None:
    door = tls_door(place, ftp={"host": "0.0.0.0"})
    with ftplib.FTP(timeout=60) as session:
        session.connect(own_address(), door.address[1])
        with pytest.raises(ftplib.error_perm, match="Choose explicit FTP over TLS"):
            session.login("acme", PASSWORD)
    assert place.sellers.asked == []


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_which_addresses_are_this_machine(address: str, own: bool) -> None:
    assert _is_this_machine(address) is own


def test_off_is_as_if_there_were_none(place: Place) -> None:
    assert open_tls(TlsSettings(mode="off"), place.data / "tls") is None
    assert not (place.data / "tls").exists()
    session = connect(place.ftp_door())
    assert "AUTH" not in session.sendcmd("FEAT")
    assert refusal(session, "AUTH TLS").startswith("500 ")
    session.quit()


# Commands.


def test_feat_tells(place: Place) -> None:
    session = connect(tls_door(place))
    assert {" AUTH TLS", " PBSZ", " PROT"} <= set(session.sendcmd("FEAT").splitlines())
    session.quit()


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (("AUTH KERBEROS",), "504 Only AUTH TLS is offered."),
        (("PBSZ 0",), "503 Send AUTH TLS first."),
        (("PROT P",), "503 Send AUTH TLS first."),
        (("CCC",), "533 It is not encrypted."),
    ],
)
def test_commands_in_clear(place: Place, commands: tuple[str, ...], reply: str) -> None:
    session = connect(tls_door(place))
    assert refusal(session, commands[-1]) == reply
    session.quit()


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("AUTH TLS", "503 This connection is encrypted already."),
        ("PROT C", "534 Data must be encrypted too"),
        ("PROT S", "536 Only PROT P is offered."),
        ("PROT X", "504 Only PROT P is offered."),
        ("CCC", "534 This connection stays encrypted."),
    ],
)
def test_commands_encrypted(place: Place, command: str, reply: str) -> None:
    session = log_in(tls_door(place))
    assert refusal(session, command).startswith(reply)
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()


def test_prot_comes_after_pbsz(place: Place) -> None:
    session = encrypted(tls_door(place))
    assert refusal(session, "PROT P") == "503 Send PBSZ 0 first."
    session.close()


@pytest.mark.parametrize("command", ["STOR /inbox/a.txt", "APPE /inbox/a.txt", "STOU", "RETR /STATUS.txt", "NLST /"])
def test_data_in_clear_is_refused(place: Place, command: str) -> None:
    session = encrypted(tls_door(place))
    session.login("acme", PASSWORD)
    with pytest.raises(ftplib.error_perm, match="521 Data must be encrypted too"):
        session.transfercmd(command)
    session.prot_p()
    assert session.nlst("/")
    session.quit()


def test_a_data_connection_that_is_not_encrypted_leaves_nothing(place: Place) -> None:
    session = log_in(tls_door(place))
    host, port = session.makepasv()
    session.putcmd("STOR /inbox/a.txt")
    with socket.create_connection((host, port), timeout=60) as connection:
        assert session.getresp().startswith("1")
        connection.sendall(b"in clear" * 100)
        with pytest.raises(ftplib.error_perm, match="522 The data connection could not be encrypted"):
            session.getresp()
    assert session.nlst("/inbox") == []
    assert place.announced == []
    session.quit()


def test_who_was_logged_in_is_forgotten_with_auth(place: Place) -> None:
    door = tls_door(place)
    session = ftplib.FTP_TLS(timeout=60, context=trusting())
    session.connect(*door.address)
    session.login("acme", PASSWORD, secure=False)
    session.auth()
    assert refusal(session, "PWD").startswith("530 ")
    assert refusal(session, f"PASS {PASSWORD}") == "503 Send USER first."
    assert session.login("other", PASSWORD).startswith("230 Welcome, other.")
    session.quit()


@pytest.mark.parametrize("injected", [b"USER acme\r\n", b"NOOP\r\nNOOP\r\n", b"US"])
def test_words_in_clear_after_auth_end_the_session(place: Place, injected: bytes) -> None:
    door = tls_door(place)
    with socket.create_connection(door.address, timeout=60) as connection:
        assert connection.recv(1000).startswith(b"220")
        connection.sendall(b"AUTH TLS\r\n" + injected)
        assert rest_of(connection) == b""
    log_in(door).quit()


def test_words_in_clear_that_come_later_are_no_handshake(place: Place) -> None:
    door = tls_door(place)
    with socket.create_connection(door.address, timeout=60) as connection:
        connection.recv(1000)
        connection.sendall(b"AUTH TLS\r\n")
        assert connection.recv(1000).startswith(b"234")
        connection.sendall(b"USER acme\r\nPASS x\r\n")
        answer = rest_of(connection)
    assert b"331" not in answer
    assert place.sellers.asked == []
    log_in(door).quit()


def test_commands_that_waited_in_clear_for_a_password_check_are_not_taken_over(place: Place) -> None:
    door = tls_door(place)
    place.sellers.hold.clear()
    with socket.create_connection(door.address, timeout=60) as connection:
        connection.recv(1000)
        connection.sendall(b"USER acme\r\nPASS x\r\n")
        wait_for(lambda: place.sellers.asked)
        connection.sendall(b"AUTH TLS\r\nNOOP\r\n")
        place.sellers.hold.set()
        answer = rest_of(connection)
    assert b"234" not in answer


def test_pipelined_commands_are_heard_encrypted(place: Place) -> None:
    session = log_in(tls_door(place))
    assert session.sock is not None
    session.sock.sendall(b"NOOP\r\n" * 30 + b"PWD\r\n")
    assert [session.getline()[:3] for _ in range(31)] == ["200"] * 30 + ["257"]
    place.sellers.hold.clear()
    session.sock.sendall(b"REIN\r\nUSER other\r\nPASS " + PASSWORD.encode() + b"\r\nPWD\r\nNOOP\r\n")
    place.sellers.hold.set()
    wanted = ["230", "331", "230", "257", "200"]
    assert [session.getline()[:3] for _ in wanted] == wanted
    session.quit()


def test_commands_sent_during_an_upload_are_heard_after_it(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", b"1" * 1000)
    assert session.sock is not None
    assert isinstance(connection, ssl.SSLSocket)
    session.sock.sendall(b"NOOP\r\n")
    connection.unwrap().close()
    assert sorted(session.getline()[:3] for _ in range(2)) == ["200", "226"]
    session.quit()
    assert place.wait_for_claims(1)[0].size == 1000


# Foreign addresses.


@pytest.mark.parametrize("command", ["PORT 127,0,0,2,200,10", "EPRT |1|127.0.0.2|51210|", "PORT 127,0,0,1,0,80"])
def test_data_connections_to_foreign_addresses_are_refused(place: Place, command: str) -> None:
    session = log_in(tls_door(place))
    assert refusal(session, command).startswith("501 ")
    session.quit()


def test_data_connections_from_foreign_addresses_are_refused_and_shift_no_answers(place: Place) -> None:
    session = log_in(tls_door(place))
    host, port = session.makepasv()
    session.putcmd("STOR /inbox/a.txt")
    assert session.getresp().startswith("150")
    with socket.create_connection((host, port), timeout=60, source_address=("127.0.0.2", 0)) as thief:
        assert thief.recv(100) == b""
    assert session.sendcmd("NOOP").startswith("200 ")
    plain = socket.create_connection((host, port), timeout=60)
    with session.context.wrap_socket(plain) as connection:
        connection.sendall(b"mine")
        connection.unwrap().close()
    assert session.getresp().startswith("226")
    session.quit()
    assert place.bytes_of(place.wait_for_claims(1)[0]) == b"mine"


# Ports.


def test_no_implicit_port_unless_told(place: Place) -> None:
    door = tls_door(place, implicit_port=-1)
    assert door.implicit_address is None


def test_an_implicit_port_in_use(place: Place) -> None:
    taken = tls_door(place).address[1]
    tls = open_tls(TlsSettings(implicit_port=taken), place.data / "tls")
    door = FtpDoor(FtpSettings(port=0), place.intake, place.sellers.logins(), tls=tls)
    with pytest.raises(ConfigError, match=rf"\[tls\] cannot listen on 127.0.0.1:{taken}"):
        door.start()


def test_both_ports_are_closed(place: Place) -> None:
    door = tls_door(place)
    addresses = (door.address, door.implicit_address)
    session = log_in(door)
    door.stop(1.0)
    with pytest.raises((OSError, EOFError, ftplib.Error)):
        session.storbinary("STOR /inbox/a.txt", io.BytesIO(b"1"))
    for address in addresses:
        assert address is not None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=60)
    session.close()
