"""The audit trail.

Revision 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
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
    )
