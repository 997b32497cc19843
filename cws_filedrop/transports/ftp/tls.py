"""What the FTP door encrypts with: protocols, suites, and the certificate as it is on disk now.

Knows no connections. The library's own TLS is not used: it cannot tell a data connection that was ended properly from
one that was cut (`tls_channel`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cws_filedrop import log
from cws_filedrop.door_settings import TlsSettings
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate import certificates

_LOG = log.get(__name__)
_LOOK_SECONDS: Final = 1.0
_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!aNULL"  # of TLS 1.2; those of 1.3 are all AEAD
OWN_CERTIFICATE: Final = "ftp-tls.pem"
_X25519_SHARE: Final = b"\x00\x1d\x00\x20"  # its number, and the length of the key that follows


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """What connections are encrypted with, chosen by the client's first bytes.

    Python can name only one group for the key exchange. Every client has P-256; most start with X25519, and would have
    to start again: an extra round trip for each connection, and clients made with Go of early 2023 (rclone of Debian
    12) could then not resume a session.
    """

    usual: ssl.SSLContext
    x25519: ssl.SSLContext

    def for_hello(self, hello: bytes) -> ssl.SSLContext:
        """The context for a client that begins with these bytes, which may be incomplete."""
        return self.x25519 if _X25519_SHARE in hello else self.usual


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A usable certificate."""

    contexts: TlsContexts
    fingerprint: str
    expiry: dt.datetime


class Tls:
    """How the FTP door encrypts. Only the serving thread calls its methods.

    Raises: ConfigError when the certificate cannot be used, or not be made in `folder`.
    """

    def __init__(self, settings: TlsSettings, folder: Path) -> None:
        self.settings = settings
        if settings.key and not settings.certificate:
            raise ConfigError("[tls] certificate: give the certificate that belongs to the key")
        self._own = None if settings.certificate else folder / OWN_CERTIFICATE
        self._certificate = self._own or Path(settings.certificate).expanduser()
        self._key = Path(settings.key).expanduser() if settings.key else None
        self._keep_own()
        self._seen = self._signature()
        self._loaded = self._load()
        self._look_again = time.monotonic() + _LOOK_SECONDS
        _LOG.info("tls.certificate_loaded", fingerprint=self.fingerprint, until=self.expiry.date().isoformat())

    @property
    def is_required(self) -> bool:
        """Are logins without TLS refused?"""
        return self.settings.mode == "required"

    @property
    def must_resume(self) -> bool:
        """Must data connections resume the session of their control connection?"""
        return self.settings.session_reuse == "require"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in use, as clients show it."""
        return self._loaded.fingerprint

    @property
    def expiry(self) -> dt.datetime:
        """When the certificate in use ends."""
        return self._loaded.expiry

    def contexts(self) -> TlsContexts:
        """The contexts for a control connection that starts TLS now, and for its data connections.

        When these must resume, each control connection gets contexts, and so ticket keys and session caches, of its
        own: then nobody but its client can resume one of its sessions, in TLS 1.3 as in 1.2.
        """
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + _LOOK_SECONDS
            self._look()
        return (self._try_load() or self._loaded if self.must_resume else self._loaded).contexts

    def _look(self) -> None:
        try:
            self._keep_own()
        except ConfigError as error:
            _LOG.error("tls.certificate_not_renewed", error=str(error))
        signature = self._signature()
        if signature == self._seen:
            return
        self._seen = signature
        fresh = self._try_load()
        if fresh is not None:
            self._loaded = fresh
            _LOG.info("tls.certificate_changed", fingerprint=self.fingerprint, until=self.expiry.date().isoformat())

    def _keep_own(self) -> None:
        if self._own is not None:
            now = dt.datetime.now(dt.UTC)
            if certificates.keep_self_signed(self._own, self.settings.names, now=now):
                _LOG.info("tls.certificate_made", path=str(self._own))

    def _signature(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stat(path) for path in (self._certificate, self._key) if path is not None)

    def _try_load(self) -> _Loaded | None:
        try:
            return self._load()
        except ConfigError as error:
            _LOG.error("tls.certificate_refused", error=str(error))
            return None

    def _load(self) -> _Loaded:
        contexts = TlsContexts(hardened("prime256v1"), hardened("X25519"))
        try:
            for context in (contexts.usual, contexts.x25519):
                context.load_cert_chain(self._certificate, self._key, password=lambda: "")
            return _Loaded(contexts, *certificates.seen_by_clients(self._certificate))
        except (OSError, ValueError) as error:
            where = f"{self._certificate}{f' and {self._key}' if self._key else ''}"
            raise ConfigError(
                f"[tls] certificate, key: {where} cannot be used: {error}; they must be PEM files that belong together,"
                " the key without a pass phrase"
            ) from error


def open_tls(settings: TlsSettings, folder: Path) -> Tls | None:
    """The FTP door's TLS; None when it is off. Raises: ConfigError."""
    return None if settings.mode == "off" else Tls(settings, folder)


def hardened(group: str) -> ssl.SSLContext:
    """A server context for one group: TLS 1.2 and 1.3, forward secrecy, authenticated encryption, no renegotiation."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    offer_only(group, context)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # With it Python takes an end without close_notify for a proper one, but we must know whether an upload was cut.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


def offer_only(group: str, context: ssl.SSLContext) -> None:
    """Restrict the key exchange to this group, if Python can name it: OpenSSL's default list has some that no guide
    recommends.

    Python 3.11.2 (Debian 12's) knows the names of ECDSA curves only, and X25519 is not one. The default list is kept
    then. It begins with X25519, so clients that start with it need no second round trip there either.
    """
    with contextlib.suppress(ssl.SSLError, ValueError):
        context.set_ecdh_curve(group)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
