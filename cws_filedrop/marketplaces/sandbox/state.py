"""The sandbox's state: one SQLite file that survives kill -9. Knows tables and transactions, no HTTP and no feed."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

BUSY_SECONDS: Final = 30.0
FIRST_FEED: Final = 50_000_000_000  # feeds have long numbers, as at Amazon; a report names its feed by one

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created REAL NOT NULL,
    is_report INTEGER NOT NULL DEFAULT 0,
    packing TEXT NOT NULL DEFAULT '',
    body BLOB
);

CREATE TABLE IF NOT EXISTS feeds (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    type TEXT NOT NULL,
    marketplaces TEXT NOT NULL,
    document TEXT NOT NULL,
    created REAL NOT NULL,
    starts REAL NOT NULL,
    ends REAL NOT NULL,
    fate TEXT NOT NULL DEFAULT 'DONE',
    applied INTEGER NOT NULL DEFAULT 1,
    settled INTEGER NOT NULL DEFAULT 0,
    result TEXT
);
CREATE INDEX IF NOT EXISTS feeds_by_account ON feeds (account, no);
CREATE INDEX IF NOT EXISTS feeds_due ON feeds (ends) WHERE settled = 0;

CREATE TABLE IF NOT EXISTS buckets (
    account TEXT NOT NULL, operation TEXT NOT NULL, arrival REAL NOT NULL, PRIMARY KEY (account, operation)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS book (
    account TEXT NOT NULL, order_id TEXT NOT NULL, item TEXT NOT NULL, units INTEGER NOT NULL,
    PRIMARY KEY (account, order_id, item)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS shipped (
    account TEXT NOT NULL, order_id TEXT NOT NULL, item TEXT NOT NULL, tracking TEXT NOT NULL,
    quantity INTEGER NOT NULL, PRIMARY KEY (account, order_id, item, tracking)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parcels (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    order_id TEXT NOT NULL,
    item TEXT NOT NULL,
    tracking TEXT NOT NULL,
    carrier TEXT NOT NULL,
    shipped_at TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS parcels_by_order ON parcels (order_id, account);

CREATE TABLE IF NOT EXISTS facts (
    account TEXT NOT NULL, order_id TEXT NOT NULL, item TEXT NOT NULL, said TEXT NOT NULL,
    PRIMARY KEY (account, order_id, item)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS reports (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    type TEXT NOT NULL,
    marketplaces TEXT NOT NULL,
    created REAL NOT NULL,
    starts REAL NOT NULL,
    ends REAL NOT NULL,
    fate TEXT NOT NULL,
    document TEXT
);

CREATE TABLE IF NOT EXISTS cancelled (
    account TEXT NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY (account, order_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    account TEXT NOT NULL,
    feed INTEGER NOT NULL,
    message INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    item_code TEXT NOT NULL,
    tracking TEXT NOT NULL,
    carrier TEXT NOT NULL,
    quantity INTEGER,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_by_order ON ledger (order_id);
CREATE INDEX IF NOT EXISTS ledger_by_feed ON ledger (feed);
CREATE TRIGGER IF NOT EXISTS ledger_is_not_changed BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is not changed'); END;
CREATE TRIGGER IF NOT EXISTS ledger_is_not_cut BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is not cut'); END;
"""

OLD_PARCELS: Final = (
    "INSERT INTO parcels (account, order_id, item, tracking, carrier, shipped_at, quantity, at)"
    " SELECT account, order_id, item, tracking, '', '', quantity, 0 FROM shipped"
)


class State:
    """The open file. All threads share its connection, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # What is committed survives the end of the process; only a power cut could undo the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)
        with self.write() as connection:
            self._begin(connection)

    def _begin(self, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (secrets.token_bytes(32),))
        first = connection.execute("INSERT OR IGNORE INTO meta VALUES ('parcels', '')").rowcount
        if first:  # shipments of an earlier version, which kept neither carrier nor date
            connection.execute(OLD_PARCELS)
        for table, column in (("book", "cancelled"), ("documents", "restricted"), ("feeds", "reported")):
            if column not in [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
        numbered = connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'feeds'").fetchone()
        if numbered is None:
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('feeds', ?)", (FIRST_FEED,))

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed as a whole, or rolled back on an exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries."""
        with self._lock:
            yield self._connection

    def secret(self) -> bytes:
        """The key that signs tokens and links; lasts as long as the file."""
        with self.read() as connection:
            return bytes(connection.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()[0])

    def close(self) -> None:
        """Close the file once the current transaction is over."""
        with self._lock:
            self._connection.close()
