"""Sellers: keys, a password for clear text, expiry, networks. Failed logins, to be kept over restarts.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; rows stay as they are."""
    op.add_column("sellers", sa.Column("clear_password_hash", sa.Text))
    op.add_column("sellers", sa.Column("expires_at", sa.Text))
    op.add_column("sellers", sa.Column("networks", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "seller_keys",
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("added_at", sa.Text, nullable=False),
    )
    op.create_table(
        "guard",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("scored_at", sa.Float, nullable=False),
        sa.Column("until", sa.Float, nullable=False, server_default="0"),
        sa.Column("bans", sa.Integer, nullable=False, server_default="0"),
    )
