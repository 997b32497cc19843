"""The clients of `bench.doors`, the same for every server: `python -m bench.door_clients KIND '{"port": …}'`.

Says "ready" when it is about to begin, waits for a line, and prints when it began and ended, on the monotonic clock.
FTP is spoken straight through a socket: of a session's time, ftplib alone would take as much as our door does. SFTP
sessions are paramiko's, since starting OpenSSH's client costs more than any session; files are put by OpenSSH's sftp.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import paramiko

from bench import generate

HOST: Final = "127.0.0.1"
PIECE: Final = 1_048_576
_PORT: Final = re.compile(rb"\|\|\|(\d+)\|")
# What OpenSSH would agree on, so that all servers do the same work.
_AGREE: Final = {
    "kex": ("curve25519-sha256@libssh.org",),
    "key_types": ("ssh-ed25519",),
    "ciphers": ("aes128-gcm@openssh.com",),
}


def content(size: int) -> Iterator[bytes]:
    """A file of about so many bytes, in pieces; its lines are such as sellers send, since our door looks at them."""
    out = io.BytesIO()
    generate.write(out, min(size, PIECE) // 60)
    heading, lines = out.getvalue().split(b"\n", 1)
    yield heading + b"\n"
    left = size - len(heading) - 1
    while left >= len(lines):
        yield lines
        left -= len(lines)
    yield lines[: lines.rfind(b"\n", 0, left) + 1]


class Ftp:
    """One FTP session; raises when an answer is not what it should be."""

    def __init__(self, port: int, user: str, password: str, *, tls: bool) -> None:
        self._socket: Any = _connected(port)
        self._context = _trusting() if tls else None
        self._said = b""
        self.expect(b"220")
        if self._context is not None:
            self.say("AUTH TLS", b"234")
            self._socket = self._context.wrap_socket(self._socket)
        self.say(f"USER {user}", b"331")
        self.say(f"PASS {password}", b"230")
        self.say("TYPE I", b"200")
        if tls:
            self.say("PBSZ 0", b"200")
            self.say("PROT P", b"200")

    def say(self, line: str, code: bytes) -> bytes:
        """Send a command; its answer."""
        self._socket.sendall(line.encode() + b"\r\n")
        return self.expect(code)

    def expect(self, code: bytes) -> bytes:
        """The last line of the next answer."""
        while True:
            while b"\n" not in self._said:
                part = self._socket.recv(4096)
                if not part:
                    raise EOFError
                self._said += part
            line, _, self._said = self._said.partition(b"\n")
            if line[3:4] == b" " and line[:3].isdigit():
                if not line.startswith(code):
                    raise ValueError(f"{line!r} instead of {code!r}")
                return line

    def store(self, name: str, pieces: list[bytes]) -> None:
        """Put a file."""
        found = _PORT.search(self.say("EPSV", b"229"))
        assert found is not None
        data: Any = _connected(int(found[1]))
        self._socket.sendall(f"STOR {name}\r\n".encode())
        self.expect(b"1")
        if self._context is not None:  # resumed, as curl and FileZilla do
            data = self._context.wrap_socket(data, session=self._socket.session)
        for piece in pieces:
            data.sendall(piece)
        if self._context is not None:
            data = data.unwrap()
        data.close()
        self.expect(b"226")

    def quit(self) -> None:
        """Say good-bye and leave."""
        self.say("QUIT", b"221")
        self._socket.close()


def _connected(port: int) -> socket.socket:
    found = socket.create_connection((HOST, port), timeout=120)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Sftp:
    """OpenSSH's sftp, told what to do line by line."""

    def __init__(self, port: int, user: str, key: str, cipher: str = "") -> None:
        options = ["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        options += ["-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"]
        options += ["-c", cipher] if cipher else []
        command = ["sftp", "-q", *options, "-P", str(port), "-i", key, "-b", "-", f"{user}@{HOST}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.do([])

    def do(self, lines: list[str]) -> None:
        """Returns when all of it was carried out."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("".join(f"{line}\n" for line in [*lines, "pwd"]))
        self._process.stdin.flush()
        while not (said := self._process.stdout.readline()).startswith("Remote working"):
            if not said:
                raise EOFError("sftp gave up")

    def quit(self) -> None:
        """Leave."""
        self._process.communicate("bye\n")


def sftp_session(port: int, user: str, key: paramiko.PKey) -> tuple[paramiko.Transport, paramiko.SFTPClient]:
    """Connect and log in; ready for requests."""
    line = paramiko.Transport(_connected(port))
    options = line.get_security_options()
    for what, names in _AGREE.items():
        setattr(options, what, names)
    line.connect(username=user, pkey=key)
    channel = paramiko.SFTPClient.from_transport(line)
    assert channel is not None
    return line, channel


Work = Callable[[], None]


def ftp_sessions(given: dict[str, Any]) -> tuple[Work, Work]:
    """Connect, log in, quit, again and again."""

    def work() -> None:
        for _ in range(given["count"]):
            Ftp(given["port"], given["user"], given["password"], tls=given["tls"]).quit()

    return work, lambda: None


def ftp_drops(given: dict[str, Any]) -> tuple[Work, Work]:
    """What most sellers do: connect, log in, put one file, quit."""
    pieces = [b"".join(content(given["size"]))]

    def work() -> None:
        for number in range(given["count"]):
            session = Ftp(given["port"], given["user"], given["password"], tls=given["tls"])
            session.store(f"{given['folder']}/{given['name']}-{number}.txt", pieces)
            session.quit()

    return work, lambda: None


def ftp_files(given: dict[str, Any]) -> tuple[Work, Work]:
    """Many files, or one, in a session that is there already."""
    session = Ftp(given["port"], given["user"], given["password"], tls=given["tls"])
    pieces = list(content(given["size"]))
    pieces = pieces if given["size"] > PIECE else [b"".join(pieces)]

    def work() -> None:
        for number in range(given["count"]):
            session.store(f"{given['folder']}/{given['name']}-{number}.txt", pieces)

    return work, session.quit


def sftp_sessions(given: dict[str, Any]) -> tuple[Work, Work]:
    """Connect, log in, ask for one path, leave."""
    key = paramiko.Ed25519Key.from_private_key_file(given["key"])

    def work() -> None:
        for _ in range(given["count"]):
            line, files = sftp_session(given["port"], given["user"], key)
            files.normalize(".")
            line.close()

    return work, lambda: None


def sftp_drops(given: dict[str, Any]) -> tuple[Work, Work]:
    """Connect, log in, put one file, leave."""
    key, text = paramiko.Ed25519Key.from_private_key_file(given["key"]), b"".join(content(given["size"]))

    def work() -> None:
        for number in range(given["count"]):
            line, files = sftp_session(given["port"], given["user"], key)
            with files.open(f"{given['folder']}/{given['name']}-{number}.txt", "wb") as target:
                target.write(text)
            line.close()

    return work, lambda: None


def sftp_files(given: dict[str, Any]) -> tuple[Work, Work]:
    """Many files, or one, by OpenSSH's sftp, in a session that is there already."""
    source = Path(given["source"])
    with source.open("wb") as file:
        file.writelines(content(given["size"]))
    session = Sftp(given["port"], given["user"], given["key"], given.get("cipher", ""))
    puts = [f"put {source} {given['folder']}/{given['name']}-{number}.txt" for number in range(given["count"])]
    return lambda: session.do(puts), session.quit


def sftp_idle(given: dict[str, Any]) -> tuple[Work, Work]:
    """Sessions that ask for one path and then for nothing, for so many seconds."""
    paramiko.Transport._active_check_timeout = 60.0  # type: ignore[attr-defined]  # the client's own polling
    key = paramiko.Ed25519Key.from_private_key_file(given["key"])
    held = [sftp_session(given["port"], given["user"], key) for _ in range(given["count"])]
    for _, files in held:
        files.normalize(".")
    return lambda: time.sleep(given["seconds"]), lambda: None


_ALL: Final = (ftp_sessions, ftp_drops, ftp_files, sftp_sessions, sftp_drops, sftp_files, sftp_idle)
KINDS: Final = {one.__name__: one for one in _ALL}


def main() -> None:
    """One client, one measure."""
    work, leave = KINDS[sys.argv[1]](json.loads(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    spent, began = time.process_time(), time.monotonic()
    work()
    print(json.dumps({"began": began, "ended": time.monotonic(), "cpu": time.process_time() - spent}), flush=True)
    leave()
    sys.stdout.flush()
    os._exit(0)  # hundreds of idle sessions would be ended one by one


if __name__ == "__main__":
    main()
