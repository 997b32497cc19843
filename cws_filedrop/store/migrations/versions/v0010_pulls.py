"""Orders fetched from Amazon.

Revision 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "pulls",
        sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("account_id", SERIAL, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Text, nullable=False),
        sa.Column("report_id", sa.Text, nullable=False, server_default=""),
        sa.Column("next_at", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("done_at", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False, server_default="{}"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("pulls_by_account", "pulls", ["account_id", "no"])
    not_done = sa.text("done_at IS NULL")
    op.create_index("pulls_open", "pulls", ["next_at"], sqlite_where=not_done, postgresql_where=not_done)
