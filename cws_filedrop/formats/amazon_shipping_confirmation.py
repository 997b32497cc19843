"""The layout of Amazon's shipping confirmation template: one row a package (docs/amazon.md#4-confirmation-file).

The template mixes hyphens and underscores; that is Amazon's spelling. Old (8 columns), Japanese (9) and current (18)
templates are one layout, since only two columns are required.
"""

from __future__ import annotations

from typing import Final

from cws_filedrop.formats.layout import Format

FORMAT: Final = Format(
    name="amazon-shipping-confirmation",
    headings={
        "order-id": "order-id",
        "order-item-id": "order-item-id",
        "quantity": "quantity",
        "ship-date": "ship-date",
        "carrier-code": "carrier-code",
        "carrier-name": "carrier-name",
        "tracking-number": "tracking-number",
        "ship-method": "ship-method",
        "transparency_code": "transparency-code",
        "cod-collection-method": "cod-collection-method",
        "ship_from_address_name": "ship-from-name",
        "ship_from_address_line1": "ship-from-line1",
        "ship_from_address_line2": "ship-from-line2",
        "ship_from_address_line3": "ship-from-line3",
        "ship_from_address_city": "ship-from-city",
        "ship_from_address_county": "ship-from-county",
        "ship_from_address_state_or_region": "ship-from-state",
        "ship_from_address_postalcode": "ship-from-postal-code",
        "ship_from_address_countrycode": "ship-from-country",
    },
    required=frozenset({"order-id", "ship-date"}),
    ignored=frozenset({"ship_from_supply_source_id"}),
)
