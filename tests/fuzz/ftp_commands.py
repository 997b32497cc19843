"""Random and malformed FTP commands, and what every answer to them must look like."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import ssl
import struct

from fuzz.ftp_dialogue import Dialogue

PASSWORD = b"correct-horse-9"
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
# Commands that come when they should not. Each has as many answers as commands.
OUT_OF_PLACE = (
    (b"PASS x", b"RNTO /inbox/b", b"PROT P", b"PBSZ x", b"PROT", b"CCC", b"ACCT a", b"ADAT ="),
    (b"REST 5", b"EPSV", b"STOR /inbox/a.txt", b"ABOR"),
    (b"PASV", b"PASV", b"EPSV", b"LIST", b"NLST", b"RETR /x", b"ABOR", b"ABOR"),
    (b"EPSV", b"STOR /inbox/a.txt", b"STOR /inbox/b.txt", b"EPSV", b"ABOR"),
    (b"EPSV", b"APPE /inbox/a.part", b"REIN", b"USER acme", b"PASS " + PASSWORD),
    (b"RNFR /inbox/a.txt", b"NOOP", b"RNTO /inbox/a.part", b"RNTO /inbox/a.part"),
    (b"ALLO 5", b"ALLO -5", b"ALLO 5 R 7", b"STOR /inbox/a.txt", b"ABOR"),
    (b"EPSV", b"STOU", b"USER acme", b"PASS " + PASSWORD),
    (b"EPSV", b"LIST", b"\xff\xf4\xff\xf2ABOR"),
)


class FtpFuzz:
    """Sessions of random commands, some of them by TLS. `sent` counts the commands."""

    def __init__(self, plain: tuple[str, int], implicit: tuple[str, int], seed: int) -> None:
        self.chance = random.Random(seed)
        self.sent = 0
        self._plain = plain
        self._implicit = implicit
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._encrypted = False

    def session(self, most: int) -> None:
        """One session of at most so many commands."""
        dialogue = None
        with contextlib.suppress(EOFError, ConnectionError, ssl.SSLError):
            dialogue = self._begun()
            for _ in range(self.chance.randrange(1, most)):
                self._step(dialogue)
            if self.chance.random() < 0.5:
                self._ask(dialogue, b"QUIT")
        if dialogue is not None:
            if self.chance.random() < 0.3:
                dialogue.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            dialogue.close()

    def _begun(self) -> Dialogue:
        how = self.chance.choices(["plain", "explicit", "implicit"], [8, 1, 1])[0]
        self._encrypted = how != "plain"
        dialogue = Dialogue(self._implicit if how == "implicit" else self._plain)
        if how == "implicit":
            dialogue.encrypt(self._tls)
        assert dialogue.final().startswith(b"220")
        if how == "explicit":
            assert self._ask(dialogue, b"AUTH TLS").startswith(b"234")
            dialogue.encrypt(self._tls)
        if self.chance.random() < 0.9:
            for line in (b"USER acme", b"PASS " + PASSWORD, *([b"PBSZ 0", b"PROT P"] if self._encrypted else [])):
                self._ask(dialogue, line)
        return dialogue

    def _step(self, dialogue: Dialogue) -> None:
        dice = self.chance.random()
        if dice < 0.78:
            self._ask(dialogue, self._command(PLAIN))
        elif dice < 0.88:
            self._transfer(dialogue)
        elif dice < 0.92:
            self._together(dialogue, list(self.chance.choice(OUT_OF_PLACE)))
        elif dice < 0.97:
            verbs = [b"NOOP", b"PWD", b"CWD", b"SIZE", b"TYPE", b"FEAT", b"RNTO"]
            self._together(dialogue, [self._command(verbs) for _ in range(8)])
        elif dice < 0.995:
            self._together(dialogue, self._junk().split(b"\r\n"))
        else:
            self._broken_line(dialogue)

    def _command(self, verbs: list[bytes]) -> bytes:
        verb = self.chance.choice(verbs)
        if verb == b"AUTH":
            return b"AUTH KERBEROS"  # the session would go on in TLS, which is for `_begun`
        if self.chance.random() < 0.1:
            verb = bytes(self.chance.choice((letter, letter | 0x20)) for letter in verb)
        return verb + (b" " + self._argument() if self.chance.random() < 0.9 else b"")

    def _argument(self) -> bytes:
        if self.chance.random() < 0.8:
            return self.chance.choice(ARGUMENTS)
        return self.chance.randbytes(self.chance.randrange(60)).replace(b"\r\n", b"")

    def _ask(self, dialogue: Dialogue, line: bytes) -> bytes:
        """A command, and its one final answer."""
        self.sent += 1
        dialogue.say(line)
        return self._final(dialogue)

    def _final(self, dialogue: Dialogue) -> bytes:
        answer = dialogue.final()
        if answer.startswith(b"421"):
            raise EOFError
        return answer

    def _transfer(self, dialogue: Dialogue) -> None:
        """A transfer whose data connection behaves in one of several ways."""
        reply = self._ask(dialogue, b"EPSV")
        found = re.search(rb"\(\|\|\|(\d+)\|\)", reply)
        if found is None:
            self._ask(dialogue, self._command(TRANSFERS))
            return
        with socket.create_connection((self._plain[0], int(found[1])), timeout=60) as data:
            self.sent += 1
            dialogue.say(self._command(TRANSFERS))
            with contextlib.suppress(OSError):
                self._use(data)
        self._final(dialogue)
        assert dialogue.until_mark() == []

    def _use(self, data: socket.socket) -> None:
        if self._encrypted and self.chance.random() < 0.7:
            data.settimeout(2)  # there is no handshake when the command was refused
            data = self._tls.wrap_socket(data)
        with data:
            data.sendall(self.chance.randbytes(self.chance.choice((0, 1, 1000, 100_000))))
            how = self.chance.randrange(3)
            if how == 0:
                data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == 1:
                data.shutdown(socket.SHUT_WR)
                while data.recv(65_536):
                    pass

    def _together(self, dialogue: Dialogue, lines: list[bytes]) -> None:
        """Several commands in two packets, cut at any byte: as many answers as commands, no more and no fewer."""
        whole = b"".join(line + b"\r\n" for line in lines)
        cut = self.chance.randrange(len(whole))
        self.sent += len(lines)
        dialogue.socket.sendall(whole[:cut])
        dialogue.socket.sendall(whole[cut:])
        finals = [answer for answer in dialogue.until_mark() if answer[:1] != b"1"]
        assert len(finals) == len(lines), (lines, finals)

    def _junk(self) -> bytes:
        return self.chance.choice(
            (
                self.chance.randbytes(self.chance.randrange(3000)),
                b"\xff\xf4\xff\xf2ABOR",
                b"\x16\x03\x01\x02\x00" + self.chance.randbytes(512),
                b"A" * 100_000,
                b"\r\n" * 50,
                b"\0" * 500,
                b"\n\r" * 300,
            )
        )

    def _broken_line(self, dialogue: Dialogue) -> None:
        """Bytes below TLS, where records should be; or a command that never ends."""
        self.sent += 1
        junk = self.chance.choice((b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x40\x00", b"NOOP", b"\x16\x03\x01"))
        socket.socket.sendall(dialogue.socket, junk + self.chance.randbytes(self.chance.randrange(500)))
        raise EOFError
