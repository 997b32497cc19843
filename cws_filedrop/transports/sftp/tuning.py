"""What is changed about the SSH library: its algorithms, its waiting, and what it accepts before a login.

Every override of a paramiko private is here, but for `_pack` in `answers`. They were read in paramiko 5.1.0; each says
what breaks if the library changes, and tests/transports/test_library_privates.py lists their names. Knows nothing of
sellers or files.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.buffered_pipe import BufferedPipe
from paramiko.common import MSG_CHANNEL_REQUEST, MSG_USERAUTH_INFO_RESPONSE, cMSG_DISCONNECT, cMSG_USERAUTH_BANNER
from paramiko.packet import NeedRekeyException, Packetizer

from cws_filedrop import log

_LOG = log.get(__name__)
_LOOK_SECONDS: Final = 30.0  # a silent connection wakes its thread this often; `hang_up` does not wait for it
_LARGEST_PACKET: Final = 300_000
_LONGEST_GREETING: Final = 16_384
_WINDOW: Final = 2_097_152
_PACKET: Final = 262_144
_RECEIVE: Final = 131_072
_LIBRARY_ATTEMPTS: Final = 10  # failed logins after which the library itself closes the connection
_BYE: Final = 11  # SSH_DISCONNECT_BY_APPLICATION

_KEX: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
)
_HOST_KEYS: Final = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
_SELLER_KEYS: Final = (
    "ssh-ed25519",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)
_GCM: Final = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")
_MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
# The client's order decides. OpenSSH knows GCM, yet would take CTR, which is slower here. Of the others many a client
# that is still in use (libssh2 before 1.11, PuTTY before 0.79) knows neither GCM nor encrypt-then-MAC.
_KNOWS_GCM: Final = ("SSH-2.0-OpenSSH_",)
_OLDER_CIPHERS: Final = (*_GCM, "aes256-ctr", "aes128-ctr")
_OLDER_MACS: Final = (*_MACS, "hmac-sha2-256", "hmac-sha2-512")


class _Packets(Packetizer):
    """Wakes its reader when it is closed, leaves no thread behind, and reads no more than a packet can hold."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._sock = sock
        self._greeting = 0
        self._greets = True
        self._held = b""
        self._used = 0  # of what is held

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        # The library's close leaves the timer of the handshake running: a thread for each connection that broke early,
        # for as long as a handshake may take. complete_handshake is what stops it.
        self.complete_handshake()
        super().close()

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """The next `n` bytes. Unlike the library it asks the system for all that is there, not for each part of it."""
        # The length is the client's own claim, made before it has logged in; the library believes it.
        if n > _LARGEST_PACKET:
            raise paramiko.SSHException(f"a packet of {n} bytes")
        if self._greets:
            # What came together with the first line lies in a name-mangled private, which only the library's read_all
            # empties. Were it renamed, this would raise KeyError for every client: loud, and seen by any test.
            self._greets, self._held = False, vars(self)["_Packetizer__remainder"]
        while len(self._held) - self._used < n:
            more = self._receive(may_rekey=check_rekey and self._used == len(self._held))
            self._held, self._used = self._held[self._used :] + more, 0
        self._used += n
        return self._held[self._used - n : self._used]

    # As the loop of the library's read_all, but for keep-alives, which a server does not send. NeedRekeyException
    # is how its run() learns, between two packets only, that it is time for new keys.
    def _receive(self, *, may_rekey: bool) -> bytes:
        while not self.handshake_timed_out():
            try:
                found = self._sock.recv(_RECEIVE)
            except (TimeoutError, BlockingIOError):
                if self.closed:
                    break
                if may_rekey and self.need_rekey():
                    raise NeedRekeyException from None
                continue
            except OSError:
                if self.closed:
                    break
                raise
            if not found:
                break
            return found
        raise EOFError

    def write_all(self, out: Any) -> None:
        with contextlib.suppress(EOFError):  # the client has gone; whoever reads comes to the end of what it sent
            super().write_all(out)

    # Called for the lines before the first packet only (readline). Without this a client could send a first line
    # without an end, and all of it would be kept in memory.
    def _read_timeout(self, timeout: float) -> bytes:
        found: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self._greeting += len(found)
        if self._greeting > _LONGEST_GREETING:
            raise paramiko.SSHException("a greeting without an end")
        return found


class _Chunks:
    """Bytes as they came, joined only when they are read; enough of an `array` for the library's buffer."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __delitem__(self, some: slice) -> None:
        rest = self.joined()[some.stop :] if some.stop is not None else b""
        self._chunks, self._size = [rest] if rest else [], len(rest)

    def add(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._chunks.append(chunk)
        self._size += len(chunk)

    def joined(self) -> bytes:
        """All of it."""
        if len(self._chunks) != 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]


class _Pipe(BufferedPipe):  # type: ignore[type-arg]  # the stubs make it generic, the library does not
    """What arrived on a channel. The library's own buffer copies all of its content at every read."""

    # BufferedPipe takes len() of `_buffer`, deletes a slice from its start, and moves bytes by the two methods below,
    # all under its own lock. With another use of it, `_Chunks` raises; with other names the slow array is used again.

    def __init__(self) -> None:
        super().__init__()
        self._buffer = _Chunks()

    def _buffer_frombytes(self, data: bytes) -> None:
        self._buffer.add(data)

    def _buffer_tobytes(self, limit: int | None = None) -> bytes:
        return self._buffer.joined()[:limit]


class _SellerAuthHandler(AuthHandler):
    """Passwords and keys only.

    The library also parses answers to questions that it never asked, as many as the client claims: up to 2**32.
    """

    # Read by Transport.run for each packet of a login. If it was another, the message would be parsed again.
    @property
    def _handler_table(self) -> dict[int, Callable[..., Any]]:
        table: dict[int, Callable[..., Any]] = super()._handler_table.copy()  # type: ignore[misc]
        table.pop(MSG_USERAUTH_INFO_RESPONSE, None)
        return table


# Wraps the library's own handler, which decides a request and then replies to it: what must come after the reply
# (closing a channel that asked for a shell) cannot be done where it is decided.
def _channel_request(channel: paramiko.Channel, message: paramiko.Message) -> None:
    _LIBRARY_TABLE[MSG_CHANNEL_REQUEST](channel, message)
    callback = getattr(channel, "after_reply", None)
    if callback is not None:
        callback()


_LIBRARY_TABLE: Final[dict[int, Callable[..., None]]] = paramiko.Transport._channel_handler_table  # type: ignore[attr-defined]


class SshTransport(paramiko.Transport):
    """One client's SSH connection, server side. Its own thread runs it; others may call `hang_up`."""

    # Class attributes that Transport reads when it offers algorithms (`_preferred_…`), looks up the key exchange
    # (`_kex_info`) and dispatches channel messages. The public way, SecurityOptions, cannot add a name that the library
    # does not know: curve25519-sha256 is curve25519-sha256@libssh.org under the name of RFC 8731. With other names of
    # these the library's defaults would be offered, and the tests that read our offer would fail.
    _preferred_kex: Sequence[str] = tuple(
        name
        for name in _KEX
        if name in paramiko.Transport._kex_info or name == "curve25519-sha256"  # type: ignore[attr-defined]
    )
    _preferred_keys: Sequence[str] = _HOST_KEYS
    _preferred_pubkeys: Sequence[str] = _SELLER_KEYS
    _preferred_ciphers: Sequence[str] = _GCM
    _preferred_macs: Sequence[str] = _MACS
    _kex_info: dict[str, Any] = {  # noqa: RUF012  (read by the library as its own is)
        **paramiko.Transport._kex_info,  # type: ignore[attr-defined]
        "curve25519-sha256": paramiko.Transport._kex_info["curve25519-sha256@libssh.org"],  # type: ignore[attr-defined]
    }
    _channel_handler_table: dict[int, Callable[..., None]] = {  # noqa: RUF012
        **_LIBRARY_TABLE,
        MSG_CHANNEL_REQUEST: _channel_request,
    }
    # The socket's time-out while it reads. The library's 0.1 s would wake a thread for each silent client ten times a
    # second.
    _active_check_timeout = _LOOK_SECONDS
    _CLIENT_ID = "cws_filedrop"  # ends our first line; the library would name its version to port scans

    def __init__(self, sock: socket.socket, host_keys: Iterable[paramiko.PKey]) -> None:
        super().__init__(sock, _WINDOW, _PACKET, packetizer_class=_Packets)
        self.on_end: Callable[[], None] = lambda: None
        self.on_incompatible: Callable[[str], None] = lambda why: None
        self._sock = sock
        for key in host_keys:
            self.add_server_key(key)

    def run(self) -> None:
        try:
            super().run()
            error = self.get_exception()
            if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):  # it tells its user itself, from our offer
                self.on_incompatible(str(error))
        finally:
            self.on_end()

    # Reads the client's first line, before our offer is sent: the only moment at which that can depend on the
    # client. If it was not called, older clients would find no cipher in common.
    def _check_banner(self) -> None:
        super()._check_banner()  # type: ignore[misc]
        if not self.remote_version.startswith(_KNOWS_GCM):
            self._preferred_ciphers, self._preferred_macs = _OLDER_CIPHERS, _OLDER_MACS

    # Makes the AuthHandler after the first key exchange, by a name that cannot be set. It is replaced before the
    # client can have used it; on later exchanges ours stays, with what it knows of the login.
    def _parse_newkeys(self, message: paramiko.Message) -> None:
        super()._parse_newkeys(message)  # type: ignore[misc]
        if not isinstance(self.auth_handler, _SellerAuthHandler):
            self.auth_handler = _SellerAuthHandler(self)

    def show(self, words: str) -> None:
        """Have the client's user see this, if the client shows such words; in the connection's thread."""
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_BANNER)
        message.add_string(words)
        message.add_string("en")
        self.packetizer.send_message(message)

    def last_attempt(self) -> None:
        """Have the library close the connection after it has sent the failure that is being decided."""
        # AuthHandler counts failures, sends the refusal, and disconnects at ten. Were the count elsewhere, a client
        # would have ten attempts instead of ours.
        if self.auth_handler is not None:
            self.auth_handler.auth_fail_count = _LIBRARY_ATTEMPTS - 1

    def hang_up(self, words: str = "") -> None:
        """Close at once, with a reason if the client is reading. From any thread; never blocks for long."""
        # Not in a key exchange, when only its messages may be sent, and not to a client that does not read:
        # send_message blocks. Closing the packetizer wakes the transport's thread, which would sleep for up to
        # `_LOOK_SECONDS`.
        if words and self.initial_kex_done and not self.in_kex and self._takes_words():
            with contextlib.suppress(Exception):
                self.packetizer.send_message(_goodbye(words))
        self.close()
        self.packetizer.close()

    def _takes_words(self) -> bool:
        poll = select.poll()
        try:
            poll.register(self._sock, select.POLLOUT)
        except (OSError, ValueError):
            return False
        return any(events & select.POLLOUT for _, events in poll.poll(0))


def _goodbye(words: str) -> paramiko.Message:
    message = paramiko.Message()
    message.add_byte(cMSG_DISCONNECT)
    message.add_int(_BYE)
    message.add_string(words)
    message.add_string("en")
    return message


def hasten(channel: paramiko.Channel) -> None:
    """Give a channel the faster buffer, before anyone reads from it."""
    # Called where the subsystem is granted, by the only thread that feeds the channel, before there is one that reads.
    pipe = _Pipe()
    pipe.feed(channel.in_buffer.empty())
    channel.in_buffer = pipe
    channel.in_window_threshold = _WINDOW // 4  # fewer window messages; it is large enough not to run dry in between


def after_reply(channel: paramiko.Channel, what: Callable[[], None]) -> None:
    """Call `what` once the request that is being decided has been answered."""
    channel.after_reply = what  # type: ignore[attr-defined]


class _Quietly(logging.Handler):
    """Passes the library's log on at debug level: every port scan makes it print whole tracebacks."""

    def emit(self, record: logging.LogRecord) -> None:
        _LOG.debug("sftp.library_said", text=record.getMessage())


def quiet_library() -> None:
    """Send the library's log to ours, at debug level. Harmless when repeated."""
    logger = logging.getLogger("paramiko")
    if not any(isinstance(handler, _Quietly) for handler in logger.handlers):
        logger.addHandler(_Quietly())
        logger.setLevel(logging.INFO)
        logger.propagate = False
