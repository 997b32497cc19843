"""Several workers share the database: who they are, which uploads each reads, and the folder that they share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Make the tables, and the column."""
    op.create_table(
        "workers",
        columns.serial("no"),
        *columns.texts("name", "host", "version", "began_at"),
        *columns.maybe("ended_at", "taken_over_at"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    columns.index("workers_left", "workers", ["no"], "taken_over_at IS NULL")
    op.create_table(
        "shared_folders", sa.Column("name", sa.Text, primary_key=True), sa.Column("mark", sa.Text, nullable=False)
    )
    op.add_column("uploads", sa.Column("worker_no", columns.SERIAL))
