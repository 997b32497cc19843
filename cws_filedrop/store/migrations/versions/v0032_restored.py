"""What a restored database does not know of: since when Amazon may have feeds that are not in it, and of which lines
the orders were read since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0032"
down_revision = "0028"


def upgrade() -> None:
    """Add columns and the table."""
    for column in (*columns.maybe("restored_at", "unseen_since", "listed_at"), *columns.blanks("unseen_note")):
        op.add_column("accounts", column)
    op.create_table(
        "restored_looks",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        *columns.texts("looked_at"),
        columns.flag("free", sa.false()),
        columns.flag("shown", sa.false()),
        sqlite_with_rowid=False,
    )
