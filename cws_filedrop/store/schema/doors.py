"""What the doors remember."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

GUARD: Final = sa.Table(  # logins, failed by address and by user name, and right ones; moments in seconds since 1970
    "guard",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),  # address | user | login
    sa.Column("who", sa.Text, primary_key=True),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("scored_at", sa.Float, nullable=False),
    sa.Column("until", sa.Float, nullable=False, server_default="0"),  # banned until
    sa.Column("bans", sa.Integer, nullable=False, server_default="0"),
)

AUDIT: Final = sa.Table(  # what was done at the doors
    "audit",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # drop.audit_events.Event
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("upload_id", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Index("audit_by_seller", "seller", "id"),
    sa.Index("audit_by_time", "at"),
    sa.Index(
        "audit_by_upload",
        "upload_id",
        sqlite_where=sa.text("upload_id <> ''"),
        postgresql_where=sa.text("upload_id <> ''"),
    ),
)

AUDIT_EXPORTS: Final = sa.Table(  # how far the audit trail has been handed on, by where to
    "audit_exports",
    METADATA,
    sa.Column("target", sa.Text, primary_key=True),  # as in the settings
    sa.Column("last_id", sa.BigInteger, nullable=False),
    sa.Column("exported_at", sa.Text, nullable=False),
)
