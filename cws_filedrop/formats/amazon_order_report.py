"""The layout of Amazon's order reports: one row an order line (docs/amazon.md#5-order-reports).

The columns vary by account. Only what the order book uses is read; prices are totals for the quantity, not per unit.
"""

from __future__ import annotations

from typing import Final

from cws_filedrop.formats.layout import Format

FORMAT: Final = Format(
    name="amazon-order-report",
    headings={
        "order-id": "amazon-order-id",
        "order-item-id": "order-item-id",
        "merchant-order-id": "reference",
        "purchase-date": "purchase-date",
        "payments-date": "payments-date",
        "promise-date": "latest-ship-date",
        "ship-service-level": "ship-method",
        "sku": "sku",
        "product-name": "item-name",
        "quantity-purchased": "quantity",
        "quantity-shipped": "quantity-shipped",
        "item-price": "total-price",
        "shipping-price": "shipping-fee",
        "sales-channel": "sales-channel",
        "is-buyer-requested-cancellation": "cancel-request",
        "is-iba": "invoiced-by-amazon",
        "buyer-email": "buyer-email",
        "buyer-name": "buyer-name",
        "buyer-phone-number": "buyer-phone",
        "recipient-name": "recipient-name",
        "ship-phone-number": "ship-phone",
        "ship-address-1": "ship-address-1",
        "ship-address-2": "ship-address-2",
        "ship-address-3": "ship-address-3",
        "ship-city": "ship-city",
        "ship-state": "ship-state",
        "ship-postal-code": "ship-zip",
        "ship-country": "ship-country",
    },
    required=frozenset({"amazon-order-id", "order-item-id", "purchase-date", "ship-method"}),
    ignored=frozenset(
        (
            *("currency", "item-tax", "shipping-tax", "reporting-date"),
            *("days-past-promise", "quantity-to-ship", "delivery-start-date", "delivery-end-date"),
            *("delivery-time-zone", "delivery-Instructions", "bill-address-1", "bill-address-2", "bill-address-3"),
            *("bill-city", "bill-state", "bill-postal-code", "bill-country", "item-promotion-discount"),
            *("item-promotion-id", "ship-promotion-discount", "ship-promotion-id", "is-business-order"),
            *(
                "purchase-order-number",
                "price-designation",
                "is-prime",
                "verge-of-cancellation",
                "verge-of-lateShipment",
            ),
            # Of today's reports, observed: which of them there are depends on the marketplace.
            *(
                "payment-method-details",
                "cpf",
                "number-of-items",
                "ship-service-name",
                "address-type",
                "gift-wrap-type",
            ),
            *("gift-message-text", "payment-method", "cod-collectible-amount", "already-paid", "payment-method-fee"),
            *("customized-url", "customized-page", "is-global-express", "is-premium-order", "is-transparency"),
            *("buyer-requested-cancel-reason", "ioss-number", "signature-confirmation-recommended"),
        )
    ),
)
