"""The tables, brought up to date from whatever version a database is of (by alembic; a change is a file in versions/).

A new database is made the same way, so that there is one way only, and a test holds the outcome against `store.schema`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cws_filedrop.errors import ConfigError

HEAD: Final = "0017"
FIRST: Final = "0001"


def upgrade(connection: sa.Connection) -> None:
    """Bring the tables up to date; part of the connection's transaction.

    Raises: ConfigError when a newer version of this program made the database.
    """
    found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise ConfigError(f"[database] url: it was made by a newer version ({found}, this one knows {HEAD})")
    # Late: it takes a tenth of a second, and nearly always there is nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    if found is None and sa.inspect(connection).has_table("uploads"):
        command.stamp(config, FIRST)  # made before versions were kept
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
