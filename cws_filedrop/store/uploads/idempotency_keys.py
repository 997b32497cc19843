"""Idempotency keys: the same key of a client again means the same upload. Rows in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import HANDED_IN

KEPT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class EarlierUse:
    """What a key was used for. `digest` covers name, folder and bytes; `upload_id` is "" when the service ended before
    it had noted which upload it became."""

    digest: str
    upload_id: str
    at: str


def begin(db: Database, seller_id: int, key: str, *, digest: str, now: datetime) -> EarlierUse | None:
    """Reserve a key for an upload that is being received; or, if it was used within a day, return that use."""
    with db.write() as connection:
        connection.execute(HANDED_IN.delete().where(HANDED_IN.c.at < stamp(now - KEPT)))
        row = connection.execute(_COLUMNS.where(*_same(seller_id, key))).first()
        if row is not None:
            return EarlierUse(*row)
        values = {"seller_id": seller_id, "key": key, "digest": digest, "upload_id": "", "at": stamp(now)}
        connection.execute(HANDED_IN.insert().values(values))
    return None


def taken(db: Database, seller_id: int, key: str, upload_id: str) -> None:
    """Note which upload a key has become."""
    with db.write() as connection:
        connection.execute(HANDED_IN.update().where(*_same(seller_id, key)).values(upload_id=upload_id))


def withdraw(db: Database, seller_id: int, key: str) -> None:
    """Free a key whose upload was not received after all."""
    with db.write() as connection:
        connection.execute(HANDED_IN.delete().where(*_same(seller_id, key), HANDED_IN.c.upload_id == ""))


_COLUMNS: Final = sa.select(HANDED_IN.c.digest, HANDED_IN.c.upload_id, HANDED_IN.c.at)


def _same(seller_id: int, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return HANDED_IN.c.seller_id == seller_id, HANDED_IN.c.key == key
