"""What goes over the wire in SFTP version 3: paths of the seller coming in, answers going out.

Pure: knows no channel and no disk.
"""

from __future__ import annotations

import os
import posixpath
import stat
import struct
from typing import Final, TypeAlias

import paramiko
from paramiko import sftp
from paramiko.sftp_attr import SFTPAttributes

from cws_filedrop.drop.names import text_of
from cws_filedrop.transports.landing.seller_files import CommandRefused

LONGEST_PATH: Final = 4096  # bytes
Answer: TypeAlias = tuple[int, paramiko.Message]  # its kind, and what is in it

_QUESTIONS: Final = (sftp.CMD_STAT, sftp.CMD_LSTAT, sftp.CMD_FSTAT, sftp.CMD_REALPATH)
# Requests that change nothing: nobody needs their answers once the client has gone.
ANSWER_IS_ALL: Final = frozenset((*_QUESTIONS, sftp.CMD_READ, sftp.CMD_OPENDIR, sftp.CMD_READDIR))
MISSING: Final = "No such file or folder."
_GARBLED: Final = "That request cannot be read."
_WRONG: Final = "Something went wrong here; the operator can see it."
_LATER: Final = (450, 451, 452, 554)  # FTP codes of refusals that are not about permissions
_EXPECTED: Final = (CommandRefused, struct.error, ValueError, FileNotFoundError)


class StatusReply(Exception):
    """Raised to answer a request with a code and a sentence."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Request(paramiko.Message):
    """The fields of a request. Raises: ValueError for one that is shorter than it says.

    The library would fill it up with zero bytes: a few bytes that claim to be a million would have to be answered so.
    """

    def get_bytes(self, n: int) -> bytes:
        content = self.packet.read(n)
        if len(content) < n:
            raise ValueError("a field that is shorter than it says")
        return content


def path_in(message: paramiko.Message) -> str:
    """The seller's own path, from the root of its home, whatever the client wrote. Raises: ValueError."""
    path = message.get_binary()
    if len(path) > LONGEST_PATH:
        raise ValueError("a path longer than any can be")
    return "/" + posixpath.normpath("/" + text_of(path)[0]).lstrip("/")


def answer_to(number: int) -> paramiko.Message:
    """An answer to that request, still without content."""
    message = paramiko.Message()
    message.add_int(number)
    return message


def status(number: int, code: int, words: str) -> Answer:
    """A code, and a sentence for the person at the other end."""
    message = answer_to(number)
    message.add_int(code)
    message.add_string(words)
    message.add_string("en")
    return sftp.CMD_STATUS, message


def is_expected(error: Exception) -> bool:
    """Is the client to blame, so that the error need not be logged?"""
    return isinstance(error, (StatusReply, *_EXPECTED))


def refusal(number: int, error: Exception) -> Answer:
    """The answer to a request that failed with `error`."""
    match error:
        case StatusReply():
            return status(number, error.code, str(error))
        case CommandRefused():
            code = sftp.SFTP_FAILURE if error.code in _LATER else sftp.SFTP_PERMISSION_DENIED
            return status(number, code, f"{error}.")
        case FileNotFoundError():
            return status(number, sftp.SFTP_NO_SUCH_FILE, MISSING)
        case struct.error() | ValueError():
            return status(number, sftp.SFTP_BAD_MESSAGE, _GARBLED)
        case _:
            return status(number, sftp.SFTP_FAILURE, _WRONG)


def attributes(number: int, entry: SFTPAttributes) -> Answer:
    """The attributes of one file."""
    message = answer_to(number)
    entry._pack(message)  # type: ignore[attr-defined]  # paramiko 5.1.0: the only code that writes attributes
    return sftp.CMD_ATTRS, message


def names(number: int, entries: list[SFTPAttributes]) -> Answer:
    """Names, with the attributes of each."""
    message = answer_to(number)
    message.add_int(len(entries))
    for entry in entries:
        message.add_string(entry.filename)
        message.add_string(str(entry))
        entry._pack(message)  # type: ignore[attr-defined]
    return sftp.CMD_NAME, message


def limits(number: int, *most: int) -> Answer:
    """The limits, in this order: bytes of a packet, of one read and of one write, and files open at once."""
    message = answer_to(number)
    for limit in most:
        message.add_int64(limit)
    return sftp.CMD_EXTENDED_REPLY, message


def shown(status: os.stat_result, name: str) -> SFTPAttributes:
    """What a seller is shown of a file: the owner and the permissions on disk are not."""
    entry = SFTPAttributes.from_stat(status, name)
    entry.st_uid = entry.st_gid = 0
    entry.st_mode = stat.S_IFMT(status.st_mode) | (0o755 if stat.S_ISDIR(status.st_mode) else 0o644)
    return entry
