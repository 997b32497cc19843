"""SFTP doors for tests, and clients for them."""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko import sftp
from transports.doors_kit import ANY_STRANGERS, PASSWORD, Place

from cws_filedrop.door_settings import SftpSettings
from cws_filedrop.gate.logins import GuessLimit, SellerLogin
from cws_filedrop.transports.sftp.door import SftpDoor
from cws_filedrop.transports.sftp.host_keys import host_keys

CONTENT = b"order-id\tship-date\r\n" * 5000
HOST_KEYS = "host_keys"


class Keys:
    """Public keys that may log in, by seller."""

    def __init__(self) -> None:
        self.of: dict[str, set[str]] = {}

    def allow(self, seller: str, key: paramiko.PKey) -> None:
        self.of.setdefault(seller, set()).add(key.get_base64())

    def __call__(self, seller: str, key: paramiko.PKey) -> SellerLogin | None:
        return SellerLogin(seller, 1) if key.get_base64() in self.of.get(seller, set()) else None


class SftpPlace(Place):
    """A data folder with SFTP doors. Host keys may be lent, since making them takes a while."""

    def __init__(self, data: Path, lent: Path | None = None) -> None:
        super().__init__(data)
        self.keys = Keys()
        self.host_keys = data / HOST_KEYS
        if lent is not None:
            shutil.copytree(lent, self.host_keys)
        self.doors: list[SftpDoor] = []

    def sftp_door(self, *, brake: GuessLimit | None = None, **settings: Any) -> SftpDoor:
        """An SFTP door, open. Wrong passwords are answered at once."""
        door = SftpDoor(
            SftpSettings(**({"port": 0} | ANY_STRANGERS | settings)),
            self.intake,
            self.sellers.logins(brake),
            keys=self.keys,
            host_keys=self.host_keys,
        )
        door.failure_delay_seconds = 0.01
        door.start()
        self.doors.append(door)
        return door

    def close(self) -> None:
        for door in self.doors:
            door.stop(1.0)
        super().close()


def connect(door: SftpDoor) -> socket.socket:
    """A connection on which nothing was said yet."""
    connection = socket.create_connection(door.address, timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


@contextlib.contextmanager
def ssh(door: SftpDoor, seller: str = "acme", password: str = PASSWORD) -> Iterator[paramiko.Transport]:
    """A connection that is logged in."""
    transport = paramiko.Transport(connect(door))
    try:
        transport.connect(username=seller, password=password)
        yield transport
    finally:
        transport.close()


@contextlib.contextmanager
def session(door: SftpDoor, seller: str = "acme", password: str = PASSWORD) -> Iterator[paramiko.SFTPClient]:
    """An SFTP session that is logged in."""
    with ssh(door, seller, password) as transport:
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client


def put(client: paramiko.SFTPClient, path: str, content: bytes, mode: str = "w") -> None:
    """Upload; raises what the close answers."""
    file = client.open(path, mode)
    file.set_pipelined(True)
    file.write(content)
    file.close()


def reset(transport: paramiko.Transport) -> None:
    """End a connection as a machine that fell over would."""
    transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.sock.close()


def openssh_options(door: SftpDoor, key: Path) -> list[str]:
    """What `sftp` and `scp` need to come in with a key, without asking and without the files of whoever runs them."""
    port = door.address[1]
    wanted = {
        "Port": str(port),
        "IdentityFile": str(key),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    return ["-F", "none", *(word for name, value in wanted.items() for word in ("-o", f"{name}={value}"))]


class Raw:
    """An SFTP session request by request, for what no library would send."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.channel = transport.open_session(timeout=60)
        self.channel.settimeout(60)
        self.channel.invoke_subsystem("sftp")
        self.send(sftp.CMD_INIT, 3)
        self.version = self.receive()
        self._number = 0

    def send(self, kind: int, *fields: int | bytes | str | sftp.int64) -> None:
        message = paramiko.Message()
        for value in fields:
            if isinstance(value, sftp.int64):
                message.add_int64(value)
            elif isinstance(value, int):
                message.add_int(value)
            else:
                message.add_string(value)
        body = message.asbytes()
        self.channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def receive(self) -> tuple[int, paramiko.Message]:
        size = struct.unpack(">I", self._exactly(4))[0]
        packet = self._exactly(size)
        return packet[0], paramiko.Message(packet[1:])

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.channel.recv(size - len(found))
            if not part:
                raise EOFError
            found += part
        return found

    def ask(self, kind: int, *fields: int | bytes | str) -> tuple[int, paramiko.Message]:
        """A request and its answer."""
        self._number += 1
        self.send(kind, self._number, *fields)
        answer, message = self.receive()
        assert message.get_int() == self._number
        return answer, message

    def status(self, kind: int, *fields: int | bytes | str) -> tuple[int, str]:
        """A request that is answered with a status: its code and words."""
        answer, message = self.ask(kind, *fields)
        assert answer == sftp.CMD_STATUS, answer
        return message.get_int(), message.get_text()

    def open(self, path: str | bytes, flags: int) -> bytes:
        answer, message = self.ask(sftp.CMD_OPEN, path, flags, 0)
        assert answer == sftp.CMD_HANDLE, (message.get_int(), message.get_text())
        return message.get_binary()

    def write(self, handle: bytes, offset: int, chunk: bytes) -> tuple[int, str]:
        return self.status(sftp.CMD_WRITE, handle, sftp.int64(offset), chunk)

    def close(self, handle: bytes) -> tuple[int, str]:
        return self.status(sftp.CMD_CLOSE, handle)


NEW = sftp.SFTP_FLAG_WRITE | sftp.SFTP_FLAG_CREATE | sftp.SFTP_FLAG_TRUNC
GO_ON = sftp.SFTP_FLAG_WRITE | sftp.SFTP_FLAG_CREATE
APPEND = GO_ON | sftp.SFTP_FLAG_APPEND
OK = (sftp.SFTP_OK, "Done.")


@pytest.fixture(scope="session")
def lent_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Host keys for every test that does not look at them."""
    directory = tmp_path_factory.mktemp("host_keys")
    host_keys(directory)
    return directory


@pytest.fixture(scope="session")
def loaded_keys(lent_keys: Path) -> list[paramiko.PKey]:
    """The same, loaded: that takes longer than all else a door does at its start."""
    return host_keys(lent_keys)


@pytest.fixture
def place(
    tmp_path: Path, lent_keys: Path, loaded_keys: list[paramiko.PKey], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SftpPlace]:
    monkeypatch.setattr("cws_filedrop.transports.sftp.door.load_host_keys", lambda directory: loaded_keys)
    place = SftpPlace(tmp_path, lent_keys)
    yield place
    place.close()


@pytest.fixture
def door(place: SftpPlace) -> SftpDoor:
    return place.sftp_door()


@pytest.fixture
def client(door: SftpDoor) -> Iterator[paramiko.SFTPClient]:
    with session(door) as client:
        yield client


@pytest.fixture
def raw(door: SftpDoor) -> Iterator[Raw]:
    with ssh(door) as transport:
        yield Raw(transport)
