"""SSH below SFTP: garbage before, in and after the key exchange; messages out of place; channels in floods."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from collections.abc import Callable

import paramiko
from paramiko.message import Message

PASSWORD = "correct-horse-9"
GREETINGS = (
    b"SSH-2.0-x\r\n",
    b"SSH-2.0-OpenSSH_9.2p1\r\n",
    b"SSH-1.99-x\n",
    b"SSH-1.5-x\r\n",
    b"",
    b"\r\n" * 100,
    b"x" * 20_000,
)
KINDS = (
    *range(1, 8),
    *range(20, 22),
    *range(30, 35),
    *range(50, 54),
    *range(60, 62),
    *range(80, 83),
    *range(90, 101),
    255,
)
CHANNELS = (b"session", b"direct-tcpip", b"x11", b"forwarded-tcpip", b"auth-agent@openssh.com", b"\xff\0", b"")
REQUESTS = (
    b"pty-req",
    b"x11-req",
    b"env",
    b"shell",
    b"exec",
    b"subsystem",
    b"window-change",
    b"xon-xoff",
    b"signal",
    b"exit-status",
    b"exit-signal",
    b"auth-agent-req@openssh.com",
    b"keepalive@openssh.com",
    b"\xff",
)
FLOOD = 60  # messages at once
_OPEN, _ADJUST, _DATA, _EXTENDED, _EOF, _CLOSE, _REQUEST = 90, 93, 94, 95, 96, 97, 98


class SshFuzz:
    """Connections that misbehave. `sent` counts messages."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.chance = random.Random(seed)
        self.sent = 0
        self._address = address

    def connection(self) -> None:
        """One of them; it ends as it ends."""
        how: list[Callable[[], None]] = [self._before_keys, self._after_keys, self._in_channels, self._in_channels]
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self.chance.choice(how)()

    def _before_keys(self) -> None:
        with socket.create_connection(self._address, timeout=60) as line:
            line.sendall(self.chance.choice(GREETINGS))
            for _ in range(self.chance.randrange(1, 20)):
                self.sent += 1
                line.sendall(self._unencrypted())
            line.shutdown(socket.SHUT_WR)
            while line.recv(65_536):
                pass

    def _unencrypted(self) -> bytes:
        body = bytes([self.chance.choice(KINDS)]) + self._fields()
        if self.chance.random() < 0.2:
            return self.chance.randbytes(self.chance.randrange(300))
        padding = 8 - (len(body) + 5) % 8 + 4
        size = len(body) + 1 + (padding if self.chance.random() < 0.8 else self.chance.getrandbits(24))
        return struct.pack(">IB", size, padding) + body + bytes(padding)

    def _after_keys(self) -> None:
        transport = paramiko.Transport(self._address)
        try:
            transport.start_client(timeout=60)
            self._messages(transport, KINDS)
        finally:
            transport.close()

    def _in_channels(self) -> None:
        transport = paramiko.Transport(self._address)
        try:
            transport.connect(username="acme", password=PASSWORD)
            for _ in range(self.chance.randrange(5)):
                channel = transport.open_session(timeout=60)
                if self.chance.random() < 0.5:
                    channel.invoke_subsystem("sftp")
            if self.chance.random() < 0.2:
                transport.renegotiate_keys()
            self._messages(transport, (_OPEN, _OPEN, _ADJUST, _DATA, _EXTENDED, _EOF, _CLOSE, _REQUEST, _REQUEST, 80))
            self._end(transport)
        finally:
            transport.close()

    def _end(self, transport: paramiko.Transport) -> None:
        if self.chance.random() < 0.3:
            self.sent += 1
            transport.sock.sendall(
                self.chance.randbytes(self.chance.randrange(1, 2000))
            )  # where encrypted bytes belong
            transport.join(0.2)

    def _messages(self, transport: paramiko.Transport, kinds: tuple[int, ...]) -> None:
        for _ in range(self.chance.choice((1, 10, FLOOD))):
            kind = self.chance.choice(kinds)
            message = Message()
            message.add_bytes(bytes([kind]) + self._likely(kind))
            self.sent += 1
            transport.packetizer.send_message(message)

    def _likely(self, kind: int) -> bytes:
        channel = struct.pack(">I", self.chance.choice((0, 1, 2, 3, 99, 2**32 - 1)))
        number = struct.pack(">I", self.chance.choice((0, 1, 32_768, 2**31, 2**32 - 1)))
        if self.chance.random() < 0.3:
            return self._fields()
        if kind == _OPEN:
            whole = _text(self.chance.choice(CHANNELS)) + channel + number * 2 + self._fields()
        elif kind == _REQUEST:
            reply = bytes([self.chance.randrange(3)])
            whole = channel + _text(self.chance.choice(REQUESTS)) + reply + self._fields()
        elif kind == _ADJUST:
            whole = channel + number
        elif kind in (_DATA, _EXTENDED):
            whole = (
                channel + (number if kind == _EXTENDED else b"") + _text(bytes(self.chance.choice((0, 1, 5, 40_000))))
            )
        else:
            whole = channel
        return whole[: self.chance.randrange(len(whole) + 1)] if self.chance.random() < 0.2 else whole

    def _fields(self) -> bytes:
        return b"".join(self._field() for _ in range(self.chance.randrange(6)))

    def _field(self) -> bytes:
        words = (
            b"ssh-connection",
            b"ssh-userauth",
            b"acme",
            b"password",
            b"publickey",
            b"none",
            b"sftp",
            b"ls",
            b"\xff",
            b"",
        )
        dice = self.chance.randrange(5)
        if dice < 2:
            return _text(self.chance.choice(words))
        if dice == 2:
            return bytes([self.chance.randrange(3)])
        if dice == 3:
            return struct.pack(">I", self.chance.choice((0, 1, 2**31, 2**32 - 1, 1_000_000)))
        return self.chance.randbytes(self.chance.randrange(40))


def _text(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
