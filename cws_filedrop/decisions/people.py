"""Users of the pages: added, changed, enabled, disabled; by commands, pages and API alike, and kept as decisions."""

from __future__ import annotations

from collections.abc import Mapping

from cws_filedrop.credentials import passwords
from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Role
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.users import users
from cws_filedrop.store.users.decisions import Who


def add(context: ServiceContext, name: str, role: Role, *, password: str = "", who: Who) -> str:
    """A new user; the password, made if none was given. Raises: NotPossible."""
    name, password = name.strip().lower(), password or passwords.generated()
    if not users.USER_NAME.fullmatch(name):
        raise NotPossible(f"{name!r} is no user name: letters, digits, dots and dashes, 64 at most")
    _check_password(password)
    now = context.clock()
    if not users.add(context.db, name, password_hash=passwords.hashed(password), role=role, now=now):
        raise NotPossible(f"there is a user {name} already")
    record_decision(context, who, what="user.add", about=name, detail=str(role))
    return password


def new_password(context: ServiceContext, name: str, *, who: Who) -> str:
    """A new password for a user, whose sessions end. Raises: NotPossible."""
    password = passwords.generated()
    set_password(context, name, password, who=who)
    return password


def set_password(context: ServiceContext, name: str, password: str, *, who: Who) -> None:
    """That password for a user, whose sessions end. Raises: NotPossible."""
    _check_password(password)
    _change(context, name, {"password_hash": passwords.hashed(password)})
    record_decision(context, who, what="user.password", about=name)


def set_role(context: ServiceContext, name: str, role: Role, *, who: Who) -> str:
    """Another role; what was done, in words. Raises: NotPossible."""
    _change(context, name, {"role": str(role)})
    record_decision(context, who, what="user.role", about=name, detail=str(role))
    return f"{name} is {role} now."


def enable(context: ServiceContext, name: str, enabled: bool, *, who: Who) -> str:
    """Let a user log in, or no longer; what was done, in words. Raises: NotPossible."""
    _change(context, name, {"enabled": enabled})
    record_decision(context, who, what="user.enable" if enabled else "user.disable", about=name)
    return f"{name} may log in." if enabled else f"{name} may not log in any more."


def set_factor(context: ServiceContext, name: str, secret: str, *, who: Who) -> None:
    """Ask for codes of that secret from now on. Raises: NotPossible."""
    _change(context, name, {"totp_secret": secret})
    record_decision(context, who, what="user.second-factor", about=name)


def forget_factor(context: ServiceContext, name: str, *, who: Who) -> str:
    """Stop asking for codes, as when the phone is lost; what was done, in words. Raises: NotPossible."""
    _change(context, name, {"totp_secret": ""})
    record_decision(context, who, what="user.forget-factor", about=name)
    return f"{name} has no second factor any more."


def _check_password(password: str) -> None:
    if fault := passwords.fault(password):
        raise NotPossible(fault)


def _change(context: ServiceContext, name: str, values: Mapping[str, object]) -> None:
    try:
        done = users.change(context.db, name, values)
    except users.LastAdmin as error:
        raise NotPossible(str(error)) from None
    if not done:
        raise NotPossible(f"there is no user {name}")
