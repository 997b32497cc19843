"""The FTP door: listens, serves every client in one thread, and stops in good order.

Knows nothing of where sellers and passwords are kept, and nothing of what is in a file.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final

import pyftpdlib.ioloop as ioloop  # first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11
from pyftpdlib.ioloop import Acceptor
from pyftpdlib.servers import FTPServer

from cws_filedrop import log
from cws_filedrop.config import FtpSettings
from cws_filedrop.drop.intake import Intake
from cws_filedrop.errors import ConfigError
from cws_filedrop.transports.courtesy import Courtesy
from cws_filedrop.transports.ftp_session import FtpSession
from cws_filedrop.transports.ftp_tls import Tls
from cws_filedrop.transports.ftp_tls_session import ImplicitTlsSession, TlsSession
from cws_filedrop.transports.logins import CHANGED, SHUT, Logins, Over

_LOG = log.get(__name__)
_RECHECK_SECONDS: Final = 1.0
_DRAIN_LOOK_SECONDS: Final = 0.05
_DISK_THREADS: Final = 8  # what they sync at one time, the disk takes in one go
_LOGIN_THREADS: Final = 4
_BACKLOG: Final = 256
_PORTS: Final = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})")
_REMEDIES: Final = {
    errno.EADDRINUSE: "another program has that port: stop it, or set another port",
    errno.EACCES: "ports below 1024 need rights: give them, or set port = 2121",
    errno.EADDRNOTAVAIL: "this machine has no such address: set host to one of its own, or to 0.0.0.0",
}


class _Waker:
    """Lets other threads have something done by the serving thread; looks like a channel to the loop."""

    def __init__(self, loop: Any) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._fileno = self._read.fileno()
        loop.register(self._fileno, self, loop.READ)

    def call(self, what: Callable[[], None]) -> None:
        """Have `what` called soon. From any thread; never blocks."""
        self._calls.append(what)
        try:
            self._write.send(b"\0")
        except OSError:  # full: the loop is awake already; closed: nobody is left to be woken
            return

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        self._read.recv(4096)
        self.run()

    def run(self) -> None:
        """Make the calls that wait."""
        while self._calls:
            try:
                self._calls.popleft()()
            except Exception:
                _LOG.error("ftp.call_failed", exc_info=True)

    def handle_error(self) -> None:
        _LOG.error("ftp.waker_failed", exc_info=True)

    def handle_close(self) -> None:
        self.close()

    def close(self) -> None:
        self._read.close()
        self._write.close()


class _Patient:
    """A listening socket that outlives a lack of file handles."""

    ioloop: Any
    _closed: bool

    def handle_accept(self) -> None:
        try:
            super().handle_accept()  # type: ignore[misc]
        except OSError as error:  # no file handles left: look again in a while instead of at once and for ever
            _LOG.error("ftp.accept_failed", error=str(error))
            self.del_channel()  # type: ignore[attr-defined]
            self.ioloop.call_later(0.5, self._listen_again)

    def _listen_again(self) -> None:
        if not self._closed:
            self.add_channel()  # type: ignore[attr-defined]

    def handle_error(self) -> None:
        _LOG.error("ftp.accept_failed", exc_info=True)  # and go on listening


class _Server(_Patient, FTPServer):  # type: ignore[misc]
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
        self.courtesy = Courtesy(door.settings.courtesy_seconds)
        self.max_cons = door.settings.max_connections
        self.max_cons_per_ip = door.settings.max_connections_per_address
        self.failure_delay_seconds = door.failure_delay_seconds
        self.is_draining = False
        self.sessions: set[FtpSession] = set()
        self._waker = _Waker(loop)
        self.disk = ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="ftp-disk")
        self.doorkeepers = ThreadPoolExecutor(_LOGIN_THREADS, thread_name_prefix="ftp-login")

    def in_background(self, pool: Executor, work: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        """Have `work` done by a thread of `pool` and `then` called by this one."""
        future = pool.submit(work)
        future.add_done_callback(lambda done: self._waker.call(lambda: then(done)))

    def soon(self, what: Callable[[], None]) -> None:
        """Have `what` called by the serving thread."""
        self._waker.call(what)

    def finish_background(self) -> None:
        """Wait for all work in the background and go on with it, though no client hears of it any more."""
        for pool in (self.doorkeepers, self.disk):
            pool.shutdown(wait=True)
        self._waker.run()
        self._waker.close()

    def handle_accepted(self, sock: socket.socket, addr: Any) -> Any:
        if seconds := self.logins.banned(str(addr[0])):
            return _send_away(sock, seconds)
        session = super().handle_accepted(sock, addr)
        if session is not None and not session._closed:
            self.sessions.add(session)
        return session

    def receive(self, sock: socket.socket, addr: Any, session_class: type[FtpSession]) -> None:
        """A client came in by another socket."""
        usual, self.handler = self.handler, session_class
        try:
            self.handle_accepted(sock, addr)
        finally:
            self.handler = usual

    def forget(self, session: FtpSession) -> None:
        """A session has closed."""
        self.sessions.discard(session)

    def _accept_new_cons(self) -> bool:
        return len(self.ip_map) <= self.max_cons  # clients, not sockets


def _send_away(sock: socket.socket, seconds: float) -> None:
    minutes = max(1, round(seconds / 60))
    words = f"421 Too many failed logins came from your address; come back in {minutes} minutes.\r\n"
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(words.encode())


class _Implicit(_Patient, Acceptor):  # type: ignore[misc]
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
        """Stop listening, let transfers in hand end, say good-bye to the rest. Harmless when repeated."""
        if self._server is None or self._thread is None:
            return
        self._drain_until = time.monotonic() + drain_seconds
        self._server.soon(self._drain)
        self._thread.join()
        self._server.finish_background()
        self._thread = None
        _LOG.info("ftp.closed")

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
            server.doorkeepers,
            lambda: self.logins.over(logins),
            self._end,
        )

    def _end(self, future: Future[Over]) -> None:
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
        "banner": settings.banner,
        "timeout": settings.idle_timeout_seconds,
        "passive_ports": _passive_ports(settings.passive_ports),
        "masquerade_address": _masquerade(settings.masquerade_address),
    }
    return type("Session", (base,), values)


def _passive_ports(text: str) -> range | None:
    if not text.strip():
        return None
    found = _PORTS.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1024 <= first <= last <= 65_535:
        raise ConfigError(f"[ftp] passive_ports: {text!r} is not a range such as 50000-50100")
    return range(first, last + 1)


def _masquerade(host: str) -> str | None:
    if not host:
        return None
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise ConfigError(f"[ftp] masquerade_address: {host} is not known: {error.strerror}") from error


def _listen(host: str, port: int, section: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104
        dual = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
    except (OSError, OverflowError) as error:
        known = error.errno if isinstance(error, OSError) else None
        remedy = _REMEDIES.get(known or 0, "set host and port to an address of this machine")
        raise ConfigError(f"{section} cannot listen on {host}:{port}: {error}; {remedy}") from error
