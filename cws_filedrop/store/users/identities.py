"""Whoever logs in to the pages, operator or seller alike: what proves who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import SELLERS, USERS
from cws_filedrop.store.users.web_sessions import WebSession

_COLUMNS: Final = ("id", "name", "password_hash", "totp_secret", "version")


@dataclass(frozen=True, slots=True)
class Identity:
    """A row of `users` or `sellers`; `totp_secret` "" = no second factor."""

    is_seller: bool
    id: int
    name: str
    password_hash: str
    totp_secret: str
    version: int

    @property
    def called(self) -> str:
        """A name that no other has: an operator may be called as a seller is."""
        return f"{'seller' if self.is_seller else 'operator'} {self.name}"

    @property
    def owner(self) -> dict[str, int]:
        """Whose a session of theirs is."""
        return {"seller_id" if self.is_seller else "user_id": self.id}


def of_session(db: Database, session: WebSession) -> Identity | None:
    """Whose session it is."""
    is_seller = session.seller_id is not None
    return _find(db, is_seller=is_seller, id=session.the_seller if is_seller else session.the_user)


def of_seller(db: Database, name: str) -> Identity | None:
    """The seller of that name."""
    return _find(db, is_seller=True, name=name.lower())


def use_code(db: Database, identity: Identity, step: int) -> bool:
    """Note that the code of a time step was used; false when it, or a later one, was used before (RFC 6238, 5.2)."""
    table = _table(is_seller=identity.is_seller)
    with db.write() as connection:
        mine = (table.c.id == identity.id, table.c.totp_last < step)
        return connection.execute(table.update().where(*mine).values(totp_last=step)).rowcount == 1


def _find(db: Database, *, is_seller: bool, **where: Any) -> Identity | None:
    table = _table(is_seller=is_seller)
    wanted = (table.c[name] == value for name, value in where.items())
    with db.read() as connection:
        row = connection.execute(sa.select(*(table.c[name] for name in _COLUMNS)).where(*wanted)).first()
    return None if row is None else Identity(is_seller, *row)


def _table(*, is_seller: bool) -> sa.Table:
    return SELLERS if is_seller else USERS
