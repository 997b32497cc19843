from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One running service, with every door and the pages, for all journeys that need none of their own.

    Each brings its own sellers; `anna` is of those who need any.
    """
    folder: Path = tmp_path_factory.mktemp("service")
    running = Running(
        folder,
        TLS__IMPLICIT_PORT=0,
        WEB__ENABLED=True,
        HOOKS__ALLOW_HTTP=True,
        HOOKS__ALLOW_PRIVATE=True,
        ORDERS__FILES_MINUTES=0.01,
    )
    running.add_seller("anna")
    running.start()
    yield running
    assert running.stop() == 0
