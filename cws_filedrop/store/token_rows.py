"""Rows of tokens, whoever owns them. The token itself is stored nowhere, only its SHA-256; a slow hash is not needed,
since a token has 256 random bits and cannot be guessed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Scope
from cws_filedrop.store.database import Database, stamp

LONGEST_LABEL: Final = 100
_HINT_LETTERS: Final = 4  # after the prefix
_USED_EVERY: Final = timedelta(minutes=1)


def is_label(text: str) -> bool:
    """May a token be called so: not too long, and nothing in it that is not seen?"""
    return len(text) <= LONGEST_LABEL and text.isprintable()


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token is for, until when (a stamp; None = for ever), and from where, by blanks ("" = anywhere)."""

    scopes: tuple[Scope, ...]
    expires_at: str | None = None
    networks: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A row, without its owner; moments are stamps."""

    id: int
    label: str
    hint: str
    enabled: bool
    created_at: str
    used_at: str | None
    scopes: tuple[Scope, ...]
    expires_at: str | None
    networks: str


class TokenRows:
    """A table of tokens: who owns them, how they begin, how many one owner may have, and what they can be for."""

    def __init__(
        self, table: sa.Table, owner: str, *, prefix: str, most: int, scopes: tuple[Scope, ...] = tuple(Scope)
    ) -> None:
        self.prefix, self.most, self.scopes = prefix, most, scopes
        self._table, self._owner = table, table.c[owner]
        self._columns = [table.c[name] for name in Token.__slots__]

    def add_in(
        self, connection: sa.Connection, owner_id: int, label: str, *, now: datetime, terms: TokenTerms | None = None
    ) -> tuple[Token, str] | None:
        """Create a token, for everything unless told otherwise. Returns its row and the token itself, which cannot be
        had again; None at the limit."""
        token = self.prefix + secrets.token_urlsafe(32)
        there = sa.select(sa.func.count()).select_from(self._table).where(self._owner == owner_id)
        if connection.execute(there).scalar_one() >= self.most:
            return None
        values = {"label": label, "token_hash": hashed(token), "hint": token[: len(self.prefix) + _HINT_LETTERS]}
        row = {self._owner.name: owner_id, "created_at": stamp(now), **values, **self._columns_of(terms)}
        insert = self._table.insert().values(row).returning(*self._columns)
        return _token(connection.execute(insert).one()), token

    def _columns_of(self, terms: TokenTerms | None) -> dict[str, object]:
        kept = terms or TokenTerms(self.scopes)
        return {"scopes": " ".join(kept.scopes), "expires_at": kept.expires_at, "networks": kept.networks}

    def add(
        self, db: Database, owner_id: int, label: str, *, now: datetime, terms: TokenTerms | None = None
    ) -> tuple[Token, str] | None:
        """`add_in`, in a transaction of its own."""
        with db.write() as connection:
            return self.add_in(connection, owner_id, label, now=now, terms=terms)

    def listing(self, db: Database, owner_id: int) -> list[Token]:
        """An owner's tokens, oldest first."""
        query = sa.select(*self._columns).where(self._owner == owner_id).order_by(self._table.c.id)
        with db.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def enable_in(self, connection: sa.Connection, owner_id: int, token_id: int, *, enabled: bool) -> Token | None:
        """Disable a token, or enable it again; None when the owner has no such token."""
        change = self._table.update().where(*self._mine(owner_id, token_id)).values(enabled=enabled)
        return _found(connection.execute(change.returning(*self._columns)).first())

    def enable(self, db: Database, owner_id: int, token_id: int, *, enabled: bool) -> Token | None:
        """`enable_in`, in a transaction of its own."""
        with db.write() as connection:
            return self.enable_in(connection, owner_id, token_id, enabled=enabled)

    def remove_in(self, connection: sa.Connection, owner_id: int, token_id: int) -> Token | None:
        """Remove a token; None when the owner has no such token."""
        gone = self._table.delete().where(*self._mine(owner_id, token_id))
        return _found(connection.execute(gone.returning(*self._columns)).first())

    def remove(self, db: Database, owner_id: int, token_id: int) -> Token | None:
        """`remove_in`, in a transaction of its own."""
        with db.write() as connection:
            return self.remove_in(connection, owner_id, token_id)

    def presented(self, db: Database, query: sa.Select[Any], token: str, *, now: datetime) -> Any:
        """The row that a query with the parameters `hash` and `now` finds for a token, with `id` and `used_at`; None
        when the token is not valid (any more). Notes when it was used, to the minute."""
        with db.read() as connection:
            row: Any = connection.execute(query, {"hash": hashed(token), "now": stamp(now)}).first()
        if row is not None and (row.used_at is None or row.used_at <= stamp(now - _USED_EVERY)):
            with db.write() as connection:
                used = self._table.update().where(self._table.c.id == row.id).values(used_at=stamp(now))
                connection.execute(used)
        return row

    def _mine(self, owner_id: int, token_id: int) -> tuple[sa.ColumnElement[bool], ...]:
        return self._table.c.id == token_id, self._owner == owner_id


def unexpired(table: sa.Table) -> sa.ColumnElement[bool]:
    """Its tokens that have not come to their end at the parameter `now`."""
    return sa.or_(table.c.expires_at.is_(None), table.c.expires_at > sa.bindparam("now"))


def scopes_of(text: str) -> tuple[Scope, ...]:
    """The scopes that a row holds."""
    return tuple(Scope(word) for word in text.split())


def _found(row: Any) -> Token | None:
    return None if row is None else _token(row)


def _token(row: Any) -> Token:
    return Token(**{**row._mapping, "scopes": scopes_of(row.scopes)})


def hashed(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
