"""The sandbox as a server: in a thread of this process, or in the foreground of its own. Knows sockets and signals."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cws_filedrop import log
from cws_filedrop.errors import ConfigError
from cws_filedrop.marketplaces.sandbox import control
from cws_filedrop.marketplaces.sandbox.app import App
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows
from cws_filedrop.marketplaces.sandbox.settings import SandboxServerSettings
from cws_filedrop.marketplaces.sandbox.signing import Signer
from cws_filedrop.marketplaces.sandbox.state import State
from cws_filedrop.processes import child
from cws_filedrop.processes.stopping import stop_on_signals

LOG: Final = log.get(__name__)
START_SECONDS: Final = 20.0
KEEP_ALIVE_SECONDS: Final = 60  # longer than a client keeps an idle connection, so that no client meets a closed one
GRACE_SECONDS: Final = 2


class _Protocol(H11Protocol):
    """Lets an answer get at its connection, which is the only way to close it without answering."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Uvicorn(uvicorn.Server):
    """Signals when it is ready, and releases hanging answers before it waits for them."""

    def __init__(self, config: uvicorn.Config, release: Callable[[], None], ready: threading.Event) -> None:
        super().__init__(config)
        self._release = release
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._release()
        await super().shutdown(sockets)


class Server:
    """The sandbox in a thread. `start()` returns when it answers, or raises; `stop()` when all is written."""

    def __init__(self, settings: SandboxServerSettings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self._uvicorn: _Uvicorn | None = None
        self._state: State | None = None
        self._thread: threading.Thread | None = None
        self.endpoint = ""

    @property
    def token_url(self) -> str:
        """Where it plays Login with Amazon."""
        return f"{self.endpoint}/auth/o2/token"

    def start(self) -> Server:
        """Start to answer requests.

        Raises: ConfigError when the file or the address cannot be used.
        """
        listener = self._listen()
        try:
            self._state = State(self._settings.data)
        except (sqlite3.Error, OSError) as error:
            listener.close()
            raise ConfigError(f"the sandbox cannot use {self._settings.data}: {error}") from error
        self._uvicorn = self._assemble(self._state)
        self._thread = threading.Thread(target=self._run, args=(self._uvicorn, listener), name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS) or not self._uvicorn.started:
            self.stop()
            raise ConfigError("the sandbox did not start")
        host, port = listener.getsockname()[:2]
        self.endpoint = f"http://{host}:{port}"
        LOG.info("sandbox.started", endpoint=self.endpoint)
        return self

    def _listen(self) -> socket.socket:
        # The protocol is named in full: asyncio sends small packets at once (TCP_NODELAY) only where it is.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._settings.host, self._settings.port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            where = f"{self._settings.host}:{self._settings.port}"
            raise ConfigError(f"[sandbox] port: cannot listen on {where} ({error.strerror})") from error
        return listener

    def _assemble(self, state: State) -> _Uvicorn:
        rows = SandboxRows(state, self._settings)
        rows.forget_old()
        app = App(rows, Signer(state.secret()), self._settings)
        config = uvicorn.Config(
            _dated(app.starlette(control.routes(rows, app.faults)), rows.now),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,  # the app's own, by its own clock
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        return _Uvicorn(config, app.closing.set, self._ready)

    def _run(self, running: _Uvicorn, listener: socket.socket) -> None:
        try:
            running.run([listener])
        finally:
            listener.close()
            self._ready.set()

    def stop(self) -> None:
        """Finish the requests being answered, then close everything. Harmless when it is not running."""
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join()
        if self._state is not None:
            self._state.close()
        self._uvicorn = self._thread = self._state = None

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _dated(app: ASGIApp, now: Callable[[], float]) -> ASGIApp:
    """The same answers, each with the Date of the sandbox's own clock, as Amazon's have that of Amazon's."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = (b"date", formatdate(now(), usegmt=True).encode())
                message = {**message, "headers": [*message["headers"], date]}
            await send(message)

        await app(scope, receive, sent)

    return answer


def serve(settings: SandboxServerSettings, *, watch_stdin: bool = False) -> None:
    """Run in the foreground until SIGTERM (or the end of standard input); prints its address in one line of JSON.

    With `watch_stdin` Ctrl-C is left to the parent, which still needs the sandbox while it finishes its own work.
    Raises: ConfigError when it cannot start.
    """
    with stop_on_signals() as stop:
        if watch_stdin:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with Server(settings) as server:
            child.send(endpoint=server.endpoint)
            if watch_stdin:
                child.watch_parent(stop.make)
            stop.wait()
