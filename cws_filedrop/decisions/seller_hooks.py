"""Sellers' web hooks: added, switched, removed; by commands and API alike, and told to the seller."""

from __future__ import annotations

from collections.abc import Collection

from cws_filedrop.decisions import access_changes
from cws_filedrop.decisions.seller_tokens import owner
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import SELLERS_EVENTS, Seller
from cws_filedrop.notify import signing
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.users.decisions import Who


def add(context: ServiceContext, name: str, url: str, events: Collection[str], *, who: Who) -> tuple[int, str]:
    """A new hook for a seller, of an address that was checked; no events are all. Its id, and the secret that signs its
    calls. Raises: NotPossible."""
    seller, secret = owner(context, name), signing.new_secret()
    wanted = [event for event in SELLERS_EVENTS if not events or event in events]
    with context.db.write() as connection:
        made = hooks.add_in(connection, seller.id, url, secret=secret, events=wanted, now=context.clock())
        if made is None:
            raise NotPossible(f"{seller.name} has {hooks.MOST_HOOKS} web hooks already; remove one of them")
        _record(context, connection, who, seller, "add", f"{made} {url}")
    return made, secret


def enable(context: ServiceContext, name: str, hook_id: int, enabled: bool, *, who: Who) -> None:
    """Switch a hook off or on. Raises: NotPossible."""
    seller = owner(context, name)
    with context.db.write() as connection:
        url = hooks.enable_in(connection, seller.id, hook_id, enabled=enabled)
        _record(context, connection, who, seller, "enable" if enabled else "disable", _there(url, seller, hook_id))


def remove(context: ServiceContext, name: str, hook_id: int, *, who: Who) -> None:
    """Remove a hook, and what is queued for it. Raises: NotPossible."""
    seller = owner(context, name)
    with context.db.write() as connection:
        url = hooks.remove_in(connection, seller.id, hook_id)
        _record(context, connection, who, seller, "remove", _there(url, seller, hook_id))


def _there(url: str | None, seller: Seller, hook_id: int) -> str:
    if url is None:
        raise NotPossible(f"{seller.name} has no web hook {hook_id}")
    return f"{hook_id} {url}"


def _record(context: ServiceContext, connection: Connection, who: Who, seller: Seller, what: str, detail: str) -> None:
    access_changes.record_in(context, connection, who, seller, AuditEventKind.HOOKS, what=f"hook-{what}", detail=detail)
