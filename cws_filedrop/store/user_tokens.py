"""Operators' tokens of the API: rows in and out. As with sellers' tokens, only the SHA-256 of a token is kept.

What a token may do stands in no row of it: it is its user's role at that moment.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Role
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import USER_TOKENS, USERS
from cws_filedrop.store.tokens import hashed

PREFIX: Final = "cwsop_"
MOST_TOKENS: Final = 20  # of a user
LONGEST_LABEL: Final = 100
_HINT: Final = len(PREFIX) + 4
_USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UserToken:
    """A row of `user_tokens`; moments are stamps."""

    id: int
    user_id: int
    label: str
    hint: str
    enabled: bool
    created_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class UserBearer:
    """Whose token it is, and how the user stands at this moment."""

    token_id: int
    hint: str
    user_id: int
    name: str
    role: Role
    has_factor: bool


_COLUMNS: Final = tuple(USER_TOKENS.c[name] for name in UserToken.__slots__)


def add_in(connection: sa.Connection, user_id: int, label: str, *, now: datetime) -> tuple[UserToken, str] | None:
    """Make a token: its row and itself, which is to be had this once; None when the user has as many as may be."""
    token = PREFIX + secrets.token_urlsafe(32)
    number = sa.select(sa.func.count()).select_from(USER_TOKENS).where(USER_TOKENS.c.user_id == user_id)
    if connection.execute(number).scalar_one() >= MOST_TOKENS:
        return None
    values = {"label": label, "token_hash": hashed(token), "hint": token[:_HINT], "created_at": stamp(now)}
    insert = USER_TOKENS.insert().values(user_id=user_id, **values).returning(*_COLUMNS)
    return UserToken(*connection.execute(insert).one()), token


def listing(db: Database, user_id: int) -> list[UserToken]:
    """A user's tokens, oldest first."""
    query = sa.select(*_COLUMNS).where(USER_TOKENS.c.user_id == user_id).order_by(USER_TOKENS.c.id)
    with db.read() as connection:
        return [UserToken(*row) for row in connection.execute(query)]


def enable_in(connection: sa.Connection, user_id: int, token_id: int, *, enabled: bool) -> UserToken | None:
    """Have a token hold no more, or again; None when the user has no such token."""
    change = USER_TOKENS.update().where(*_mine(user_id, token_id)).values(enabled=enabled).returning(*_COLUMNS)
    row = connection.execute(change).first()
    return None if row is None else UserToken(*row)


def remove_in(connection: sa.Connection, user_id: int, token_id: int) -> UserToken | None:
    """Forget a token; None when the user has no such token."""
    row = connection.execute(USER_TOKENS.delete().where(*_mine(user_id, token_id)).returning(*_COLUMNS)).first()
    return None if row is None else UserToken(*row)


_BEARER: Final = (
    sa.select(
        USER_TOKENS.c.id, USER_TOKENS.c.hint, USER_TOKENS.c.used_at, USER_TOKENS.c.user_id, USERS.c.name, USERS.c.role
    )
    .add_columns((USERS.c.totp_secret != "").label("has_factor"))
    .select_from(USER_TOKENS.join(USERS))
    .where(USER_TOKENS.c.token_hash == sa.bindparam("hash"), USER_TOKENS.c.enabled, USERS.c.enabled)
)


def authenticate(db: Database, token: str, *, now: datetime) -> UserBearer | None:
    """Whose token it is; None when it does not hold (any more). Keeps when it was used, to the minute."""
    with db.read() as connection:
        row: Any = connection.execute(_BEARER, {"hash": hashed(token)}).first()
    if row is None:
        return None
    if row.used_at is None or row.used_at <= stamp(now - _USED_EVERY):
        with db.write() as connection:
            used = USER_TOKENS.update().where(USER_TOKENS.c.id == row.id).values(used_at=stamp(now))
            connection.execute(used)
    return UserBearer(row.id, row.hint, row.user_id, row.name, Role(row.role), bool(row.has_factor))


def _mine(user_id: int, token_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return USER_TOKENS.c.id == token_id, USER_TOKENS.c.user_id == user_id
