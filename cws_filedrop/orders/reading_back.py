"""Reading back: does Amazon's own order show what Amazon accepted?

A report without errors is Amazon's word that it accepted a shipment; the order itself is the proof
(docs/amazon.md#9-orders-api). Each order is looked up a few times, with growing pauses, as far as the rate limit
allows; nothing waits for it. The same look-up distinguishes an order that was shipped before (18021) from one refused
for another reason, and settles lines of which nobody knew whether Amazon had them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import Account, ReadBackState
from cws_filedrop.pipeline import outbox
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.rules.orders_shown import Showing, showings, units_shown
from cws_filedrop.store.feeds import feeds, read_backs
from cws_filedrop.store.feeds.read_backs import DueReadBack, ReadBackOutcome, ReportedLine
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

LOG: Final = log.get(__name__)
AGAIN: Final = (1.0, 4.0, 12.0, 24.0, 48.0)  # hours after Amazon's answer
REFUSED_HOURS: Final = 24.0  # how long an account is left alone that is not allowed to read orders
SHOWN: Final = "Amazon's own order shows this package"
SETTLED: Final = f"{SHOWN}: it is confirmed, and nothing is left to do"


class OrderReader:
    """Looks up one order after the other. Belongs to one thread."""

    def __init__(self, amazon: AmazonContext) -> None:
        self._amazon = amazon
        self._not_before: dict[int, datetime] = {}  # accounts that have no token left

    def look(self) -> bool:
        """Look up the order that has waited longest; false when none is due now."""
        context, now = self._amazon.context, self._amazon.context.clock()
        self._not_before = {account: until for account, until in self._not_before.items() if until > now}
        due = read_backs.next_due(context.db, now=now, not_of=list(self._not_before))
        if due is None:
            return False
        if wait := feeds.reserve(context.db, due.account_id, self._amazon.rate_limit("getOrder"), now):
            self._not_before[due.account_id] = now + timedelta(seconds=wait)
            return True
        with log.bound(account=due.account_id, order=due.amazon_order_id):
            self._look_for(due, sellers.account(context.db, due.account_id), now)
        return True

    def _look_for(self, due: DueReadBack, account: Account, now: datetime) -> None:
        context = self._amazon.context
        try:
            order = self._amazon.orders(account).get_order(due.amazon_order_id)
        except RemoteUnavailable as error:
            seconds = error.retry_after_seconds or AMAZON_FAILED.seconds(due.looks + 3)
            read_backs.postpone(context.db, account.id, until=now + timedelta(seconds=seconds), why=str(error))
            return
        except RemoteRefused as error:
            LOG.warning("sighting.refused", account=account.id, why=str(error))
            read_backs.postpone(context.db, account.id, until=now + timedelta(hours=REFUSED_HOURS), why=str(error))
            return
        self._keep(due, order, now)

    def _keep(self, due: DueReadBack, order: AmazonOrder | None, now: datetime) -> None:
        context = self._amazon.context
        look = judged(due, read_backs.told(context.db, due), order, now=now)
        look = _named(look, context.marketplace)
        changed = read_backs.looked(context.db, due, look, now=now)
        LOG.info("sighting.looked", account=due.account_id, order=due.amazon_order_id, state=look.state)
        outbox.publish_again(context, uploads.some(context.db, changed))


def _named(look: ReadBackOutcome, answering: MarketplaceKind) -> ReadBackOutcome:
    """The same, in words that name whose order was looked at."""
    words = {place: answering.said(said) for place, said in look.words.items()}
    return replace(look, words=words, settled=answering.said(look.settled), note=answering.said(look.note))


def judged(
    due: DueReadBack, told: Sequence[ReportedLine], order: AmazonOrder | None, *, now: datetime
) -> ReadBackOutcome:
    """Compare an order at Amazon with what was sent about it. None is an order that Amazon does not know."""
    shown = [one for one, showing in zip(told, showings(told, order), strict=True) if showing is Showing.SHOWN]
    seen = [one for one in shown if not one.seen]
    absent = [one for one in told if one not in shown]
    words = {(one.upload_id, one.line): SHOWN if one.accepted else SETTLED for one in seen}
    if not due.looks:
        words |= {(one.upload_id, one.line): _against(one, order) for one in absent if not one.expected}
    settled = SETTLED if [one for one in seen if not one.accepted] else ""
    found = ReadBackOutcome(ReadBackState.SEEN, None, seen=seen, words=words, settled=settled, shown=plain(order))
    if not [one for one in absent if one.expected]:
        return found
    when = _next(due, now)
    note = "Amazon knows no such order" if order is None else f"Amazon shows it as {order.status}"
    return replace(found, state=ReadBackState.AWAITED if when else ReadBackState.MISSING, look_at=when, note=note)


def plain(order: AmazonOrder | None) -> dict[str, Any]:
    """The part of an order that proves a shipment, as kept (store.feeds.read_backs.ReadBack)."""
    if order is None:
        return {"status": ""}
    items = [
        {"item": one.item_code, "ordered": one.ordered, "shipped": one.shipped, "cancelled": one.cancelled}
        for one in order.items
    ]
    packages = [
        {"tracking": one.tracking, "carrier": one.carrier, "shipped_at": one.shipped_at}
        | {"items": [{"item": item, "quantity": units} for item, units in one.items]}
        for one in order.packages
    ]
    return {"status": order.status, "items": items, "packages": packages}


def _next(due: DueReadBack, now: datetime) -> datetime | None:
    since = datetime.fromisoformat(due.since)
    return next((at for hours in AGAIN if (at := since + timedelta(hours=hours)) > now), None)


def _against(told: ReportedLine, order: AmazonOrder | None) -> str:
    """Why Amazon refused units as shipped before, as far as its own order shows that."""
    if order is None:
        return "Amazon has no order of that number"
    if not units_shown(told, order):
        return f"Amazon's own order ({order.status}) does not show these units as shipped: look at the order there"
    numbers = ", ".join(dict.fromkeys(one.tracking or "no tracking number" for one in order.packages))
    shown = f"Amazon's own order shows all these units as shipped, with {numbers or 'no package'}"
    return f"{shown}; if your number is right, correct it at Amazon"
