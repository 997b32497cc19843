"""FTP commands that touch no upload under way: text mode, listings by a pattern, digests of what has arrived.

Knows nothing of data connections beyond handing a listing to one.
"""
# ruff: noqa: N802  (pyftpdlib calls ftp_<COMMAND>)

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final

from cws_filedrop.transports.ftp.control import FtpControl
from cws_filedrop.transports.landing.digests import Digest, digest_of
from cws_filedrop.transports.landing.shown_files import CommandRefused

TEXT_MODE: Final = (
    "501 Text mode (TYPE A) changes line ends on the way, so that positions do not agree; send TYPE I first."
)
_CHMOD: Final = "200 Noted; permissions are not kept here, and need not be."
_ONLY: Final = "501 SHA-256 is the digest that HASH gives here."


class FtpCommands(FtpControl):
    """Commands for which the library has nothing, or another answer."""

    _in_text_mode = False

    def ftp_TYPE(self, line: str) -> None:
        kind = line.upper().split()
        if kind == ["A", "N"]:  # "non-print", the only form there is of text
            line = "A"
        super().ftp_TYPE(line)
        self._in_text_mode = kind[:1] in (["A"], ["L7"])

    # The library asks `_current_type`, which is binary here always.
    def ftp_REST(self, line: str) -> None:
        if self._in_text_mode and line.strip() != "0":
            self.respond(TEXT_MODE)
        else:
            super().ftp_REST(line)

    def is_misplaced(self, offset: int | None) -> bool:
        """Does a client in text mode want to go on where it counts otherwise? `offset` as for `Intake.begin`."""
        return self._in_text_mode and bool(offset)

    def ftp_SITE_CHMOD(self, path: str, mode: str) -> None:
        self.respond(_CHMOD if self.fs.lexists(path) else "550 No such file or folder.")

    def ftp_NLST(self, path: str) -> None:
        try:
            listing = self.fs.matching(path)
        except (OSError, CommandRefused) as error:
            self._refuse(error)
            return
        if listing is None:
            super().ftp_NLST(path)
        elif not listing:
            self.respond("550 No file here has a name like that.")
        else:
            text = "".join(f"{name}\r\n" for name in listing)
            self.push_dtp_data(text.encode(self.encoding, self.unicode_errors), cmd="NLST")

    def ftp_DELE(self, path: str) -> None:
        try:
            words = self.fs.remove(path)
        except (OSError, CommandRefused) as error:
            self._refuse(error)
        else:
            self.respond(f"250 {words or 'File removed'}.")

    def _refuse(self, error: OSError | CommandRefused) -> None:
        self.respond(f"550 {error.strerror if isinstance(error, OSError) else error}.")

    # Digests (draft-bryan-ftpext-hash, and the older commands of Serv-U and others).

    def ftp_HASH(self, path: str) -> None:
        self._digest("SHA-256", path, lambda found: f"213 SHA-256 0-{found.size} {found.text} {path}")

    def ftp_OPTS(self, line: str) -> None:
        words = line.upper().split()
        if words[:1] != ["HASH"]:
            super().ftp_OPTS(line)
        else:
            self.respond("200 SHA-256" if words[1:] in ([], ["SHA-256"]) else _ONLY)

    def ftp_XSHA256(self, path: str) -> None:
        self._digest("SHA-256", path, _bare)

    def ftp_XSHA1(self, path: str) -> None:
        self._digest("SHA-1", path, _bare)

    def ftp_XMD5(self, path: str) -> None:
        self._digest("MD5", path, _bare)

    def ftp_XCRC(self, path: str) -> None:
        self._digest("CRC32", path, _bare)

    def _digest(self, kind: str, path: str, reply: Callable[[Digest], str]) -> None:
        try:
            place = self.fs.bytes_of(path)
        except CommandRefused as refusal:
            self._refuse(refusal)
        else:
            self.in_background(self.server.disk, partial(digest_of, kind, place), lambda done: self._said(done, reply))

    def _said(self, done: Future[Digest], reply: Callable[[Digest], str]) -> None:
        if self._closed:
            return
        failure = done.exception()
        if failure is not None and not isinstance(failure, OSError):
            raise failure
        self.resume("550 It cannot be read at the moment." if failure is not None else reply(done.result()))


def _bare(found: Digest) -> str:
    return f"250 {found.text.upper()}"
