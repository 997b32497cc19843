"""Monthly statements of commission, put together from the order book."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from cws_filedrop.model import Seller
from cws_filedrop.reports.commission import Statement, StatementOrder
from cws_filedrop.rules import commission
from cws_filedrop.rules.commission import Month
from cws_filedrop.store.database import Database
from cws_filedrop.store.orders.commission import Sold, sold


def of_seller(db: Database, seller: Seller, month: Month, *, now: datetime) -> Statement:
    """The statement of a seller's account, in the seller's time zone."""
    zone = ZoneInfo(seller.policy.time_zone)
    deadline = month.deadline(zone)
    of_month = sold(db, seller.account.id, since=month.first(zone), until=month.following().first(zone))
    orders = [_order(order, deadline, zone) for order in of_month]
    account, final = seller.account.merchant_id, now >= deadline
    return Statement(seller.name, account, month, seller.policy.time_zone, deadline, final, orders)


def of_all(db: Database, owners: Iterable[Seller], month: Month, *, now: datetime) -> list[Statement]:
    """The statements of several sellers. Sellers that share an account share one, under the first of their names."""
    first: dict[int, Seller] = {}
    for seller in owners:
        first.setdefault(seller.account.id, seller)
    return [of_seller(db, seller, month, now=now) for seller in first.values()]


def _order(order: Sold, deadline: datetime, zone: ZoneInfo) -> StatementOrder:
    charge = commission.charge(order.history, deadline)
    cancelled_at = charge.cancelled_at and charge.cancelled_at.astimezone(zone)
    return StatementOrder(
        number=order.number,
        amazon_order_id=order.amazon_order_id,
        at=order.at.astimezone(zone),
        is_purchase=order.is_purchase,
        state=order.state,
        cancelled_at=cancelled_at,
        carries=charge.carries,
        why=charge.why,
        total_price=commission.total(order.prices),
    )
