"""Operators' tokens of the API. A token may do what its scopes are for, within its user's role at the moment of use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import Role, Scope
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import USER_TOKENS, USERS
from cws_filedrop.store.token_rows import TokenRows, scopes_of, unexpired

PREFIX: Final = "cwsop_"
MOST_TOKENS: Final = 20  # of a user
SCOPES: Final = (Scope.READ, Scope.MANAGE)  # operators hand nothing in
_ROWS: Final = TokenRows(USER_TOKENS, "user_id", prefix=PREFIX, most=MOST_TOKENS, scopes=SCOPES)
add_in, enable_in, remove_in, listing = _ROWS.add_in, _ROWS.enable_in, _ROWS.remove_in, _ROWS.listing


@dataclass(frozen=True, slots=True)
class UserBearer:
    """Whose token it is, and the user as of this moment."""

    token_id: int
    hint: str
    user_id: int
    name: str
    role: Role
    has_factor: bool
    networks: str = ""
    scopes: tuple[Scope, ...] = SCOPES


_BEARER: Final = (
    sa.select(
        USER_TOKENS.c.id, USER_TOKENS.c.hint, USER_TOKENS.c.used_at, USER_TOKENS.c.user_id, USERS.c.name, USERS.c.role
    )
    .add_columns((USERS.c.totp_secret != "").label("has_factor"), USER_TOKENS.c.networks, USER_TOKENS.c.scopes)
    .select_from(USER_TOKENS.join(USERS))
    .where(USER_TOKENS.c.token_hash == sa.bindparam("hash"), USER_TOKENS.c.enabled, USERS.c.enabled)
    .where(unexpired(USER_TOKENS))
)


def authenticate(db: Database, token: str, *, now: datetime) -> UserBearer | None:
    """Whose token it is; None when it is not valid (any more). Notes when it was used, to the minute."""
    row = _ROWS.presented(db, _BEARER, token, now=now)
    if row is None:
        return None
    whose = (row.id, row.hint, row.user_id, row.name, Role(row.role), bool(row.has_factor))
    return UserBearer(*whose, row.networks, scopes_of(row.scopes))
