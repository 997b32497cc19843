"""Operators' API tokens: made, switched, removed; by commands and pages alike, and kept as decisions."""

from __future__ import annotations

from cws_filedrop.decisions import token_terms
from cws_filedrop.errors import NotPossible
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.token_rows import Token, TokenTerms
from cws_filedrop.store.users import decisions, user_tokens, users
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.user_tokens import MOST_TOKENS
from cws_filedrop.store.users.users import User


def lacks_factor(context: ServiceContext, *, has_factor: bool) -> bool:
    """Is a second factor required that a user does not have? Then no token can be made, and existing ones do not work.

    Otherwise a stolen password would be enough to get a token that needs no code.
    """
    return context.settings.web.second_factor == "required" and not has_factor


def add(context: ServiceContext, name: str, label: str, terms: TokenTerms, *, who: Who) -> tuple[Token, str]:
    """A new token for a user: its row, and the token itself, which is kept nowhere. Raises: NotPossible."""
    user, label, now = _user(context, name), token_terms.label(label), context.clock()
    _must_be_able_to_use_it(context, user)
    with context.db.write() as connection:
        made = user_tokens.add_in(connection, user.id, label, now=now, terms=terms)
        if made is None:
            raise NotPossible(f"{user.name} has {MOST_TOKENS} tokens already; remove one of them first")
        _note(context, connection, who, "add", user, made[0])
    return made


def _must_be_able_to_use_it(context: ServiceContext, user: User) -> None:
    if not user.enabled:
        raise NotPossible(f"{user.name} is disabled, so no token of theirs would hold")
    if lacks_factor(context, has_factor=bool(user.totp_secret)):
        raise NotPossible(f"{user.name} has no second factor, which is required here; set it up on the pages first")


def enable(context: ServiceContext, name: str, token_id: int, enabled: bool, *, who: Who) -> str:
    """Switch a token off or on; what was done, in words. Raises: NotPossible."""
    user = _user(context, name)
    with context.db.write() as connection:
        changed = user_tokens.enable_in(connection, user.id, token_id, enabled=enabled)
        _note(context, connection, who, "enable" if enabled else "disable", user, _there(changed, user, token_id))
    return f"Token {token_id} is switched {'on' if enabled else 'off'}."


def remove(context: ServiceContext, name: str, token_id: int, *, who: Who) -> str:
    """Remove a token; what was done, in words. Raises: NotPossible."""
    user = _user(context, name)
    with context.db.write() as connection:
        gone = user_tokens.remove_in(connection, user.id, token_id)
        _note(context, connection, who, "remove", user, _there(gone, user, token_id))
    return f"Token {token_id} is removed."


def disable_all(context: ServiceContext, name: str, *, who: Who) -> int:
    """Switch all tokens off, as with a password that somebody else may have known; how many that were."""
    on = [one.id for one in user_tokens.listing(context.db, _user(context, name).id) if one.enabled]
    for token_id in on:
        enable(context, name, token_id, False, who=who)
    return len(on)


def _user(context: ServiceContext, name: str) -> User:
    found = users.find(context.db, name)
    if found is None:
        raise NotPossible(f"there is no user {name}")
    return found


def _there(found: Token | None, user: User, token_id: int) -> Token:
    if found is None:
        raise NotPossible(f"{user.name} has no token {token_id}")
    return found


def _note(context: ServiceContext, connection: Connection, who: Who, what: str, user: User, token: Token) -> None:
    detail = f"{token.id} {token.hint}… {token.label}".rstrip()
    decisions.add_in(connection, who, what=f"user.token-{what}", about=user.name, detail=detail, now=context.clock())
