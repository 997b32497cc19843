"""An FTP control connection that counts: commands sent, final answers heard. What it hears must look like FTP."""

from __future__ import annotations

import re
import socket
import ssl

REPLY = re.compile(rb"[1-5][0-5]\d[ -][^\r\n\0]*")
TRACES = (b"Traceback", b'File "', b".py", b"0x7f", b"object at", b"site-packages")
# RFC 959, and those of RFC 1123, 2228, 2389, 2428, 3659 and 4217 that a server may use.
CODES = frozenset(
    b"110 120 125 150 200 202 211 212 213 214 215 220 221 225 226 227 228 229 230 232 234 250 257 331 332 334 335"
    b" 336 350 421 425 426 431 450 451 452 500 501 502 503 504 521 522 530 532 533 534 535 536 537 550 551 552 553"
    b" 554".split()
)


class Dialogue:
    """One control connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket: socket.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self._marks = 0
        self.last = b""

    def encrypt(self, context: ssl.SSLContext) -> None:
        """From here on by TLS."""
        self.socket = context.wrap_socket(self.socket, suppress_ragged_eofs=True)

    def say(self, line: bytes) -> None:
        """Send a command."""
        self.socket.sendall(line + b"\r\n")

    def hear(self) -> bytes:
        """The next answer, all its lines. Raises: EOFError when there is none."""
        first = self._line()
        assert REPLY.fullmatch(first), first
        assert first[:3] in CODES, first
        whole, line = first, first
        while first[3:4] == b"-" and not line.startswith(first[:3] + b" "):
            line = self._line()
            whole += b"\n" + line
        assert not any(trace in whole for trace in TRACES), whole
        self.last = whole
        return whole

    def final(self) -> bytes:
        """The next answer that is not a preliminary one."""
        while (answer := self.hear())[:1] == b"1":
            pass
        return answer

    def until_mark(self) -> list[bytes]:
        """The answers to all that was said so far: what comes before the answer to a command that nobody knows."""
        self._marks += 1
        mark = b"XMARK%d" % self._marks
        self.say(mark)
        answers = []
        while (answer := self.hear()) != b'500 Command "%s" not understood.' % mark:
            answers.append(answer)
        return answers

    def rest(self) -> list[bytes]:
        """What comes until the other side closes."""
        answers = []
        while True:
            try:
                answers.append(self.hear())
            except (EOFError, ConnectionError):
                return answers

    def close(self) -> None:
        self.socket.close()

    def _line(self) -> bytes:
        while b"\r\n" not in self._unread:
            more = self.socket.recv(65_536)
            if not more:
                raise EOFError
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line
