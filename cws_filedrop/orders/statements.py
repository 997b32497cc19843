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
    found = sold(db, seller.account.id, since=month.first(zone), until=month.following().first(zone))
    orders = [_order(one, deadline, zone) for one in found]
    account, final = seller.account.merchant_id, now >= deadline
    return Statement(seller.name, account, month, seller.policy.time_zone, deadline, final, orders)


def of_all(db: Database, owners: Iterable[Seller], month: Month, *, now: datetime) -> list[Statement]:
    """The statements of several sellers. Sellers that share an account have one, under the first of their names."""
    first: dict[int, Seller] = {}
    for seller in owners:
        first.setdefault(seller.account.id, seller)
    return [of_seller(db, seller, month, now=now) for seller in first.values()]


def _order(one: Sold, deadline: datetime, zone: ZoneInfo) -> StatementOrder:
    found = commission.charge(one.history, deadline)
    cancelled_at = found.cancelled_at and found.cancelled_at.astimezone(zone)
    return StatementOrder(
        number=one.number,
        amazon_order_id=one.amazon_order_id,
        at=one.at.astimezone(zone),
        is_purchase=one.is_purchase,
        state=one.state,
        cancelled_at=cancelled_at,
        carries=found.carries,
        why=found.why,
        total_price=commission.total(one.prices),
    )
