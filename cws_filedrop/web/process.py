"""The process of the pages and the API, started like that of the doors: settings come in the environment, messages go
to standard output.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import uvicorn

from cws_filedrop import config, log, log_settings, private
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.audit import Audit
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.records import DatabaseAuditStore, DatabaseGuardStore
from cws_filedrop.processes import child, open_files
from cws_filedrop.processes.stopping import StopRequest, stop_on_signals
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings, WebSettings
from cws_filedrop.store.outgoing.heartbeats import Heartbeat
from cws_filedrop.web import app, serving
from cws_filedrop.web.site import web_context

LOG: Final = log.get(__name__)


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
    open_files.allow(settings.web.max_connections + serving.BACKLOG)
    with ExitStack() as open_things:
        # First: an address that cannot be used is told before anything else is started.
        listeners = [open_things.enter_context(one) for one in _listeners(settings.web)]
        context = open_context(settings)
        open_things.callback(context.db.close)
        audit, guard = Audit(DatabaseAuditStore(context.db)), Guard(settings.guard, DatabaseGuardStore(context.db))
        for one in (audit, guard, Heartbeat(context.db, "pages")):
            one.start()
            open_things.callback(one.stop)
        web = web_context.open_web_context(context, guard, arrived=_arrived, witness=audit.note)
        _run(_server(settings.web, web, listeners[0]), listeners, stop)


def _run(server: _Server, listeners: list[socket.socket], stop: StopRequest) -> None:
    def obey() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=obey, name="stop", daemon=True).start()
    # uvicorn stops at SIGTERM by itself, too, and then raises it once more for whoever had it before: that is `stop`.
    server.run(listeners)


def _server(web: WebSettings, context: web_context.WebContext, listener: socket.socket) -> _Server:
    handler = serving.behind(web, app.build(context))
    ready = {"event": "ready", "web": [*listener.getsockname()[:2]], "https": bool(web.certificate)}
    return _Server(serving.server_settings(web, handler), context, ready)


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the endless streams before it waits for answers."""

    def __init__(self, settings: uvicorn.Config, context: web_context.WebContext, ready: dict[str, Any]) -> None:
        super().__init__(settings)
        self._context = context
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            for one in sockets or ():
                one.listen(serving.BACKLOG)  # asyncio takes one number for both, and has made it small
            child.send(**self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.beacon.end_streams()
        await super().shutdown(sockets)


def _listeners(web: WebSettings) -> list[socket.socket]:
    """That of the pages, and that for monitoring if there is one. Raises: ConfigError."""
    pages = serving.listen(web.host, web.port, key="port")
    if not web.monitoring_port:
        return [pages]
    try:
        return [pages, serving.listen(web.monitoring_host, web.monitoring_port, key="monitoring_port")]
    except ConfigError:
        pages.close()
        raise


def _arrived(upload_id: str) -> None:
    child.send(event="arrived", upload=upload_id)
