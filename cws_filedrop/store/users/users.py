"""Operators who use the pages: rows in, `User` out. Knows nothing of how passwords and codes are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Role
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import USERS, WEB_SESSIONS

USER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class User:
    """A row of `users`; `version` grows when existing sessions must end."""

    id: int
    name: str
    password_hash: str
    role: Role
    enabled: bool
    totp_secret: str
    totp_last: int
    version: int
    created_at: str


_COLUMNS: Final = tuple(USERS.c[item.name] for item in fields(User))


def add(db: Database, name: str, *, password_hash: str, role: Role, now: datetime) -> bool:
    """Add a user; false when the name is taken."""
    row = {"name": name, "password_hash": password_hash, "role": str(role), "created_at": stamp(now)}
    with db.write() as connection:
        if connection.execute(sa.select(USERS.c.id).where(USERS.c.name == name)).first() is not None:
            return False
        connection.execute(USERS.insert().values(row))
    return True


def find(db: Database, name: str) -> User | None:
    """The user of that name, matched without regard to case."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(USERS.c.name == name.lower())).first()
    return None if row is None else _user(row)


def get(db: Database, user_id: int) -> User | None:
    """The user with that id."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(USERS.c.id == user_id)).first()
    return None if row is None else _user(row)


def everyone(db: Database) -> list[User]:
    """Every user, by name."""
    with db.read() as connection:
        return [_user(row) for row in connection.execute(sa.select(*_COLUMNS).order_by(USERS.c.name))]


def change(db: Database, name: str, values: Mapping[str, object]) -> bool:
    """Set columns of a user and end its sessions; false when there is none of that name.

    Raises: LastAdmin when no admin would be left.
    """
    with db.write() as connection:
        mine = USERS.c.name == name.lower()
        user_id = connection.execute(sa.select(USERS.c.id).where(mine)).scalar()
        if user_id is None:
            return False
        admins = sa.select(sa.func.count()).where(USERS.c.role == str(Role.ADMIN), USERS.c.enabled)
        before = connection.execute(admins).scalar_one()
        connection.execute(USERS.update().where(mine).values({**values, "version": USERS.c.version + 1}))
        if before and not connection.execute(admins).scalar_one():
            raise LastAdmin(f"{name} is the last admin; make another one first")
        connection.execute(WEB_SESSIONS.delete().where(WEB_SESSIONS.c.user_id == user_id))
    return True


class LastAdmin(Exception):
    """No admin would be left to manage users."""


def _user(row: Any) -> User:
    return User(**{**row._mapping, "role": Role(row.role)})
