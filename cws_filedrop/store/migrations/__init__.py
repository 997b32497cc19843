"""The tables, brought up to date from whatever revision a database is of (by alembic; a change is a file in versions/).

A revision is for ever. Once it is on the main branch it is never changed, since databases were made by it: what is
wrong with it is mended by the next one. Whoever adds one sets HEAD and keeps a database that it made, for SQLite and
for PostgreSQL (`tests/store/kept_databases.py` makes both); the tests bring every one that is kept up to date.

A new database is made the same way, so that there is one way only, and a test holds the outcome against `store.schema`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cws_filedrop.errors import ConfigError

HEAD: Final = "0033"
FIRST: Final = "0018"  # of the first release; databases of earlier ones were never released
LAST_BEFORE: Final = "5da283c"  # the commit that brings those to FIRST


def upgrade(connection: sa.Connection) -> None:
    """Bring the tables up to date; part of the connection's transaction.

    Raises: ConfigError when a newer version of this program made the database, or one before the first release.
    """
    found = revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise ConfigError(f"[database] url: it was made by a newer version ({found}, this one knows {HEAD})")
    if found is not None and found < FIRST:
        raise ConfigError(
            f"[database] url: it was made before the first release ({found}, this version begins at {FIRST}); start the"
            f" program of commit {LAST_BEFORE} with it once, then this one"
        )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of each of its parts, and of every step
    # Late: it takes a tenth of a second, and nearly always there is nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(connection: sa.Connection) -> str | None:
    """What the database is of; None when it has none of our tables."""
    look = sa.inspect(connection)
    if look.has_table("alembic_version"):
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return "0001" if look.has_table("uploads") else None  # the first one did not say so
