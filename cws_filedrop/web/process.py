"""The process of the pages and the API, run like that of the doors: settings come in the environment, events go to
standard output, and the end of standard input means that the service is gone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import sys
import threading
from typing import Any, Final

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cws_filedrop import config, log, log_settings, private
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.audit import Audit
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.records import DatabaseAuditStore, DatabaseGuardStore
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings, WebSettings
from cws_filedrop.store.outgoing.heartbeats import Heartbeat
from cws_filedrop.web import app
from cws_filedrop.web.site import web_context

LOG: Final = log.get(__name__)
GRACE_SECONDS: Final = 3
KEEP_ALIVE_SECONDS: Final = 30


def main() -> None:
    """Serve until standard input ends or SIGTERM comes."""
    private.set_umask()
    settings = config.load(None, os.environ)
    log_settings.configure(settings, "pages", child=True)
    try:
        _serve(settings)
    except ConfigError as error:
        _say(error=str(error))
        sys.exit(2)


def _serve(settings: Settings) -> None:
    listener = _listen(settings.web)  # first: an address that cannot be used is told before anything else is started
    context = open_context(settings)
    guard, audit, heartbeat = (
        Guard(settings.guard, DatabaseGuardStore(context.db)),
        Audit(DatabaseAuditStore(context.db)),
        Heartbeat(context.db, "pages"),
    )
    guard.start()
    audit.start()
    heartbeat.start()
    try:
        web = web_context.open_web_context(context, guard, arrived=_arrived, witness=audit.note)
        _run(settings.web, web, listener)
    finally:
        listener.close()
        heartbeat.stop()
        guard.stop()
        audit.stop()
        context.db.close()


def _run(web: WebSettings, context: web_context.WebContext, listener: socket.socket) -> None:
    handler: Any = app.build(context)
    if web.proxies:
        handler = ProxyHeadersMiddleware(handler, trusted_hosts=web.proxies.split())
    server = _Server(
        uvicorn.Config(
            handler,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ssl_certfile=web.certificate or None,
            ssl_keyfile=web.key or None,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        context,
        {"event": "ready", "web": [*listener.getsockname()[:2]], "https": bool(web.certificate)},
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it stops us when it is our turn
    # uvicorn stops at SIGTERM, and then raises it once more for whoever had it before: that must not end us at once.
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_until_end, args=(server,), name="parent", daemon=True).start()
    server.run([listener])


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the endless streams before it waits for answers."""

    def __init__(self, settings: uvicorn.Config, context: web_context.WebContext, ready: dict[str, Any]) -> None:
        super().__init__(settings)
        self._context = context
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _say(**self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.beacon.end_streams()
        await super().shutdown(sockets)


def _listen(web: WebSettings) -> socket.socket:
    """Raises: ConfigError when the address or the certificate cannot be used."""
    if web.certificate:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(web.certificate, web.key or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"[web] certificate: {web.certificate} cannot be used: {error}") from error
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((web.host, web.port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise ConfigError(f"[web] port: cannot listen on {web.host}:{web.port} ({error.strerror})") from error
    return listener


def _arrived(upload_id: str) -> None:
    _say(event="arrived", upload=upload_id)


_LOCK: Final = threading.Lock()


def _say(**what: Any) -> None:
    with _LOCK:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def _until_end(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not by sys.stdin: its lock would be held when the process ends
        pass
    LOG.info("web.parent_gone")
    server.should_exit = True
