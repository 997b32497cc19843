from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from databases import new_database

from cws_filedrop.model import Account, Seller
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import sellers

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A real SQLite database with the seller `anna`."""
    database = new_database(tmp_path / "rows.db")
    sellers.add(database, Seller(0, "anna", Account(0, "M1")), password_hash="h", now=NOW)
    yield database
    database.close()
