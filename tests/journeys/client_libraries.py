"""Clients that are libraries of Python, and those that need none: who copies a file into a folder."""

from __future__ import annotations

import ftplib
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
from journeys.client_kit import CUT_BYTES, FTPS, IMPLICIT, Begun, Client
from running import PASSWORD
from transports.tls_kit import ImplicitFtp, trusting


class Sockets:
    """An upload by a library of Python, whose connections are reset, as when a machine falls over."""

    def __init__(self, *connections: socket.socket, keep: object = None) -> None:
        self._connections = connections
        self._keep = keep  # a file of paramiko's closes itself when nobody has it any more

    def kill(self) -> None:
        for connection in self._connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


class Ftplib(Client):
    @contextmanager
    def session(self) -> Iterator[ftplib.FTP]:
        with self._session() as session:
            yield session

    def _session(self) -> ftplib.FTP:
        kinds: dict[str, type[ftplib.FTP_TLS]] = {FTPS: ftplib.FTP_TLS, IMPLICIT: ImplicitFtp}
        kind = kinds.get(self.way)
        session = kind(timeout=60, context=trusting()) if kind else ftplib.FTP(timeout=30)
        session.connect(*self.address)
        session.login(self.seller, PASSWORD)
        if isinstance(session, ftplib.FTP_TLS):
            session.prot_p()
        return session

    def put(self, source: Path, target: str) -> None:
        with self.session() as session, source.open("rb") as file:
            session.storbinary(f"STOR {target}", file)

    def names(self, folder: str) -> set[str]:
        with self.session() as session:
            return set(session.nlst(folder))

    def get(self, source: str, target: Path) -> None:
        with self.session() as session, target.open("wb") as file:
            session.retrbinary(f"RETR {source}", file.write)

    def delete(self, path: str) -> None:
        with self.session() as session:
            session.delete(path)

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        with self.session() as session, source.open("rb") as file:
            session.storbinary(f"STOR {working}", file)
            session.rename(working, target)

    def resume(self, source: Path, target: str) -> None:
        with self.session() as session, source.open("rb") as file:
            done = session.size(target) or 0
            file.seek(done)
            session.storbinary(f"STOR {target}", file, rest=done)

    def begin(self, source: Path, target: str) -> Begun:
        session = self._session()
        connection = session.transfercmd(f"STOR {target}")
        connection.sendall(source.read_bytes()[:CUT_BYTES])
        assert session.sock is not None
        return Sockets(connection, session.sock)


class Paramiko(Client):
    @contextmanager
    def session(self) -> Iterator[paramiko.SFTPClient]:
        with paramiko.Transport(self.address) as transport:
            yield self._session(transport)

    def _session(self, transport: paramiko.Transport) -> paramiko.SFTPClient:
        transport.connect(username=self.seller, password=PASSWORD)
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        return session

    def put(self, source: Path, target: str) -> None:
        with self.session() as session:
            session.put(str(source), target)

    def names(self, folder: str) -> set[str]:
        with self.session() as session:
            return set(session.listdir(folder))

    def get(self, source: str, target: Path) -> None:
        with self.session() as session:
            session.get(source, str(target))

    def delete(self, path: str) -> None:
        with self.session() as session:
            session.remove(path)

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        with self.session() as session:
            session.put(str(source), working)
            session.rename(working, target)

    def resume(self, source: Path, target: str) -> None:
        with self.session() as session, session.open(target, "ab") as file:
            file.write(source.read_bytes()[session.stat(target).st_size or 0 :])

    def begin(self, source: Path, target: str) -> Begun:
        transport = paramiko.Transport(self.address)
        file = self._session(transport).open(target, "wb")
        file.write(source.read_bytes()[:CUT_BYTES])
        file.flush()
        return Sockets(transport.sock, keep=(transport, file))


class Copy(Client):
    """A program that puts a file into the folder on disk."""

    cannot = ("names", "get", "delete", "resume")

    def _path(self, target: str) -> Path:
        self.service.ftp(self.seller).quit()  # the first login makes the home
        return self.service.home(self.seller) / target.lstrip("/")

    def put(self, source: Path, target: str) -> None:
        shutil.copyfile(source, self._path(target))

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self.put(source, working)
        self._path(working).rename(self._path(target))


class Move(Copy):
    """The same by a rename from elsewhere on the same disk."""

    cannot = (*Copy.cannot, "put_and_rename")

    def put(self, source: Path, target: str) -> None:
        beside = self.service.data / "homes" / f"moving-{source.name}"
        shutil.copyfile(source, beside)
        beside.rename(self._path(target))
