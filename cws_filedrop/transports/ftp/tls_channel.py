"""TLS on one of pyftpdlib's connections, without ever making the serving thread wait.

Knows neither commands nor files: a mixin that precedes a connection's class. pyftpdlib has such a mixin too, but takes
every end of a connection for a proper one.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import _RetryError

from cws_filedrop import log
from cws_filedrop.transports.ftp.tls import TlsContexts

_LOG = log.get(__name__)
LATER: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_RESETS_ARE_REPORTED: Final = ssl.OPENSSL_VERSION_INFO >= (3,)
_BARE_END: Final = "UNEXPECTED_EOF_WHILE_READING"  # OpenSSL's reason


def is_bare_end(error: OSError) -> bool:
    """Did the other side end without close_notify, as in plain FTP? Many clients do; so does one that was killed.

    An `SSLEOFError` without a reason was a reset. Python 3.11.2 (Debian 12's) raises a plain `SSLError` for a bare end.
    """
    if isinstance(error, ssl.SSLEOFError):
        return bool(error.reason) or not _RESETS_ARE_REPORTED
    return isinstance(error, ssl.SSLError) and error.reason == _BARE_END


class TlsChannel:
    """What a connection does differently once it is encrypted. During the handshake, outgoing bytes wait."""

    is_encrypted = False  # true once the handshake is done
    socket: Any
    ioloop: Any
    producer_fifo: Any
    connected: bool
    remote: str = ""  # the client's address

    _contexts: TlsContexts | None = None  # until the client has begun the handshake
    _tickets = 0
    _in_handshake = False
    _handshake_events = 0
    # Privates of AsyncChat in pyftpdlib 2.2.0. `_wanted_io_events` is what the loop is to wait for; it must not be lost
    # over a handshake, or a listing that was pushed meanwhile would never be sent.
    _wanted_io_events: int
    _closed: bool

    def start_tls(self, contexts: TlsContexts, *, seconds: float, tickets: int = 2) -> None:
        """Everything from here on is encrypted; `tls_established` or `tls_failed` follows within that time.

        `tickets`: how many the client is given, in TLS 1.3, to resume this session with.
        """
        self._contexts = contexts
        self._tickets = tickets
        self._in_handshake = True
        self.call_later(seconds, self._handshake_late)  # type: ignore[attr-defined]
        self._expect(self.ioloop.READ)

    def tls_established(self) -> None:
        """The handshake is done."""

    def tls_failed(self) -> None:
        """The handshake failed, or took too long: close."""
        raise NotImplementedError

    # The handshake.

    def _wrap(self, contexts: TlsContexts) -> None:
        context = contexts.for_hello(self.peek())
        context.num_tickets = self._tickets  # copied into the connection when it is made; one thread makes them all
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self._contexts = None

    def _handshake(self) -> None:
        try:
            if self._contexts is not None:
                self._wrap(self._contexts)
            self.socket.do_handshake()
        except (ssl.SSLWantReadError, BlockingIOError):
            self._expect(self.ioloop.READ)
        except ssl.SSLWantWriteError:
            self._expect(self.ioloop.WRITE)
        except (OSError, ValueError) as error:
            self._fail(error)
        else:
            self._handshake_done()

    def _handshake_done(self) -> None:
        self._in_handshake, self.is_encrypted = False, True
        self.modify_ioloop_events(self._wanted_io_events)
        self.tls_established()
        if self.producer_fifo and not self._closed:
            self.initiate_send()

    def _handshake_late(self) -> None:
        if self._in_handshake:
            self._fail(TimeoutError("the handshake took too long"))

    def _fail(self, error: Exception) -> None:
        self._in_handshake = False
        why = getattr(error, "reason", None) or str(error) or type(error).__name__
        _LOG.info("ftp.tls_failed", address=self.remote, why=why)
        self.tls_failed()

    def _expect(self, events: int) -> None:
        self._handshake_events = events
        self.modify_ioloop_events(events)

    # Called by the loop.

    # The library calls it when a transfer begins (pyftpdlib 2.2.0: enable_receiving, push), perhaps in the middle
    # of the handshake, which waits for events of its own.
    def modify_ioloop_events(self, events: int, logdebug: bool = False) -> None:
        super().modify_ioloop_events(self._handshake_events if self._in_handshake else events)  # type: ignore[misc]

    def readable(self) -> bool:
        return self._in_handshake or bool(super().readable())  # type: ignore[misc]

    def writable(self) -> bool:
        return self._in_handshake or bool(super().writable())  # type: ignore[misc]

    def handle_read_event(self) -> None:
        if self._in_handshake:
            self._handshake()
        else:
            super().handle_read_event()  # type: ignore[misc]

    def handle_write_event(self) -> None:
        if self._in_handshake:
            self._handshake()
        else:
            super().handle_write_event()  # type: ignore[misc]

    def initiate_send(self) -> None:
        if not self._in_handshake:
            super().initiate_send()  # type: ignore[misc]

    # Bytes.

    def send(self, data: bytes) -> int:
        try:
            return int(super().send(data))  # type: ignore[misc]
        except LATER:
            return 0
        except ssl.SSLError as error:
            _LOG.info("ftp.tls_broken", address=self.remote, why=error.reason or str(error))
            self.handle_close()  # type: ignore[attr-defined]
            return 0

    def recv(self, buffer_size: int) -> bytes:
        try:
            data: bytes = super().recv(buffer_size)  # type: ignore[misc]
        except LATER as error:
            raise _RetryError from error
        except ssl.SSLError as error:
            if not (isinstance(error, ssl.SSLEOFError) or is_bare_end(error)):
                _LOG.info("ftp.tls_broken", address=self.remote, why=error.reason or str(error))
            return self._ended()
        return data

    def _ended(self) -> bytes:
        self.handle_close()  # type: ignore[attr-defined]
        return b""

    def peek(self) -> bytes:
        """The bytes waiting in the socket, still encrypted. Raises: OSError; BlockingIOError while there are none."""
        # Of the plain socket below: SSLSocket.recv decrypts, and refuses flags.
        return socket.socket.recv(self.socket, 65_536, socket.MSG_PEEK | socket.MSG_DONTWAIT)

    def send_close_notify(self) -> bool:
        """Send close_notify, so that the other side knows that it has everything. False: to be tried again later."""
        try:
            self.socket.unwrap()
        except ssl.SSLWantWriteError:
            return False
        except (OSError, ValueError):  # it waits for the other side's, which need not come; or that side has gone
            pass
        return True
