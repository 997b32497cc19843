"""How sellers log in: their passwords, and the second factor of the pages; changed by pages and commands alike."""

from __future__ import annotations

from cws_filedrop.credentials import passwords
from cws_filedrop.decisions import access_changes
from cws_filedrop.decisions.seller_tokens import owner
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users.decisions import Who


def set_password(context: ServiceContext, name: str, password: str, *, clear: bool = False, who: Who) -> None:
    """That password for a seller, whose sessions end; `clear`: of FTP without encryption. Raises: NotPossible."""
    if fault := passwords.fault(password):
        raise NotPossible(fault)
    column, what = ("clear_password_hash", "clear-password") if clear else ("password_hash", "password")
    _change(context, name, {column: passwords.hashed(password)}, what, who)


def forget_clear_password(context: ServiceContext, name: str, *, who: Who) -> None:
    """Let a seller log in with encryption only. Raises: NotPossible."""
    _change(context, name, {"clear_password_hash": None}, "no-clear-password", who)


def set_factor(context: ServiceContext, name: str, secret: str, *, who: Who) -> None:
    """Ask for codes of that secret on the pages from now on. Raises: NotPossible."""
    _set_factor(context, name, secret, "second-factor", who)


def forget_factor(context: ServiceContext, name: str, *, who: Who) -> str:
    """Stop asking for codes, as when the phone is lost; what was done, in words. Raises: NotPossible."""
    _set_factor(context, name, "", "forget-factor", who)
    return f"{name.lower()} has no second factor any more."


def _set_factor(context: ServiceContext, name: str, secret: str, what: str, who: Who) -> None:
    seller = owner(context, name)
    with context.db.write() as connection:
        sellers.set_factor_in(connection, seller.id, secret)
        _record(context, connection, seller, what, who)


def _change(context: ServiceContext, name: str, values: dict[str, object], what: str, who: Who) -> None:
    seller = owner(context, name)
    with context.db.write() as connection:
        sellers.change_in(connection, name, values)
        _record(context, connection, seller, what, who)


def _record(context: ServiceContext, connection: Connection, seller: Seller, what: str, who: Who) -> None:
    access_changes.record_in(context, connection, who, seller, AuditEventKind.ACCESS, what=what, detail="")
