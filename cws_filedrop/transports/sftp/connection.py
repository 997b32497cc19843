"""One SSH connection: who the client is, and what of SSH it is offered, which is SFTP alone.

Called by the connection's own thread, so that nothing here delays another client. Knows nothing of listening.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from cws_filedrop import log
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.home import SELLER_NAME
from cws_filedrop.drop.intake import Intake
from cws_filedrop.gate.logins import LATER, LoginAnswer, Logins, SellerLogin, SessionInfo
from cws_filedrop.model import Door
from cws_filedrop.transports.landing.recently_taken import RecentlyTaken
from cws_filedrop.transports.landing.seller_files import Visitor
from cws_filedrop.transports.sftp.files import SftpFiles
from cws_filedrop.transports.sftp.handles import LEFT
from cws_filedrop.transports.sftp.session import SftpSession
from cws_filedrop.transports.sftp.tuning import SshTransport, after_reply, hasten

_LOG = log.get(__name__)
_ATTEMPTS: Final = 6
_MOST_CHANNELS: Final = 10
_NO_SHELL: Final = "This is a file drop: use sftp.\r\n"
_SCP: Final = re.compile(rb"\s*(\S*/)?scp\s")
_NO_SCP: Final = "nothing was taken: the old protocol of scp is not offered here; use sftp, or scp -s"
_TOO_MANY_KEYS: Final = (
    "{} keys were offered that are not this seller's, and no more are looked at; offer only the right one"
)

AuthorizedKeys: TypeAlias = Callable[[str, paramiko.PKey], SellerLogin | None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a door share. `changed` is called, from any thread, after each request and connection."""

    intake: Intake
    recently_taken: RecentlyTaken
    logins: Logins
    keys: AuthorizedKeys
    failure_delay_seconds: float
    changed: Callable[[], None]


class Connection(paramiko.ServerInterface):
    """Answers the library's questions about one client.

    The library calls it from the connection's thread. The door and the sessions call from theirs: what they use reads
    or copies single attributes, so that no lock is needed.
    """

    def __init__(self, transport: SshTransport, address: str, shared: Shared) -> None:
        self._transport = transport
        self.address = address
        self._shared = shared
        self.intake = shared.intake
        self.recently_taken = shared.recently_taken
        self.why_ended: tuple[Cause, str] = LEFT
        self.began_at = time.monotonic()
        self._offered: SellerLogin | None = None
        self._counted: SellerLogin | None = None  # among the connections of that seller
        self._failures = 0
        self._wrong_keys, self._key_user = 0, ""
        self._channels = 0
        self._over = threading.Event()
        self._sessions: set[SftpSession] = set()

    # What the door asks.

    @property
    def login(self) -> SellerLogin | None:
        """Who the client is, once that is proved."""
        # For a key that is only shown, `_offered` is set though nothing is proved yet.
        return self._offered if self._transport.is_authenticated() else None

    @property
    def has_logged_in(self) -> bool:
        """Has the client ever logged in? True even when the connection is closed by now."""
        # Asked of the handler, since Transport.is_authenticated is false once the connection is closed (paramiko
        # 5.1.0).
        return self._transport.auth_handler is not None and self._transport.auth_handler.is_authenticated()

    @property
    def is_over(self) -> bool:
        """Has it been asked to end?"""
        return self._over.is_set()

    @property
    def is_busy(self) -> bool:
        """Is something under way that should not be broken off?"""
        return any(session.is_busy for session in self._sessions.copy())

    @property
    def is_at_work(self) -> bool:
        """Is a request being carried out at this moment?"""
        return any(session.is_at_work for session in self._sessions.copy())

    @property
    def last_active_at(self) -> float:
        """When its client last sent a request, on the monotonic clock."""
        return max([self.began_at, *(session.last_active_at for session in self._sessions.copy())])

    @property
    def client_name(self) -> str:
        """The client's program, as it calls itself."""
        return self._transport.remote_version.partition("-")[2].partition("-")[2]

    def info(self) -> SessionInfo:
        """What is shown of this connection. From any thread."""
        return SessionInfo(str(Door.SFTP), self.address, self.client_name, self.is_busy)

    def dismiss(self, words: str) -> None:
        """Close it; uploads still open are cut, and can be resumed."""
        self.end(words)

    def end(self, words: str = "", *, why: tuple[Cause, str] = LEFT) -> None:
        """Close it; uploads still open are cut for that reason. From any thread."""
        self.why_ended = why
        self._over.set()
        self._transport.hang_up(words)

    def left(self) -> None:
        """Stop counting it: its seller may open another."""
        if self._counted is not None:
            self._shared.logins.presence.leave(self._counted, self)
            self._counted = None

    def join(self, seconds: float) -> None:
        """Wait at most `seconds` for its threads to end."""
        until = time.monotonic() + seconds
        self.join_sessions(seconds)
        self._transport.join(max(0.0, until - time.monotonic()))

    def join_sessions(self, seconds: float) -> None:
        """Wait at most `seconds` for its sessions to report what they leave unfinished."""
        until = time.monotonic() + seconds
        for thread in self._sessions.copy():
            with contextlib.suppress(RuntimeError):  # it was about to begin
                thread.join(max(0.0, until - time.monotonic()))

    # What its sessions ask.

    @property
    def files(self) -> SftpFiles:
        """The home of whoever logged in."""
        if self.login is None:
            raise PermissionError("nobody has logged in")
        visitor = Visitor(self.intake.homes.of(self.login.name), Door.SFTP, self.address, self.login.allowance)
        return SftpFiles(visitor, None, intake=self.intake, recently_taken=self.recently_taken)

    def session_began(self, session: SftpSession) -> None:
        """A channel has become a session."""
        self._sessions.add(session)
        if self.login is not None:
            self._shared.logins.came_in(self.login, self.address)
            self._witnessed(AuditEventKind.LOGIN, self.login.name)

    def session_ended(self, session: SftpSession) -> None:
        """A session has ended, and reported what it left unfinished."""
        self._sessions.discard(session)
        if self._offered is not None:
            self._witnessed(AuditEventKind.LOGOUT, self._offered.name)
        self._shared.changed()

    def refused(self, words: str) -> None:
        """A request was refused."""
        if self._offered is not None:
            self._witnessed(AuditEventKind.REFUSED, self._offered.name, words)

    def request_ended(self) -> None:
        """A request was answered."""
        self._shared.changed()

    # Logging in.

    def get_allowed_auths(self, username: str) -> str:
        return "publickey" if self._shared.logins.banned(self.address) else "publickey,password"

    def check_auth_none(self, username: str) -> int:
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str | bytes) -> int:
        text = password.decode(errors="replace") if isinstance(password, bytes) else password
        answer = self._ask(lambda: self._shared.logins.check_here(username, text, self.address))
        if answer.login is None and not self.is_over:
            self._witnessed(AuditEventKind.LOGIN_REFUSED, username, answer.text)
            self._over.wait(self._shared.failure_delay_seconds)
        return self._decide(answer.login)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._decide(self._ask(lambda: self._by_key(username, key)).login)

    def _by_key(self, username: str, key: paramiko.PKey) -> LoginAnswer:
        name = username.strip().lower()
        login = self._shared.keys(name, key) if SELLER_NAME.fullmatch(name) else None
        if login is None:  # clients try one key after the other: not worth an event before the last
            self._wrong_keys, self._key_user = self._wrong_keys + 1, username
            return LoginAnswer(None)
        answer = self._shared.logins.admitted(login, self.address)
        if answer.login is None:
            self._witnessed(AuditEventKind.LOGIN_REFUSED, username, answer.text)
        return answer

    def _ask(self, question: Callable[[], LoginAnswer]) -> LoginAnswer:
        try:
            return question()
        except Exception as error:  # the library would hide it among the mistakes of clients
            _LOG.error("login.check_failed", error=repr(error))
            self.end(LATER)  # not as refused: nobody knows that the password is wrong
            return LoginAnswer(None, LATER)

    def _witnessed(self, event: AuditEventKind, seller: str, detail: str = "") -> None:
        by: dict[str, Any] = {"seller": seller.strip().lower(), "address": self.address, "door": str(Door.SFTP)}
        self.intake.witness(AuditEvent(event=event, **by, client=self.client_name, detail=detail))

    # The last answer before the library lets a client in is the one that let it in: names cannot change between.
    def _decide(self, login: SellerLogin | None) -> int:
        self._offered = login = self._count_in(login)
        if login is not None:
            return AUTH_SUCCESSFUL
        if self.is_over:
            return AUTH_FAILED
        self._failures += 1
        if self._failures >= _ATTEMPTS:
            self._transport.last_attempt()
            self._tell_of_keys()
        return AUTH_FAILED

    def _tell_of_keys(self) -> None:
        if self._wrong_keys < self._failures:
            return
        words = _TOO_MANY_KEYS.format(self._wrong_keys)
        self._witnessed(AuditEventKind.LOGIN_REFUSED, self._key_user, words)
        self._transport.show(f"{words} (OpenSSH: -o IdentitiesOnly=yes).\r\n")

    def peer_is_incompatible(self, why: str) -> None:
        """The client's program and we have no algorithm in common."""
        self._witnessed(AuditEventKind.LOGIN_REFUSED, "", f"no algorithm in common: {why}")

    def _count_in(self, login: SellerLogin | None) -> SellerLogin | None:
        """Count the connection against its seller's limit, even for a key that is only offered; None when over it."""
        self.left()
        if login is None:
            return None
        if words := self._shared.logins.presence.enter(login, self):
            self._witnessed(AuditEventKind.LOGIN_REFUSED, login.name, words)
            return None
        self._counted = login
        return login

    # What is offered: one subsystem.

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind != "session":
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        if len(self._sessions) >= _MOST_CHANNELS or self._channels >= 100 * _MOST_CHANNELS:
            return OPEN_FAILED_RESOURCE_SHORTAGE
        self._channels += 1
        return OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: Any) -> int:
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        if name != "sftp" or getattr(channel, "is_used", False) or len(self._sessions) >= _MOST_CHANNELS:
            return False
        channel.is_used = True  # type: ignore[attr-defined]
        hasten(channel)
        SftpSession(channel, name, self).start()
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        after_reply(channel, lambda: _send_away(channel))
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if not _SCP.match(command):
            return self.check_channel_shell_request(channel)
        if self._offered is not None:
            self._witnessed(AuditEventKind.REFUSED, self._offered.name, _NO_SCP)
        after_reply(channel, lambda: _refuse_scp(channel))
        return True

    def check_channel_env_request(self, channel: paramiko.Channel, name: bytes, value: bytes) -> bool:
        return False


def _send_away(channel: paramiko.Channel) -> None:
    channel.settimeout(0.0)  # never wait for a client that does not read
    channel.send_stderr(_NO_SHELL.encode())
    channel.send_exit_status(1)
    channel.close()


# The old protocol of scp has a word of its own for "this failed": a byte 1 and a line, instead of the byte 0. Without
# it curl and PHP take the end of the command for success.
def _refuse_scp(channel: paramiko.Channel) -> None:
    channel.settimeout(0.0)
    channel.sendall(f"\x01scp: {_NO_SCP}\n".encode())
    channel.send_exit_status(1)
    channel.close()
