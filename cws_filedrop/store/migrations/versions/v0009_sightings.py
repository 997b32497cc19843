"""Confirmed shipments are looked for in Amazon's own orders.

Revision 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a column and a table. What was confirmed before is not looked for."""
    op.add_column("lines", sa.Column("seen_at", sa.Text))
    op.create_table(
        "sightings",
        sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("amazon_order_id", sa.Text, primary_key=True),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("look_at", sa.Text),
        sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sqlite_with_rowid=False,
    )
    due, missing = sa.text("look_at IS NOT NULL"), sa.text("state <> 'seen'")
    op.create_index("sightings_due", "sightings", ["look_at"], sqlite_where=due, postgresql_where=due)
    known = sa.text("latest_ship_date <> ''")
    columns = ["account_id", "latest_ship_date"]
    op.create_index("orders_by_deadline", "orders", columns, sqlite_where=known, postgresql_where=known)
    columns = ["account_id", "since"]
    op.create_index("sightings_missing", "sightings", columns, sqlite_where=missing, postgresql_where=missing)
