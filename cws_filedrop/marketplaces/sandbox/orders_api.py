"""getOrder of the Orders API 2026-01-01, from the simulated order book and what was shipped. Knows no HTTP.

Shapes are those of orders_2026-01-01.json. Only the order itself and `includedData` FULFILLMENT and PACKAGES are
played; there are no buyers here. An order that nobody loaded is as large as what was shipped for it; where no quantity
was given, that is one unit.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from cws_filedrop.marketplaces.sandbox.operations import OperationCall, Payload, time_, unknown, wrong
from cws_filedrop.marketplaces.sandbox.orders import EVERYONE
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows

DATASETS: Final = frozenset(
    (
        *("BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX"),
        *("PAYMENT", "FULFILLMENT_ORDERS"),
    )
)
BOOKED: Final = "SELECT item, units, cancelled FROM book WHERE account IN (?, ?) AND order_id = ? ORDER BY account"
PARCELS: Final = "SELECT * FROM parcels WHERE order_id = ? AND account = ? AND at <= ? ORDER BY no"

Parcels = list[sqlite3.Row]


class OrdersApi:
    """The operation, on the sandbox's state."""

    def __init__(self, rows: SandboxRows) -> None:
        self._rows = rows

    # Shipments may show late (`show_after_seconds`): a client that took the first look-up for the last word would
    # report accepted orders as missing.
    def get_order(self, call: OperationCall) -> Payload:
        """An order as it shows now."""
        wanted = set(call.many("includedData"))
        if strange := wanted - DATASETS:
            raise wrong(f"includedData {', '.join(sorted(strange))} is unknown")
        self._rows.settle()
        order_id = call.path["order_id"]
        with self._rows.state.read() as connection:
            until = self._rows.now() - self._rows.behaviour.now.show_after_seconds
            parcels: Parcels = connection.execute(PARCELS, (order_id, call.account, until)).fetchall()
            booked = connection.execute(BOOKED, (EVERYONE, call.account, order_id)).fetchall()
        if not parcels and not booked:
            raise unknown("order")
        return {"order": _order(order_id, {row["item"]: row for row in booked}, parcels, wanted)}


def _order(order_id: str, booked: dict[str, sqlite3.Row], parcels: Parcels, wanted: set[str]) -> Payload:
    shipped: Counter[str] = Counter()
    for incoming in parcels:
        shipped[incoming["item"]] += incoming["quantity"]
    codes = booked or dict.fromkeys(code for code in shipped if code)  # of a whole order nobody named the items
    items = [_item(code, booked.get(code), shipped[code], wanted) for code in codes]
    moments = [incoming["at"] for incoming in parcels]
    order: dict[str, Any] = {
        "orderId": order_id,
        "createdTime": time_(min(moments, default=0.0)),
        "lastUpdatedTime": time_(max(moments, default=0.0)),
        "salesChannel": {"channelName": "AMAZON"},
        "orderItems": items,
    }
    if "FULFILLMENT" in wanted:
        order["fulfillment"] = {"fulfillmentStatus": _status(booked, shipped), "fulfilledBy": "MERCHANT"}
    if "PACKAGES" in wanted:
        order["packages"] = _packages(parcels)
    return order


def _item(code: str, booked: sqlite3.Row | None, shipped: int, wanted: set[str]) -> Payload:
    ordered = shipped if booked is None else booked["units"]
    cancelled = 0 if booked is None else booked["cancelled"]
    left = max(0, ordered - cancelled - shipped)
    fulfillment = {"quantityFulfilled": shipped, "quantityUnfulfilled": left}
    item: Payload = {"orderItemId": code, "quantityOrdered": ordered, "product": {}}
    return item | ({"fulfillment": fulfillment} if "FULFILLMENT" in wanted else {})


def _status(booked: dict[str, sqlite3.Row], shipped: Counter[str]) -> str:
    left = {code: row["units"] - row["cancelled"] - shipped[code] for code, row in booked.items()}
    if any(number > 0 for number in left.values()):
        return "PARTIALLY_SHIPPED" if shipped.total() else "UNSHIPPED"
    return "SHIPPED" if shipped else "CANCELLED"


def _packages(parcels: Parcels) -> list[Payload]:
    """One package per tracking number; carrier and ship time are the latest ones given."""
    by_tracking: dict[str, Parcels] = {}
    for incoming in parcels:
        by_tracking.setdefault(incoming["tracking"], []).append(incoming)
    return [_package(number, tracking, some) for number, (tracking, some) in enumerate(by_tracking.items(), 1)]


def _package(number: int, tracking: str, parcels: Parcels) -> Payload:
    units: Counter[str] = Counter()
    for incoming in parcels:
        units[incoming["item"]] += incoming["quantity"]
    last = parcels[-1]
    said = {"carrier": last["carrier"], "trackingNumber": tracking, "shipTime": _in_utc(last["shipped_at"])}
    return {
        "packageReferenceId": str(number),
        "createdTime": time_(parcels[0]["at"]),
        "packageStatus": {"status": "SHIPPED"},
        "packageItems": [{"orderItemId": code, "quantity": count} for code, count in units.items() if code],
    } | {name: value for name, value in said.items() if value}


def _in_utc(text: str) -> str:
    """A moment from a feed in UTC, which is also assumed where it has no zone; "" if Python knows no such moment."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""
