"""Public keys that sellers log in with: rows in and out. Knows nothing of cryptography."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import KEYS, SELLERS


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A seller's key. `key` is its kind and its base64 text, `fingerprint` as `ssh-keygen -l` shows it."""

    fingerprint: str
    key: str
    comment: str
    added_at: str


def add(db: Database, seller_id: int, key: PublicKey, *, now: datetime) -> bool:
    """Add a key (its `added_at` is ignored); false when the seller has it already."""
    values = {"fingerprint": key.fingerprint, "key": key.key, "comment": key.comment, "added_at": stamp(now)}
    with db.write() as connection:
        if connection.execute(sa.select(KEYS.c.key).where(*_same(seller_id, key.fingerprint))).first() is not None:
            return False
        connection.execute(KEYS.insert().values(seller_id=seller_id, **values))
    return True


def listing(db: Database, seller_id: int) -> list[PublicKey]:
    """A seller's keys, oldest first."""
    columns = (KEYS.c.fingerprint, KEYS.c.key, KEYS.c.comment, KEYS.c.added_at)
    query = sa.select(*columns).where(KEYS.c.seller_id == seller_id).order_by(KEYS.c.added_at, KEYS.c.fingerprint)
    with db.read() as connection:
        return [PublicKey(*row) for row in connection.execute(query)]


def holds(db: Database, seller_id: int, fingerprint: str, key: str) -> bool:
    """May the seller log in with this key? The whole key is compared; a fingerprint only helps people."""
    with db.read() as connection:
        found = connection.execute(sa.select(KEYS.c.key).where(*_same(seller_id, fingerprint))).scalar()
    return found == key


def remove(db: Database, seller_id: int, fingerprint: str) -> bool:
    """Remove a key, and invalidate the seller's logins; false when there is none."""
    with db.write() as connection:
        done = connection.execute(KEYS.delete().where(*_same(seller_id, fingerprint))).rowcount > 0
        if done:
            grown = {"version": SELLERS.c.version + 1}
            connection.execute(SELLERS.update().where(SELLERS.c.id == seller_id).values(grown))
    return done


def _same(seller_id: int, fingerprint: str) -> tuple[sa.ColumnElement[bool], ...]:
    return KEYS.c.seller_id == seller_id, KEYS.c.fingerprint == fingerprint
