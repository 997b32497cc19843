"""The clients that sellers use, each by its own program, in one table: what each can do, and how it is told to."""

from __future__ import annotations

import ftplib
import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import paramiko
import pytest
from running import PASSWORD, Running
from transports.tls_kit import ImplicitFtp, trusting

FTP, FTPS, IMPLICIT, SFTP = "ftp", "ftps", "implicit", "sftp"
SLOW_BYTES: Final = 200_000  # a second, so that an upload can be caught in its middle
CUT_BYTES: Final = 65_000
PATIENCE: Final = 120


class Begun(Protocol):
    """An upload that is under way."""

    def kill(self) -> None: ...


class Client:
    """One program on one way in; its paths are the seller's own. Every method raises when the program says no."""

    program = ""  # on PATH; none: a library
    cannot: tuple[str, ...] = ()

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        self.service = service
        self.seller = seller
        self.way = way
        self.folder = folder
        self.environment = dict(os.environ, HOME=str(folder))
        if self.program and shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not installed")

    @property
    def address(self) -> tuple[str, int]:
        found = {IMPLICIT: self.service.implicit_address, SFTP: self.service.sftp_address}
        return found.get(self.way, self.service.address)

    def said(self, *words: object, text: str = "") -> str:
        """What the program printed, when all went well."""
        done = subprocess.run(
            [str(word) for word in words],
            input=text,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]}"
        return done.stdout

    def put(self, source: Path, target: str) -> None:
        raise NotImplementedError

    def names(self, folder: str) -> set[str]:
        raise NotImplementedError

    def get(self, source: str, target: Path) -> None:
        raise NotImplementedError

    def delete(self, path: str) -> None:
        raise NotImplementedError

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        raise NotImplementedError

    def resume(self, source: Path, target: str) -> None:
        raise NotImplementedError

    def begin(self, source: Path, target: str) -> Begun:
        """Begin an upload, slowly."""
        raise NotImplementedError


class Program:
    """A client that runs, with all the processes it started."""

    def __init__(self, client: Client, *words: object, text: str = "") -> None:
        script = client.folder / "begun"
        script.write_text(text)
        with script.open() as standard_input:
            self._process = subprocess.Popen(
                [str(word) for word in words],
                stdin=standard_input,
                env=client.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self) -> None:
        assert self._process.poll() is None, "it had ended before it was killed"
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)


class Curl(Client):
    program = "curl"

    def _curl(self, *words: object, path: str) -> list[object]:
        scheme = {FTP: "ftp", FTPS: "ftp", IMPLICIT: "ftps", SFTP: "sftp"}[self.way]
        options = ["--ssl-reqd"] if self.way == FTPS else []
        host, port = self.address
        login = ["--user", f"{self.seller}:{PASSWORD}", "--insecure"]
        return ["curl", "-sS", "--disable", *options, *login, *words, f"{scheme}://{host}:{port}{path}"]

    def put(self, source: Path, target: str) -> None:
        self.said(*self._curl("-T", source, path=target))

    def names(self, folder: str) -> set[str]:
        found = self.said(*self._curl("--list-only", path=f"{folder}/")).split("\n")
        return {name.strip() for name in found} - {""}

    def get(self, source: str, target: Path) -> None:
        self.said(*self._curl("-o", target, path=source))

    def delete(self, path: str) -> None:
        word = "rm" if self.way == SFTP else "DELE"
        self.said(*self._curl("-Q", f"{word} {path}", "-o", "/dev/null", path="/"))

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        renamed = [f"-rename {working} {target}"] if self.way == SFTP else [f"-RNFR {working}", f"-RNTO {target}"]
        self.said(*self._curl("-T", source, *(word for one in renamed for word in ("-Q", one)), path=working))

    def resume(self, source: Path, target: str) -> None:
        self.said(*self._curl("-C", "-", "-T", source, path=target))

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, *self._curl("--limit-rate", SLOW_BYTES, "-T", source, path=target))


class Lftp(Client):
    program = "lftp"

    def _lftp(self, script: str, *settings: str) -> list[object]:
        ssh = f"ssh -a -x -F none -o UserKnownHostsFile={self.folder}/hosts -o StrictHostKeyChecking=no"
        usual = {
            "net:max-retries": "2",
            "net:reconnect-interval-base": "1",
            "cmd:fail-exit": "yes",
            "ftp:ssl-allow": "no" if self.way == FTP else "yes",
            "ftp:ssl-force": "yes" if self.way == FTPS else "no",
            "ssl:verify-certificate": "no",
            "sftp:connect-program": f'"{ssh}"',
        }
        options = "".join(f"set {name} {value}; " for name, value in usual.items())
        scheme = {FTP: "ftp", FTPS: "ftp", IMPLICIT: "ftps", SFTP: "sftp"}[self.way]
        host, port = self.address
        opened = f"open -u {self.seller},{PASSWORD} {scheme}://{host}:{port}"
        return ["lftp", "--norc", "-c", f"{options}{''.join(f'set {one}; ' for one in settings)}{opened}; {script}"]

    def put(self, source: Path, target: str) -> None:
        self.said(*self._lftp(f"put {source} -o {target}"))

    def names(self, folder: str) -> set[str]:
        found = self.said(*self._lftp(f"cls -1 {folder}")).splitlines()
        return {line.rstrip("/").rpartition("/")[2] for line in found}

    def get(self, source: str, target: Path) -> None:
        self.said(*self._lftp(f"get {source} -o {target}"))

    def delete(self, path: str) -> None:
        self.said(*self._lftp(f"rm {path}"))

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self.said(*self._lftp(f"put {source} -o {working}; mv {working} {target}"))

    def resume(self, source: Path, target: str) -> None:
        self.said(*self._lftp(f"put -c {source} -o {target}"))

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, *self._lftp(f"put {source} -o {target}", f"net:limit-rate {SLOW_BYTES}"))


class OpenSsh(Client):
    """`sftp`, with a key."""

    program = "sftp"

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        super().__init__(service, seller, way, folder)
        self.said("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "id")
        done = service.command("seller", "key", "add", seller, "--file", str(folder / "id.pub"))
        assert done.returncode == 0, done.stderr

    def options(self) -> list[str]:
        host, port = self.address
        wanted = {
            "Port": str(port),
            "HostName": host,
            "User": self.seller,
            "IdentityFile": str(self.folder / "id"),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": str(self.folder / "hosts"),
            "LogLevel": "ERROR",
        }
        return ["-F", "none", *(word for name, value in wanted.items() for word in ("-o", f"{name}={value}"))]

    def _batch(self, *lines: str) -> str:
        return self.said("sftp", *self.options(), "-b", "-", "drop", text="".join(f"{line}\n" for line in lines))

    def put(self, source: Path, target: str) -> None:
        self._batch(f"put {source} {target}")

    def names(self, folder: str) -> set[str]:
        found = self._batch(f"cd {folder}", "ls -1").splitlines()
        return {line for line in found if line and not line.startswith("sftp>")}

    def get(self, source: str, target: Path) -> None:
        self._batch(f"get {source} {target}")

    def delete(self, path: str) -> None:
        self._batch(f"rm {path}")

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self._batch(f"put {source} {working}", f"rename {working} {target}")

    def resume(self, source: Path, target: str) -> None:
        self._batch(f"reput {source} {target}")

    def begin(self, source: Path, target: str) -> Begun:
        kilobits = str(SLOW_BYTES * 8 // 1000)
        words = ["sftp", *self.options(), "-l", kilobits, "-b", "-", "drop"]
        return Program(self, *words, text=f"put {source} {target}\n")


class Scp(OpenSsh):
    """`scp -s`, which speaks SFTP. It copies, no more."""

    program = "scp"
    cannot = ("names", "delete", "put_and_rename", "resume")

    def put(self, source: Path, target: str) -> None:
        self.said("scp", *self.options(), "-s", "-p", source, f"drop:{target}")

    def get(self, source: str, target: Path) -> None:
        self.said("scp", *self.options(), "-s", "-p", f"drop:{source}", target)


class Rclone(Client):
    """It looks at what it has sent: sizes, times, checksums. It resumes nothing, but sends a whole file again."""

    program = "rclone"
    cannot = ("go on",)

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        super().__init__(service, seller, way, folder)
        host, port = self.address
        remote = {
            "TYPE": "sftp" if way == SFTP else "ftp",
            "HOST": host,
            "PORT": str(port),
            "USER": seller,
            "PASS": self.said("rclone", "obscure", PASSWORD).strip(),
            "EXPLICIT_TLS": str(way == FTPS).lower(),
            "TLS": str(way == IMPLICIT).lower(),
            "NO_CHECK_CERTIFICATE": "true",
        }
        self.environment |= {f"RCLONE_CONFIG_DROP_{name}": value for name, value in remote.items()}
        self.environment |= {"RCLONE_CONFIG": str(folder / "rclone.conf"), "RCLONE_RETRIES": "1"}

    def put(self, source: Path, target: str) -> None:
        self.said("rclone", "copyto", source, f"drop:{target}")

    def names(self, folder: str) -> set[str]:
        return set(self.said("rclone", "lsf", f"drop:{folder}").splitlines())

    def get(self, source: str, target: Path) -> None:
        self.said("rclone", "copyto", f"drop:{source}", target)

    def delete(self, path: str) -> None:
        self.said("rclone", "deletefile", f"drop:{path}")

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self.put(source, working)
        self.said("rclone", "moveto", f"drop:{working}", f"drop:{target}")

    resume = put

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, "rclone", "copyto", "--bwlimit", f"{SLOW_BYTES}B", source, f"drop:{target}")


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
        session = kind(timeout=30, context=trusting()) if kind else ftplib.FTP(timeout=30)
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


_BY_NAME: dict[str, tuple[type[Client], tuple[str, ...]]] = {
    "curl": (Curl, (FTP, FTPS, IMPLICIT, SFTP)),
    "lftp": (Lftp, (FTP, FTPS, IMPLICIT, SFTP)),
    "rclone": (Rclone, (FTP, FTPS, IMPLICIT, SFTP)),
    "ftplib": (Ftplib, (FTP, FTPS, IMPLICIT)),
    "openssh": (OpenSsh, (SFTP,)),
    "scp": (Scp, (SFTP,)),
    "paramiko": (Paramiko, (SFTP,)),
    "cp": (Copy, ("folder",)),
    "mv": (Move, ("folder",)),
}
CLIENTS: Final = {f"{name}-{way}": (kind, way) for name, (kind, ways) in _BY_NAME.items() for way in ways}
REFERENCE: Final = "cp-folder"


def who_can(*things: str) -> list[str]:
    """The clients that can do all of these."""
    return [name for name, (kind, _) in CLIENTS.items() if not set(things) & set(kind.cannot)]
