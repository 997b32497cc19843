"""The FTP door: listens, serves every client in one thread, and stops in an orderly way.

Knows nothing of where sellers and passwords are kept, and nothing of what is in a file.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final

import pyftpdlib.ioloop as ioloop  # first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11
from pyftpdlib.ioloop import Acceptor
from pyftpdlib.servers import FTPServer

from cws_filedrop import log
from cws_filedrop.door_settings import FtpSettings
from cws_filedrop.drop.intake import Intake
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.balancers import HEADER_SECONDS, Balancers
from cws_filedrop.gate.logins import CHANGED, SHUT, EndedLogins, Logins
from cws_filedrop.gate.not_logged_in import NotLoggedIn, Waiting
from cws_filedrop.gate.sources import source_of
from cws_filedrop.transports.ftp.loop import HeaderWait, Patient, Waker
from cws_filedrop.transports.ftp.passive import Passive, PassiveSession, masquerade, passive_ports
from cws_filedrop.transports.ftp.session import FtpSession
from cws_filedrop.transports.ftp.tls import Tls
from cws_filedrop.transports.ftp.tls_session import ImplicitTlsSession, TlsSession
from cws_filedrop.transports.landing.recently_taken import RecentlyTaken

_LOG = log.get(__name__)
_RECHECK_SECONDS: Final = 1.0
_DRAIN_LOOK_SECONDS: Final = 0.05
_DISK_THREADS: Final = 8  # the disk takes what they sync at the same time in one go
_LOGIN_THREADS: Final = 4
_BACKLOG: Final = 256
_TOO_MANY_NOT_LOGGED_IN: Final = (
    "421 Too many connections from your address have not logged in; log in on them, or try again in a minute."
)
_MADE_ROOM: Final = "421 Others want to log in, and nobody has on this connection; try again."
_REMEDIES: Final = {
    errno.EADDRINUSE: "another program has that port: stop it, or set another port",
    errno.EACCES: "ports below 1024 need rights: give them, or set port = 2121",
    errno.EADDRNOTAVAIL: "this machine has no such address: set host to one of its own, or to 0.0.0.0",
}


class _Server(Patient, FTPServer):  # type: ignore[misc]
    """The listening socket, and what all sessions share."""

    failure_delay_seconds = 1.0
    handler: Any

    def __init__(self, sock: socket.socket, session_class: type[FtpSession], loop: Any, *, door: FtpDoor) -> None:
        super().__init__(sock, session_class, ioloop=loop, backlog=_BACKLOG)
        self.intake = door.intake
        self.settings = door.settings
        self.logins = door.logins
        self.tls = door.tls
        self.handshake_seconds = door.handshake_seconds
        self.recently_taken = RecentlyTaken(door.settings.courtesy_seconds)
        self.max_cons = door.settings.max_connections
        self.max_cons_per_ip = door.settings.max_connections_per_address
        self.failure_delay_seconds = door.failure_delay_seconds
        self.is_draining = False
        self.sessions: set[FtpSession] = set()
        most = door.settings.max_connections
        self.header_wait = HeaderWait(loop, door.balancers, most=most, seconds=door.header_seconds)
        per_address = door.settings.max_strangers_per_address
        self._not_logged_in = NotLoggedIn(per_address=per_address, most=max(1, most // 2), knows=self.logins.knows)
        self._not_logged_in_since: dict[FtpSession, float] = {}
        self._waker = Waker(loop)
        # Two pools: a slow disk must not hold up logins, nor guessed passwords uploads.
        self.disk = ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="ftp-disk")
        self.login_pool = ThreadPoolExecutor(_LOGIN_THREADS, thread_name_prefix="ftp-login")

    def in_background(self, pool: Executor, work: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        """Run `work` in a thread of `pool`, then call `then` in the serving thread, which calls this."""
        future = pool.submit(work)
        future.add_done_callback(lambda done: self._waker.call(lambda: then(done)))

    def soon(self, what: Callable[[], None]) -> None:
        """Have `what` called by the serving thread. From any thread."""
        self._waker.call(what)

    def finish_background(self) -> None:
        """Wait for all background work and complete it, though no client is left to be answered."""
        for pool in (self.login_pool, self.disk):
            pool.shutdown(wait=True)
        self._waker.run()
        self._waker.close()

    def handle_accepted(self, sock: socket.socket, addr: Any) -> None:
        self.receive(sock, addr, self.handler)

    def receive(self, sock: socket.socket, addr: Any, session_class: type[FtpSession]) -> None:
        """A client connected, perhaps to the other socket."""
        self.header_wait.receive(sock, addr, lambda sock, addr: self._welcome(sock, addr, session_class))

    def _welcome(self, sock: socket.socket, addr: Any, session_class: type[FtpSession]) -> None:
        if words := self._unwelcome(str(addr[0])):
            _send_away(sock, words)
            return
        # FTPServer.handle_accepted makes a `self.handler` (pyftpdlib 2.2.0). Nobody else reads it meanwhile: all
        # connections are accepted by the serving thread.
        usual, self.handler = self.handler, session_class
        try:
            session = super().handle_accepted(sock, addr)
        finally:
            self.handler = usual
        if session is not None and not session._closed:
            self.sessions.add(session)
            self._not_logged_in_since[session] = time.monotonic()

    def _unwelcome(self, address: str) -> str:
        if seconds := self.logins.banned(address):
            minutes = max(1, round(seconds / 60))
            return f"421 Too many failed logins came from your address; come back in {minutes} minutes."
        return "" if self._find_place(address) else _TOO_MANY_NOT_LOGGED_IN

    def _find_place(self, address: str) -> bool:
        """Make room for another that has not logged in; whether there is any."""
        now, since = time.monotonic(), self._not_logged_in_since
        waiting = [
            Waiting(session, source_of(session.remote_ip), since.get(session, now))
            for session in self.sessions
            if session.login is None
        ]
        place = self._not_logged_in.place(address, waiting)
        if place is not None and place.instead_of is not None:
            _LOG.info("ftp.made_room", address=place.instead_of.remote_ip)
            _dismiss(place.instead_of, _MADE_ROOM)
        return place is not None

    def forget(self, session: FtpSession) -> None:
        """A session has closed."""
        if session in self.sessions and not session.has_logged_in:
            self._not_logged_in.left(session.remote_ip)
        self.sessions.discard(session)
        self._not_logged_in_since.pop(session, None)

    def dismiss_not_logged_in(self) -> None:
        """Close connections that did not log in within the time allowed."""
        now, seconds = time.monotonic(), self.settings.login_timeout_seconds
        for session in list(self.sessions):
            if session.login is not None:
                self._not_logged_in_since.pop(session, None)
            elif now - self._not_logged_in_since.setdefault(session, now) > seconds:
                _dismiss(session, f"421 Log in within {seconds:g} seconds; you may try again.")

    # pyftpdlib 2.2.0 asks this for each client and for each data connection, and counts all that is registered with
    # the loop: data connections, listening sockets, our waker. max_connections is about clients; ip_map has an
    # entry for each. If it asked something else, half as many clients could upload at a time.
    def _accept_new_cons(self) -> bool:
        return len(self.ip_map) <= self.max_cons


def _send_away(sock: socket.socket, words: str) -> None:
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(f"{words}\r\n".encode())


class _Implicit(Patient, Acceptor):  # type: ignore[misc]
    """Another listening socket, whose clients encrypt from the first byte on."""

    def __init__(self, sock: socket.socket, server: _Server, session_class: type[FtpSession]) -> None:
        super().__init__(ioloop=server.ioloop)
        self._server = server
        self._session_class = session_class
        sock.setblocking(False)
        self.set_socket(sock)
        self.listen(_BACKLOG)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)

    def handle_accepted(self, sock: socket.socket, addr: Any) -> None:
        self._server.receive(sock, addr, self._session_class)


class FtpDoor:
    """Serves sellers by FTP, and with `tls` by FTPS. `logins` is asked by threads of this door.

    Raises: ConfigError for settings that cannot be used.
    """

    failure_delay_seconds: float = 1.0  # before a wrong password is answered
    handshake_seconds: float = 30.0  # for a client that wants TLS
    header_seconds: float = HEADER_SECONDS  # for a balancer to say whose connection it is

    def __init__(
        self,
        settings: FtpSettings,
        intake: Intake,
        logins: Logins,
        *,
        tls: Tls | None = None,
    ) -> None:
        self.settings = settings
        self.tls = tls
        self.intake = intake
        self.logins = logins
        self.balancers = Balancers(settings.proxy_networks, "[ftp] proxy_networks")
        self._session_class = _session_class(TlsSession if tls else FtpSession, settings)
        self._server: _Server | None = None
        self._implicit: _Implicit | None = None
        self._loop: Any = None
        self._thread: threading.Thread | None = None
        self._over = False
        self._drain_until = 0.0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on. Only after `start`."""
        if self._server is None:
            raise RuntimeError("the FTP door is not open")
        host, port = self._server.address
        return str(host), int(port)

    @property
    def implicit_address(self) -> tuple[str, int] | None:
        """Host and port for implicit TLS; None if there is none. Only after `start`."""
        if self._implicit is None:
            return None
        host, port = self._implicit.address
        return str(host), int(port)

    def start(self) -> None:
        """Listen, and serve from a thread of its own. Raises: ConfigError when it cannot listen there."""
        logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
        sockets = self._listen()
        self._loop = ioloop.IOLoop()
        self._server = _Server(sockets[0], self._session_class, self._loop, door=self)
        if len(sockets) > 1:
            implicit = _session_class(ImplicitTlsSession, self.settings)
            self._implicit = _Implicit(sockets[1], self._server, implicit)
        self._loop.call_every(_RECHECK_SECONDS, self._recheck)
        pause = min(_RECHECK_SECONDS, self.settings.login_timeout_seconds / 2)
        self._loop.call_every(pause, self._server.dismiss_not_logged_in)
        self._thread = threading.Thread(target=self._run, name="ftp", daemon=True)
        self._thread.start()
        _LOG.info("ftp.opened", host=self.address[0], port=self.address[1], implicit=self.implicit_address)

    def _listen(self) -> list[socket.socket]:
        host, implicit_port = self.settings.host, self.tls.settings.implicit_port if self.tls else -1
        usual = _listen(host, self.settings.port, "[ftp]")
        try:
            return [usual] if implicit_port < 0 else [usual, _listen(host, implicit_port, "[tls]")]
        except ConfigError:
            usual.close()
            raise

    def stop(self, drain_seconds: float = 10.0) -> None:
        """Stop listening, let running transfers end, close the rest. Harmless when repeated."""
        if self._server is None or self._thread is None:
            return
        # The serving thread closes everything itself, since no other may touch a session. Only when it has ended is
        # background work completed here: nobody else can be in the sessions then.
        self._drain_until = time.monotonic() + drain_seconds
        self._server.soon(self._drain)
        self._thread.join()
        self._server.finish_background()
        self._thread = None
        _LOG.info("ftp.closed")

    # Instead of IOLoop.loop, which ends with the first exception, and only when no socket is left. Like it
    # (pyftpdlib 2.2.0), it waits for sockets at most until the next scheduled call, which sched.poll makes and then
    # names.
    def _run(self) -> None:
        timeout: float | None = None
        while not self._over:
            try:
                self._loop.poll(timeout)
                timeout = self._loop.sched.poll()
            except Exception:
                _LOG.error("ftp.loop_failed", exc_info=True)
                timeout = 0.1
        self._loop.close()

    def _drain(self) -> None:
        server = self._server
        if server is None:
            return
        if not server.is_draining:
            server.is_draining = True
            server.close()
            server.header_wait.close()
            if self._implicit is not None:
                self._implicit.close()
        late = time.monotonic() >= self._drain_until
        for session in list(server.sessions):
            if late or not session.is_busy:
                _dismiss(session, "421 The service is stopping; come back in a minute.")
        if server.sessions and not late:
            self._loop.call_later(_DRAIN_LOOK_SECONDS, self._drain)
        else:
            self._over = True

    def _recheck(self) -> None:
        server = self._server
        logins = {session.login for session in server.sessions if session.login} if server else set()
        if server is None or not logins:
            return
        server.in_background(
            server.login_pool,
            lambda: self.logins.over(logins),
            self._end,
        )

    def _end(self, future: Future[EndedLogins]) -> None:
        if future.exception() is not None or self._server is None:
            return
        over = future.result()
        for session in list(self._server.sessions):
            if session.login in over.shut:  # a transfer that is under way is cut, and can be resumed
                _dismiss(session, f"421 {SHUT}")
            elif session.login in over.changed and not session.is_busy:
                _dismiss(session, f"421 {CHANGED}")


def _dismiss(session: FtpSession, words: str) -> None:
    if not session._closed:
        session.respond(words)
        session.close()


def _session_class(base: type[FtpSession], settings: FtpSettings) -> type[FtpSession]:
    transfer = type("Transfer", (base.dtp_handler,), {"timeout": settings.transfer_timeout_seconds})
    values = {
        "dtp_handler": transfer,
        "passive_dtp": Passive,
        "banner": settings.banner,
        "timeout": settings.idle_timeout_seconds,
        "passive_ports": passive_ports(settings.passive_ports),
        "masquerade_address": masquerade(settings.masquerade_address),
    }
    return type("Session", (PassiveSession, base), values)


def _listen(host: str, port: int, section: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104
        dual = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
    except (OSError, OverflowError) as error:
        known = error.errno if isinstance(error, OSError) else None
        remedy = _REMEDIES.get(known or 0, "set host and port to an address of this machine")
        raise ConfigError(f"{section} cannot listen on {host}:{port}: {error}; {remedy}") from error
