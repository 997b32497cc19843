"""TLS on one of pyftpdlib's connections, without ever making the serving thread wait.

Knows neither commands nor files: a mixin before a connection's class. pyftpdlib has such a mixin too, but takes every
end of a connection for a proper one.
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
_RESETS_ARE_TOLD: Final = ssl.OPENSSL_VERSION_INFO >= (3,)
_BARE_END: Final = "UNEXPECTED_EOF_WHILE_READING"  # OpenSSL's reason


def is_bare_end(error: OSError) -> bool:
    """Did the other side end without close_notify, as in plain FTP: many clients do, and one that was killed?

    An `SSLEOFError` without a reason was a reset. Python 3.11.2 (Debian 12's) raises a plain `SSLError` for a bare end.
    """
    if isinstance(error, ssl.SSLEOFError):
        return bool(error.reason) or not _RESETS_ARE_TOLD
    return isinstance(error, ssl.SSLError) and error.reason == _BARE_END


class TlsChannel:
    """What a connection does otherwise once it is encrypted. While it shakes hands, what is to be sent waits."""

    is_encrypted = False  # and the hands are shaken
    socket: Any
    ioloop: Any
    producer_fifo: Any
    connected: bool
    remote: str = ""  # the client's address

    _contexts: TlsContexts | None = None  # until the client has begun the handshake
    _tickets = 0
    _shaking = False
    _shake_events = 0
    _wanted_io_events: int
    _closed: bool

    def start_tls(self, contexts: TlsContexts, *, seconds: float, tickets: int = 2) -> None:
        """Everything from here on is encrypted; `tls_established` or `tls_failed` follows within that time.

        `tickets`: how many the client is given, in TLS 1.3, to resume this session with.
        """
        self._contexts = contexts
        self._tickets = tickets
        self._shaking = True
        self.call_later(seconds, self._shake_late)  # type: ignore[attr-defined]
        self._expect(self.ioloop.READ)

    def tls_established(self) -> None:
        """The hands are shaken."""

    def tls_failed(self) -> None:
        """They will not be: close."""
        raise NotImplementedError

    # The handshake.

    def _wrap(self, contexts: TlsContexts) -> None:
        context = contexts.for_hello(self.peek())
        context.num_tickets = self._tickets  # a connection takes it over when it is made, and none is made beside
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self._contexts = None

    def _shake(self) -> None:
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
            self._shaken()

    def _shaken(self) -> None:
        self._shaking, self.is_encrypted = False, True
        self.modify_ioloop_events(self._wanted_io_events)
        self.tls_established()
        if self.producer_fifo and not self._closed:
            self.initiate_send()

    def _shake_late(self) -> None:
        if self._shaking:
            self._fail(TimeoutError("the handshake took too long"))

    def _fail(self, error: Exception) -> None:
        self._shaking = False
        why = getattr(error, "reason", None) or str(error) or type(error).__name__
        _LOG.info("ftp.tls_failed", address=self.remote, why=why)
        self.tls_failed()

    def _expect(self, events: int) -> None:
        self._shake_events = events
        self.modify_ioloop_events(events)

    # What the loop asks.

    def modify_ioloop_events(self, events: int, logdebug: bool = False) -> None:
        super().modify_ioloop_events(self._shake_events if self._shaking else events)  # type: ignore[misc]

    def readable(self) -> bool:
        return self._shaking or bool(super().readable())  # type: ignore[misc]

    def writable(self) -> bool:
        return self._shaking or bool(super().writable())  # type: ignore[misc]

    def handle_read_event(self) -> None:
        if self._shaking:
            self._shake()
        else:
            super().handle_read_event()  # type: ignore[misc]

    def handle_write_event(self) -> None:
        if self._shaking:
            self._shake()
        else:
            super().handle_write_event()  # type: ignore[misc]

    def initiate_send(self) -> None:
        if not self._shaking:
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
        """Bytes that wait, encrypted as they are. Raises: OSError, BlockingIOError when there are none yet."""
        return socket.socket.recv(self.socket, 65_536, socket.MSG_PEEK | socket.MSG_DONTWAIT)

    def say_end(self) -> bool:
        """Send close_notify: then the other side knows that it has all. False when it must be tried again later."""
        try:
            self.socket.unwrap()
        except ssl.SSLWantWriteError:
            return False
        except (OSError, ValueError):  # it wants to read the other side's, which need not come; or there is no one
            pass
        return True
