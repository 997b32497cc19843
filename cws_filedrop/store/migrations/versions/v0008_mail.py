"""Mail: what it has to tell of, the mails themselves, whom sellers want to be written to.

Revision 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a column and three tables."""
    op.add_column("sellers", sa.Column("mailing", sa.Text, nullable=False, server_default="{}"))
    op.create_table(
        "quiet_lines",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_notes",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("noted_at", sa.Text, nullable=False),
        sa.Column("told_at", sa.Text),
        sqlite_with_rowid=False,
    )
    untold = sa.text("told_at IS NULL")
    op.create_index(
        "mail_notes_untold", "mail_notes", ["topic", "noted_at"], sqlite_where=untold, postgresql_where=untold
    )
    op.create_index("mail_notes_by_time", "mail_notes", ["noted_at"])
    op.create_table(
        "mails",
        sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),
        sa.Column("order_no", SERIAL),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("mails_by_state", "mails", ["state", "next_at"])
    op.create_index("mails_by_seller", "mails", ["seller_id", "kind"])
    op.create_index("mails_by_time", "mails", ["created_at"])
