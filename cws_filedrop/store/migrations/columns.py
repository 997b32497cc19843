"""Columns and indexes as revisions write them. What a revision was made with stays as it is."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

SERIAL: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def serial(name: str) -> sa.Column[int]:
    """A number that the database gives."""
    return sa.Column(name, SERIAL, primary_key=True, autoincrement=True)


def of(name: str, key: str) -> sa.Column[int]:
    """A row of another table, such as of("seller_id", "sellers.id")."""
    return sa.Column(name, SERIAL, sa.ForeignKey(key), nullable=False)


def key_of(name: str, key: str) -> sa.Column[int]:
    """The same as (a part of) the key."""
    return sa.Column(name, SERIAL, sa.ForeignKey(key), primary_key=True, autoincrement=False)


def texts(*names: str) -> list[sa.Column[str]]:
    """Texts that every row has."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def keys(*names: str) -> list[sa.Column[str]]:
    """Texts that are (a part of) the key."""
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def blanks(*names: str) -> list[sa.Column[str]]:
    """Texts that are "" until something is known."""
    return [sa.Column(name, sa.Text, nullable=False, server_default="") for name in names]


def maybe(*names: str) -> list[sa.Column[str]]:
    """Texts that a row may lack."""
    return [sa.Column(name, sa.Text) for name in names]


def number(name: str, default: str = "0") -> sa.Column[int]:
    """A whole number, 0 unless told otherwise."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def flag(name: str, default: sa.ColumnElement[bool]) -> sa.Column[bool]:
    """Yes or no."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    """An index of some rows alone."""
    some = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=some, postgresql_where=some)
