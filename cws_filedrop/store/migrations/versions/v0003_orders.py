"""The order book.

Revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add tables."""
    op.create_table(
        "orders",
        sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("account_id", SERIAL, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("amazon_order_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("reference", sa.Text, nullable=False, server_default=""),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("purchase_date", sa.Text, nullable=False, server_default=""),
        sa.Column("payments_date", sa.Text, nullable=False, server_default=""),
        sa.Column("latest_ship_date", sa.Text, nullable=False, server_default=""),
        sa.Column("ship_method", sa.Text, nullable=False, server_default=""),
        sa.Column("sales_channel", sa.Text, nullable=False, server_default=""),
        sa.Column("tracking_number", sa.Text, nullable=False, server_default=""),
        sa.Column("location", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.Column("shipped_at", sa.Text),
        sa.Column("listed_at", sa.Text, nullable=False, server_default=""),
        sa.UniqueConstraint("account_id", "amazon_order_id"),
        sa.UniqueConstraint("account_id", "number"),
        sa.Index("orders_by_reference", "account_id", "reference"),
        sa.Index("orders_by_state", "account_id", "state"),
        sa.Index("orders_by_change", "account_id", "changed_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "order_lines",
        sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, nullable=False, server_default=""),
        sa.Column("item_name", sa.Text, nullable=False, server_default=""),
        sa.Column("quantity", sa.Integer),
        sa.Column("price", sa.Text, nullable=False, server_default=""),
        sa.Column("total_price", sa.Text, nullable=False, server_default=""),
        sa.Column("shipping_fee", sa.Text, nullable=False, server_default=""),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_people",
        sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
        sa.Column("cells", sa.Text, nullable=False),
    )
    op.create_table(
        "order_history",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("upload_id", sa.Text, nullable=False, server_default=""),
        sa.Column("line", sa.Integer),
        sa.Index("order_history_of", "order_no", "id"),
    )
