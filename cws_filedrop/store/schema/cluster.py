"""The workers that share this database, and what all of their hosts have in common."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

WORKERS: Final = sa.Table(  # a row for each start
    "workers",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # the engine's executor; unique for each start
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("began_at", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),  # set by itself, or by who takes its work over: from then on it writes nothing
    sa.Column("taken_over_at", sa.Text),
    sa.Index(
        "workers_left",
        "no",
        sqlite_where=sa.text("taken_over_at IS NULL"),
        postgresql_where=sa.text("taken_over_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

SHARED_FOLDERS: Final = sa.Table(  # the data folder that all hosts share, known by a file in it
    "shared_folders",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
)
