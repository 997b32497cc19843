"""Links to orders on Amazon's own pages for sellers. A table and nothing else.

Ids are those of docs/amazon.md#10-access. Hosts are those of Amazon's page "Seller Central URLs" in the developer
guide: five countries of Europe share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_EUROPE: Final = "sellercentral-europe.amazon.com"
HOSTS: Final[Mapping[str, str]] = {
    # North America
    "A2EUQ1WTGCTBG2": "sellercentral.amazon.ca",
    "ATVPDKIKX0DER": "sellercentral.amazon.com",
    "A1AM78C64UM0Y8": "sellercentral.amazon.com.mx",
    "A2Q3Y263D00KWC": "sellercentral.amazon.com.br",
    # Europe, the Middle East, Africa, India
    "A1RKKUPIHCS9HS": _EUROPE,  # ES
    "A1F83G8C2ARO7P": _EUROPE,  # GB
    "A13V1IB3VIYZZH": _EUROPE,  # FR
    "A1PA6795UKMFR9": _EUROPE,  # DE
    "APJ6JRA9NG5V4": _EUROPE,  # IT
    "AMEN7PMS3EDWL": "sellercentral.amazon.com.be",
    "A1805IZSGTT6HS": "sellercentral.amazon.nl",
    "A2NODRKZP88ZB9": "sellercentral.amazon.se",
    "A28R8C7NBKEWEA": "sellercentral.amazon.ie",
    "AE08WJ6YKNBMC": "sellercentral.amazon.co.za",
    "A1C3SOZRARQ6R3": "sellercentral.amazon.pl",
    "ARBP9OOSHTCHU": "sellercentral.amazon.eg",
    "A33AVAJ2PDY3EV": "sellercentral.amazon.com.tr",
    "A17E79C6D8DWNP": "sellercentral.amazon.sa",
    "A2VIGQ35RCS4UG": "sellercentral.amazon.ae",
    "A21TJRUUN4KGV": "sellercentral.amazon.in",
    # Far East
    "A19VAU5U5O7RUS": "sellercentral.amazon.sg",
    "A39IBJ37TRP1C6": "sellercentral.amazon.com.au",
    "A1VC38T7YXB528": "sellercentral.amazon.co.jp",
}


def order_url(marketplace_id: str, amazon_order_id: str) -> str:
    """The page of an order on Amazon's seller site of a marketplace; "" where the marketplace is not known."""
    host = HOSTS.get(marketplace_id)
    return f"https://{host}/orders-v3/order/{quote(amazon_order_id, safe='')}" if host else ""
