"""The service from its first process to its last: what `serve` and `demo` have in common.

Nothing heavy is loaded before the other processes are on their way, so that all of them load side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cws_filedrop import loading
from cws_filedrop.children import Addresses, Children
from cws_filedrop.settings import Settings
from cws_filedrop.stopping import Stop, on_signals


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Addresses, Stop]]:
    """The running service, and the wish to stop that SIGTERM and Ctrl-C are; it is stopped in good order at the end.

    Raises: ConfigError when a setting cannot be used; Stopped when somebody wishes to stop while it starts.
    """
    with on_signals() as stop:
        children = Children(settings, stop)
        ends: list[Any] = [children]
        try:
            children.start()
            service = _service(settings, children)
            ends.append(service)
            yield service.start(), stop
        finally:
            ends[-1].stop()


def _service(settings: Settings, children: Children) -> Any:
    with loading.quickly():
        from cws_filedrop.store.database import Database, default_url
    db = Database(settings.database.url or default_url(settings.data))
    db.create()
    db.close()
    children.begin()
    children.stop_wish.check()
    with loading.quickly():
        from cws_filedrop.service import Service
    children.stop_wish.check()
    return Service(settings, children)
