"""Composition root: settings -> a running service, and an ordered stop.

Four processes: this one (the worker), the doors, the web server, and, unless Amazon itself is the marketplace, the
sandbox. Neither doors nor pages share an interpreter lock with heavy work; the others end by themselves when this one
dies. They are started before this module is imported (`children`), which takes as long as they take to load.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from cws_filedrop import config, log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.errors import RemoteUnavailable
from cws_filedrop.gate import certificates
from cws_filedrop.marketplaces.amazon import Credentials, FeedsClient, Timeouts
from cws_filedrop.marketplaces.orders_api import OrdersClient
from cws_filedrop.marketplaces.reports_api import ReportsClient
from cws_filedrop.model import Account
from cws_filedrop.orders.pulling import OrderReportPuller
from cws_filedrop.outgoing.alarms.watch import AlarmWatch
from cws_filedrop.pipeline.processes import Processes
from cws_filedrop.processes.addresses import Addresses
from cws_filedrop.processes.children import Children
from cws_filedrop.processes.roles import ServiceRole
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database, DatabaseError
from cws_filedrop.store.sellers import sellers
from cws_filedrop.worker import Worker

LOG: Final = log.get(__name__)
AMAZON_TOKEN_URL: Final = "https://api.amazon.com/auth/o2/token"  # noqa: S105
SWITCH_SECONDS: Final = 0.0005
TAKEN_OVER_CODE: Final = 75  # EX_TEMPFAIL of sysexits.h: to be started again


class Service:
    """The running service. `start()` returns its addresses or raises; `stop()` is ordered: pages and doors, worker,
    sandbox."""

    def __init__(self, settings: Settings, children: Children) -> None:
        self._settings = settings
        self._children = children
        self._worker: Worker | None = None

    def start(self) -> Addresses:
        """Start the worker, and wait until the other processes, which were loading meanwhile, are ready.

        Raises: ConfigError when a setting cannot be used; Stopped.
        """
        # Threads here make many short calls to disk and database. At the usual 5 ms each of them waits that long to get
        # the interpreter back whenever another thread computes.
        sys.setswitchinterval(SWITCH_SECONDS)
        if ServiceRole.WORKER not in self._children.roles:
            return _addresses(self._children.ready(), "")
        settings = self._settings
        if endpoint := self._children.endpoint():
            settings = replace(settings, marketplace=replace(settings.marketplace, endpoint=endpoint))
        worker = self._assembled(settings)
        self._children.on_message(partial(_pass_on, worker))
        worker.start()
        self._worker = worker
        return _addresses(self._children.ready(), settings.marketplace.endpoint)

    def _assembled(self, settings: Settings) -> Worker:
        client = account_clients(settings)
        amazon = AmazonContext(open_context(settings), client, partial(_orders, client), settings.rate_scale)
        puller = OrderReportPuller(amazon, lambda account: ReportsClient.beside(client(account)))
        watch = AlarmWatch(amazon.context, lambda path: certificates.seen_by_clients(path)[1])
        return Worker(settings, amazon, puller, watch, Processes(settings, self._children.reader), lost=_lost)

    def stop(self) -> None:
        """Let transfers and steps in progress finish, then end. Harmless when repeated, and before it has started."""
        self._children.close_doors()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self._children.stop()


def _lost() -> None:
    """Another worker has taken over: nothing may be finished here. The children end with this process."""
    LOG.error("service.taken_over")
    os._exit(TAKEN_OVER_CODE)


def _orders(client: Callable[[Account], FeedsClient], account: Account) -> OrdersClient:
    return OrdersClient.beside(client(account))


def _pass_on(worker: Worker, message: Mapping[str, Any]) -> None:
    if message.get("event") == "arrived":
        try:
            worker.arrived(message["upload"])
        except Exception:
            LOG.exception("service.arrival_failed", upload=message["upload"])  # the worker's round takes it up


def _addresses(ready: Mapping[str, Any], endpoint: str) -> Addresses:
    ftp, ftps, sftp = (tuple(ready[name]) if ready.get(name) else None for name in ("ftp", "ftps", "sftp"))
    folder = str((ready.get("folder") or {}).get("mode", ""))
    web = f"{'https' if ready['https'] else 'http'}://{_host(ready['web'])}" if "web" in ready else ""
    return Addresses(ftp, ftps, sftp, folder, endpoint, web)


def _host(address: Sequence[Any]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def account_clients(settings: Settings) -> Callable[[Account], FeedsClient]:
    """One client per account, kept."""
    kept: dict[int, FeedsClient] = {}
    lock = threading.Lock()
    db = open_context(settings).db

    def client(account: Account) -> FeedsClient:
        with lock:
            if account.id not in kept:
                kept[account.id] = _client(settings, db, account)
            return kept[account.id]

    return client


def _client(settings: Settings, db: Database, account: Account) -> FeedsClient:
    credentials = partial(_credentials, settings, db, account)
    timeouts = Timeouts.of(settings.marketplace.timeout_seconds)
    return FeedsClient(credentials(), account.marketplace_id, timeouts, renew=credentials, before=partial(_may_act, db))


def _may_act(db: Database) -> None:
    """Return if this worker may still call Amazon. Raises: TakenOver; RemoteUnavailable when that cannot be asked."""
    try:
        db.check_worker()
    except DatabaseError as error:
        raise RemoteUnavailable(f"the database is away ({type(error).__name__})", ambiguous=False) from error


def _credentials(settings: Settings, db: Database, account: Account) -> Credentials:
    """The account's credentials as they are now. Raises: ConfigError when a secret cannot be read."""
    market = settings.marketplace
    if market.kind == "sandbox":
        token_url = market.token_url or f"{market.endpoint}/auth/o2/token"
        return Credentials(market.endpoint, token_url, "sandbox", "sandbox", f"sandbox-{account.merchant_id}")
    refresh_token = sellers.refresh_token(db, account.id)
    return Credentials(
        market.endpoint,
        market.token_url or AMAZON_TOKEN_URL,
        market.client_id,
        config.secret(market.client_secret, os.environ, key="[marketplace] client_secret"),
        config.secret(refresh_token, os.environ, key=f"refresh token of {account.merchant_id}"),
    )
