"""A few names from the database, for completion in the shell. Without SQLAlchemy, which takes longer to load than all
the rest; creates no file, changes nothing, and never waits long.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote

WAIT_SECONDS: Final = 0.3
MOST: Final = 50
_QUESTIONS: Final = {  # names that begin with ?, and a word on each; at most ? of them
    "sellers": "SELECT name, '' FROM sellers WHERE name LIKE ? ORDER BY name LIMIT ?",
    "users": "SELECT name, role FROM users WHERE name LIKE ? ORDER BY name LIMIT ?",
    "uploads": "SELECT uploads.id, sellers.name || ', ' || uploads.state FROM uploads"
    " JOIN sellers ON sellers.id = uploads.seller_id WHERE uploads.id LIKE ? ORDER BY uploads.id DESC LIMIT ?",
    "aside": "SELECT uploads.id, sellers.name || ', ' || uploads.state FROM uploads"
    " JOIN sellers ON sellers.id = uploads.seller_id WHERE uploads.state IN ('held', 'cut', 'failed')"
    " AND uploads.id LIKE ? ORDER BY uploads.id DESC LIMIT ?",
    "feeds": "SELECT CAST(no AS TEXT), state FROM feeds WHERE CAST(no AS TEXT) LIKE ? ORDER BY no DESC LIMIT ?",
    "stopped": "SELECT CAST(no AS TEXT), note FROM feeds WHERE state = 'stopped' AND CAST(no AS TEXT) LIKE ?"
    " ORDER BY no DESC LIMIT ?",
    "connections": "SELECT id, seller FROM connections WHERE id LIKE ? ORDER BY id LIMIT ?",
    "profiles": "SELECT DISTINCT name, '' FROM profiles WHERE name LIKE ? ORDER BY name LIMIT ?",
}


def names(url: str, what: str, beginning: str) -> list[tuple[str, str]]:
    """Names with that beginning, each with a short description. Raises: whatever the database's library raises."""
    given = (beginning.replace("%", "").replace("_", "") + "%", MOST)
    if url.startswith("sqlite:///"):
        where = f"file:{quote(url.removeprefix('sqlite:///'))}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, timeout=WAIT_SECONDS)) as connection:
            return connection.execute(_QUESTIONS[what], given).fetchall()
    return _on_postgres(url, _QUESTIONS[what].replace("?", "%s"), given)


def _on_postgres(url: str, question: str, given: tuple[Any, ...]) -> list[tuple[str, str]]:
    import psycopg

    where = url.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(where, connect_timeout=2, options="-c statement_timeout=500") as connection:
        return connection.execute(question.encode(), given).fetchall()
