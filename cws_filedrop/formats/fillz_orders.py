"""The layout of the ancestor's order files: one row an order line (docs/domain.md#1-roles).

`order_id` is the service's own number; Amazon's is in `special_comments` as `Amazon/<order id>`, and in our own files
in `amazon_order_id` as well.
"""

from __future__ import annotations

from typing import Final

from cws_filedrop.formats.layout import Format

# In the order in which we write them; from `amazon_order_id` on they are ours. `carrier` and `ship_date` are empty:
# sellers fill them in and drop the file back.
COLUMNS: Final = {
    "payment_status": "",
    "order_id": "number",
    "order_item_id": "order-item-id",
    "payments_date": "payments-date",
    "payments_transaction_id": "",
    "product_id": "",
    "item_name": "item-name",
    "listing_id": "",
    "sku": "sku",
    "price": "price",
    "shipping_fee": "shipping-fee",
    "quantity_purchased": "quantity",
    "total_price": "total-price",
    "purchase_date": "purchase-date",
    "batch_id": "",
    "buyer_email": "buyer-email",
    "buyer_name": "buyer-name",
    "recipient_name": "recipient-name",
    "ship_address_1": "ship-address-1",
    "ship_address_2": "ship-address-2",
    "ship_city": "ship-city",
    "ship_state": "ship-state",
    "ship_zip": "ship-zip",
    "ship_country": "ship-country",
    "special_comments": "comments",
    "upc": "",
    "ship_method": "ship-method",
    "status": "status",
    "location": "location",
    "tracking": "tracking-number",
    "buyer_note": "buyer-note",
    "amazon_order_id": "amazon-order-id",
    "latest_ship_date": "latest-ship-date",
    "ship_address_3": "ship-address-3",
    "ship_phone_number": "ship-phone",
    "buyer_phone_number": "buyer-phone",
    "carrier": "",
    "ship_date": "",
}
FORMAT: Final = Format(
    name="fillz-orders",
    headings={heading: column for heading, column in COLUMNS.items() if column},
    required=frozenset({"number", "order-item-id", "comments"}),
    ignored=frozenset(heading for heading, column in COLUMNS.items() if not column),
)
