"""Users of the pages: added, changed, let in or not; by commands and by the pages alike, and written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cws_filedrop import passwords
from cws_filedrop.model import Role
from cws_filedrop.pipeline.deciding import Impossible, did
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import users
from cws_filedrop.store.deeds import Who

SHORTEST_PASSWORD: Final = 12  # characters; NIST SP 800-63B asks for 8, and for more where it is the only factor


def add(desk: Desk, name: str, role: Role, *, password: str = "", who: Who) -> str:
    """A new user; the password, made if none was given. Raises: Impossible."""
    name, password = name.strip().lower(), password or passwords.generated()
    if not users.USER_NAME.fullmatch(name):
        raise Impossible(f"{name!r} is no user name: letters, digits, dots and dashes, 64 at most")
    _long_enough(password)
    now = desk.clock()
    if not users.add(desk.db, name, password_hash=passwords.hashed(password), role=role, now=now):
        raise Impossible(f"there is a user {name} already")
    did(desk, who, what="user.add", about=name, detail=str(role))
    return password


def new_password(desk: Desk, name: str, *, who: Who) -> str:
    """A new password for a user, whose sessions end. Raises: Impossible."""
    password = passwords.generated()
    set_password(desk, name, password, who=who)
    return password


def set_password(desk: Desk, name: str, password: str, *, who: Who) -> None:
    """That password for a user, whose sessions end. Raises: Impossible."""
    _long_enough(password)
    _change(desk, name, {"password_hash": passwords.hashed(password)})
    did(desk, who, what="user.password", about=name)


def set_role(desk: Desk, name: str, role: Role, *, who: Who) -> str:
    """Another role; what was done, in words. Raises: Impossible."""
    _change(desk, name, {"role": str(role)})
    did(desk, who, what="user.role", about=name, detail=str(role))
    return f"{name} is {role} now."


def enable(desk: Desk, name: str, enabled: bool, *, who: Who) -> str:
    """Let a user in, or not any more; what was done, in words. Raises: Impossible."""
    _change(desk, name, {"enabled": enabled})
    did(desk, who, what="user.enable" if enabled else "user.disable", about=name)
    return f"{name} may log in." if enabled else f"{name} may not log in any more."


def set_factor(desk: Desk, name: str, secret: str, *, who: Who) -> None:
    """From now on codes of that secret are asked for. Raises: Impossible."""
    _change(desk, name, {"totp_secret": secret})
    did(desk, who, what="user.second-factor", about=name)


def forget_factor(desk: Desk, name: str, *, who: Who) -> str:
    """No codes are asked for: the phone is lost; what was done, in words. Raises: Impossible."""
    _change(desk, name, {"totp_secret": ""})
    did(desk, who, what="user.forget-factor", about=name)
    return f"{name} has no second factor any more."


def _long_enough(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Impossible(f"a password has {SHORTEST_PASSWORD} characters at least")


def _change(desk: Desk, name: str, values: Mapping[str, object]) -> None:
    try:
        done = users.change(desk.db, name, values)
    except users.LastAdmin as error:
        raise Impossible(str(error)) from None
    if not done:
        raise Impossible(f"there is no user {name}")
