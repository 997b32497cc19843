"""All tables of version 0.1.0.

Revision 0018: what stood in seventeen earlier ones was never released and is folded into it. Columns stand in the order
in which those made them. Never change it: databases were made by it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns, first_service_tables

revision = "0018"
down_revision = None


def upgrade() -> None:
    """Make them."""
    _sellers()
    _uploads()
    _lines()
    _claims()
    _feeds()
    _pulls()
    _orders()
    _parts_of_orders()
    _history_of_orders()
    _sightings()
    first_service_tables.make()


def _sellers() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", columns.SERIAL, primary_key=True),
        *columns.texts("merchant_id", "marketplace_id"),
        *columns.blanks("refresh_token", "stopped"),
        sa.UniqueConstraint("merchant_id", "marketplace_id"),
    )
    op.create_table(
        "sellers",
        sa.Column("id", columns.SERIAL, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        columns.of("account_id", "accounts.id"),
        *columns.texts("password_hash"),
        columns.number("version", "1"),
        columns.flag("enabled", sa.true()),
        *columns.maybe("removed_at"),
        sa.Column("policy", sa.Text, nullable=False, server_default="{}"),
        *columns.texts("created_at"),
        *columns.maybe("clear_password_hash", "expires_at"),
        *columns.blanks("networks"),
        sa.Column("allowance", sa.Text, nullable=False, server_default="{}"),
        sa.Column("mailing", sa.Text, nullable=False, server_default="{}"),
    )
    op.create_table(
        "seller_keys",
        columns.key_of("seller_id", "sellers.id"),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        *columns.texts("key"),
        *columns.blanks("comment"),
        *columns.texts("added_at"),
    )
    op.create_table(
        "profiles",
        columns.key_of("seller_id", "sellers.id"),
        sa.Column("name", sa.Text, primary_key=True),
        *columns.texts("text", "changed_at"),
    )


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text, primary_key=True),
        columns.of("seller_id", "sellers.id"),
        columns.of("account_id", "accounts.id"),
        *columns.texts("folder", "name", "door", "client", "grade", "evidence", "arrived_at"),
        sa.Column("size", sa.BigInteger, nullable=False),
        *columns.texts("state"),
        *columns.blanks("sha256"),
        sa.Column("outcome", sa.Text, nullable=False, server_default="{}"),
        columns.number("line_count"),
        columns.number("waiting"),
        *columns.maybe("done_at"),
        columns.number("releases"),
        *columns.maybe("answered_at"),
    )
    op.create_index("uploads_by_content", "uploads", ["seller_id", "sha256"])
    op.create_index("uploads_by_state", "uploads", ["state"])
    op.create_index("uploads_by_seller", "uploads", ["seller_id", "id"])


def _lines() -> None:
    op.create_table(
        "lines",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("account_id", columns.SERIAL, nullable=False),
        *columns.texts("order_id", "order_item_id", "tracking", "verdict", "code", "message"),
        *columns.maybe("shipment"),
        sa.Column("feed_no", columns.SERIAL),
        sa.Column("message_id", sa.Integer),
        *columns.blanks("amazon_order_id"),
        *columns.maybe("seen_at"),
        sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"),
        sqlite_with_rowid=False,
    )
    to_send = "verdict = 'queued' AND feed_no IS NULL"
    not_good = "verdict IN ('unconfirmed', 'unknown')"
    op.create_index("lines_by_order", "lines", ["account_id", "amazon_order_id"])
    columns.index("lines_of_feed", "lines", ["feed_no", "message_id"], "feed_no IS NOT NULL")
    columns.index("lines_queued", "lines", ["account_id", "upload_id", "line"], to_send)
    columns.index("lines_to_cancel", "lines", ["account_id", "upload_id"], f"{to_send} AND kind = 'acknowledgement'")
    columns.index("lines_by_tracking", "lines", ["tracking"], "tracking <> ''")
    columns.index("lines_not_good", "lines", ["account_id", "upload_id"], not_good)
    columns.index("lines_not_good_newest", "lines", ["upload_id", "line"], not_good)
    op.create_table(
        "quiet_lines",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("line_count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tallies_by_code", "tallies", ["code", "upload_id"])


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("account_id", columns.SERIAL, primary_key=True, autoincrement=False),
        sa.Column("amazon_order_id", sa.Text, primary_key=True),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("quantity", sa.Integer),
        *columns.texts("upload_id"),
        sa.Column("line", sa.Integer, nullable=False),
        *columns.blanks("corrected_by"),
        sqlite_with_rowid=False,
    )
    op.create_index("claims_of_upload", "claims", ["upload_id"])
    if op.get_bind().dialect.name == "postgresql":
        # As it is called where this table once stood beside another of its name: a later revision may have to name it.
        op.execute("ALTER TABLE claims RENAME CONSTRAINT claims_pkey TO claims_pkey1")


def _feeds() -> None:
    op.create_table(
        "feeds",
        columns.serial("no"),
        columns.of("account_id", "accounts.id"),
        *columns.texts("cause", "state", "opened_at"),
        columns.number("line_count"),
        columns.number("message_count"),
        *columns.blanks("document_id"),
        *columns.maybe("intent_at", "amazon_feed_id", "submitted_at"),
        *columns.blanks("report_document_id"),
        *columns.maybe("settled_at"),
        *columns.blanks("note"),
        columns.flag("wake", sa.false()),
        sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"),
        *columns.blanks("document_sha256", "report_sha256", "ended"),
        sa.UniqueConstraint("account_id", "amazon_feed_id"),
        sa.UniqueConstraint("cause"),
        sqlite_autoincrement=True,
    )
    op.create_index("feeds_by_state", "feeds", ["account_id", "state"])
    op.create_index("feeds_by_submission", "feeds", ["submitted_at"])
    op.create_table(
        "buckets",
        sa.Column("account_id", columns.SERIAL, primary_key=True, autoincrement=False),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("arrival", sa.Float, nullable=False),
    )


def _pulls() -> None:
    op.create_table(
        "pulls",
        columns.serial("no"),
        columns.of("account_id", "accounts.id"),
        *columns.texts("state", "asked_at"),
        *columns.blanks("report_id"),
        *columns.texts("next_at"),
        columns.number("tries"),
        *columns.maybe("done_at"),
        sa.Column("outcome", sa.Text, nullable=False, server_default="{}"),
        *columns.blanks("note"),
        sqlite_autoincrement=True,
    )
    op.create_index("pulls_by_account", "pulls", ["account_id", "no"])
    columns.index("pulls_open", "pulls", ["next_at"], "done_at IS NULL")


def _orders() -> None:
    op.create_table(
        "orders",
        columns.serial("no"),
        columns.of("account_id", "accounts.id"),
        *columns.texts("amazon_order_id"),
        *columns.maybe("number"),
        *columns.blanks("reference"),
        *columns.texts("state"),
        *columns.blanks("purchase_date", "payments_date", "latest_ship_date", "ship_method", "sales_channel"),
        *columns.blanks("tracking_number", "location"),
        *columns.texts("created_at", "changed_at"),
        *columns.maybe("shipped_at"),
        *columns.blanks("listed_at", "own_ship_method", "settled_at"),
        columns.number("version"),
        *columns.blanks("made_by"),
        sa.UniqueConstraint("account_id", "amazon_order_id"),
        sa.UniqueConstraint("account_id", "number"),
        sqlite_autoincrement=True,
    )
    open_soon = "latest_ship_date <> '' AND state NOT IN ('shipped', 'cancelled')"
    op.create_index("orders_by_reference", "orders", ["account_id", "reference"])
    op.create_index("orders_by_state", "orders", ["account_id", "state", "changed_at"])
    op.create_index("orders_by_change", "orders", ["account_id", "changed_at"])
    columns.index("orders_by_deadline", "orders", ["account_id", "latest_ship_date"], "latest_ship_date <> ''")
    columns.index("orders_open_by_deadline", "orders", ["latest_ship_date", "account_id"], open_soon)


def _parts_of_orders() -> None:
    op.create_table(
        "order_lines",
        columns.key_of("order_no", "orders.no"),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        *columns.blanks("sku", "item_name"),
        sa.Column("quantity", sa.Integer),
        *columns.blanks("price", "total_price", "shipping_fee"),
        sqlite_with_rowid=False,
    )
    op.create_table("order_people", columns.key_of("order_no", "orders.no"), *columns.texts("cells"))
    op.create_table(
        "order_kept",
        columns.key_of("order_no", "orders.no"),
        sa.Column("order_item_id", sa.Text, primary_key=True),
        *columns.texts("tracking", "carrier_code", "carrier_name", "upload_id"),
        sqlite_with_rowid=False,
    )


def _history_of_orders() -> None:
    op.create_table(
        "order_history",
        columns.serial("id"),
        columns.of("order_no", "orders.no"),
        *columns.texts("at", "who", "state", "what"),
        *columns.blanks("upload_id"),
        sa.Column("line", sa.Integer),
        *columns.blanks("before"),
    )
    op.create_index("order_history_of", "order_history", ["order_no", "id"])
    columns.index("order_history_by_upload", "order_history", ["upload_id"], "upload_id <> ''")


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("account_id", columns.SERIAL, primary_key=True, autoincrement=False),
        sa.Column("amazon_order_id", sa.Text, primary_key=True),
        *columns.texts("since", "state"),
        *columns.maybe("look_at"),
        columns.number("looks"),
        *columns.blanks("note"),
        *columns.maybe("looked_at"),
        *columns.blanks("shown"),
        sqlite_with_rowid=False,
    )
    columns.index("sightings_due", "sightings", ["look_at"], "look_at IS NOT NULL")
    columns.index("sightings_missing", "sightings", ["account_id", "since"], "state <> 'seen'")
