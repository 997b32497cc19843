"""Sellers' tokens of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import API_TOKENS, SELLERS
from cws_filedrop.store.token_rows import TokenRows

PREFIX: Final = "cwsfd_"
MOST_TOKENS: Final = 50  # of a seller
_ROWS: Final = TokenRows(API_TOKENS, "seller_id", prefix=PREFIX, most=MOST_TOKENS)
listing, get = _ROWS.listing, _ROWS.get


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, and where it may come from ("" = anywhere)."""

    token_id: int
    seller_id: int
    networks: str


def add(db: Database, seller_id: int, label: str, *, now: datetime) -> tuple[int, str] | None:
    """Make a token: its id and itself, which is to be had this once; None when the seller has as many as it may."""
    with db.write() as connection:
        made = _ROWS.add_in(connection, seller_id, label, now=now)
    return None if made is None else (made[0].id, made[1])


def enable(db: Database, seller_id: int, token_id: int, *, enabled: bool) -> bool:
    """Have a token hold no more, or again; false when the seller has no such token."""
    with db.write() as connection:
        return _ROWS.enable_in(connection, seller_id, token_id, enabled=enabled) is not None


def remove(db: Database, seller_id: int, token_id: int) -> bool:
    """Forget a token; false when the seller has no such token."""
    with db.write() as connection:
        return _ROWS.remove_in(connection, seller_id, token_id) is not None


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
    row = _ROWS.presented(db, _BEARER, token, now=now)
    return None if row is None else Bearer(row.id, row.seller_id, row.networks)
