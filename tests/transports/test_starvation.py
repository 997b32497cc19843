"""Clients that take up room and do nothing with it: those that do something are served all the same."""

from __future__ import annotations

import contextlib
import ftplib
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import paramiko
import pytest
from transports import sftp_kit
from transports.doors_kit import PASSWORD, Place, connect, put, wait_for
from transports.sftp_kit import SftpPlace, session
from transports.tls_kit import log_in, tls_door

from cws_filedrop.transports.ftp.door import FtpDoor

BODY = b"order-id\tship-date\r\n" + b"x" * 20_000 + b"\r\n"
NEIGHBOURS = [f"127.0.4.{number}" for number in range(1, 9)]
OF_EACH = 20
CALM = 0.02


class Drip:
    """Connections on which one byte after the other comes, so that none of them is ever idle for long."""

    def __init__(self, address: tuple[str, int], words: bytes) -> None:
        self._words = words
        self.open: list[socket.socket] = []
        for source in NEIGHBOURS:
            for _ in range(OF_EACH):
                self.open.append(socket.create_connection(address, 20, (source, 0)))
        self.drops = 0  # a connection
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(CALM):
            byte = self._words[self.drops % len(self._words)]
            self.drops += 1
            for one in self.open:
                with contextlib.suppress(OSError):
                    one.send(bytes([byte]), socket.MSG_DONTWAIT)

    def close(self) -> int:
        """How many were still let in at the end."""
        self._over.set()
        self._thread.join(60)
        left = 0
        for one in self.open:
            one.setblocking(False)
            with one:
                try:
                    while one.recv(65_536):
                        pass
                except BlockingIOError:
                    left += 1
                except OSError:
                    pass
        return left


@contextlib.contextmanager
def dripping(address: tuple[str, int], words: bytes) -> Iterator[None]:
    drip = Drip(address, words)
    try:
        wait_for(lambda: drip.drops > 40)
        yield
    finally:
        left = drip.close()
    assert left >= len(NEIGHBOURS), "nobody dripped any more, so nothing was shown"


def upload_some(client: ftplib.FTP, name: str) -> None:
    for number in range(5):
        assert put(client, f"/inbox/{name}{number}.txt", BODY).startswith("226")
    assert client.nlst("/outbox") == []
    client.quit()


@pytest.mark.parametrize("words", [b"USER acme", b"\xff\xf1", b"NOOP\r\n"])
def test_commands_that_never_end_or_never_log_in(place: Place, words: bytes) -> None:
    door = place.ftp_door()
    with dripping(door.address, words):
        upload_some(connect(door), "a")


def test_handshakes_that_never_end(place: Place) -> None:
    door = tls_door(place)
    assert door.implicit_address is not None
    hello = b"\x16\x03\x01\x40\x00" + b"\0" * 4_000
    with dripping(door.implicit_address, hello):
        upload_some(log_in(door), "a")


@pytest.mark.parametrize("words", [b"SSH-2.0-slow", b"SSH-2.0-x\r\n" + b"\0\0\x40\x04" + b"\0" * 4_000])
def test_key_exchanges_that_never_end(tmp_path_factory: pytest.TempPathFactory, words: bytes) -> None:
    place = SftpPlace(tmp_path_factory.mktemp("sftp"))
    try:
        door = place.sftp_door()
        with dripping(door.address, words), session(door) as client:
            for number in range(5):
                sftp_kit.put(client, f"/inbox/a{number}.txt", BODY)
            assert client.listdir("/outbox") == []
        place.wait_for_claims(5)
    finally:
        place.close()


SILENT = [f"127.0.5.{number}" for number in range(1, 13)]
OF_SILENT = 32
FOR_EVER = {"max_strangers_per_address": OF_SILENT, "login_timeout_seconds": 3600}
SELLER = "127.0.6.1"


def fill(address: tuple[str, int], kept: contextlib.ExitStack, words: bytes) -> None:
    """As many connections as a door lets in, from a dozen addresses, of which nothing more is heard."""
    for source in SILENT:
        for _ in range(OF_SILENT):
            one = kept.enter_context(socket.create_connection(address, 20, (source, 0)))
            with contextlib.suppress(OSError):
                one.send(words)


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_9.7\r\n"], ids=["silent", "greeting"])
def test_silent_addresses_do_not_shut_the_sftp_door(tmp_path: Path, words: bytes) -> None:
    sftp = SftpPlace(tmp_path)
    try:
        door = sftp.sftp_door(**FOR_EVER)
        with contextlib.ExitStack() as kept:
            fill(door.address, kept, words)
            wait_for(lambda: len(door._connections) >= 192)
            for source in (SELLER, "127.0.6.2"):
                with socket.create_connection(door.address, 60, (source, 0)) as connection:
                    transport = paramiko.Transport(connection)
                    transport.connect(username="acme", password=PASSWORD)
                    transport.close()
            assert len(door._connections) >= 150, "they were all gone, so nothing was shown"
    finally:
        sftp.close()


def test_silent_addresses_do_not_shut_the_ftp_door(place: Place) -> None:
    door = place.ftp_door(**FOR_EVER)
    with contextlib.ExitStack() as kept:
        fill(door.address, kept, b"USER acme\r\n")
        for source in (SELLER, "127.0.6.2"):
            with ftplib.FTP(timeout=60) as client:
                client.connect(*door.address, source_address=(source, 0))
                client.login("acme", PASSWORD)


def passive(client: ftplib.FTP) -> tuple[str, int]:
    found = re.search(r"\(\|\|\|(\d+)\|\)", client.sendcmd("EPSV"))
    assert found is not None
    return "127.0.0.1", int(found[1])


def half_open(door: FtpDoor, kept: contextlib.ExitStack, commands: Sequence[str]) -> None:
    """Sessions of one seller whose data connections are not made, or are made and silent."""
    for number in range(40):
        client = kept.enter_context(ftplib.FTP(timeout=60))
        client.connect(*door.address)
        client.login("rival", PASSWORD)
        address = passive(client)
        if number % 2:
            kept.enter_context(socket.create_connection(address, 20))
        client.putcmd(commands[number % len(commands)].format(number))
        assert client.getresp()[:3] in ("125", "150")


def test_half_open_data_connections(place: Place) -> None:
    door = place.ftp_door()
    with contextlib.ExitStack() as kept:
        half_open(door, kept, ["STOR /inbox/{}.txt", "LIST /", "APPE /inbox/{}.txt", "NLST /inbox"])
        upload_some(connect(door), "a")


def test_data_connections_that_never_shake_hands(place: Place) -> None:
    door = tls_door(place)
    with contextlib.ExitStack() as kept:
        for number in range(30):
            client = log_in(door, "rival")
            kept.callback(client.close)
            kept.enter_context(socket.create_connection(passive(client), 20)).send(b"\x16\x03\x01")
            client.putcmd(f"STOR /inbox/{number}.txt")
        upload_some(log_in(door), "a")
