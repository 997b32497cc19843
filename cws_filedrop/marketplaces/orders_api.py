"""Orders as Amazon knows them: getOrder of the Orders API 2026-01-01. The proof of a shipment, besides the report.

Paths, names and shapes are those of models/orders-api-model/orders_2026-01-01.json in github.com/amzn/
selling-partner-api-models (96d516b, 2026-07-29): GET /orders/2026-01-01/orders/{orderId}, 0.5 requests a second and 30
at once. Of its `includedData` only FULFILLMENT (how far the order is) and PACKAGES (tracking) are asked for, never
BUYER or RECIPIENT; of what comes, nothing is kept or logged but the values of `AmazonOrder`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from cws_filedrop.errors import RemoteRefused
from cws_filedrop.marketplaces.account import AccountClient
from cws_filedrop.marketplaces.answers import Payload, moment, object_, objects, optional_text, text, units
from cws_filedrop.marketplaces.library import Orders
from cws_filedrop.marketplaces.wire import senseless

DOING: Final = "how an order is doing"
INCLUDED: Final = ("FULFILLMENT", "PACKAGES")
CANCELLED: Final = "CANCELLED"


@dataclass(frozen=True, slots=True)
class AmazonItem:
    """An order line, in units. `cancelled` are units that were ordered but neither shipped nor still to be shipped."""

    item_code: str
    ordered: int
    shipped: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class AmazonPackage:
    """A package; `items` are (item code, units). "" = Amazon does not say; `shipped_at` is ISO 8601 in UTC."""

    tracking: str
    carrier: str
    shipped_at: str
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AmazonOrder:
    """An order and its packages, without those that were cancelled.

    `status` as in the model: PENDING_AVAILABILITY, PENDING, UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED, CANCELLED or
    UNFULFILLABLE; one that is added some day is passed on.
    """

    order_id: str
    status: str
    items: tuple[AmazonItem, ...]
    packages: tuple[AmazonPackage, ...]


class OrdersClient(AccountClient):
    """One account's orders. May be used by several threads at once."""

    def get_order(self, order_id: str) -> AmazonOrder | None:
        """An order as Amazon has it now; None when Amazon knows no such order of this seller (404).

        Raises: RemoteUnavailable, RemoteRefused.
        """
        try:
            payload = self._call(Orders, DOING, lambda orders: orders.get_order(order_id, includedData=list(INCLUDED)))
        except RemoteRefused as refused:
            if refused.status == 404:
                return None
            raise
        order = _order(object_(payload, "order", DOING))
        if order.order_id != order_id:
            raise senseless(DOING, "it is about another order")
        return order


def _order(payload: Payload) -> AmazonOrder:
    status = text(object_(payload, "fulfillment", DOING), "fulfillmentStatus", DOING)
    listed = objects(payload, "packages", DOING) if payload.get("packages") else []
    packages = tuple(_package(one) for one in listed if _package_status(one) != CANCELLED)
    return AmazonOrder(
        order_id=text(payload, "orderId", DOING),
        status=status,
        items=tuple(_item(one, status, packages) for one in objects(payload, "orderItems", DOING)),
        packages=packages,
    )


def _item(payload: Payload, status: str, packages: tuple[AmazonPackage, ...]) -> AmazonItem:
    """An order line. The model has no number of cancelled units: they are those that are neither fulfilled nor
    unfulfilled (inferred).

    Where an item does not say how much of it is fulfilled, its packages do; a cancelled order has nothing unfulfilled.
    """
    code, ordered = text(payload, "orderItemId", DOING), units(payload, "quantityOrdered", DOING)
    fulfillment = object_(payload, "fulfillment", DOING) if payload.get("fulfillment") else {}
    in_packages: Counter[str] = Counter()
    for package in packages:
        in_packages.update(dict(package.items))
    shipped = (
        units(fulfillment, "quantityFulfilled", DOING) if "quantityFulfilled" in fulfillment else in_packages[code]
    )
    left = 0 if status == CANCELLED else ordered - shipped
    if "quantityUnfulfilled" in fulfillment:
        left = units(fulfillment, "quantityUnfulfilled", DOING)
    return AmazonItem(code, ordered, shipped, max(0, ordered - shipped - left))


def _package(payload: Payload) -> AmazonPackage:
    listed = objects(payload, "packageItems", DOING) if payload.get("packageItems") else []
    items: Counter[str] = Counter()
    for one in listed:
        items[text(one, "orderItemId", DOING)] += units(one, "quantity", DOING)
    shipped_at = moment(payload, "shipTime", DOING).isoformat() if payload.get("shipTime") else ""
    tracking = optional_text(payload, "trackingNumber", DOING) or ""
    return AmazonPackage(tracking, optional_text(payload, "carrier", DOING) or "", shipped_at, tuple(items.items()))


def _package_status(payload: Payload) -> str | None:
    status = payload.get("packageStatus")
    return optional_text(status, "status", DOING) if isinstance(status, dict) else None
