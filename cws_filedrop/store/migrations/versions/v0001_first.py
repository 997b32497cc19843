"""The tables of the first version.

Revision 0001. Never change it: databases were made by it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "accounts",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("refresh_token", sa.Text(), server_default="", nullable=False),
        sa.Column("stopped", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("merchant_id", "marketplace_id"),
    )
    op.create_table(
        "buckets",
        sa.Column("account_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("arrival", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "operation"),
    )
    op.create_table(
        "claims",
        sa.Column("account_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("shipment_key", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "shipment_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lines",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_item_id", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("feed_no", SERIAL, nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("upload_id", "line"),
        sqlite_with_rowid=False,
    )
    op.create_index("lines_by_order", "lines", ["account_id", "order_id"])
    op.create_index(
        "lines_of_feed",
        "lines",
        ["feed_no", "message_id"],
        sqlite_where=sa.text("feed_no IS NOT NULL"),
        postgresql_where=sa.text("feed_no IS NOT NULL"),
    )
    op.create_index(
        "lines_queued",
        "lines",
        ["account_id", "upload_id", "line"],
        sqlite_where=sa.text("verdict = 'queued' AND feed_no IS NULL"),
        postgresql_where=sa.text("verdict = 'queued' AND feed_no IS NULL"),
    )
    op.create_index(
        "lines_unconfirmed",
        "lines",
        ["account_id", "upload_id"],
        sqlite_where=sa.text("verdict = 'unconfirmed'"),
        postgresql_where=sa.text("verdict = 'unconfirmed'"),
    )
    op.create_table(
        "feeds",
        sa.Column("no", SERIAL, autoincrement=True, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("document_id", sa.Text(), server_default="", nullable=False),
        sa.Column("intent_at", sa.Text(), nullable=True),
        sa.Column("amazon_feed_id", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.Text(), nullable=True),
        sa.Column("report_document_id", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("wake", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("account_id", "amazon_feed_id"),
        sa.UniqueConstraint("cause"),
        sqlite_autoincrement=True,
    )
    op.create_index("feeds_by_state", "feeds", ["account_id", "state"])
    op.create_table(
        "sellers",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("removed_at", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="{}", nullable=False),
        sa.Column("line_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.ForeignKeyConstraint(["seller_id"], ["sellers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uploads_by_content", "uploads", ["seller_id", "sha256"])
    op.create_index("uploads_by_state", "uploads", ["state"])
