"""Composition root: settings -> a running service, and an ordered stop.

Four processes: this one (the worker), the doors, the web server, and, unless Amazon itself is the marketplace, the
sandbox. Neither doors nor pages share an interpreter lock with heavy work; the others end by themselves when this one
dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from cws_filedrop import config, data_folder, log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.errors import ConfigError, FileDropError
from cws_filedrop.gate import certificates
from cws_filedrop.marketplaces.amazon import Credentials, FeedsClient, Timeouts
from cws_filedrop.marketplaces.orders_api import OrdersClient
from cws_filedrop.marketplaces.reports_api import ReportsClient
from cws_filedrop.model import Account
from cws_filedrop.orders.pulling import OrderReportPuller
from cws_filedrop.outgoing.alarms.watch import AlarmWatch
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import sellers
from cws_filedrop.worker import Worker

LOG: Final = log.get(__name__)
READY_SECONDS: Final = 30
AMAZON_TOKEN_URL: Final = "https://api.amazon.com/auth/o2/token"  # noqa: S105
RESTART_SECONDS: Final = 1.0
SWITCH_SECONDS: Final = 0.0005
# A thread for each SFTP client, and for each thread memory of its own, is twice as much memory as is needed.
FEW_ARENAS: Final = {"MALLOC_ARENA_MAX": "2"}


class ChildProcess:
    """A process of ours that says one JSON line when it is ready, then more as things happen."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], *, log_to_stdout: bool = False
    ) -> None:
        self.name = name
        self._arguments = [sys.executable, "-m", *arguments]
        self._environment = dict(environment)
        self._log_to_stdout = log_to_stdout  # of ours; its own is for what it says to us
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start the process; what it says when it is ready.

        Raises: ConfigError with its own words when it ends instead.
        """
        self._process = subprocess.Popen(  # noqa: S603 - our own modules, by our own interpreter
            self._arguments,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stdout if self._log_to_stdout else None,
            text=True,
        )
        line = self.read_line()
        if not line:
            raise ConfigError(f"{self.name} did not start (its reason stands above)")
        ready: dict[str, Any] = json.loads(line)
        if "error" in ready:
            raise ConfigError(ready["error"])
        return ready

    def read_line(self) -> str:
        """The next thing it says; "" when it has ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def stop(self, *, patience_seconds: float) -> None:
        """Ask it to finish and end; make it end when it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            LOG.error("service.child_killed", child=self.name)
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Addresses:
    """Where the service is to be found."""

    ftp: tuple[str, int] | None = None
    ftps: tuple[str, int] | None = None  # by implicit TLS
    sftp: tuple[str, int] | None = None
    folder: str = ""
    marketplace: str = ""
    web: str = ""


class Service:
    """The running service. `start()` returns its addresses or raises; `stop()` is ordered: pages, doors, worker,
    sandbox."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = {**os.environ, **config.environment(settings)}
        self._sandbox: ChildProcess | None = None
        self._doors = self._child("the doors", "cws_filedrop.doors", more=FEW_ARENAS)
        self._web = self._child("the web server", "cws_filedrop.web") if settings.web.enabled else None
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self._listeners = [
            threading.Thread(target=self._listen, args=(child,), name=child.name, daemon=True)
            for child in (self._doors, self._web)
            if child is not None
        ]

    def _child(self, name: str, *arguments: str, more: Mapping[str, str] = MappingProxyType({})) -> ChildProcess:
        to_stdout = self._settings.service.log_stream == "stdout"
        return ChildProcess(name, list(arguments), {**more, **self._environment}, log_to_stdout=to_stdout)

    def start(self) -> Addresses:
        """Bring everything up.

        Raises: ConfigError when a setting cannot be used.
        """
        # Threads here make many short calls to disk and database. At the usual 5 ms each of them waits that long to get
        # the interpreter back whenever another thread computes.
        sys.setswitchinterval(SWITCH_SECONDS)
        data_folder.prepare(self._settings)
        settings = self._settings
        if settings.marketplace.kind == "sandbox" and not settings.marketplace.endpoint:
            settings = self._start_sandbox()
        client = _clients(settings)
        orders = lambda account: OrdersClient.beside(client(account))  # noqa: E731
        amazon = AmazonContext(open_context(settings), client, orders, rate_scale(settings))
        puller = OrderReportPuller(amazon, lambda account: ReportsClient.beside(client(account)))
        watch = AlarmWatch(amazon.context, lambda path: certificates.seen_by_clients(path)[1])
        worker = Worker(settings, amazon, puller, watch)
        try:
            worker.start()
            self._worker = worker
            ready = self._doors.start()
            ready |= self._web.start() if self._web is not None else {}
        except FileDropError:
            self.stop()
            raise
        for listener in self._listeners:
            listener.start()
        ftp, ftps, sftp = (tuple(ready[name]) if ready.get(name) else None for name in ("ftp", "ftps", "sftp"))
        folder = str((ready.get("folder") or {}).get("mode", ""))
        web = f"{'https' if ready['https'] else 'http'}://{_host(ready['web'])}" if "web" in ready else ""
        return Addresses(ftp, ftps, sftp, folder, settings.marketplace.endpoint, web)

    def _start_sandbox(self) -> Settings:
        sandbox, service = self._settings.sandbox, self._settings.service
        arguments = ["--data", str(self._settings.data / "sandbox.db"), "--port", str(sandbox.port)]
        arguments += ["--rate-scale", str(sandbox.rate_scale), "--processing-seconds", str(sandbox.processing_seconds)]
        arguments += ["--show-after-seconds", str(sandbox.show_after_seconds)]
        arguments += ["--log-level", service.log_level, "--log-folder", str(self._settings.logs)]
        arguments += ["--log-file-bytes", str(service.log_file_bytes), "--log-files", str(service.log_files)]
        arguments += ["--log-json"] if service.log_json else []
        module = "cws_filedrop.marketplaces.sandbox"
        self._sandbox = self._child("the sandbox", module, *arguments, "--watch-stdin")
        endpoint = self._sandbox.start()["endpoint"]
        return replace(self._settings, marketplace=replace(self._settings.marketplace, endpoint=endpoint))

    def stop(self) -> None:
        """Let transfers and steps in hand finish, then end."""
        self._stopping.set()
        if self._web is not None:
            self._web.stop(patience_seconds=10)
        self._doors.stop(patience_seconds=15)
        for listener in self._listeners:
            if listener.is_alive():
                listener.join(timeout=5)
        if self._worker is not None:
            self._worker.stop()
        if self._sandbox is not None:
            self._sandbox.stop(patience_seconds=5)

    def _listen(self, child: ChildProcess) -> None:
        """Pass on what a child says, and start it again should it die."""
        while True:
            line = child.read_line()
            if line:
                self._heard(json.loads(line))
            elif self._stopping.is_set():
                return
            else:
                LOG.error("service.child_died", child=child.name)
                if self._stopping.wait(RESTART_SECONDS):
                    return
                self._start_again(child)

    def _heard(self, said: dict[str, Any]) -> None:
        assert self._worker is not None
        if said.get("event") == "arrived":
            try:
                self._worker.arrived(said["upload"])
            except Exception:
                LOG.exception("service.arrival_failed", upload=said["upload"])  # the worker's round takes it up

    def _start_again(self, child: ChildProcess) -> None:
        try:
            child.start()
        except FileDropError as error:
            LOG.error("service.child_not_started", child=child.name, why=str(error))


def _host(address: Sequence[Any]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def rate_scale(settings: Settings) -> float:
    """How much faster than Amazon's the rate limits are: only the sandbox is."""
    if settings.marketplace.kind != "sandbox":
        return 1.0
    built_in = not settings.marketplace.endpoint or settings.marketplace.rate_scale == 1.0
    return settings.sandbox.rate_scale if built_in else settings.marketplace.rate_scale


def _clients(settings: Settings) -> Callable[[Account], FeedsClient]:
    """One client per account, kept."""
    kept: dict[int, FeedsClient] = {}
    lock = threading.Lock()
    db = Database(settings.database.url) if settings.database.url else open_context(settings).db

    def client(account: Account) -> FeedsClient:
        with lock:
            if account.id not in kept:
                kept[account.id] = _client(settings, db, account)
            return kept[account.id]

    return client


def _client(settings: Settings, db: Database, account: Account) -> FeedsClient:
    market = settings.marketplace
    if market.kind == "sandbox":
        token_url = market.token_url or f"{market.endpoint}/auth/o2/token"
        credentials = Credentials(market.endpoint, token_url, "sandbox", "sandbox", f"sandbox-{account.merchant_id}")
    else:
        credentials = Credentials(
            market.endpoint,
            market.token_url or AMAZON_TOKEN_URL,
            market.client_id,
            config.secret(market.client_secret, os.environ, key="[marketplace] client_secret"),
            config.secret(
                sellers.refresh_token(db, account.id), os.environ, key=f"refresh token of {account.merchant_id}"
            ),
        )
    return FeedsClient(credentials, account.marketplace_id, Timeouts.of(market.timeout_seconds))
