"""Handshakes that fail, stall or lie: one line in the log, and nobody else is held up."""

from __future__ import annotations

import contextlib
import ftplib
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from transports.authority import Authority
from transports.doors_kit import PASSWORD, Place, put, wait_for
from transports.tls_kit import ImplicitFtp, log_in, tls_door, trusting

from cws_filedrop.transports.ftp.door import FtpDoor

GARBAGE = [
    b"\x00" * 2000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"USER acme\r\nPASS " + PASSWORD.encode() + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 600,
    b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\x01" * 60,
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x17\x03\x03\x40\x00" + b"x" * 16384,
]


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as events:
        yield events


def opened(door: FtpDoor, *, implicit: bool) -> socket.socket:
    """A connection whose next bytes are a handshake."""
    address = door.implicit_address if implicit else door.address
    assert address is not None
    connection = socket.create_connection(address, timeout=60)
    if not implicit:
        assert connection.recv(1000).startswith(b"220")
        connection.sendall(b"AUTH TLS\r\n")
        assert connection.recv(1000).startswith(b"234")
    return connection


def until_closed(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        while connection.recv(65_536):
            pass


def names(events: list[dict[str, object]]) -> list[object]:
    return [event["event"] for event in events]


def no_traceback(events: list[dict[str, object]], capfd: pytest.CaptureFixture[str]) -> None:
    assert [event for event in events if event.get("exc_info") or event["log_level"] in ("error", "critical")] == []
    assert "Traceback" not in "".join(capfd.readouterr())


IMPLICIT = pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])


@IMPLICIT
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage(
    place: Place,
    implicit: bool,
    garbage: bytes,
    events: list[dict[str, object]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = tls_door(place)
    connection = opened(door, implicit=implicit)
    with contextlib.suppress(ConnectionError):
        connection.sendall(garbage)
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    until_closed(connection)
    log_in(door).quit()
    assert names(events).count("ftp.tls_failed") == 1
    assert caplog.records == []
    no_traceback(events, capfd)


@IMPLICIT
def test_half_handshakes_hold_nobody_up_and_end(place: Place, implicit: bool, events: list[dict[str, object]]) -> None:
    door = tls_door(place, handshake_seconds=0.3)
    hello = hello_of_a_client()
    halves = [opened(door, implicit=implicit) for _ in range(20)]
    for length, connection in enumerate(halves):
        connection.sendall(hello[: length * 10])
    session = log_in(door, kind=ImplicitFtp if implicit else ftplib.FTP_TLS)
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()
    for connection in halves:
        until_closed(connection)
    wait_for(lambda: names(events).count("ftp.tls_failed") == 20)


def hello_of_a_client() -> bytes:
    """The first bytes of a handshake."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trusting().wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


@pytest.mark.parametrize("how", ["stall", "leave", "reset", "garbage"])
def test_data_connections_that_never_shake_hands(place: Place, how: str, events: list[dict[str, object]]) -> None:
    door = tls_door(place, handshake_seconds=0.3)
    session = log_in(door)
    for command in ("STOR /inbox/a.txt", "NLST /"):
        address = session.makepasv()
        session.putcmd(command)
        with socket.create_connection(address, timeout=60) as connection:
            assert session.getresp()[:1] == "1"
            connection.sendall(hello_of_a_client()[:50] if how != "garbage" else b"\x00" * 500)
            if how == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if how in ("reset", "leave"):
                connection.close()
            with pytest.raises(
                ftplib.Error, match=r"522 The data connection could not be encrypted|425 .* broke before"
            ):
                session.getresp()
    assert session.nlst("/inbox") == []
    assert place.announced == []
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()
    assert "error" not in {event["log_level"] for event in events}


def test_a_data_connection_that_fails_before_its_command(place: Place) -> None:
    session = log_in(tls_door(place))
    with socket.create_connection(session.makepasv(), timeout=60) as connection:
        connection.sendall(b"\x00" * 500)
        until_closed(connection)
    with pytest.raises(ftplib.error_perm, match="522 The data connection could not be encrypted"):
        session.sendcmd("STOR /inbox/a.txt")
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()


@pytest.mark.parametrize("leave", [False, True])
def test_quit_while_a_data_connection_shakes_hands(
    place: Place, leave: bool, events: list[dict[str, object]], capfd: pytest.CaptureFixture[str]
) -> None:
    door = tls_door(place)
    session = log_in(door)
    with socket.create_connection(session.makepasv(), timeout=60) as connection:
        connection.sendall(hello_of_a_client()[:50])
        session.putcmd("PWD")
        assert session.getresp().startswith("257")
        assert isinstance(session.sock, ssl.SSLSocket)
        if leave:
            session.close()
        else:
            session.putcmd("QUIT")
            assert session.getline()[:3] in ("221", "226", "")
        connection.sendall(b"\x00" * 500)
        until_closed(connection)
    session.close()
    log_in(door).quit()
    no_traceback(events, capfd)


def test_bytes_in_clear_into_an_encrypted_control_connection(
    place: Place, events: list[dict[str, object]], capfd: pytest.CaptureFixture[str]
) -> None:
    session = log_in(tls_door(place))
    assert isinstance(session.sock, ssl.SSLSocket)
    socket.socket.sendall(session.sock, b"DELE /inbox/a.txt\r\n" * 10)
    until_closed(session.sock)
    session.close()
    wait_for(lambda: "ftp.tls_broken" in names(events))
    no_traceback(events, capfd)


# OpenSSL's own client.


def s_client(door: FtpDoor, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which("openssl") is None:
        assert not os.environ.get("CI"), "openssl is required in CI"
        pytest.skip("openssl is not installed")
    host, port = door.address
    command = ("openssl", "s_client", "-starttls", "ftp", "-connect", f"{host}:{port}", *options)
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(place: Place, version: str) -> None:
    done = s_client(tls_door(place), version, "-cipher", "ALL:@SECLEVEL=0")
    assert done.returncode != 0
    assert "Cipher is (NONE)" in done.stdout


@pytest.mark.parametrize(
    ("options", "name", "key"),
    [
        ("-tls1_2", "TLSv1.2", "ECDH, prime256v1, 256 bits"),
        ("-tls1_3", "TLSv1.3", "X25519, 253 bits"),
        ("-tls1_3 -groups P-256", "TLSv1.3", "ECDH, prime256v1, 256 bits"),
        ("-tls1_3 -groups P-384:P-256", "TLSv1.3", "ECDH, prime256v1, 256 bits"),
        ("-tls1_3 -groups P-256:X25519", "TLSv1.3", "ECDH, prime256v1, 256 bits"),
    ],
)
def test_new_versions_work(place: Place, options: str, name: str, key: str) -> None:
    done = s_client(tls_door(place), *options.split())
    assert f"New, {name}, Cipher is " in done.stdout
    assert "Compression: NONE" in done.stdout
    assert f"Server Temp Key: {key}" in done.stdout


@pytest.mark.parametrize("group", ["X25519", "P-256"])
def test_a_usual_client_begins_the_handshake_once(place: Place, group: str) -> None:
    said = s_client(tls_door(place), "-tls1_3", "-groups", group, "-msg").stdout
    assert len(re.findall(r">>> .*Handshake.*ClientHello", said)) == 1


@pytest.mark.parametrize(
    "suites", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384", "NULL"]
)
def test_weak_suites_are_refused(place: Place, suites: str) -> None:
    done = s_client(tls_door(place), "-tls1_2", "-cipher", f"{suites}:@SECLEVEL=0")
    assert done.returncode != 0
    assert "Cipher is (NONE)" in done.stdout


def test_renegotiation_is_refused(place: Place) -> None:
    done = s_client(tls_door(place), "-tls1_2", text="R\n")
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert "no renegotiation" in done.stdout + done.stderr


# Scanners.


def test_what_a_scanner_says(
    place: Place, tmp_path: Path, events: list[dict[str, object]], capfd: pytest.CaptureFixture[str]
) -> None:
    scanner = shutil.which("sslyze")
    if scanner is None:
        pytest.skip("sslyze is not installed")
    authority = Authority("our own")
    certificate, key = authority.issue(tmp_path, "localhost")
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    door = tls_door(place, certificate=str(certificate), key=str(key))
    trusted = ("--mozilla_config", "intermediate", "--certinfo_ca_file", str(tmp_path / "ca.pem"))
    command = (scanner, "--starttls", "ftp", *trusted, f"localhost:{door.address[1]}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "OK - Compliant." in done.stdout, done.stdout
    assert done.returncode == 0
    no_traceback(events, capfd)
