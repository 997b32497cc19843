"""Random and malformed FTP commands, and what every answer to them must look like."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct

PASSWORD = b"correct-horse-9"
REPLY = re.compile(rb"[1-5]\d\d[ -].*", re.DOTALL)
TRACES = (b"Traceback", b'File "', b".py", b"0x7f", b"object at")
PLAIN = (
    b"USER PASS CWD CDUP PWD SIZE MDTM MLST DELE RNFR RNTO MKD RMD XMKD XPWD NOOP SYST FEAT OPTS HELP STAT TYPE MODE "
    b"STRU REST ALLO ABOR SITE ACCT REIN SMNT PBSZ PROT CCC AUTH ADAT CLNT LANG HOST EPSV PASV PORT EPRT ESTA XYZZY "
    b"MFMT AVBL"
).split()
TRANSFERS = b"STOR APPE STOU RETR LIST NLST MLSD".split()
ARGUMENTS = (
    b"",
    b"/",
    b"/inbox",
    b"inbox/a.txt",
    b"/inbox/a.txt",
    b"/inbox/a.txt.part",
    b"/outbox/a.txt",
    b"../../etc/passwd",
    b"\xff\xfe\x00",
    b"-la /etc",
    b"%s%n%x",
    b"$(id)",
    b"a" * 600,
    b"1",
    b"-1",
    b"99999999999999999999999",
    b"1" * 400,
    b"127,0,0,1,200,13",
    b"127,0,0,2,200,13",
    b"300,0,0,1,999,13",
    b"|1|127.0.0.2|2121|",
    b"|2|::1|2121|",
    b"|||0|",
    b"ALL",
    b"TLS",
    b"SSL",
    b"UTF8 ON",
    b"MLST type;size;",
    b"CHMOD 777 inbox",
    b"anonymous",
    b"acme",
    b"I",
    b"A N",
    b"L 8",
    b"20261123000000 a",
    b"\xe2\x80\xae\xe2\x80\x8b",
    b"\t\t",
    b"\x1b[2J",
)


class FtpFuzz:
    """Sessions of random commands. `sent` counts them."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.chance = random.Random(seed)
        self.sent = 0
        self._address = address
        self._unread = b""

    def session(self, most: int) -> None:
        """One session of at most so many commands."""
        with socket.create_connection(self._address, timeout=20) as control:
            control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._unread = b""
            self._final(control)
            with contextlib.suppress(EOFError, ConnectionError):
                if self.chance.random() < 0.9:
                    self._ask(control, b"USER acme")
                    self._ask(control, b"PASS " + PASSWORD)
                for _ in range(self.chance.randrange(1, most)):
                    self._step(control)
                if self.chance.random() < 0.5:
                    self._ask(control, b"QUIT")
            if self.chance.random() < 0.3:
                control.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _step(self, control: socket.socket) -> None:
        dice = self.chance.random()
        if dice < 0.80:
            self._ask(control, self._command(PLAIN))
        elif dice < 0.90:
            self._transfer(control)
        elif dice < 0.97:
            self._pipelined(control)
        else:
            self._garbage(control)

    def _command(self, verbs: list[bytes]) -> bytes:
        verb = self.chance.choice(verbs)
        if verb == b"AUTH":
            return b"AUTH KERBEROS"  # the session would go on in TLS, which `test_ftps_hostile` is about
        if self.chance.random() < 0.1:
            verb = bytes(self.chance.choice((letter, letter | 0x20)) for letter in verb)
        return verb + (b" " + self._argument() if self.chance.random() < 0.9 else b"")

    def _argument(self) -> bytes:
        if self.chance.random() < 0.8:
            return self.chance.choice(ARGUMENTS)
        return self.chance.randbytes(self.chance.randrange(60)).replace(b"\n", b"").replace(b"\r", b"")

    def _ask(self, control: socket.socket, line: bytes) -> bytes:
        """A command, and its one final answer."""
        self.sent += 1
        control.sendall(line + b"\r\n")
        return self._final(control, line)

    def _final(self, control: socket.socket, line: bytes = b"") -> bytes:
        while True:
            code, reply = self._reply(control)
            assert not any(trace in reply for trace in TRACES), (line, reply)
            if code[:1] != b"1":
                if code == b"421":
                    raise EOFError
                return reply

    def _reply(self, control: socket.socket) -> tuple[bytes, bytes]:
        first = self._line(control)
        assert REPLY.fullmatch(first), first
        code, whole = first[:3], first
        while first[3:4] == b"-" and not whole.rpartition(b"\n")[2].startswith(code + b" "):
            whole += b"\n" + self._line(control)
        return code, whole

    def _line(self, control: socket.socket) -> bytes:
        while b"\r\n" not in self._unread:
            more = control.recv(65_536)
            if not more:
                raise EOFError
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line

    def _transfer(self, control: socket.socket) -> None:
        """A transfer whose data connection behaves in one of several ways."""
        reply = self._ask(control, b"EPSV")
        found = re.search(rb"\(\|\|\|(\d+)\|\)", reply)
        if found is None:
            self._ask(control, self._command(TRANSFERS))
            return
        with socket.create_connection((self._address[0], int(found[1])), timeout=20) as data:
            self.sent += 1
            line = self._command(TRANSFERS)
            control.sendall(line + b"\r\n")
            with contextlib.suppress(OSError):
                data.sendall(self.chance.randbytes(self.chance.choice((0, 1, 1000, 100_000))))
                how = self.chance.randrange(3)
                if how == 0:
                    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif how == 1:
                    data.shutdown(socket.SHUT_WR)
                    while data.recv(65_536):
                        pass
        self._final(control, line)

    def _pipelined(self, control: socket.socket) -> None:
        """Several commands in one packet, cut at any byte: as many answers as commands."""
        lines = [self._command([b"NOOP", b"PWD", b"CWD", b"SIZE", b"TYPE", b"FEAT", b"RNTO"]) for _ in range(8)]
        whole = b"".join(line + b"\r\n" for line in lines)
        cut = self.chance.randrange(len(whole))
        control.sendall(whole[:cut])
        control.sendall(whole[cut:])
        for line in lines:
            self.sent += 1
            self._final(control, line)

    def _garbage(self, control: socket.socket) -> None:
        """Bytes that are no commands; whatever comes back, the next session works."""
        self.sent += 1
        junk = self.chance.choice(
            (
                self.chance.randbytes(self.chance.randrange(3000)),
                b"\xff\xf4\xff\xf2ABOR\r\n",
                b"\x16\x03\x01\x02\x00" + self.chance.randbytes(512),
                b"A" * 100_000,
                b"\r\n" * 50,
                b"\0" * 500 + b"\r\n",
            )
        )
        control.sendall(junk + b"\r\nNOOP\r\n")
        raise EOFError
