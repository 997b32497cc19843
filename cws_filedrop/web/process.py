"""The process of the pages and the API, as `doors` is that of the doors; run by the service (`children`): settings come
in the environment, events go to standard output.
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

from cws_filedrop import child, config, log, log_settings
from cws_filedrop.errors import ConfigError
from cws_filedrop.pipeline.desk import open_desk
from cws_filedrop.settings import Settings, WebSettings
from cws_filedrop.stopping import Stop, on_signals
from cws_filedrop.store.pulse import Pulse
from cws_filedrop.transports.audit import Audit
from cws_filedrop.transports.guard import Guard
from cws_filedrop.transports.records import Shelf, Trail
from cws_filedrop.web import app
from cws_filedrop.web import office as offices

LOG: Final = log.get(__name__)
GRACE_SECONDS: Final = 3
KEEP_ALIVE_SECONDS: Final = 30


def main() -> int:
    """Serve until standard input ends or SIGTERM comes; 2 when settings cannot be used."""
    with on_signals() as stop:
        settings = config.load(None, os.environ)
        log_settings.configure(settings, "pages", child=True)
        if not child.may_begin(stop):
            return 0
        child.watch_parent(partial(_orphaned, stop))
        try:
            _serve(settings, stop)
        except ConfigError as error:
            child.say(error=str(error))
            return 2
    return 0


def _orphaned(stop: Stop) -> None:
    LOG.info("web.parent_gone")
    stop.wish()


def _serve(settings: Settings, stop: Stop) -> None:
    listener = _listen(settings.web)
    desk = open_desk(settings)
    guard, audit, pulse = Guard(settings.guard, Shelf(desk.db)), Audit(Trail(desk.db)), Pulse(desk.db, "pages")
    guard.start()
    audit.start()
    pulse.start()
    try:
        office = offices.office(desk, guard, arrived=_arrived, witness=audit.note)
        _run(_server(settings.web, office, listener), listener, stop)
    finally:
        listener.close()
        pulse.stop()
        guard.stop()
        audit.stop()
        desk.db.close()


def _run(server: _Server, listener: socket.socket, stop: Stop) -> None:
    def obey() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=obey, name="stop", daemon=True).start()
    server.run([listener])


def _server(web: WebSettings, office: offices.Office, listener: socket.socket) -> _Server:
    handler: Any = app.build(office)
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
        office,
        {"event": "ready", "web": [*listener.getsockname()[:2]], "https": bool(web.certificate)},
    )


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the endless streams before it waits for answers."""

    def __init__(self, settings: uvicorn.Config, office: offices.Office, ready: dict[str, Any]) -> None:
        super().__init__(settings)
        self._office = office
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            child.say(**self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._office.beacon.end_streams()
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
    child.say(event="arrived", upload=upload_id)
