"""The process of the pages and the API, started like that of the doors: settings come in the environment, messages go
to standard output.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cws_filedrop import config, log, log_settings, private
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.audit import Audit
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.records import DatabaseAuditStore, DatabaseGuardStore
from cws_filedrop.processes import child
from cws_filedrop.processes.stopping import StopRequest, stop_on_signals
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings, WebSettings
from cws_filedrop.store.outgoing.heartbeats import Heartbeat
from cws_filedrop.web import app
from cws_filedrop.web.site import web_context

LOG: Final = log.get(__name__)
GRACE_SECONDS: Final = 3
KEEP_ALIVE_SECONDS: Final = 30


def main() -> int:
    """Serve until standard input ends or SIGTERM comes; 2 when a setting cannot be used."""
    private.set_umask()
    with stop_on_signals() as stop:
        settings = config.load(None, os.environ)
        log_settings.configure(settings, "pages", child=True)
        if not child.may_begin(stop):
            return 0
        child.watch_parent(partial(_orphaned, stop))
        try:
            _serve(settings, stop)
        except ConfigError as error:
            child.send(error=str(error))
            return 2
    return 0


def _orphaned(stop: StopRequest) -> None:
    LOG.info("web.parent_gone")
    stop.make()


def _serve(settings: Settings, stop: StopRequest) -> None:
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
        _run(_server(settings.web, web, listener), listener, stop)
    finally:
        listener.close()
        heartbeat.stop()
        guard.stop()
        audit.stop()
        context.db.close()


def _run(server: _Server, listener: socket.socket, stop: StopRequest) -> None:
    def obey() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=obey, name="stop", daemon=True).start()
    # uvicorn stops at SIGTERM by itself, too, and then raises it once more for whoever had it before: that is `stop`.
    server.run([listener])


def _server(web: WebSettings, context: web_context.WebContext, listener: socket.socket) -> _Server:
    handler: Any = app.build(context)
    if web.proxies:
        handler = ProxyHeadersMiddleware(handler, trusted_hosts=web.proxies.split())
    return _Server(
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


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the endless streams before it waits for answers."""

    def __init__(self, settings: uvicorn.Config, context: web_context.WebContext, ready: dict[str, Any]) -> None:
        super().__init__(settings)
        self._context = context
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            child.send(**self._ready)

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
    child.send(event="arrived", upload=upload_id)
