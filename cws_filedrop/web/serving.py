"""How pages and API are served: uvicorn, with a protocol that does not wait for ever, and listeners."""

from __future__ import annotations

import socket
import ssl
from typing import Any, Final

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.sources import among
from cws_filedrop.settings import WebSettings
from cws_filedrop.web.shield.connections import Connections
from cws_filedrop.web.shield.protocol import Patience, protocol

GRACE_SECONDS: Final = 3
KEEP_ALIVE_SECONDS: Final = 30
ANSWER_SECONDS: Final = 60.0  # for a client that takes nothing of its answer
_AT_ONCE: Final = 32  # connections that are accepted before anybody is served again
_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!aNULL"  # of TLS 1.2, as at the doors; those of 1.3 are all AEAD
BACKLOG: Final = 2048  # connections that the system keeps for us


def server_settings(web: WebSettings, handler: Any) -> uvicorn.Config:
    """The settings of a server of ours, TLS included. Raises: ConfigError when the certificate cannot be used."""
    registry = Connections(web.max_connections, web.max_connections_per_address, among(web.proxies))
    patience = Patience(web.handshake_seconds, web.header_seconds, ANSWER_SECONDS)
    return uvicorn.Config(
        handler,
        http=protocol(registry, patience, _tls(web)),
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_AT_ONCE,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def behind(web: WebSettings, handler: Any) -> Any:
    """The application as it stands behind the proxies that are trusted."""
    return ProxyHeadersMiddleware(handler, trusted_hosts=web.proxies.split()) if web.proxies else handler


def listen(host: str, port: int, *, key: str) -> socket.socket:
    """A listener. Raises: ConfigError when the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(f"[web] {key}: cannot listen on {host}:{port} ({error.strerror})") from error
    return listener


def _tls(web: WebSettings) -> ssl.SSLContext | None:
    if not web.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(web.certificate, web.key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"[web] certificate: {web.certificate} cannot be used: {error}") from error
    return context
