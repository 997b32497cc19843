"""The FTP data connection: bytes into an upload, and how they ended.

The reply is held back until the session has landed the upload: the library would send 226 first, and cannot tell a
clean end from a broken one. Knows nothing of grades; the session decides what an end means.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import _RetryError
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.log import logger

from cws_filedrop import log
from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.upload import IncomingUpload, TooLarge

_LOG = log.get(__name__)
_AGAIN: Final = (errno.EAGAIN, errno.EWOULDBLOCK)
_BROKEN_OFF: Final = "426 The transfer was broken off."
_OTHER: Final = (Cause.ABORTED, "the client broke the transfer off")


class FtpTransfer(DTPHandler):  # type: ignore[misc]
    """One data connection. While receiving, `file_obj` is an `IncomingUpload`, until its end is known."""

    ac_in_buffer_size = 262_144
    ac_out_buffer_size = 262_144
    file_obj: Any
    # Privates of DTPHandler in pyftpdlib 2.2.0: `_resp` is the reply and its log function, which `close` sends once the
    # socket is closed, if it is set; `_initialized` says that a command uses this connection.
    _resp: tuple[Any, ...]
    _initialized: bool
    proof: str | None = None  # that the client ended it on purpose, where the end of its bytes alone proves nothing

    def __init__(self, sock: socket.socket, cmd_channel: Any) -> None:
        self._broken = False
        self.why = _OTHER
        super().__init__(sock, cmd_channel)
        if self._closed:
            cmd_channel.no_data("425 The data connection broke before it was used; try again.")

    @property
    def is_busy(self) -> bool:
        """Is a transfer under way?"""
        return bool(self._initialized and not self._closed)

    # Instead of AsyncChat.recv, which (pyftpdlib 2.2.0) makes a clean end of a reset: an upload that was cut would
    # be called whole. `_RetryError` is its private word for "nothing there yet", which handle_read expects.
    def recv(self, buffer_size: int) -> bytes:
        try:
            data: bytes = self.socket.recv(buffer_size)
        except OSError as error:
            if error.errno in _AGAIN:
                raise _RetryError from error
            self._broken = True
            data = b""
        if not data:
            self.handle_close()
        return data

    def handle_read(self) -> None:
        try:
            chunk = self.recv(self.ac_in_buffer_size)
        except _RetryError:
            return
        if chunk and self.file_obj is not None:
            self.tot_bytes_received += len(chunk)
            self._store(chunk)

    handle_read_event = handle_read  # DTPHandler aliases its own (pyftpdlib 2.2.0), and the loop calls the alias

    def _store(self, chunk: bytes) -> None:
        try:
            self.file_obj.write(chunk)
        except TooLarge as error:
            self._cut(f"552 {error}; nothing of it was taken.", Cause.TOO_LARGE, str(error))
        except OSError as error:
            why = f"it could not be written: {error.strerror}"
            self._cut("452 It could not be written to disk here; try again later.", Cause.DISK, why)

    def handle_close(self) -> None:
        """The connection ended; when receiving, all depends on whether it ended cleanly."""
        if self._closed or not self.receive or self.file_obj is None:
            super().handle_close()
        elif self.is_broken():
            reply = "426 The data connection broke; resume the upload, or send it again."
            self._cut(reply, Cause.RESET, "the data connection broke in the middle of the transfer")
        else:
            self._complete()

    def is_broken(self) -> bool:
        """Did the connection, which has ended, end other than by the client's will?"""
        return bool(self._broken or self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _complete(self) -> None:
        upload = self._take_upload()
        # `_take_upload` comes before `close`: the library closes what it finds in file_obj, which would abandon the
        # upload.
        self.transfer_finished = True
        self.cmd_channel.completing = upload
        self.close()  # RFC 959: the data connection is closed before the reply
        self.cmd_channel.complete(upload, self.proof)

    def _cut(self, reply: str, cause: Cause, evidence: str) -> None:
        self.cmd_channel.cut(self._take_upload(), cause, evidence)
        self._resp = (reply, logger.debug)
        self.close()

    def _take_upload(self) -> IncomingUpload:
        upload: IncomingUpload = self.file_obj
        self.file_obj = None
        return upload

    def handle_timeout(self) -> None:
        """Called every `timeout` seconds."""
        self.why = (Cause.STALLED, "nothing came for too long")
        super().handle_timeout()
        self.why = _OTHER

    def end(self, reply: str) -> None:
        """Close it; `reply` answers the command that is using it, if there is one."""
        if self.is_busy:
            self._resp = (reply, logger.debug)
        self.close()

    def close(self) -> None:
        """Close; an upload whose end was not seen is cut.

        Every command gets its answer, or the client would take the next one for it.
        """
        if self.is_busy and not (self._resp or self.transfer_finished or self.cmd_channel._closed):
            self._resp = (_BROKEN_OFF, logger.debug)
        if not self._closed and self.receive and self.file_obj is not None:
            self.cmd_channel.cut(self._take_upload(), *self.why)
        super().close()


class FtpPassive(FTPHandler.passive_dtp):  # type: ignore[misc]
    """Waits for the client's data connection."""

    def handle_accepted(self, sock: socket.socket, addr: Any) -> None:
        """Accept the client, and nobody else.

        Others are refused without a reply to the client, who would take it for the answer to a command.
        """
        if addr[0] == self.cmd_channel.remote_ip:
            super().handle_accepted(sock, addr)
        else:
            sock.close()
            _LOG.warning("ftp.stranger_refused", address=addr[0], client=self.cmd_channel.remote_ip)

    def handle_timeout(self) -> None:
        if self.cmd_channel.connected:
            self.cmd_channel.no_data("425 No data connection was made; is a firewall in the way?")
        self.close()


class FtpActive(FTPHandler.active_dtp):  # type: ignore[misc]
    """Connects to the client for its data connection.

    Until that has worked or failed no other command is read: the answers would come in the wrong order.
    """

    def __init__(self, ip: str, port: int, cmd_channel: Any) -> None:
        cmd_channel.pause()
        super().__init__(ip, port, cmd_channel)

    def handle_connect(self) -> None:
        super().handle_connect()
        if self.cmd_channel.connected:
            self.cmd_channel.resume()

    def handle_timeout(self) -> None:
        self._fail("425 You could not be reached at that address in time; passive mode may work.")

    def handle_close(self) -> None:
        self._fail("425 You could not be reached at that address; passive mode may work.")

    def _fail(self, reply: str) -> None:
        if self._closed:
            return
        self.close()
        if self.cmd_channel.connected:
            self.cmd_channel.resume(reply)
