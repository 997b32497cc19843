"""Do Amazon's orders show the packages of a feed? The sender's own look, for a feed that may be at Amazon.

An order that shows a package under the tracking number that only this feed tells of is proof that Amazon has the feed.
That it shows none proves little at once: a feed may be in Amazon's queue for hours (docs/amazon.md#7-feeds-api).

Of a large feed some orders are read, evenly spread: Amazon takes all messages of a feed or none, but for those that it
refuses. What was read is kept between two steps, since there may be tokens for a few orders only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.orders_api import CANCELLED, AmazonItem, AmazonOrder
from cws_filedrop.model import FeedKind
from cws_filedrop.store.feeds import feeds, filling, look_ups
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.sellers import sellers

SAMPLE: Final = 20  # orders; a full bucket of getOrder has 30 tokens, and others read orders, too
NO_SUCH_ORDER: Final = (400, 404)  # about one order; any other refusal is about all of them


class OrdersShow(StrEnum):
    """What a look at the orders of a feed came to."""

    PACKAGES = "packages"  # Amazon has the feed
    NOTHING = "nothing"
    LATER = "later"  # not all of them could be read yet
    REFUSED = "refused"  # orders cannot be read


@dataclass(frozen=True, slots=True)
class OrdersSeen:
    """The outcome; `messages` of the feed whose packages are shown; for LATER, how long to wait; `why`, in words."""

    outcome: OrdersShow
    messages: frozenset[int] = frozenset()
    wait_seconds: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class _OrderSeen:
    """What one order shows: a package under its number; all that is told of it; and the messages that it shows."""

    package: bool
    whole: bool
    some: bool
    messages: frozenset[int]


def orders_show(amazon: AmazonContext, feed: FeedRow, attempt: int, *, proof: bool) -> OrdersSeen:
    """Read orders of the feed until one shows its packages.

    Shipments without a tracking number are shown when their units are shipped, cancellations when the order is
    cancelled. Both may have other reasons, so one of them counts where it keeps something from being sent again; for
    `proof` a tracking number is needed, or that all orders show all that the feed tells of them.
    """
    db = amazon.context.db
    table, numbers = filling.shipments(db, feed.no)
    told = {str(order): rows for order, rows in table.assign(message=numbers.to_list()).groupby("amazon-order-id")}
    whole, messages = len(told) <= SAMPLE and not feed.order_place, frozenset[int]()
    for place, order_id in enumerate(_sample(list(told))):
        if place < feed.order_place:
            continue
        order = _read(amazon, feed, order_id, attempt)
        if isinstance(order, OrdersSeen):
            look_ups.note(db, feed, order_place=place)
            return order
        seen = _seen(feed.kind, order, told[order_id])
        whole, messages = whole and seen.whole, messages | seen.messages
        if seen.package or (seen.some and not proof):
            return OrdersSeen(OrdersShow.PACKAGES, messages, why=f"Amazon's order {order_id} shows what it tells")
    look_ups.note(db, feed, order_place=0)
    if whole and told:
        return OrdersSeen(OrdersShow.PACKAGES, messages, why="Amazon's orders show all that it tells")
    return OrdersSeen(OrdersShow.NOTHING)


def _read(amazon: AmazonContext, feed: FeedRow, order_id: str, attempt: int) -> AmazonOrder | OrdersSeen | None:
    """An order; None when Amazon does not have it; or why it cannot be read."""
    db = amazon.context.db
    if wait := feeds.reserve(db, feed.account_id, amazon.rate_limit("getOrder"), amazon.context.clock()):
        return OrdersSeen(OrdersShow.LATER, wait_seconds=wait, why="waits for Amazon's rate limit")
    try:
        return amazon.orders(sellers.account(db, feed.account_id)).get_order(order_id)
    except RemoteUnavailable as error:
        seconds = error.retry_after_seconds or AMAZON_FAILED.seconds(attempt)
        return OrdersSeen(OrdersShow.LATER, wait_seconds=seconds, why=str(error))
    except RemoteRefused as error:
        return None if error.status in NO_SUCH_ORDER else OrdersSeen(OrdersShow.REFUSED, why=str(error))


def _sample(orders: list[str]) -> list[str]:
    """At most SAMPLE of them, evenly spread; always the same ones."""
    if len(orders) <= SAMPLE:
        return orders
    return [orders[place * len(orders) // SAMPLE] for place in range(SAMPLE)]


def _seen(kind: FeedKind, order: AmazonOrder | None, rows: pd.DataFrame) -> _OrderSeen:
    if order is None:
        return _OrderSeen(package=False, whole=False, some=False, messages=frozenset())
    if kind is FeedKind.ACKNOWLEDGEMENT:
        done = order.status == CANCELLED
        return _OrderSeen(package=False, whole=done, some=done, messages=frozenset(rows["message"] if done else ()))
    cells = rows.to_dict("records")
    packages = [_package_shown(order, row) for row in cells]
    shown = [_units_shown(order, row) if not row["tracking-number"] else packages[at] for at, row in enumerate(cells)]
    numbers = [row["message"] for row in cells]
    certain = frozenset(numbers) - {number for number, shows in zip(numbers, packages, strict=True) if not shows}
    return _OrderSeen(any(packages), all(shown), any(shown), certain)


def _package_shown(order: AmazonOrder, row: Mapping[Any, Any]) -> bool:
    wanted, item = _plain(row["tracking-number"]), row["order-item-code"]
    packages = [one for one in order.packages if wanted and _plain(one.tracking) == wanted]
    return any(not item or not one.items or item in dict(one.items) for one in packages)


def _units_shown(order: AmazonOrder, row: Mapping[Any, Any]) -> bool:
    items = [item for item in order.items if row["order-item-code"] in ("", item.item_code)]
    return bool(items) and all(item.shipped >= _wanted(item, row["quantity"]) for item in items)


def _wanted(item: AmazonItem, quantity: str) -> int:
    rest = item.ordered - item.cancelled
    return max(1, min(int(quantity), rest) if quantity else rest)


def _plain(tracking: str) -> str:
    return "".join(letter for letter in tracking.upper() if letter.isalnum())
