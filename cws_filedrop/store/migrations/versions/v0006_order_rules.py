"""What the rules need to know of orders: packages by order, tracking that is kept, and what may be undone.

Revision 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PIECE = 10_000


def upgrade() -> None:
    """Add columns and a table; take the keys of claims apart, and put their orders into the order book."""
    for column in (
        sa.Column("own_ship_method", sa.Text, nullable=False, server_default=""),
        sa.Column("settled_at", sa.Text, nullable=False, server_default=""),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("made_by", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("orders", column)
    op.add_column("lines", sa.Column("amazon_order_id", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE lines SET amazon_order_id = order_id")
    op.drop_index("lines_by_order", "lines")
    op.create_index("lines_by_order", "lines", ["account_id", "amazon_order_id"])
    op.add_column("uploads", sa.Column("releases", sa.Integer, nullable=False, server_default="0"))
    op.add_column("order_history", sa.Column("before", sa.Text, nullable=False, server_default=""))
    of_upload = sa.text("upload_id <> ''")
    op.create_index(
        "order_history_by_upload", "order_history", ["upload_id"], sqlite_where=of_upload, postgresql_where=of_upload
    )
    op.create_table(
        "order_kept",
        sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        sa.Column("tracking", sa.Text, nullable=False),
        sa.Column("carrier_code", sa.Text, nullable=False),
        sa.Column("carrier_name", sa.Text, nullable=False),
        sa.Column("upload_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.rename_table("claims", "old_claims")
    claims = op.create_table(
        "claims",
        sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("amazon_order_id", sa.Text, primary_key=True),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("quantity", sa.Integer),
        sa.Column("upload_id", sa.Text, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("corrected_by", sa.Text, nullable=False, server_default=""),
        sqlite_with_rowid=False,
    )
    _take_apart(claims)
    op.drop_table("old_claims")
    op.create_index("claims_of_upload", "claims", ["upload_id"])
    op.execute(
        "INSERT INTO orders (account_id, amazon_order_id, state, created_at, changed_at, listed_at, made_by) "
        "SELECT c.account_id, c.amazon_order_id, 'shipped', min(u.arrived_at), min(u.arrived_at), min(u.arrived_at), "
        "min(c.upload_id) FROM claims c JOIN uploads u ON u.id = c.upload_id WHERE NOT EXISTS (SELECT 1 FROM orders o "
        "WHERE o.account_id = c.account_id AND o.amazon_order_id = c.amazon_order_id) "
        "GROUP BY c.account_id, c.amazon_order_id"
    )


def _take_apart(claims: sa.Table) -> None:
    connection = op.get_bind()
    old = connection.execute(sa.text("SELECT account_id, shipment_key, upload_id, line FROM old_claims"))
    for rows in old.partitions(PIECE):
        new = []
        for row in rows:
            order, item, tracking = row.shipment_key.split("|", 2)
            ids = {"account_id": row.account_id, "amazon_order_id": order, "order_item_id": item, "tracking": tracking}
            new.append(ids | {"upload_id": row.upload_id, "line": row.line})
        connection.execute(claims.insert(), new)
