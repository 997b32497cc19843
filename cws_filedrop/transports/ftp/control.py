"""One FTP client's control connection, up to its login: commands in, replies out, pauses while another thread works.

Knows nothing of uploads (see `session`), of listening, or of where passwords are kept: its `server` (see `door`) has
all that.
"""
# ruff: noqa: N802  (pyftpdlib calls ftp_<COMMAND>)

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.handlers import FTPHandler

from cws_filedrop import log
from cws_filedrop.drop import names
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.logins import LATER, LoginAnswer, SellerLogin
from cws_filedrop.model import Door
from cws_filedrop.transports.landing.seller_files import SellerFiles, Visitor

_LOG = log.get(__name__)
_DIGESTS: Final[dict[str, Any]] = {
    name: {"perm": "r", "auth": True, "arg": True, "help": f"Syntax: {name} <SP> path."}
    for name in ("HASH", "XSHA256", "XSHA1", "XMD5", "XCRC")
}
_COMMANDS: Final = {
    **{name: entry for name, entry in FTPHandler.proto_cmds.items() if name != "MFMT"},
    **_DIGESTS,
    "CLNT": {"perm": None, "auth": False, "arg": True, "help": "Syntax: CLNT <SP> client-name."},
}
# Refusals of these are kept in the audit trail.
_TRAILED: Final = frozenset({"STOR", "STOU", "APPE", "RETR", "DELE", "RNFR", "RNTO", "MKD", "RMD", "SITE"})
_MOST_QUEUED: Final = 100
_LONGEST_COMMAND: Final = 2048  # bytes
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MOST_UNREAD: Final = 1_000  # answers that a client leaves unread


class _Permissions:
    """What pyftpdlib asks of an authorizer after the login; refusals come from `SellerFiles`, which says why."""

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        return True

    def get_perms(self, username: str) -> str:
        return "elradfw"

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."


class FtpControl(FTPHandler):  # type: ignore[misc]
    """The control connection of one client, without uploads.

    Belongs to the serving thread. Others reach it through `server.soon` and `server.in_background` alone.
    """

    authorizer = _Permissions()
    proto_cmds = _COMMANDS
    permit_foreign_addresses = False
    permit_privileged_ports = False
    door = Door.FTP

    files: SellerFiles  # as `fs`, which the library forgets when the connection closes: before an upload has landed
    login: SellerLogin | None = None
    has_logged_in = False  # at any time
    client_name = ""  # as it says itself, if it does
    _verb = ""  # of its last command
    _paused = False
    _gone = False
    # Privates of FTPHandler in pyftpdlib 2.2.0, which sets them in __init__ and resets them in flush_account.
    _extra_feats: list[str]  # what FEAT says besides
    _in_buffer: list[bytes]  # pieces of the command that is coming in
    _in_buffer_len: int
    _quit_pending: bool  # QUIT came during a transfer
    _restart_position: int  # by REST, for the next transfer
    _rnfr: str | None  # the source of the next RNTO
    producer_fifo: Any  # of asynchat: replies that are not sent yet

    def __init__(self, conn: socket.socket, server: Any, ioloop: Any = None) -> None:
        self._queued: list[bytes] = []
        super().__init__(conn, server, ioloop=ioloop)
        self._extra_feats += ["HASH SHA-256*", *(name for name in _DIGESTS if name != "HASH")]

    # Bytes are kept as they come, in ASCII mode too: a line end that was changed on the way would change the file's
    # hash and size, and spoil UTF-16. pyftpdlib 2.2.0 keeps the type of TYPE in this private alone, and asks it before
    # each transfer. If it kept it elsewhere, uploads in ASCII mode would be altered.
    @property
    def _current_type(self) -> str:
        return "i"

    @_current_type.setter
    def _current_type(self, value: str) -> None:
        pass

    # A client that sends names in another encoding than UTF-8 gets its answers in that: two names that differ stay two.
    def decode(self, line: bytes) -> str:
        text, encoding = names.text_of(line)
        if encoding:
            self.encoding = encoding
        return text

    # pyftpdlib 2.2.0 answers every 2,048 bytes of a command that is too long, and carries out the rest. Here only
    # so much of it is kept that `_obey` sees that it was too long.
    def collect_incoming_data(self, data: bytes) -> None:
        more = data[: _LONGEST_COMMAND + 1 - self._in_buffer_len]
        self._in_buffer.append(more)
        self._in_buffer_len += len(more)

    # The library's own method joins `_in_buffer`, so that `_obey` puts the line back there before it calls it. With
    # another name every command would be an empty one.
    def found_terminator(self) -> None:
        if self._closed:  # an answer to the line before found the client gone; the library goes on all the same
            return
        line, self._in_buffer, self._in_buffer_len = b"".join(self._in_buffer), [], 0
        if not self._paused:
            self._obey(line)
            return
        self._queued.append(line)
        if len(self._queued) > _MOST_QUEUED:
            self.close()

    def _obey(self, line: bytes) -> None:
        self.hear(line)
        if len(line) > _LONGEST_COMMAND:
            self.respond(f"500 That command is too long; {_LONGEST_COMMAND} bytes are the most.")
        else:
            self._in_buffer = [line]
            super().found_terminator()

    def hear(self, line: bytes) -> None:
        """A command came; called before it is carried out."""
        self._verb = line.split(b" ", 1)[0][-4:].upper().decode("ascii", "replace")

    def in_background(self, pool: Executor, work: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        """Run `work` in another thread, read nothing from the client meanwhile, then call `then` in this one.

        A disk that is slow to sync, or a password that is slow to check, holds up its own client and nobody else.
        `work` must not touch this session: only the serving thread may.
        """
        self.pause()
        self.server.in_background(pool, work, lambda future: self._guarded(then, future))

    def _guarded(self, then: Callable[[Future[Any]], None], future: Future[Any]) -> None:
        try:
            then(future)
        except Exception:
            self.handle_error()

    def pause(self) -> None:
        """Read nothing from the client until `resume`."""
        # Out of the loop, rather than a flag that `readable` returns: epoll would report the waiting bytes again and
        # again, and turn the loop into a busy one.
        self._paused = True
        self.del_channel()

    def resume(self, reply: str = "") -> None:
        """Reply, and read from the client again; first carry out the commands that are queued."""
        paused, self._paused = self._paused, False
        if paused and not self._quit_pending:
            self.add_channel()
        if reply:
            self.respond(reply)
        if not self._quit_pending:
            self._obey_queued()

    def _obey_queued(self) -> None:
        while self._queued and not (self._paused or self._closed):
            self._obey(self._queued.pop(0))

    # Login.

    @property
    def in_clear(self) -> bool:
        """Would a password sent now be readable on its way?"""
        return False  # without TLS at this door there is no better way that could be demanded

    def ftp_USER(self, line: str) -> None:
        super().ftp_USER(line)
        self.username = line.strip()

    def ftp_PASS(self, line: str) -> None:
        if self.authenticated:
            self.respond("503 You are logged in already.")
        elif not self.username:
            self.respond("503 Send USER first.")
        else:
            user, address, clear = self.username, self.remote_ip, self.in_clear
            logins = self.server.logins
            self.in_background(
                logins.turn(user, line, address, clear=clear, run=self.server.login_pool.submit),
                lambda: logins.check(user, line, address, clear=clear),
                self._checked,
            )

    def _checked(self, future: Future[LoginAnswer]) -> None:
        if self._closed:
            return
        failure = future.exception()
        if failure is not None:
            _LOG.error("login.check_failed", error=repr(failure))
            self.resume(f"421 {LATER}")
            self.close_when_done()
            return
        answer = future.result()
        if answer.login is None:
            self._witnessed(AuditEventKind.LOGIN_REFUSED, answer.text)
            self.username = ""
            delay = self.server.failure_delay_seconds
            self.ioloop.call_later(delay, self._refuse_login, answer.text, _errback=self.handle_error)
        else:
            self._let_in(answer.login)

    def _refuse_login(self, text: str) -> None:
        if self._closed:
            return
        self.attempted_logins += 1
        if self.attempted_logins < self.max_login_attempts:
            self.resume(f"530 {text}")
        else:
            self.resume(f"530 {text} Disconnecting.")
            self.close_when_done()

    def _let_in(self, login: SellerLogin) -> None:
        if words := self.server.logins.presence.enter(login, self):
            self._witnessed(AuditEventKind.LOGIN_REFUSED, words)
            self.resume(f"421 {words}")
            self.close_when_done()
            return
        self.login, self.has_logged_in = login, True
        self.username = login.name
        self.authenticated = True
        self.attempted_logins = 0
        visitor = Visitor(self.server.intake.homes.of(login.name), self.door, self.remote_ip, login.allowance)
        self.fs = SellerFiles(visitor, self, intake=self.server.intake, recently_taken=self.server.recently_taken)
        self.files = self.fs
        _LOG.debug("login.accepted", seller=login.name, address=self.remote_ip)
        self._witnessed(AuditEventKind.LOGIN)
        self.resume(f"230 Welcome, {login.name}. Upload into /inbox; receipts and results appear in /outbox.")

    def _witnessed(self, event: AuditEventKind, detail: str = "") -> None:
        by: dict[str, Any] = {"seller": self.username.lower(), "address": self.remote_ip, "door": str(self.door)}
        self.server.intake.witness(AuditEvent(event=event, **by, client=self.client_name, detail=detail))

    def ftp_CLNT(self, line: str) -> None:
        self.client_name = line
        self.respond("200 Noted.")

    def flush_account(self) -> None:
        super().flush_account()
        self._leave()

    def _leave(self) -> None:
        if self.login is not None:
            self.server.logins.presence.leave(self.login, self)
        self.login = None

    def run_as_current_user(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    # Replies.

    def handle_max_cons(self) -> None:
        self.respond("421 All connections are taken; try again in a minute.")
        self.close()

    def handle_max_cons_per_ip(self) -> None:
        self.respond("421 Too many connections from your address; close one, or try again in a minute.")
        self.close_when_done()

    def push(self, data: str) -> None:
        super().push(data.encode(self.encoding, "replace").decode(self.encoding))  # the library would raise
        if len(self.producer_fifo) > _MOST_UNREAD and not self._closed:
            _LOG.warning("ftp.answers_not_read", seller=self.username, address=self.remote_ip)
            self.discard_buffers()
            self.server.soon(self.close)

    # Instead of the library's, which would log each reply. `_last_response` stays for its process_command, which
    # (2.2.0) takes code and text apart for log_cmd after each command.
    def respond(self, resp: str, logfun: Any = None) -> None:
        resp = _CONTROLS.sub("?", resp)  # a reply may quote the client, and is one line
        self._last_response = resp
        if resp[:1] in "45" and self._verb in _TRAILED and self.authenticated:
            self._witnessed(AuditEventKind.REFUSED, f"{self._verb}: {resp}")
        if not self._gone:
            self.push(resp + "\r\n")

    # The library's own log: only failures, and as our events.

    def log_exception(self, instance: Any) -> None:
        _LOG.error("ftp.session_failed", seller=self.username, address=self.remote_ip, exc_info=True)

    def log(self, msg: str, logfun: Any = None) -> None:
        pass

    def logline(self, msg: str, logfun: Any = None) -> None:
        pass

    def log_cmd(self, cmd: str, arg: str, respcode: int, respstr: str) -> None:
        pass

    def log_transfer(self, **what: Any) -> None:
        pass
