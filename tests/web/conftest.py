from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web.site import Site, site_on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The pages on an empty desk with the seller `anna`."""
    with site_on(tmp_path) as running:
        yield running
