from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One running service with every door open, and the seller `anna`."""
    folder: Path = tmp_path_factory.mktemp("service")
    running = Running(folder, TLS__IMPLICIT_PORT=0)
    running.add_seller("anna")
    running.start()
    yield running
    assert running.stop() == 0
