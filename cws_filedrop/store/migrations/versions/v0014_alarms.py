"""Alarms, and signs of life.

Revision 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "alarms",
        sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("recovered_at", sa.Text),
        sa.Column("told", sa.Integer, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    some = sa.text("recovered_at IS NULL")
    op.create_index("alarms_open", "alarms", ["key"], unique=True, sqlite_where=some, postgresql_where=some)
    op.create_table(
        "beats",
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
    )
