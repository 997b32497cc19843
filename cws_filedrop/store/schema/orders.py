"""The order book."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL
from cws_filedrop.store.schema.sealed import SealedText

OPEN_SOON: Final = sa.text("latest_ship_date <> '' AND state NOT IN ('shipped', 'cancelled')")
ORDERS: Final = sa.Table(  # the order book
    "orders",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("amazon_order_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text),  # the service's own number where a file gave one; NULL: it is `no`
    sa.Column("reference", sa.Text, nullable=False, server_default=""),  # the seller's own
    sa.Column("state", sa.Text, nullable=False),  # model.OrderState
    sa.Column("purchase_date", sa.Text, nullable=False, server_default=""),
    sa.Column("payments_date", sa.Text, nullable=False, server_default=""),
    sa.Column("latest_ship_date", sa.Text, nullable=False, server_default=""),
    sa.Column("ship_method", sa.Text, nullable=False, server_default=""),  # the one Amazon gave
    sa.Column("own_ship_method", sa.Text, nullable=False, server_default=""),  # the seller's change of it
    sa.Column("sales_channel", sa.Text, nullable=False, server_default=""),
    sa.Column("tracking_number", sa.Text, nullable=False, server_default=""),
    sa.Column("location", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("shipped_at", sa.Text),
    sa.Column("listed_at", sa.Text, nullable=False, server_default=""),  # `changed_at` when sellers last got a file
    sa.Column("settled_at", sa.Text, nullable=False, server_default=""),  # when an operator last settled it by hand
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),  # grows with all that rules may look at
    sa.Column("cancel_request", sa.Text, nullable=False, server_default=""),  # the buyer's wish: yes | ""
    sa.Column("made_by", sa.Text, nullable=False, server_default=""),  # the upload that named it; "" = an order file
    sa.UniqueConstraint("account_id", "amazon_order_id"),
    sa.UniqueConstraint("account_id", "number"),
    sa.Index("orders_by_reference", "account_id", "reference"),
    sa.Index("orders_by_state", "account_id", "state", "changed_at"),
    sa.Index("orders_by_change", "account_id", "changed_at"),
    sa.Index(
        "orders_by_deadline",
        "account_id",
        "latest_ship_date",
        sqlite_where=sa.text("latest_ship_date <> ''"),
        postgresql_where=sa.text("latest_ship_date <> ''"),
    ),
    sa.Index(
        "orders_open_by_deadline", "latest_ship_date", "account_id", sqlite_where=OPEN_SOON, postgresql_where=OPEN_SOON
    ),
    sqlite_autoincrement=True,
)

ORDER_LINES: Final = sa.Table(
    "order_lines",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("order_item_id", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, nullable=False, server_default=""),
    sa.Column("item_name", sa.Text, nullable=False, server_default=""),
    sa.Column("quantity", sa.Integer),  # NULL: no file has said how many
    sa.Column("price", sa.Text, nullable=False, server_default=""),
    sa.Column("total_price", sa.Text, nullable=False, server_default=""),
    sa.Column("shipping_fee", sa.Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

ORDER_PEOPLE: Final = sa.Table(  # whom an order is for; removed 30 days after shipment
    "order_people",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("cells", SealedText("order_people.cells"), nullable=False),  # JSON: tables.PEOPLE_COLUMNS -> text
)

ORDER_KEPT: Final = sa.Table(  # tracking of packed orders, for the time when they are shipped; as it would be sent
    "order_kept",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("order_item_id", sa.Text, primary_key=True),  # "" = the whole order
    sa.Column("tracking", sa.Text, nullable=False),
    sa.Column("carrier_code", sa.Text, nullable=False),
    sa.Column("carrier_name", sa.Text, nullable=False),
    sa.Column("upload_id", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

ORDER_HISTORY: Final = sa.Table(
    "order_history",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),  # seller, operator, amazon, import
    sa.Column("before", sa.Text, nullable=False, server_default=""),  # its state before; "" = it was not there
    sa.Column("state", sa.Text, nullable=False),  # after it
    sa.Column("what", sa.Text, nullable=False),  # in words
    sa.Column("upload_id", sa.Text, nullable=False, server_default=""),
    sa.Column("line", sa.Integer),
    sa.Index("order_history_of", "order_no", "id"),
    sa.Index(
        "order_history_by_upload",
        "upload_id",
        sqlite_where=sa.text("upload_id <> ''"),
        postgresql_where=sa.text("upload_id <> ''"),
    ),
)
