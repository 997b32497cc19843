"""Web hooks, and what was handed in by the API under a key.

Revision 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nobody has any yet."""
    _hooks()
    _calls()
    op.create_table(
        "handed_in",
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("upload_id", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("handed_in_by_time", "handed_in", ["at"])


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("why_disabled", sa.Text, nullable=False, server_default=""),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", sa.Text),
        sa.Column("rests_until", sa.Text, nullable=False, server_default=""),
        sa.Column("last_answer", sa.Text, nullable=False, server_default=""),
        sa.Column("called_at", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("hooks_by_seller", "hooks", ["seller_id"])


def _calls() -> None:
    op.create_table(
        "hook_calls",
        sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("hook_id", SERIAL, sa.ForeignKey("hooks.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Text),
        sa.UniqueConstraint("hook_id", "key"),
        sqlite_autoincrement=True,
    )
    queued = sa.text("state = 'queued'")
    op.create_index("hook_calls_due", "hook_calls", ["next_at"], sqlite_where=queued, postgresql_where=queued)
    op.create_index("hook_calls_by_time", "hook_calls", ["created_at"])
