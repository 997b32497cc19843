"""Operators' names of carriers; and what an order's report says of its buyer's wish to cancel."""

from __future__ import annotations

from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0028"
down_revision = "0026"


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table("carrier_names", *columns.keys("folded"), *columns.texts("name", "code", "changed_at"))
    for column in columns.blanks("cancel_request"):
        op.add_column("orders", column)
