"""Tokens have scopes, an end and networks; sellers may have a second factor; sessions tell their browser; the audit
trail is exported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0026"
down_revision = "0024"
SCOPES = {"api_tokens": "read upload manage", "user_tokens": "read manage"}  # of tokens that there are: all


def upgrade() -> None:
    """Add the columns and the table."""
    for table, scopes in SCOPES.items():
        op.add_column(table, sa.Column("scopes", sa.Text, nullable=False, server_default=scopes))
        for column in (*columns.maybe("expires_at"), *columns.blanks("networks")):
            op.add_column(table, column)
    op.add_column("web_sessions", *columns.blanks("agent"))
    op.add_column("sellers", *columns.blanks("totp_secret"))
    op.add_column("sellers", sa.Column("totp_last", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "audit_exports",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        *columns.texts("exported_at"),
    )
