"""Tokens of the API for operators; and of each deed, by which token it was done.

Revision 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nobody has any yet, and nothing was done by one."""
    op.add_column("deeds", sa.Column("token", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "user_tokens",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("user_id", SERIAL, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("used_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("user_tokens_by_user", "user_tokens", ["user_id"])
