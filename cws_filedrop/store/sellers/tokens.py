"""Sellers' tokens of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import Scope
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import API_TOKENS, SELLERS
from cws_filedrop.store.token_rows import TokenRows, scopes_of, unexpired

PREFIX: Final = "cwsfd_"
MOST_TOKENS: Final = 50  # of a seller
_ROWS: Final = TokenRows(API_TOKENS, "seller_id", prefix=PREFIX, most=MOST_TOKENS)
SCOPES: Final = _ROWS.scopes
add, listing, enable, remove = _ROWS.add, _ROWS.listing, _ROWS.enable, _ROWS.remove
add_in, enable_in, remove_in = _ROWS.add_in, _ROWS.enable_in, _ROWS.remove_in


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, where the seller and the token may come from ("" = anywhere), and what it is for."""

    token_id: int
    seller_id: int
    networks: str
    own_networks: str = ""
    scopes: tuple[Scope, ...] = SCOPES


# One look-up in an index, whatever is presented. Hashes are compared, so the time it takes reveals nothing of a token.
_BEARER: Final = (
    sa.select(API_TOKENS.c.id, API_TOKENS.c.seller_id, API_TOKENS.c.used_at, API_TOKENS.c.scopes)
    .add_columns(SELLERS.c.networks, API_TOKENS.c.networks.label("own_networks"))
    .select_from(API_TOKENS.join(SELLERS))
    .where(
        API_TOKENS.c.token_hash == sa.bindparam("hash"),
        API_TOKENS.c.enabled,
        unexpired(API_TOKENS),
        SELLERS.c.enabled,
        SELLERS.c.removed_at.is_(None),
        sa.or_(SELLERS.c.expires_at.is_(None), SELLERS.c.expires_at > sa.bindparam("now")),
    )
)


def authenticate(db: Database, token: str, *, now: datetime) -> Bearer | None:
    """Whose token it is; None when it is not valid (any more). Notes when it was used, to the minute."""
    row = _ROWS.presented(db, _BEARER, token, now=now)
    if row is None:
        return None
    return Bearer(row.id, row.seller_id, row.networks, row.own_networks, scopes_of(row.scopes))
