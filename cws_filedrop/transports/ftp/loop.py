"""What the FTP door's loop serves besides sessions: calls of other threads, listening sockets, balancers' headers.

Knows nothing of FTP. To pyftpdlib's loop (2.2.0) a channel is what has readable, writable, handle_read_event,
handle_close, handle_error and close; `_fileno` is what IOLoop.close sorts them by.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from cws_filedrop import log
from cws_filedrop.gate.balancers import Announced, Announcement, Balancers
from cws_filedrop.gate.proxy_protocol import BadHeader, ProxyHeader

_LOG = log.get(__name__)

# What to do with a connection and the address of its other end.
Welcome: TypeAlias = Callable[[socket.socket, Any], None]


class Waker:
    """Runs calls of other threads in the serving thread; to the loop it looks like a channel.

    Only `call` may be used by other threads.
    """

    def __init__(self, loop: Any) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._fileno = self._read.fileno()
        loop.register(self._fileno, self, loop.READ)

    def call(self, what: Callable[[], None]) -> None:
        """Have `what` called soon by the serving thread. From any thread; never blocks."""
        # In this order: a byte without a call is harmless, a call without a byte would wait for the next one. append
        # and popleft of a deque are atomic, so no lock is needed.
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
        """Run the calls that are queued."""
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


class Patient:
    """A listening socket that survives running out of file handles."""

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


class HeaderWait:
    """Where a balancer's connections wait for the header that says whose they are; others are welcomed at once.

    At most `most` wait at a time, each for `seconds`.
    """

    def __init__(self, loop: Any, balancers: Balancers, *, most: int, seconds: float) -> None:
        self._loop = loop
        self._balancers = balancers
        self._most = most
        self._seconds = seconds
        self._waiting: set[_WaitingConnection] = set()

    def receive(self, connection: socket.socket, address: Any, welcome: Welcome) -> None:
        """Welcome a connection, with the address of its client, as soon as that is known."""
        if not self._balancers.has(str(address[0])):
            welcome(connection, address)
        elif len(self._waiting) < self._most:
            self._waiting.add(_WaitingConnection(connection, address, welcome, header_wait=self))
        else:
            _LOG.warning("ftp.announcement_refused", address=address[0], why="too many wait")
            connection.close()

    def schedule(self, waiting: _WaitingConnection) -> Any:
        """Register a connection with the loop; returns its timer."""
        fileno = waiting.connection.fileno()
        self._loop.register(fileno, waiting, self._loop.READ)
        return self._loop.call_later(self._seconds, waiting.handle_timeout)

    def forget(self, waiting: _WaitingConnection, fileno: int) -> None:
        """A connection no longer waits."""
        self._loop.unregister(fileno)
        self._waiting.discard(waiting)

    def close(self) -> None:
        """Close all connections that wait."""
        for waiting in list(self._waiting):
            waiting.close()


class _WaitingConnection:
    """A balancer's connection whose header has not come; to the loop it looks like a channel."""

    def __init__(self, connection: socket.socket, address: Any, welcome: Welcome, *, header_wait: HeaderWait) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._address = address
        self._welcome = welcome
        self._header_wait = header_wait
        self._announcement = Announcement(connection)
        self._fileno = connection.fileno()
        self._has_left = False
        self._timer = header_wait.schedule(self)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        try:
            header = self._announcement.look()
        except BlockingIOError:
            return
        except (BadHeader, OSError) as error:
            self._refuse(str(error))
            return
        if header is not None:
            self._leave()
            self._announce(header)

    def _announce(self, header: ProxyHeader) -> None:
        if header.source:
            client = (header.source, header.port)
            self._welcome(Announced(self.connection, client), client)
        else:
            self._welcome(self.connection, self._address)

    def _refuse(self, why: str) -> None:
        _LOG.warning("ftp.announcement_refused", address=self._address[0], why=why)
        self.close()

    def _leave(self) -> None:
        if self._has_left:  # its place in the loop may be another's by now
            return
        self._has_left = True
        self._header_wait.forget(self, self._fileno)
        if not self._timer.cancelled:
            self._timer.cancel()

    def handle_timeout(self) -> None:
        self._refuse("it did not come in time")

    def handle_close(self) -> None:
        self._refuse("the connection ended before it")

    def handle_error(self) -> None:
        _LOG.error("ftp.announcement_failed", address=self._address[0], exc_info=True)
        self.close()

    def close(self) -> None:
        self._leave()
        self.connection.close()
