"""All sealed columns: whether their keys are there, and sealing what is plain or sealed with an older key.

Piece by piece, each a short transaction: what a kill leaves undone is done the next time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.credentials.sealing import KEY_LETTERS, MARK
from cws_filedrop.errors import expected
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import HOOKS, ORDER_PEOPLE, SELLERS, USERS

LOG: Final = log.get(__name__)
PIECE: Final = 500
COLUMNS: Final[tuple[sa.Column[str], ...]] = (
    USERS.c.totp_secret,
    SELLERS.c.totp_secret,
    HOOKS.c.secret,
    ORDER_PEOPLE.c.cells,
)


def prepare(db: Database) -> None:
    """See that the keys of all sealed values are there, and seal those that are plain. For the start of the service.

    Raises: ConfigError when a key is missing.
    """
    keys = db.sealing
    if keys is None:
        return
    if unknown := sorted(_used(db) - set(keys.names())):
        raise keys.missing(unknown[0])
    if sealed := _seal_again(db, lambda raw: ~raw.startswith(MARK, autoescape=True)):
        _leave_nothing(db)
        LOG.info("data.values_sealed", values=sealed)


def rotate(db: Database) -> int:
    """Seal everything with a new key. Returns how many values. The key before it is kept until the next time, for what
    is being written at this moment.

    Raises: ConfigError.
    """
    keys = expected(db.sealing, "keys of the database")
    prepare(db)
    before = keys.names()[:1]
    keys.add_key()
    current = f"{MARK}{keys.names()[0]}:"
    number = _seal_again(db, lambda raw: ~raw.startswith(current, autoescape=True))
    keys.drop_all_but({*before, *_used(db)})
    LOG.info("data.key_changed", values=number)
    return number


def _used(db: Database) -> set[str]:
    """Which keys the sealed values were sealed with."""
    found: set[str] = set()
    with db.read() as connection:
        for column in COLUMNS:
            raw = _raw(column)
            name = sa.func.substr(raw, len(MARK) + 1, KEY_LETTERS)
            found |= set(
                connection.execute(sa.select(name).where(raw.startswith(MARK, autoescape=True)).distinct()).scalars()
            )
    return found


def _seal_again(db: Database, wanted: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]]) -> int:
    number = 0
    for column in COLUMNS:
        while some := _seal_some(db, column, wanted(_raw(column))):
            number += some
    return number


def _seal_some(db: Database, column: sa.Column[str], wanted: sa.ColumnElement[bool]) -> int:
    table = column.table
    (key,) = table.primary_key
    with db.write() as connection:
        if db.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what was plain is overwritten
        query = sa.select(key, column).where(_raw(column) != "", wanted).order_by(key).limit(PIECE).with_for_update()
        rows = connection.execute(query).all()
        if rows:
            change = sa.update(table).where(key == sa.bindparam("b_key")).values({column.name: sa.bindparam("b_value")})
            connection.execute(change, [{"b_key": row[0], "b_value": row[1]} for row in rows])
    return len(rows)


def _leave_nothing(db: Database) -> None:
    """Empty SQLite's log, which has the plain values, too. While others read it stays until they have read on."""
    if db.is_sqlite:
        with db.read() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _raw(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """As it is in the database."""
    return sa.type_coerce(column, sa.Text())
