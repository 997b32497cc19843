"""The SFTP subsystem of one client: each request, and its answer, in words.

The library's own dispatch is not used: it parses what unknown clients send without limits, and answers by bare codes.
Knows nothing of logins, and of SSH only its channel.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import paramiko
from paramiko import sftp
from paramiko.sftp_attr import SFTPAttributes

from cws_filedrop import log
from cws_filedrop.drop.claims import Cause
from cws_filedrop.transports.landing.seller_files import CommandRefused
from cws_filedrop.transports.sftp.answers import (
    ANSWER_IS_ALL,
    Answer,
    StatusReply,
    answer_to,
    attributes,
    is_expected,
    limits,
    names,
    path_in,
    refusal,
    shown,
)
from cws_filedrop.transports.sftp.files import SftpFiles
from cws_filedrop.transports.sftp.handles import Arriving, Begin, Fetched
from cws_filedrop.transports.sftp.paths import Keeper, PathRequests
from cws_filedrop.transports.sftp.requests import NumberedRequest, Requests

_LOG = log.get(__name__)
_VERSION: Final = 3
_EXTENSIONS: Final = ("posix-rename@openssh.com", "1", "fsync@openssh.com", "1", "limits@openssh.com", "1")
# OpenSSH's own values, for clients that ask: its sftp then sends eight times as much with each request.
_LIMITS: Final = {"packet": 262_144, "read": 261_120, "write": 261_120}
_MOST_AT_ONCE: Final = 2_097_152  # bytes read at once; the window of the channel is as large
_MOST_UNSENT: Final = 262_144
_MOST_OPEN: Final = 256
_TRAILED: Final = frozenset({sftp.CMD_OPEN, sftp.CMD_CLOSE, sftp.CMD_REMOVE, sftp.CMD_RENAME, sftp.CMD_MKDIR, 200})
_SIZE: Final = 1  # SSH_FILEXFER_ATTR_SIZE

_NO_HANDLE: Final = "That file is not open"


class Host(Keeper, Protocol):
    """What a session needs of the connection it belongs to."""

    why_ended: tuple[Cause, str]

    @property
    def files(self) -> SftpFiles: ...
    def session_began(self, session: SftpSession) -> None: ...
    def session_ended(self, session: SftpSession) -> None: ...
    def refused(self, words: str) -> None: ...
    def request_ended(self) -> None: ...


class SftpSession(PathRequests, paramiko.SFTPServer):
    """One SFTP channel, in a thread of its own.

    Everything runs in that thread; `is_busy`, `is_at_work` and `last_active_at` may be read by others.

    Of the library's SFTPServer (paramiko 5.1.0) only the thread is used: it calls `start_subsystem` and then
    `finish_subsystem`. Its `_process`, `_open_folder` and `_read_folder` are called by its own `start_subsystem` alone.
    """

    def __init__(self, channel: paramiko.Channel, name: str, server: Any) -> None:
        super().__init__(channel, name, server)
        self._host: Host = server
        self._keeper, self._files = self._host, self._host.files
        self._open: dict[bytes, Arriving | Fetched] = {}
        self._folders: dict[bytes, list[SFTPAttributes]] = {}
        self._handles = 0
        self._requests = Requests()
        self._answers = bytearray()
        self._in_request = False
        self._client_left = False
        self.last_active_at = time.monotonic()
        self._host.session_began(self)

    @property
    def is_busy(self) -> bool:
        """Is something under way that should not be broken off?"""
        return self._in_request or any(
            not isinstance(handle, Arriving) or not handle.is_over for handle in self._open.copy().values()
        )

    @property
    def is_at_work(self) -> bool:
        """Is a request being carried out at this moment?"""
        return self._in_request

    # The life of a session.

    def start_subsystem(self, name: str, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        threading.current_thread().name = "sftp-session"
        self.sock = channel
        try:
            self._greet()
            while True:
                self._process(*self._next())
        except (EOFError, OSError, paramiko.SSHException) as end:
            _LOG.debug("sftp.session_ended", why=repr(end))

    def finish_subsystem(self) -> None:
        """End the session: whatever is still open was not closed by the client."""
        # The library swallows what this raises, so that nothing may be left out: first the last answers, then a report
        # for each upload, then the end of the channel; and the door hears of the end whatever happened.
        try:
            self._answer()
            for handle in self._open.values():
                self._leave(handle)
            self._open.clear()
            self._farewell()
            super().finish_subsystem()
        finally:
            self._in_request = False
            self._host.session_ended(self)

    def _farewell(self) -> None:
        with contextlib.suppress(Exception):  # scp takes a missing exit status for a failure; many are gone by now
            cast(paramiko.Channel, self.sock).send_exit_status(0)

    def _leave(self, handle: Arriving | Fetched) -> None:
        try:
            if isinstance(handle, Arriving):
                handle.give_up(*self._host.why_ended)
            handle.close()
        except Exception:
            _LOG.error("sftp.leave_failed", exc_info=True)

    def _greet(self) -> None:
        kind, *_ = self._next()
        if kind != sftp.CMD_INIT:
            raise EOFError
        message = paramiko.Message()
        message.add_int(_VERSION)
        for text in _EXTENSIONS:
            message.add_string(text)
        self._send(sftp.CMD_VERSION, message)

    def _next(self) -> NumberedRequest:
        while (request := self._requests.next()) is None:
            self._requests.feed(self._receive())
        return request

    def _receive(self) -> bytes:
        """Answer what was asked before, then wait for more bytes. Raises: EOFError at the end."""
        self._answer()
        self._in_request, self.last_active_at = False, time.monotonic()
        self._host.request_ended()
        more: bytes = cast(paramiko.Channel, self.sock).recv(_MOST_AT_ONCE)
        if not more:
            raise EOFError
        self._in_request, self.last_active_at = True, time.monotonic()
        return more

    # Requests and answers.

    def _process(self, kind: int, number: int, message: paramiko.Message) -> None:
        """Carry out one request and answer it."""
        if self._client_left and kind in ANSWER_IS_ALL:
            return
        try:
            answer = _REQUESTS.get(kind, SftpSession._unknown)(self, number, message)
        except Exception as error:
            if isinstance(error, CommandRefused) and kind in _TRAILED:
                self._host.refused(str(error))
            if not is_expected(error):
                _LOG.error("sftp.request_failed", request=kind, exc_info=True)
            answer = refusal(number, error)
        self._send(*answer)

    def _send(self, kind: int, message: paramiko.Message) -> None:
        """Queue an answer. Those to requests that came together are sent together: a packet for each is slow."""
        body = message.asbytes()
        self._answers += struct.pack(">IB", len(body) + 1, kind) + body
        if len(self._answers) > _MOST_UNSENT:
            self._answer()

    def _answer(self) -> None:
        answers, self._answers = bytes(self._answers), bytearray()
        if answers and not self._client_left:
            try:
                cast(paramiko.Channel, self.sock).sendall(answers)
            except OSError:  # the client has gone; what it sent before counts all the same
                self._client_left = True

    def _unknown(self, number: int, message: paramiko.Message) -> Answer:
        raise StatusReply(sftp.SFTP_OP_UNSUPPORTED, "That is not offered here.")

    # Files.

    def _open_file(self, number: int, message: paramiko.Message) -> Answer:
        path, flags = path_in(message), message.get_int()
        if len(self._open) >= _MOST_OPEN:
            raise StatusReply(sftp.SFTP_FAILURE, "Too many files are open; close some first.")
        handle = self._begin(path, flags) if flags & sftp.SFTP_FLAG_WRITE else self._fetch(path)
        return self._give_handle(number, self._open, handle)

    def _fetch(self, path: str) -> Fetched:
        self._must_exist(path)
        return Fetched(self._files.open(path, "rb"))

    def _begin(self, path: str, flags: int) -> Arriving:
        if flags & sftp.SFTP_FLAG_EXCL and self._files.lexists(path):
            raise StatusReply(sftp.SFTP_FAILURE, "There is a file of that name already.")
        if not flags & sftp.SFTP_FLAG_CREATE:
            self._must_exist(path)
        how = (
            Begin.AT_END
            if flags & sftp.SFTP_FLAG_APPEND and not flags & sftp.SFTP_FLAG_TRUNC
            else Begin.ANEW
            if flags & sftp.SFTP_FLAG_TRUNC or not self._files.is_unfinished(path)
            else Begin.AT_OFFSET
        )
        files = self._files
        return Arriving(
            lambda offset: files.begin(path, offset=offset),
            how,
            intake=self._host.intake,
            files=files,
        )

    def _close(self, number: int, message: paramiko.Message) -> Answer:
        name = message.get_binary()
        if self._folders.pop(name, None) is not None:
            return self._done(number)
        handle = self._open_handle(name)
        try:
            if isinstance(handle, Arriving):
                handle.land()
            else:
                handle.close()
        finally:
            self._open.pop(name, None)
        return self._done(number)

    def _read_file(self, number: int, message: paramiko.Message) -> Answer:
        handle = self._open_handle(message.get_binary())
        if isinstance(handle, Arriving):
            raise CommandRefused("It is being uploaded; it cannot be read")
        content = handle.read(message.get_int64(), message.get_int())
        if not content:
            raise StatusReply(sftp.SFTP_EOF, "That is the end of the file.")
        answer = answer_to(number)
        answer.add_string(content)
        return sftp.CMD_DATA, answer

    def _write_file(self, number: int, message: paramiko.Message) -> Answer:
        handle = self._arriving(message.get_binary())
        offset, size = message.get_int64(), message.get_int()
        chunk = message.get_remainder()
        if len(chunk) < size:  # the library would fill it up with zeros
            raise ValueError("a chunk that is shorter than it says")
        handle.put(offset, chunk[:size])  # some versions of rclone leave what was in their buffer behind the last one
        return self._done(number)

    def _extended(self, number: int, message: paramiko.Message) -> Answer:
        match message.get_text():
            case "posix-rename@openssh.com":
                return self._rename(number, message)
            case "fsync@openssh.com":
                self._arriving(message.get_binary()).sync()
                return self._done(number)
            case "limits@openssh.com":
                return limits(number, *_LIMITS.values(), _MOST_OPEN)
            case _:
                return self._unknown(number, message)

    # Not `_handle`: threading.Thread has an attribute of that name in Python 3.13.0 to 3.13.3, which would hide this.
    def _open_handle(self, name: bytes) -> Arriving | Fetched:
        handle = self._open.get(name)
        if handle is None:
            raise StatusReply(sftp.SFTP_FAILURE, f"{_NO_HANDLE}.")
        return handle

    def _arriving(self, name: bytes) -> Arriving:
        handle = self._open_handle(name)
        if not isinstance(handle, Arriving):
            raise CommandRefused("It was opened to be read, not to be written")
        return handle

    def _give_handle(self, number: int, table: dict[bytes, Any], what: Any) -> Answer:
        self._handles += 1
        name = b"%d" % self._handles
        table[name] = what
        answer = answer_to(number)
        answer.add_string(name)
        return sftp.CMD_HANDLE, answer

    # What is there.

    def _stat_open(self, number: int, message: paramiko.Message) -> Answer:
        handle = self._open_handle(message.get_binary())
        if isinstance(handle, Fetched):
            return attributes(number, shown(handle.status(), ""))
        now = int(time.time())
        status = os.stat_result((stat.S_IFREG, 0, 0, 1, 0, 0, handle.size, now, now, now))
        return attributes(number, shown(status, ""))

    def _set_stat_open(self, number: int, message: paramiko.Message) -> Answer:
        handle = self._open_handle(message.get_binary())
        if message.get_int() & _SIZE and isinstance(handle, Arriving):
            handle.resize(message.get_int64())
        return self._done(number)

    def _open_folder(self, number: int, message: paramiko.Message) -> Answer:
        path = path_in(message)
        if not self._files.isdir(path):
            raise StatusReply(sftp.SFTP_NO_SUCH_FILE, "No such folder.")
        if len(self._folders) >= _MOST_OPEN:
            raise StatusReply(sftp.SFTP_FAILURE, "Too many folders are open; close some first.")
        entries = [self._entry(path, name) for name in reversed(self._files.listdir(path))]
        return self._give_handle(number, self._folders, [entry for entry in entries if entry is not None])

    def _read_folder(self, number: int, message: paramiko.Message) -> Answer:
        name = message.get_binary()
        if name not in self._folders:
            raise StatusReply(sftp.SFTP_FAILURE, f"{_NO_HANDLE}.")
        rest = self._folders[name]
        if not rest:
            raise StatusReply(sftp.SFTP_EOF, "That is all.")
        return names(number, [rest.pop() for _ in range(min(100, len(rest)))])


_REQUESTS: Final[dict[int, Callable[[SftpSession, int, paramiko.Message], Answer]]] = {
    sftp.CMD_OPEN: SftpSession._open_file,
    sftp.CMD_CLOSE: SftpSession._close,
    sftp.CMD_READ: SftpSession._read_file,
    sftp.CMD_WRITE: SftpSession._write_file,
    sftp.CMD_STAT: SftpSession._stat,
    sftp.CMD_LSTAT: SftpSession._stat,
    sftp.CMD_FSTAT: SftpSession._stat_open,
    sftp.CMD_SETSTAT: SftpSession._set_stat,
    sftp.CMD_FSETSTAT: SftpSession._set_stat_open,
    sftp.CMD_OPENDIR: SftpSession._open_folder,
    sftp.CMD_READDIR: SftpSession._read_folder,
    sftp.CMD_REALPATH: SftpSession._real_path,
    sftp.CMD_REMOVE: SftpSession._remove,
    sftp.CMD_RENAME: SftpSession._rename,
    sftp.CMD_MKDIR: SftpSession._make_folder,
    sftp.CMD_RMDIR: SftpSession._remove_folder,
    sftp.CMD_READLINK: SftpSession._refuse_links,
    sftp.CMD_SYMLINK: SftpSession._refuse_links,
    sftp.CMD_EXTENDED: SftpSession._extended,
}
