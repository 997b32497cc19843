"""The service from its first process to its last: what `serve` and `demo` have in common.

Nothing heavy is imported before the other processes are on their way, so that all of them load at the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from cws_filedrop import log_settings
from cws_filedrop.processes import environment, loading, ports
from cws_filedrop.processes.addresses import Addresses
from cws_filedrop.processes.children import Children
from cws_filedrop.processes.roles import EVERY, ServiceRole
from cws_filedrop.processes.stopping import StopRequest, stop_on_signals
from cws_filedrop.settings import Settings


class _Stoppable(Protocol):
    def stop(self) -> None: ...


class _Service(_Stoppable, Protocol):
    def start(self) -> Addresses: ...


@contextmanager
def running(settings: Settings, roles: Collection[ServiceRole] = EVERY) -> Iterator[tuple[Addresses, StopRequest]]:
    """The running service, and the request to stop that SIGTERM and Ctrl-C make; stopped in good order at the end.

    Raises: ConfigError when a setting cannot be used; Stopped when a stop is requested while it starts.
    """
    with stop_on_signals() as stop:
        children = Children(settings, stop, roles)
        started: _Stoppable = children
        try:
            children.take_data()
            ports.check(settings, roles)
            log_settings.configure(settings, "worker")  # before, a service that cannot start leaves nothing behind
            children.start()
            started = service = _service(settings, children)
            yield service.start(), stop
        finally:
            started.stop()


def _service(settings: Settings, children: Children) -> _Service:
    with loading.without_gc():
        from cws_filedrop import data_folder
        from cws_filedrop.store import sealed_rows
        from cws_filedrop.store.cluster import shared_folder
        from cws_filedrop.store.opening import open_database
    data_folder.prepare(settings)
    environment.keep_temporary_files(settings)
    db = open_database(settings)
    try:
        db.create()
        shared_folder.check(db, settings.data)
        sealed_rows.prepare(db)
    finally:
        db.close()
    children.begin()
    children.stop_request.check()
    with loading.without_gc():
        from cws_filedrop.service import Service
    children.stop_request.check()
    return Service(settings, children)
