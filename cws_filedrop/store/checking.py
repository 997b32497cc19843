"""What is wrong with a database, in words; it is only looked at."""

from __future__ import annotations

import sqlalchemy as sa

from cws_filedrop.store import migrations, moving
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import METADATA


def version(db: Database) -> str:
    """The revision of its tables, "" when it has none. Raises: DatabaseError when it cannot be reached."""
    with db.read() as connection:
        return migrations.revision(connection) or ""


def faults(db: Database) -> list[str]:
    """Everything that is wrong, each with what to do."""
    found = version(db)
    if not found:
        return ["it has no tables: `cws-filedrop db migrate` makes them"]
    if found > migrations.HEAD:
        return [f"it is of a newer version ({found}, this program knows {migrations.HEAD}): take that program"]
    if found < migrations.HEAD:
        return [f"its tables are of {found}, this program's of {migrations.HEAD}: `cws-filedrop db migrate`"]
    if moving.is_unfinished(db):
        return ["a move to it was not finished: start `cws-filedrop db move` again"]
    with db.read() as connection:
        return _missing(connection) + (_damaged(connection) if db.is_sqlite else [])


def _missing(connection: sa.Connection) -> list[str]:
    there = set(sa.inspect(connection).get_table_names())
    return [f"the table {name} is missing: restore a backup" for name in METADATA.tables if name not in there]


def _damaged(connection: sa.Connection) -> list[str]:
    """What SQLite finds in its file."""
    words = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    return [f"its file is damaged ({one}): restore a backup" for one in words if one != "ok"] + [
        f"a row of {row[0]} refers to one of {row[2]} that is missing: restore a backup" for row in lost
    ]
