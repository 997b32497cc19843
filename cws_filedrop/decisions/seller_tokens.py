"""Sellers' API tokens: made, switched, removed; by commands, pages and API alike, and told to the seller."""

from __future__ import annotations

from cws_filedrop.decisions import access_changes, token_terms
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.token_rows import Token, TokenTerms
from cws_filedrop.store.users.decisions import Who


def add(context: ServiceContext, name: str, label: str, terms: TokenTerms, *, who: Who) -> tuple[Token, str]:
    """A new token for a seller: its row, and the token itself, which is kept nowhere. Raises: NotPossible."""
    seller, label = owner(context, name), token_terms.label(label)
    with context.db.write() as connection:
        made = tokens.add_in(connection, seller.id, label, now=context.clock(), terms=terms)
        if made is None:
            raise NotPossible(f"{seller.name} has {tokens.MOST_TOKENS} tokens already; remove one of them first")
        _record(context, connection, who, seller, "add", made[0])
    return made


def enable(context: ServiceContext, name: str, token_id: int, enabled: bool, *, who: Who) -> Token:
    """Switch a token off or on; how it is now. Raises: NotPossible."""
    seller = owner(context, name)
    with context.db.write() as connection:
        changed = tokens.enable_in(connection, seller.id, token_id, enabled=enabled)
        return _recorded(context, connection, who, seller, "enable" if enabled else "disable", changed, token_id)


def remove(context: ServiceContext, name: str, token_id: int, *, who: Who) -> Token:
    """Remove a token; how it was. Raises: NotPossible."""
    seller = owner(context, name)
    with context.db.write() as connection:
        gone = tokens.remove_in(connection, seller.id, token_id)
        return _recorded(context, connection, who, seller, "remove", gone, token_id)


def disable_all(context: ServiceContext, name: str, *, who: Who) -> int:
    """Switch all tokens off, as with a password that somebody else may have known; how many that were."""
    on = [one.id for one in tokens.listing(context.db, owner(context, name).id) if one.enabled]
    for token_id in on:
        enable(context, name, token_id, False, who=who)
    return len(on)


def owner(context: ServiceContext, name: str) -> Seller:
    """The seller of that name. Raises: NotPossible."""
    found = sellers.find(context.db, name)
    if found is None:
        raise NotPossible(f"there is no seller named {name.lower()}")
    return found


def _recorded(
    context: ServiceContext,
    connection: Connection,
    who: Who,
    seller: Seller,
    what: str,
    found: Token | None,
    token_id: int,
) -> Token:
    if found is None:
        raise NotPossible(f"{seller.name} has no token {token_id}")
    _record(context, connection, who, seller, what, found)
    return found


def _record(context: ServiceContext, connection: Connection, who: Who, seller: Seller, what: str, token: Token) -> None:
    detail = f"{token.id} {token.hint}… {token.label}".rstrip()
    access_changes.record_in(
        context, connection, who, seller, AuditEventKind.TOKENS, what=f"token-{what}", detail=detail
    )
