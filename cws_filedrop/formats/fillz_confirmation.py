"""The layout of the confirmation file: one row an order, with its status."""

from __future__ import annotations

from typing import Final

from cws_filedrop.formats.layout import Format

FORMAT: Final = Format(
    name="fillz-confirmation",
    headings={
        "order-id": "order-id",
        "status": "status",
        "tracking": "tracking-number",
        "carrier": "carrier-code",
        "ship_date": "ship-date",
        "ship_method": "ship-method",
        "order-item-id": "order-item-id",
        "quantity": "quantity",
        "cancel-reason": "cancel-reason",
    },
    required=frozenset({"order-id", "status"}),
)
