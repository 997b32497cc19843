"""One FTP client's uploads: begun, completed, cut, and what the client's next command says about the upload before.

Knows nothing of listening, of threads, or of where uploads go: its `server` (see `door`) has all that. `tls_session`
encrypts it.
"""
# ruff: noqa: N802  (pyftpdlib calls ftp_<COMMAND>)

from __future__ import annotations

import posixpath
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import IO, Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.utils import strerror

from cws_filedrop import log
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.drop.claims import Cause, Claim
from cws_filedrop.drop.upload import IncomingUpload
from cws_filedrop.gate.logins import SessionInfo
from cws_filedrop.transports.ftp.commands import TEXT_MODE, FtpCommands
from cws_filedrop.transports.ftp.transfer import FtpActive, FtpPassive, FtpTransfer
from cws_filedrop.transports.landing.grading import ANNOUNCED, RENAMED, STAYED, Ungraded
from cws_filedrop.transports.landing.seller_files import CommandRefused

_LOG = log.get(__name__)
_NO_WAY: Final = "425 There is no data connection: send EPSV or PASV (or EPRT or PORT) before each transfer."
_RENAME_IT: Final = "226 Received {} bytes; rename it to its final name to deliver it."
_OVERTAKEN: Final = "425 No data connection was made before you sent another command."
_ABORTED: Final = "426 The transfer was aborted."
TRANSFERS: Final = frozenset({"STOR", "STOU", "APPE", "RETR", "LIST", "NLST", "MLSD"})


class FtpSession(FtpCommands):
    """The control connection of one client."""

    dtp_handler = FtpTransfer
    passive_dtp = FtpPassive
    active_dtp = FtpActive

    completing: IncomingUpload | None = None  # its data connection has ended, its reply has not been given
    _ungraded: Ungraded | None = None
    _proof: str | None = None  # of its data connection, that it is whole
    _announced: int | None = None  # size by ALLO, for the next upload
    _expected: int | None = None  # size by ALLO, for this upload
    # Privates of FTPHandler in pyftpdlib 2.2.0: what waits for its data connection, which _on_dtp_connection then
    # begins. `close` deletes both, hence the getattr below. With other shapes no transfer would begin.
    _in_dtp_queue: tuple[IncomingUpload, str] | None  # an upload and its command
    _out_dtp_queue: tuple[Any, bool, IO[bytes] | None, str] | None  # data, is it a producer, file, command

    @property
    def is_busy(self) -> bool:
        """Is something under way that should not be broken off?"""
        transfer = getattr(self, "data_channel", None)
        undecided = self._ungraded is not None and not self._ungraded.decided
        return self._paused or undecided or (transfer is not None and transfer.is_busy)

    def info(self) -> SessionInfo:
        """What is shown of this connection. From any thread."""
        return SessionInfo(str(self.door), self.remote_ip, self.client_name, self.is_busy)

    def dismiss(self, words: str) -> None:
        """Close it soon; a transfer that is under way is cut, and can be resumed. From any thread."""
        self.server.soon(lambda: self._dismissed(words))

    def _dismissed(self, words: str) -> None:
        if not self._closed:
            self.respond(f"421 {words}")
            self.close()

    # Commands, one after the other.

    def hear(self, line: bytes) -> None:
        super().hear(line)
        if self._ungraded is not None:
            self._ungraded.heard(self._verb)

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        transfer = self.data_channel
        if cmd in TRANSFERS and transfer is not None and transfer.is_busy:
            self.respond("450 A transfer is under way; wait until it has ended.")
        elif cmd in TRANSFERS and self.server.is_draining:
            self.respond("421 The service is stopping; come back in a minute.")
            self.close_when_done()
        else:
            if cmd in TRANSFERS:
                self.no_data(_OVERTAKEN)
            super().process_command(cmd, *args, **kwargs)

    # The library would say 150 and wait for ever: also when the client's connection came, and broke, beforehand.
    # pyftpdlib 2.2.0 has a data connection, a listening socket (PASV) or a connecting one (PORT), and clears none
    # of them when it breaks. A way that this did not know of would be refused with 425.
    def _has_no_way(self) -> bool:
        ways = (self.data_channel, self._dtp_acceptor, self._dtp_connector)
        return all(way is None or way._closed for way in ways)

    def push_dtp_data(
        self, data: Any, isproducer: bool = False, file: IO[bytes] | None = None, cmd: str | None = None
    ) -> None:
        if not self._has_no_way():
            super().push_dtp_data(data, isproducer=isproducer, file=file, cmd=cmd)
            return
        if file is not None:
            file.close()
        self.respond(_NO_WAY)

    def unread_commands(self) -> int | None:
        """The number of commands that were sent but not carried out yet; None when the client has gone."""
        try:
            waiting = self.socket.recv(65_536, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return len(self._queued)
        except OSError:
            return None
        return len(self._queued) + waiting.count(b"\n") if waiting else None

    # Uploads.

    def ftp_ALLO(self, line: str) -> None:
        announced = line.split(maxsplit=1)[0] if line.split() else ""
        if not announced.isdecimal() or len(announced) > 18:
            self.respond("501 ALLO needs a number of bytes.")
        elif self.login is not None and int(announced) > (most := self.server.intake.most_bytes(self.login.allowance)):
            self.respond(f"552 Too large: files up to {most} bytes are taken.")
        else:
            self._announced = int(announced)
            self.respond("200 Noted; the upload will be checked against it.")

    def ftp_STOR(self, file: str, mode: str = "w") -> None:
        offset = None if "a" in mode else self._restart_position
        self._restart_position = 0
        if self.is_misplaced(offset):
            self.respond(TEXT_MODE)
            return
        self._receive(lambda: self.fs.begin(file, offset=offset), "STOR" if offset is not None else "APPE")

    def ftp_STOU(self, line: str) -> None:
        path = self.fs.ftp2fs(line or self.fs.cwd)
        self._receive(lambda: self.fs.begin_unique(path), "STOU")

    def _receive(self, begin: Callable[[], IncomingUpload], cmd: str) -> None:
        self.drop_waiting()
        self._expected, self._announced = self._announced, None
        try:
            upload = begin()
        except CommandRefused as refusal:
            self.respond(f"{refusal.code} {refusal}.")
        except (OSError, FilesystemError) as error:
            self.respond(f"550 {strerror(error)}.")
        else:
            self._open_for(upload, cmd)

    # What FTPHandler.ftp_STOR of pyftpdlib 2.2.0 does with the file that it opened itself.
    def _open_for(self, upload: IncomingUpload, cmd: str) -> None:
        if self._has_no_way():
            upload.abandon()
            self.respond(_NO_WAY)
            return
        words = f"FILE: {posixpath.basename(upload.name)}" if cmd == "STOU" else "Ready for the bytes."
        if self.data_channel is None:
            self.respond(f"150 {words}")
            self._in_dtp_queue = (upload, cmd)
        else:
            self.respond(f"125 {words}")
            self.data_channel.file_obj = upload
            self.data_channel.enable_receiving(self._current_type, cmd)

    def drop_waiting(self) -> None:
        """Forget an upload that no data connection was made for."""
        waiting = getattr(self, "_in_dtp_queue", None)
        if waiting is not None:
            self._in_dtp_queue = None
            waiting[0].abandon()

    def no_data(self, reply: str) -> bool:
        """No data connection will come, or it broke at once; returns whether a command waited for it, now answered."""
        if self._closed:
            return False
        download, self._out_dtp_queue = self._out_dtp_queue, None
        waited = download is not None or self._in_dtp_queue is not None
        if download is not None and download[2] is not None:
            download[2].close()
        self.drop_waiting()
        if waited:
            self.respond(reply)
        return waited

    # pyftpdlib 2.2.0 calls this before PASV and PORT open another way, and by USER, REIN, ABOR and close. It
    # forgets the command that waited for the old one; unless this is called, that stays without an answer, and its
    # upload keeps its name taken.
    def _shutdown_connecting_dtp(self) -> None:
        self.no_data(_OVERTAKEN)
        super()._shutdown_connecting_dtp()

    def complete(self, upload: IncomingUpload, proof: str | None) -> None:
        """All bytes of an upload are here: put them on the disk and land them, in the background, then answer.

        The reply comes last: 226 promises that the upload cannot be lost, and clients delete their file after it.
        """
        expected = self._expected
        if expected is None or expected <= upload.size:
            self.in_background(self.server.disk, upload.finish, lambda done: self._landed(upload, done, proof))
            return
        self.completing = None
        self.cut(upload, Cause.SHORT, f"{upload.size} bytes arrived of the {expected} that were announced")
        self._answer(f"426 Only {upload.size} of {expected} bytes arrived; resume the upload, or send it again.")

    def _landed(self, upload: IncomingUpload, done: Future[Claim | None], proof: str | None) -> None:
        self.completing = None
        self._proof = proof
        failure = done.exception()
        reply = self._await_grade(upload, done.result()) if failure is None else self._unwritten(upload, failure)
        if self._closed:
            self._end_ungraded()
        else:
            self._answer(reply)

    def _await_grade(self, upload: IncomingUpload, claim: Claim | None) -> str:
        self._ungraded = Ungraded(self.server.intake, upload.drop, size=upload.size, claim=claim, inode=upload.inode)
        self._ungraded.on_doubt = self.server.recently_taken.forget
        if claim is None:
            self.files.holds(upload)
        else:
            self.files.took(claim)
        if upload.size == self._expected:
            self._ungraded.whole(ANNOUNCED)
        self._ungraded.unheard = self.unread_commands() or 0
        if self._proof and not self._ungraded.unheard:  # among the unheard may be ABOR
            self._ungraded.whole(self._proof)
        return _received(upload.size, claim) if claim else _RENAME_IT.format(upload.size)

    def _answer(self, reply: str) -> None:
        quitting = self._quit_pending
        self.resume(reply)
        if quitting:
            self.close()
        elif not self._closed and self._ungraded is not None and not self._ungraded.decided:
            grace = self.server.settings.grace_seconds
            self.ioloop.call_later(grace, self._stayed, self._ungraded, _errback=self.handle_error)

    def _unwritten(self, upload: IncomingUpload, failure: BaseException) -> str:
        _LOG.error("upload.not_written", seller=upload.drop.seller, error=repr(failure))
        self.cut(upload, Cause.DISK, "it could not be written to disk")
        return "452 It could not be written to disk here; try again later."

    def cut(self, upload: IncomingUpload, cause: Cause, evidence: str) -> None:
        """Report an upload that did not arrive whole."""
        try:
            upload.cut(cause, evidence)
        except OSError as error:  # the disk is full, or worse: the next start reports it
            _LOG.error("upload.cut_not_reported", seller=upload.drop.seller, error=repr(error))

    def _stayed(self, ungraded: Ungraded) -> None:
        if not (ungraded.decided or self._closed) and self.unread_commands() is not None:
            ungraded.whole(STAYED)

    def _end_ungraded(self) -> None:
        if self._ungraded is not None and self._proof:
            self._ungraded.whole(self._proof)
        elif self._ungraded is not None:
            self._ungraded.gone()

    # Other commands that the library handles differently.

    def ftp_ABOR(self, line: str) -> None:
        transfer = self.data_channel
        aborted = self.no_data(_ABORTED)
        self._shutdown_connecting_dtp()
        if transfer is not None:
            aborted = aborted or transfer.is_busy
            transfer.why = (Cause.ABORTED, "the client aborted the transfer")
            transfer.end(_ABORTED)
        self.respond("226 It was aborted." if aborted else "225 There was no transfer to abort.")

    def ftp_CWD(self, path: str) -> None:
        try:
            self.fs.chdir(path)
        except FilesystemError as refusal:
            self.respond(f"550 {refusal}.")
        else:
            self.respond(f'250 "{path}" is the current directory.')

    def ftp_RNTO(self, path: str) -> None:
        source, self._rnfr = self._rnfr, None
        if not source:
            self.respond("503 Send RNFR first.")
            return
        files = self.fs
        self.in_background(self.server.disk, lambda: files.rename(source, path), self._renamed)

    def _renamed(self, done: Future[Claim | None]) -> None:
        failure = done.exception()
        if failure is None:
            self._answer_renamed(done.result())
        elif self._closed:
            return
        elif isinstance(failure, CommandRefused):
            self.resume(f"{failure.code} {failure}.")
        elif isinstance(failure, OSError):
            self.resume(f"550 {strerror(failure)}.")
        else:
            raise failure

    def _answer_renamed(self, claim: Claim | None) -> None:
        reply = "250 Renamed."
        if claim is not None:
            ungraded = Ungraded(self.server.intake, claim, size=claim.size, claim=claim)
            self.files.took(claim)
            ungraded.whole(RENAMED)
            reply = _received(claim.size, claim, code=250)
        if not self._closed:
            self.resume(reply)

    # The end of a connection.

    # Called by DTPHandler.close (pyftpdlib 2.2.0), which here is before the upload has landed. After QUIT the
    # library would now close this connection, and the client would never hear 226: `_answer` closes it instead.
    def _on_dtp_close(self) -> None:
        quitting, self._quit_pending = self._quit_pending, self._quit_pending and self.completing is None
        super()._on_dtp_close()
        if not self._closed:
            self._quit_pending = quitting

    # `_quit_pending` has the library (2.2.0) close this connection when the data connection ends.
    # `_wanted_io_events` is how its initiate_send knows what the loop waits for: with WRITE in it the reply that
    # found the client gone would, when this returns to it, have the loop change a socket that is no longer
    # registered, which raises.
    def handle_close(self) -> None:
        """The client closed the control connection; what it sent on the data connection before may still come in."""
        transfer = getattr(self, "data_channel", None)
        receiving = transfer is not None and transfer.is_busy and transfer.receive
        if self._gone or self._closed or not (receiving or self._in_dtp_queue is not None):
            self.close()
            return
        self._gone = self._quit_pending = True
        self.discard_buffers()
        self._wanted_io_events = self.ioloop.READ
        self.del_channel()
        self.ioloop.call_later(self.server.settings.grace_seconds, self.close, _errback=self.handle_error)

    def close(self) -> None:
        if self._closed:
            return
        transfer = getattr(self, "data_channel", None)
        if transfer is not None:
            transfer.why = (Cause.CLOSED, "the connection went away while bytes were still to come")
        if self.login is not None:
            self._witnessed(AuditEventKind.LOGOUT)
        # The library's close first: it closes the data connection, which cuts the upload that is still coming in.
        super().close()
        self._leave()
        self._end_ungraded()
        self.server.forget(self)

    def handle_error(self) -> None:
        """Called for an exception that nobody caught: one event, and words for the client."""
        self.log_exception(self)
        if not self._closed and not self._paused:
            self.respond("421 Something went wrong here; the operator can see it. Please log in again.")
        self.close()


def _received(size: int, claim: Claim, *, code: int = 226) -> str:
    if claim.fault:  # the upload is kept all the same, and a receipt says more; but the client's user looks here
        return f"550 Received as upload {claim.upload_id}, but it cannot be used: {claim.fault}"
    return f"{code} Received {size} bytes; upload id {claim.upload_id}."
