"""FTP over TLS (RFC 4217): the session and the data connection of `session` and `transfer`, encrypted.

Knows nothing of certificates: its `server` has a `Tls` that makes contexts. If the control connection is encrypted, the
data connections must be, too.
"""
# ruff: noqa: N802  (pyftpdlib calls ftp_<COMMAND>)

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Final

import pyftpdlib.ioloop  # noqa: F401  (first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11)
from pyftpdlib.exceptions import _RetryError
from pyftpdlib.log import logger

from cws_filedrop import log
from cws_filedrop.model import Door
from cws_filedrop.transports.ftp.session import TRANSFERS, FtpSession
from cws_filedrop.transports.ftp.tls import TlsContexts
from cws_filedrop.transports.ftp.tls_channel import LATER, TlsChannel, is_bare_end
from cws_filedrop.transports.ftp.transfer import FtpTransfer

_LOG = log.get(__name__)
ENDED: Final = "the client ended the encrypted transfer properly"
_WANTED: Final = "This server wants encryption: choose 'FTP over TLS (explicit)' in your client."
_UNPROTECTED: Final = "Data must be encrypted too: send PBSZ 0 and PROT P first (your client may call it 'private')."
_HANDSHAKE_FAILED: Final = "522 The data connection could not be encrypted; see the TLS settings of your client."
_NOT_RESUMED: Final = (
    "522 The data connection must resume the TLS session of the control connection; switch on session reuse."
)
_AUTH_KINDS: Final = frozenset({"TLS", "TLS-C", "TLS-P", "SSL"})
_CONNECTS: Final = frozenset({"PASV", "EPSV", "PORT", "EPRT"})
_MOST_RECORDS: Final = 100
_WHOLE_RECORD: Final = 16_384
_QUICKLY: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only


def _command(words: str, *, arg: bool | None) -> dict[str, Any]:
    return {"perm": None, "auth": False, "arg": arg, "help": f"Syntax: {words}."}


_COMMANDS: Final = {
    **FtpSession.proto_cmds,
    "AUTH": _command("AUTH <SP> TLS (encrypt this connection)", arg=True),
    "CCC": _command("CCC (never granted)", arg=None),
    "PBSZ": _command("PBSZ <SP> 0 (before PROT)", arg=True),
    "PROT": _command("PROT <SP> P (encrypt data connections)", arg=True),
}


class TlsTransfer(TlsChannel, FtpTransfer):
    """One data connection, encrypted if its control connection is."""

    _leaving = False
    _read_to_end = False

    def __init__(self, sock: Any, cmd_channel: Any) -> None:
        super().__init__(sock, cmd_channel)
        if cmd_channel.is_encrypted and not self._closed:
            self.remote = cmd_channel.remote_ip
            # No ticket: a client that never reads from this connection would find it unread when it closes it, and its
            # system would then reset the connection, with the end of the upload still on its way. But many clients use
            # a ticket only once; where they must resume they need the next.
            server = cmd_channel.server
            tickets = 1 if server.tls.must_resume else 0
            self.start_tls(cmd_channel.tls_contexts, seconds=server.handshake_seconds, tickets=tickets)

    # sendfile(2) writes to the socket past TLS: an encrypted client would be sent the file in clear.
    def use_sendfile(self) -> bool:
        return not self.cmd_channel.is_encrypted and bool(super().use_sendfile())

    # The handshake.

    def tls_established(self) -> None:
        if self.cmd_channel.server.tls.must_resume and not self.socket.session_reused:
            self._refuse(_NOT_RESUMED)
        else:
            self._acknowledge()

    def tls_failed(self) -> None:
        self._refuse(_HANDSHAKE_FAILED)

    def _refuse(self, reply: str) -> None:
        if self.receive and self.file_obj is not None:
            self._take_upload().abandon()
        if self._initialized:
            self._resp = (reply, logger.debug)
        self.close()
        if not (self._initialized or self.cmd_channel.no_data(reply)):
            self.cmd_channel.refused = reply

    # How it ends.

    def recv(self, buffer_size: int) -> bytes:
        if not self.is_encrypted:
            return FtpTransfer.recv(self, buffer_size)
        # Not TlsChannel.recv: the end of an upload must be seen as it was, proper, bare or broken.
        try:
            data: bytes = self.socket.recv(buffer_size)
        except LATER as error:
            raise _RetryError from error
        except OSError as error:
            self._broken = not is_bare_end(error)
            data = b""
        else:
            self.proof = None if data else ENDED
        if not data:
            self._read_to_end = True
            self.handle_close()
        elif len(data) < _WHOLE_RECORD:
            self._acknowledge()
        return data

    # The client's next record, its close_notify perhaps, may be small; its system then holds it back until what
    # came before is acknowledged, which ours would do after 40 ms, having nothing to say.
    def _acknowledge(self) -> None:
        if _QUICKLY is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKLY, 1)

    # At an end without close_notify an alert is sent to a client that has gone, which looks like an error.
    def is_broken(self) -> bool:
        return self._broken if self._read_to_end else super().is_broken()

    def handle_close(self) -> None:
        if self._closed:
            return
        if self._in_handshake:
            self._fail(ConnectionError("the client left during the handshake"))
        elif self.is_encrypted and not self.receive and not self.producer_fifo:
            self._leave()
        else:
            super().handle_close()

    def _leave(self) -> None:
        self._leaving = True
        if self.send_close_notify():
            self.is_encrypted = False
            super().handle_close()

    def writable(self) -> bool:
        return self._leaving or super().writable()

    def handle_write_event(self) -> None:
        if self._leaving:
            self._leave()
        else:
            super().handle_write_event()

    def close(self) -> None:
        if self.is_encrypted and not self._closed:
            self.is_encrypted = False
            self.send_close_notify()
        super().close()


class TlsSession(TlsChannel, FtpSession):
    """The control connection of one client, which may encrypt it."""

    proto_cmds = _COMMANDS
    dtp_handler = TlsTransfer
    implicit = False
    tls_contexts: TlsContexts | None = None
    refused = ""  # why the data connection was closed before a command came for it
    _has_buffer_size = False
    _protected = False

    def __init__(self, conn: Any, server: Any, ioloop: Any = None) -> None:
        super().__init__(conn, server, ioloop)
        self._extra_feats += ["AUTH TLS", "PBSZ", "PROT"]  # private of pyftpdlib 2.2.0: FEAT lists them

    def handle(self) -> None:
        """Greet the client; with implicit TLS the greeting waits until the handshake is done."""
        if self.implicit:
            self._protected = self._has_buffer_size = True
            self._encrypt()
        super().handle()

    def _encrypt(self) -> None:
        self.remote = self.remote_ip
        self.tls_contexts = contexts = self.server.tls.contexts()
        self.start_tls(contexts, seconds=self.server.handshake_seconds)

    def tls_established(self) -> None:
        self.door = Door.FTPS
        _LOG.debug(
            "ftp.encrypted", address=self.remote_ip, version=self.socket.version(), suite=self.socket.cipher()[0]
        )

    def tls_failed(self) -> None:
        self.close()

    @property
    def in_clear(self) -> bool:
        return not (self.is_encrypted or _is_this_machine(self.remote_ip))

    # Commands.

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        if cmd in ("USER", "PASS") and self.server.tls.is_required and not self.is_encrypted:
            self.respond(f"530 {_WANTED}")
        elif cmd in TRANSFERS and self.is_encrypted and not self._protected:
            self.respond(f"521 {_UNPROTECTED}")
        elif cmd in TRANSFERS and self.refused and self.data_channel is None:
            self.respond(self.refused)
            self.refused = ""
        else:
            self.refused = "" if cmd in _CONNECTS else self.refused
            super().process_command(cmd, *args, **kwargs)

    def ftp_AUTH(self, line: str) -> None:
        if self.is_encrypted:
            self.respond("503 This connection is encrypted already.")
        elif line.upper() not in _AUTH_KINDS:
            self.respond("504 Only AUTH TLS is offered.")
        elif self.is_busy:
            self.respond("503 A transfer is under way; wait until it has ended.")
        elif self.ac_in_buffer or self._queued:
            # What came in clear after AUTH may be an attacker's, and must not count as the client's (CVE-2011-0411).
            _LOG.warning("ftp.injection_refused", address=self.remote_ip)
            self.close()
        else:
            self._change_over()

    def _change_over(self) -> None:
        self.flush_account()
        self.respond("234 Go on with TLS.")
        if self.producer_fifo:  # a client that reads no replies; those in clear must not go out encrypted
            self.close()
        elif not self._closed:
            self._encrypt()

    def ftp_PBSZ(self, line: str) -> None:
        if self.is_encrypted:
            self._has_buffer_size = True
            self.respond("200 PBSZ=0")
        else:
            self.respond("503 Send AUTH TLS first.")

    def ftp_PROT(self, line: str) -> None:
        level = line.upper()
        if not self._has_buffer_size:
            self.respond("503 Send PBSZ 0 first." if self.is_encrypted else "503 Send AUTH TLS first.")
        elif level == "P":
            self._protected = True
            self.respond("200 Data connections are encrypted.")
        elif level == "C":
            self.respond(f"534 {_UNPROTECTED}")
        else:
            self.respond("536 Only PROT P is offered." if level in ("S", "E") else "504 Only PROT P is offered.")

    def ftp_CCC(self, line: str) -> None:
        self.respond("534 This connection stays encrypted." if self.is_encrypted else "533 It is not encrypted.")

    # Bytes.

    def unread_commands(self) -> int | None:
        if not self.is_encrypted:
            return super().unread_commands()
        try:
            for _ in range(_MOST_RECORDS):
                if self._closed or self._gone or not self.peek():
                    return None
                self.handle_read()  # while this session is paused, it only puts commands into the queue
        except BlockingIOError:
            return len(self._queued)
        except OSError:
            return None
        return len(self._queued)

    def close(self) -> None:
        if self.is_encrypted and not self._closed:
            self.is_encrypted = False
            self.send_close_notify()
        super().close()


class ImplicitTlsSession(TlsSession):
    """The control connection of a client that encrypts from the first byte on."""

    implicit = True


def _is_this_machine(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return (mapped or known).is_loopback
