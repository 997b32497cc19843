from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from afterwards import afterwards
from marketplaces.market_kit import Market


@pytest.fixture
def open_market(tmp_path: Path) -> Iterator[Callable[..., Market]]:
    """Starts sandboxes with settings of their own."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Market:
            market = Market(tmp_path / "amazon.db", **settings).start()
            stack.callback(afterwards, market.stop)
            return market

        yield start


@pytest.fixture
def market(open_market: Callable[..., Market]) -> Market:
    """A sandbox without rate limits, on a clock of its own."""
    return open_market()
