"""Reading back: does Amazon's own order show what Amazon accepted?

A report without errors is Amazon's word that it accepted a shipment; the order itself is the proof
(docs/amazon.md#9-orders-api). Each order is looked up a few times, with growing pauses, as far as the rate limit
allows; nothing waits for it. The same look-up distinguishes an order that was shipped before (18021) from one refused
for another reason, and settles lines of which nobody knew whether Amazon had them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED, ORDERS_REFUSED
from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import Account, ReadBackState
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.pipeline import outbox
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.rules.pieces import unknown_lines
from cws_filedrop.rules.pieces.orders_shown import Showing, showings
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import feeds, read_backs, refused_as_shipped
from cws_filedrop.store.feeds.read_backs import DueReadBack, Rank, ReadBackOutcome, Renewed, ReportedLine
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

LOG: Final = log.get(__name__)
AGAIN: Final = (1.0, 4.0, 12.0, 24.0, 48.0)  # hours after Amazon's answer
SHOWN: Final = "Amazon's own order shows this package"
SETTLED: Final = f"{SHOWN}: it is confirmed, and nothing is left to do"
ABSENT: Final = "Amazon's own order plainly does not show it, look after look: it may be sent again"
CANCELLED: Final = "Amazon's own order is cancelled: it is done, and nothing is left to do"
NOT_CANCELLED: Final = "Amazon's own order plainly is not cancelled, look after look: it may be sent again"
NOT_SENT: Final = (Showing.UNSHIPPED, Showing.NO_ORDER)
LEAST_LOOKS: Final = 3  # that do not show a line before it may be sent again
SPARE: Final = 10  # tokens that routine leaves in the bucket


class OrderReader:
    """Looks up one order after the other. Belongs to one thread."""

    def __init__(self, amazon: AmazonContext) -> None:
        self._amazon = amazon
        self._not_before: dict[int, datetime] = {}  # accounts that have no token left
        self._refused: Counter[int] = Counter()  # how often in a row accounts were refused to read orders
        self._no_routine: dict[int, datetime] = {}  # accounts that have none left for routine

    def look(self) -> bool:
        """Look up the order that comes first; false when none is due now.

        Routine leaves some of the rate limit to what matters more, and to feeds of which nobody knows whether Amazon
        has them.
        """
        context, now = self._amazon.context, self._amazon.context.clock()
        self._not_before = {account: until for account, until in self._not_before.items() if until > now}
        self._no_routine = {account: until for account, until in self._no_routine.items() if until > now}
        due = read_backs.next_due(
            context.db, now=now, not_of=list(self._not_before), not_routine=list(self._no_routine)
        )
        if due is None:
            return False
        routine = due.rank == Rank.ROUTINE
        limit = self._amazon.rate_limit("getOrder", spare=SPARE if routine else 0)
        if wait := feeds.reserve(context.db, due.account_id, limit, now):
            (self._no_routine if routine else self._not_before)[due.account_id] = now + timedelta(seconds=wait)
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
            self._refused[account.id] += 1
            pause = timedelta(seconds=ORDERS_REFUSED.seconds(self._refused[account.id]))
            read_backs.postpone(context.db, account.id, until=now + pause, why=str(error))
            return
        del self._refused[account.id]
        self._keep(due, order, now)

    def _keep(self, due: DueReadBack, order: AmazonOrder | None, now: datetime) -> None:
        context = self._amazon.context
        unknown_for = timedelta(hours=context.settings.orders.unknown_hours)
        told = read_backs.told(context.db, due)
        decided = self._decided(due, told, order, now)
        if decided.results:
            still = read_backs.told(context.db, due)
            told = [one for one in told if not one.unknown or one in still]
        look = judged(due, told, order, now=now, unknown_for=unknown_for)
        look = _named(replace(look, again=self._to_resend(look.offered)), context.marketplace)
        seen = read_backs.looked(context.db, due, look, now=now)
        results = list(dict.fromkeys([*decided.results, *seen.results]))
        finished = list(dict.fromkeys([*decided.finished, *seen.finished]))
        LOG.info("sighting.looked", account=due.account_id, order=due.amazon_order_id, state=look.state)
        outbox.publish_again(context, uploads.some(context.db, results))
        if late := outbox.publish(context, uploads.some(context.db, finished)):
            LOG.warning("outbox.not_renewed", uploads=late)

    def _decided(
        self, due: DueReadBack, told: Sequence[ReportedLine], order: AmazonOrder | None, now: datetime
    ) -> Renewed:
        """Decide what the order says otherwise than by showing it."""
        db, answering = self._amazon.context.db, self._amazon.context.marketplace
        beside = partial(events.refused, now=now, marketplace=answering)
        return refused_as_shipped.decide(db, due, told, order, now=now, beside=beside, marketplace=answering)

    def _to_resend(self, offered: Sequence[ReportedLine]) -> list[ReportedLine]:
        """Those of them whose seller wants them sent again without being asked."""
        db = self._amazon.context.db
        owner = {upload.id: upload.seller for upload in uploads.some(db, list({one.upload_id for one in offered}))}
        known = sellers.by_name(db, set(owner.values()))
        return [one for one in offered if known[owner[one.upload_id]].policy.resend_unknown]


def _named(look: ReadBackOutcome, answering: MarketplaceKind) -> ReadBackOutcome:
    """The same, in words that name whose order was looked at."""
    words = {place: answering.said(said) for place, said in look.words.items()}
    return replace(look, words=words, settled=answering.said(look.settled), note=answering.said(look.note))


def judged(
    due: DueReadBack,
    told: Sequence[ReportedLine],
    order: AmazonOrder | None,
    *,
    now: datetime,
    unknown_for: timedelta = timedelta(hours=24),
) -> ReadBackOutcome:
    """Compare an order at Amazon with what was sent about it. None is an order that Amazon does not know.

    Lines of unknown outcome may be sent again once they have been plainly absent for `unknown_for`.
    """
    showing = _showings(told, order)
    shown = [one for one, found in showing if found is Showing.SHOWN]
    seen = [one for one in shown if one.expected and not one.seen]
    absent = [one for one in told if one not in shown]
    words = {(one.upload_id, one.line): _seen_words(one) for one in seen}
    settled = next((_seen_words(one) for one in seen if not one.accepted), "")
    look = ReadBackOutcome(ReadBackState.SEEN, None, seen=seen, words=words, settled=settled, shown=plain(order))
    if not [one for one in absent if one.expected]:
        return look
    look = replace(look, note=_note(showing, order))
    return _absent(due, look, [one for one, found in showing if one.unknown and found in NOT_SENT], now, unknown_for)


def _showings(told: Sequence[ReportedLine], order: AmazonOrder | None) -> list[tuple[ReportedLine, Showing]]:
    """What the order shows of each line. Of one of unknown outcome that is not there for certain, and for which units
    are left, it shows nothing, whatever else was shipped."""
    ships = [one for one in told if not one.cancels]
    found = list(zip(ships, showings(ships, order), strict=True))
    return [(one, _for_certain(one, shows, order)) for one, shows in found] + [
        (one, unknown_lines.cancellation_shown(one.cancels, order)) for one in told if one.cancels
    ]


def _for_certain(one: ReportedLine, found: Showing, order: AmazonOrder | None) -> Showing:
    absent = one.unknown and order is not None and unknown_lines.is_not_there(one, order)
    return Showing.UNSHIPPED if absent else found


def _seen_words(one: ReportedLine) -> str:
    if one.cancels:
        return CANCELLED
    return SHOWN if one.accepted else SETTLED


def _note(showing: Sequence[tuple[ReportedLine, Showing]], order: AmazonOrder | None) -> str:
    """What Amazon shows, and, of lines of unknown outcome, why that settles nothing."""
    if order is None:
        return "Amazon knows no such order"
    doubtful = any(one.unknown and not one.cancels and found is Showing.OTHER for one, found in showing)
    return f"Amazon shows it as {order.status}" + (f"; {unknown_lines.UNCERTAIN}" if doubtful else "")


def _absent(
    due: DueReadBack, look: ReadBackOutcome, not_sent: Sequence[ReportedLine], now: datetime, unknown_for: timedelta
) -> ReadBackOutcome:
    """When to look again for what is not shown; or that what was plainly `not_sent` may be sent again."""
    looks = due.absent + 1 if not_sent else 0
    since = (due.absent_since or stamp(now)) if not_sent else None
    look = replace(look, absent=looks, absent_since=since)
    enough = None if since is None else datetime.fromisoformat(since) + unknown_for
    if enough is not None and enough <= now and looks >= LEAST_LOOKS:
        words = {(one.upload_id, one.line): NOT_CANCELLED if one.cancels else ABSENT for one in not_sent}
        return replace(look, state=ReadBackState.UNSHIPPED, offered=not_sent, words={**look.words, **words})
    when = _next(due, now, unknown_for / timedelta(hours=24) if due.rank == Rank.UNKNOWN else 1.0)
    if enough is not None and (when is None or now < enough < when):
        when = max(enough, now + unknown_for / 24)
    return replace(look, state=ReadBackState.AWAITED if when else ReadBackState.MISSING, look_at=when)


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


def _next(due: DueReadBack, now: datetime, scale: float) -> datetime | None:
    since = datetime.fromisoformat(due.since)
    return next((at for hours in AGAIN if (at := since + timedelta(hours=hours * scale)) > now), None)
