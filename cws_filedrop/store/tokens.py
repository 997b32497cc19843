"""Sellers' tokens of the API: rows in and out. The token itself is kept nowhere, only its SHA-256: it has 256 random
bits."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import API_TOKENS, SELLERS

PREFIX: Final = "cwsfd_"
MOST_TOKENS: Final = 50  # of a seller
LONGEST_LABEL: Final = 100
_HINT: Final = len(PREFIX) + 4
_USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A row of `api_tokens`; moments are stamps."""

    id: int
    seller_id: int
    label: str
    hint: str
    enabled: bool
    created_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, and where it may come from ("" = anywhere)."""

    token_id: int
    seller_id: int
    networks: str


_COLUMNS: Final = tuple(API_TOKENS.c[name] for name in Token.__slots__)


def add(db: Database, seller_id: int, label: str, *, now: datetime) -> tuple[int, str] | None:
    """Make a token: its id and itself, which is to be had this once; None when the seller has as many as it may."""
    token = PREFIX + secrets.token_urlsafe(32)
    values = {"label": label, "token_hash": hashed(token), "hint": token[:_HINT], "created_at": stamp(now)}
    with db.write() as connection:
        number = sa.select(sa.func.count()).select_from(API_TOKENS).where(API_TOKENS.c.seller_id == seller_id)
        if connection.execute(number).scalar_one() >= MOST_TOKENS:
            return None
        insert = API_TOKENS.insert().values(seller_id=seller_id, **values).returning(API_TOKENS.c.id)
        return int(connection.execute(insert).scalar_one()), token


def listing(db: Database, seller_id: int) -> list[Token]:
    """A seller's tokens, oldest first."""
    query = sa.select(*_COLUMNS).where(API_TOKENS.c.seller_id == seller_id).order_by(API_TOKENS.c.id)
    with db.read() as connection:
        return [Token(*row) for row in connection.execute(query)]


def get(db: Database, seller_id: int, token_id: int) -> Token | None:
    """That token, if it is the seller's."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(*_mine(seller_id, token_id))).first()
    return None if row is None else Token(*row)


def enable(db: Database, seller_id: int, token_id: int, *, enabled: bool) -> bool:
    """Have a token hold no more, or again; false when the seller has no such token."""
    with db.write() as connection:
        change = API_TOKENS.update().where(*_mine(seller_id, token_id)).values(enabled=enabled)
        return connection.execute(change).rowcount > 0


def remove(db: Database, seller_id: int, token_id: int) -> bool:
    """Forget a token; false when the seller has no such token."""
    with db.write() as connection:
        return connection.execute(API_TOKENS.delete().where(*_mine(seller_id, token_id))).rowcount > 0


# One look at an index, whatever is presented; what is compared is a hash, so that time tells nothing of a token.
_BEARER: Final = (
    sa.select(API_TOKENS.c.id, API_TOKENS.c.seller_id, API_TOKENS.c.used_at, SELLERS.c.networks)
    .select_from(API_TOKENS.join(SELLERS))
    .where(
        API_TOKENS.c.token_hash == sa.bindparam("hash"),
        API_TOKENS.c.enabled,
        SELLERS.c.enabled,
        SELLERS.c.removed_at.is_(None),
        sa.or_(SELLERS.c.expires_at.is_(None), SELLERS.c.expires_at > sa.bindparam("now")),
    )
)


def authenticate(db: Database, token: str, *, now: datetime) -> Bearer | None:
    """Whose token it is; None when it does not hold (any more). Keeps when it was used, to the minute."""
    with db.read() as connection:
        row: Any = connection.execute(_BEARER, {"hash": hashed(token), "now": stamp(now)}).first()
    if row is None:
        return None
    if row.used_at is None or row.used_at <= stamp(now - _USED_EVERY):
        with db.write() as connection:
            used = API_TOKENS.update().where(API_TOKENS.c.id == row.id).values(used_at=stamp(now))
            connection.execute(used)
    return Bearer(row.id, row.seller_id, row.networks)


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _mine(seller_id: int, token_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return API_TOKENS.c.id == token_id, API_TOKENS.c.seller_id == seller_id
