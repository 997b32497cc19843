"""Rows for tests of what is kept in the database."""

from __future__ import annotations

from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads


def arrive(db: Database, upload_id: str, name: str = "a.txt") -> None:
    """Keep an upload of anna's."""
    seller = sellers.find(db, "anna")
    assert seller is not None
    row = {
        "id": upload_id,
        "seller_id": seller.id,
        "account_id": seller.account.id,
        "folder": "inbox",
        "name": name,
        "door": "ftp",
        "client": "127.0.0.1",
        "grade": "whole",
        "evidence": "",
        "arrived_at": "2026-11-22T12:00:00.000Z",
        "size": 10,
    }
    uploads.arrive(db, [row])
