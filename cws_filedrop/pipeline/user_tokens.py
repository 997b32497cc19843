"""Operators' tokens of the API: made, switched, removed; by commands and by the pages alike, and written down."""

from __future__ import annotations

import sqlalchemy as sa

from cws_filedrop.pipeline.deciding import Impossible
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import deeds, user_tokens, users
from cws_filedrop.store.deeds import Who
from cws_filedrop.store.token_rows import LONGEST_LABEL, Token
from cws_filedrop.store.user_tokens import MOST_TOKENS
from cws_filedrop.store.users import User


def lacks_factor(desk: Desk, *, has_factor: bool) -> bool:
    """Is a second factor asked for that a user does not have? Then it may make no token, and none of its holds."""
    return desk.settings.web.second_factor == "required" and not has_factor


def add(desk: Desk, name: str, label: str, *, who: Who) -> tuple[Token, str]:
    """A new token of a user's: its row, and itself, which is to be had this once. Raises: Impossible."""
    user, label = _user(desk, name), label.strip()
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise Impossible(f"what a token is for has {LONGEST_LABEL} printable characters at most")
    if not user.enabled:
        raise Impossible(f"{user.name} is disabled, so no token of theirs would hold")
    if lacks_factor(desk, has_factor=bool(user.totp_secret)):
        raise Impossible(f"{user.name} has no second factor, which is required here; set it up on the pages first")
    now = desk.clock()
    with desk.db.write() as connection:
        made = user_tokens.add_in(connection, user.id, label, now=now)
        if made is None:
            raise Impossible(f"{user.name} has {MOST_TOKENS} tokens already; remove one of them first")
        _note(desk, connection, who, "add", user, made[0])
    return made


def enable(desk: Desk, name: str, token_id: int, enabled: bool, *, who: Who) -> str:
    """Have a token hold no more, or again; what was done, in words. Raises: Impossible."""
    user = _user(desk, name)
    with desk.db.write() as connection:
        changed = user_tokens.enable_in(connection, user.id, token_id, enabled=enabled)
        _note(desk, connection, who, "enable" if enabled else "disable", user, _there(changed, user, token_id))
    return f"Token {token_id} is switched {'on' if enabled else 'off'}."


def remove(desk: Desk, name: str, token_id: int, *, who: Who) -> str:
    """Forget a token; what was done, in words. Raises: Impossible."""
    user = _user(desk, name)
    with desk.db.write() as connection:
        gone = user_tokens.remove_in(connection, user.id, token_id)
        _note(desk, connection, who, "remove", user, _there(gone, user, token_id))
    return f"Token {token_id} is removed."


def _user(desk: Desk, name: str) -> User:
    found = users.find(desk.db, name)
    if found is None:
        raise Impossible(f"there is no user {name}")
    return found


def _there(found: Token | None, user: User, token_id: int) -> Token:
    if found is None:
        raise Impossible(f"{user.name} has no token {token_id}")
    return found


def _note(desk: Desk, connection: sa.Connection, who: Who, what: str, user: User, token: Token) -> None:
    told = f"{token.id} {token.hint}… {token.label}".rstrip()
    deeds.add_in(connection, who, what=f"user.token-{what}", about=user.name, detail=told, now=desk.clock())
