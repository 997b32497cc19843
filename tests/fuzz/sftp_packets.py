"""Random and malformed SFTP packets, and what every answer to them must look like."""

from __future__ import annotations

import contextlib
import random
import struct

import paramiko
from paramiko import sftp
from paramiko.common import MSG_CHANNEL_REQUEST, cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST

PASSWORD = "correct-horse-9"
KINDS = [*range(3, 21), 21, 101, 105, 200, 201, 255]
WITH_PATH = (sftp.CMD_OPEN, sftp.CMD_STAT, sftp.CMD_LSTAT, sftp.CMD_OPENDIR, sftp.CMD_REMOVE, sftp.CMD_MKDIR)
ANSWERS = (sftp.CMD_STATUS, sftp.CMD_HANDLE, sftp.CMD_DATA, sftp.CMD_NAME, sftp.CMD_ATTRS, sftp.CMD_EXTENDED_REPLY)
PATHS = (
    b"/",
    b".",
    b"/inbox",
    b"/inbox/a.txt",
    b"/inbox/a.txt.part",
    b"/inbox/b.txt",
    b"/outbox",
    b"/outbox/x",
    b"../../../etc/passwd",
    b"/inbox/\0a",
    b"\xff\xfe",
    b"",
    b"/inbox/" + b"n" * 300,
    b"/" + b"d/" * 2000,
    b"/STATUS.txt",
)
EXTENSIONS = (b"posix-rename@openssh.com", b"fsync@openssh.com", b"statvfs@openssh.com", b"\xff", b"limits@openssh.com")
TRACES = (b"Traceback", b".py", b"object at", b"0x7f")
BATCH = 40


class SftpFuzz:
    """Channels of random packets over connections that are logged in. `sent` counts the packets."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.chance = random.Random(seed)
        self.sent = 0
        self._address = address
        self._number = 0

    def connection(self, batches: int) -> None:
        """One connection, with a channel of so many batches; some end in rubbish."""
        transport = paramiko.Transport(self._address)
        try:
            transport.connect(username="acme", password=PASSWORD)
            channel = transport.open_session(timeout=60)
            channel.settimeout(30)
            channel.invoke_subsystem("sftp")
            channel.sendall(struct.pack(">IBI", 5, sftp.CMD_INIT, 3))
            self._answer(channel)
            for _ in range(batches):
                self._batch(channel)
            if self.chance.random() < 0.5:
                self._rubbish(transport, channel)
        finally:
            transport.close()

    def _batch(self, channel: paramiko.Channel) -> None:
        """Many packets at once; each is answered once, by its number."""
        asked = [self._packet() for _ in range(BATCH)]
        self.sent += BATCH
        channel.sendall(b"".join(struct.pack(">I", len(packet)) + packet for packet in asked))
        wanted = sorted(int.from_bytes(packet[1:5].ljust(4, b"\0"), "big") for packet in asked)
        answered = sorted(self._answer(channel) for _ in asked)
        assert answered == wanted

    def _answer(self, channel: paramiko.Channel) -> int:
        size = struct.unpack(">I", self._exactly(channel, 4))[0]
        assert 1 <= size < 2_000_000
        packet = self._exactly(channel, size)
        assert packet[0] in (*ANSWERS, sftp.CMD_VERSION)
        if packet[0] == sftp.CMD_STATUS:
            assert not any(trace in packet for trace in TRACES), packet
        return int.from_bytes(packet[1:5], "big")

    def _exactly(self, channel: paramiko.Channel, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = channel.recv(size - len(found))
            if not part:
                raise EOFError("the door ended a session that gave it no reason to")
            found += part
        return found

    def _packet(self) -> bytes:
        if self.chance.random() < 0.98:  # else the number of the packet before once more
            self._number += 1
        kind = self.chance.choice(KINDS)
        packet = bytes([kind]) + struct.pack(">I", self._number)
        if self.chance.random() < 0.6:
            packet += self._likely(kind)
        else:
            packet += b"".join(self._field() for _ in range(self.chance.randrange(5)))
        if self.chance.random() < 0.15:  # cut anywhere, its number too
            packet = packet[: self.chance.randrange(1, len(packet) + 1)]
        return packet

    def _likely(self, kind: int) -> bytes:
        """Fields such as the request has."""
        path, handle = _text(self.chance.choice(PATHS)), _text(b"%d" % self.chance.randrange(1, 40))
        match kind:
            case sftp.CMD_OPEN:
                return path + struct.pack(">II", self.chance.choice((1, 2, 10, 26, 27, 58, 0xFFFFFFFF)), 0)
            case sftp.CMD_WRITE:
                data = self.chance.randbytes(self.chance.choice((0, 1, 500)))
                return handle + struct.pack(">Q", self.chance.choice((0, 1, 500, 2**63, 2**64 - 1))) + _text(data)
            case sftp.CMD_READ:
                return handle + struct.pack(
                    ">QI", self.chance.choice((0, 2**63)), self.chance.choice((0, 5, 2**32 - 1))
                )
            case sftp.CMD_CLOSE | sftp.CMD_FSTAT | sftp.CMD_READDIR:
                return handle
            case sftp.CMD_RENAME | sftp.CMD_SYMLINK:
                return path + _text(self.chance.choice(PATHS))
            case sftp.CMD_EXTENDED:
                return _text(self.chance.choice(EXTENSIONS)) + path + _text(self.chance.choice(PATHS))
            case _:
                return path + self._field()

    def _field(self) -> bytes:
        dice = self.chance.randrange(5)
        if self.chance.random() < 0.003:
            return _text(b"/" + b"n" * 1_000_000)
        if dice == 0:
            return _text(self.chance.choice(PATHS))
        if dice == 1:
            return struct.pack(">I", self.chance.choice((0, 1, 26, 2**31, 2**32 - 1, self.chance.getrandbits(32))))
        if dice == 2:
            return struct.pack(">Q", self.chance.choice((0, 1, 2**63, 2**64 - 1)))
        if dice == 3:
            return struct.pack(">I", 1_000_000) + self.chance.randbytes(30)
        return self.chance.randbytes(self.chance.randrange(30))

    def _rubbish(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        """What ends a session or a connection: unframed bytes, or SSH messages that nobody sends."""
        self.sent += 1
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            if self.chance.random() < 0.5:
                channel.sendall(self.chance.randbytes(self.chance.randrange(1, 5000)))
                return
            message = paramiko.Message()
            message.add_bytes(
                self.chance.choice((cMSG_GLOBAL_REQUEST, cMSG_CHANNEL_OPEN, bytes([MSG_CHANNEL_REQUEST])))
            )
            message.add_bytes(b"".join(self._field() for _ in range(self.chance.randrange(6))))
            transport._send_user_message(message)


def _text(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
