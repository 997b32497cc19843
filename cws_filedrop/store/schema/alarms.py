"""What is wrong, since when, and whether that was reported; and which processes are alive."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

ALARMS: Final = sa.Table(
    "alarms",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False),  # what is wrong: the same cause has the same key
    sa.Column("kind", sa.Text, nullable=False),  # model.AlarmKind
    sa.Column("text", sa.Text, nullable=False),  # as it stood last
    sa.Column("remedy", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("recovered_at", sa.Text),  # NULL = it is still so
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # 1 = that it is so, 2 = that it is over
    sa.Index(
        "alarms_open",
        "key",
        unique=True,
        sqlite_where=sa.text("recovered_at IS NULL"),
        postgresql_where=sa.text("recovered_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

BEATS: Final = sa.Table(  # processes that say now and then that they are alive
    "beats",
    METADATA,
    sa.Column("who", sa.Text, primary_key=True),  # worker, doors, web
    sa.Column("at", sa.Text, nullable=False),
)
