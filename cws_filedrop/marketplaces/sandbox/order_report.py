"""The report of orders that wait for shipment, tab-delimited (docs/amazon.md#5-order-reports). Knows no HTTP.

It has the 30 columns of a real report of 2025. Facts about an order are kept as JSON under the report's headings.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cws_filedrop.marketplaces.sandbox.orders import EVERYONE

COLUMNS: Final = (
    *("order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date"),
    *("days-past-promise", "buyer-email", "buyer-name", "buyer-phone-number", "sku", "product-name"),
    *("quantity-purchased", "quantity-shipped", "quantity-to-ship", "ship-service-level", "recipient-name"),
    *("ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code"),
    *("ship-country", "is-business-order", "purchase-order-number", "price-designation", "is-iba"),
    *("verge-of-cancellation", "verge-of-lateShipment"),
)
PEOPLE: Final = frozenset(
    name for name in COLUMNS if name.startswith(("buyer-", "recipient-", "ship-")) and name != "ship-service-level"
)
USUAL: Final = {"ship-service-level": "Standard", "is-business-order": "false", "is-iba": "false"}
OF_ORDER: Final = {  # key of a loaded order: heading
    "purchase_date": "purchase-date",
    "latest_ship_date": "promise-date",
    "ship_service_level": "ship-service-level",
}
OF_ITEM: Final = {"sku": "sku", "name": "product-name"}
# An order in the account's own book comes after that in the book for all, and overrides it.
WAITING: Final = """
SELECT b.order_id, b.item, b.units, b.units - b.cancelled - coalesce(sum(p.quantity), 0) AS waiting,
    coalesce(sum(p.quantity), 0) AS shipped
FROM book b LEFT JOIN parcels p ON p.account = ? AND p.order_id = b.order_id AND p.item = b.item AND p.at <= ?
WHERE b.account IN (?, ?) GROUP BY b.account, b.order_id, b.item ORDER BY b.account, b.order_id, b.item
"""
FACTS: Final = "SELECT order_id, item, said FROM facts WHERE account IN (?, ?) ORDER BY account"


def facts(orders: Iterable[Mapping[str, Any]], now: float) -> Iterator[tuple[str, str, str]]:
    """The facts that loaded orders bring about themselves and their items, for `orders.remember`.

    Raises: LookupError, TypeError, ValueError, AttributeError when they make no sense.
    """
    bought = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    for order in orders:
        buyer = dict(order.get("buyer", {}))
        if strange := set(buyer) - PEOPLE:
            raise ValueError(f"buyer: {', '.join(sorted(strange))} unknown; known are {', '.join(sorted(PEOPLE))}")
        said = {"purchase-date": bought, "payments-date": order.get("purchase_date", bought)} | buyer
        yield str(order["order_id"]), "", _said(order, OF_ORDER, said)
        for code, item in order["items"].items():
            yield str(order["order_id"]), str(code), _said(item if isinstance(item, dict) else {}, OF_ITEM, {})


def _said(values: Mapping[str, Any], headings: Mapping[str, str], others: Mapping[str, str]) -> str:
    own = {heading: str(values[name]) for name, heading in headings.items() if name in values}
    return json.dumps(dict(others) | own)


def write(connection: sqlite3.Connection, account: str, now: float, *, until: float) -> bytes:
    """An account's report at the moment `now`, in which shipments made until the moment `until` count as shipped."""
    known: dict[tuple[str, str], dict[str, str]] = {}
    for row in connection.execute(FACTS, (EVERYONE, account)):
        known[row["order_id"], row["item"]] = json.loads(row["said"])
    lines: dict[tuple[str, str], str] = {}
    for row in connection.execute(WAITING, (account, until, EVERYONE, account)):
        key = (row["order_id"], row["item"])
        lines.pop(key, None)
        if row["waiting"] > 0:
            said = known.get((row["order_id"], ""), {}) | known.get(key, {})
            lines[key] = _line(row, said, now)
    return ("\r\n".join(["\t".join(COLUMNS), *lines.values()]) + "\r\n").encode()


def _line(row: sqlite3.Row, said: Mapping[str, str], now: float) -> str:
    counted = {
        "order-id": row["order_id"],
        "order-item-id": row["item"],
        "reporting-date": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "quantity-purchased": str(row["units"]),
        "quantity-shipped": str(row["shipped"]),
        "quantity-to-ship": str(row["waiting"]),
    }
    cells = USUAL | dict(said) | counted
    return "\t".join(" ".join(cells.get(name, "").split()) for name in COLUMNS)
