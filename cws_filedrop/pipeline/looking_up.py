"""A feed that may be at Amazon: is it there, and which one is it? Whether it is sent again is decided here.

createFeed is not idempotent, and a feed does not name its document (docs/amazon.md#7-feeds-api). So after a lost answer
the feeds are listed that appeared since Amazon gave a place for this document: by the Date of that answer, so that no
clock of ours plays a part, and nothing older is ever a candidate. An answer without a Date leaves no way to tell a feed
that was there before from this one; then no feed is a candidate, and only orders are believed (as with a feed whose
intent an earlier version recorded). The list still counts where it is empty.

A list that does not show the feed is believed after three looks, since createFeed may take effect late, and after the
feed's orders do not show its packages either. A feed that is found is only adopted, until those orders prove it: the
seller's other programs send feeds, too. A look that cannot be made leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext, FeedClient
from cws_filedrop.errors import RemoteError, RemoteRefused, expected
from cws_filedrop.feeds.report_match import may_answer, took_nothing
from cws_filedrop.marketplaces.amazon import FEED_TYPES, Feed, FeedStatus
from cws_filedrop.model import Verdict
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pipeline.orders_seen import OrdersSeen, OrdersShow, orders_show
from cws_filedrop.pipeline.steps import DONE, StepResult, stop, waits
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.feeds import feeds, look_ups, settling
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.feeds.settling import Settlement

LOG: Final = log.get(__name__)
BEFORE: Final = timedelta(seconds=5)  # Date has whole seconds, and Amazon's machines have a clock each
WITHOUT_DATE: Final = timedelta(days=1)  # how far back a list is read that gives no candidates
LOOKS: Final = (1.0, 4.0, 20.0)  # times `lookup_seconds` after the intent
AFTER_LOOKS: Final = 20.0  # times `lookup_seconds` between further looks
ORDER_HOURS: Final = (0.0, 6.0, 24.0)  # after the first look at orders, where feeds cannot be listed
PROOF_HOURS: Final = (0.0, 0.25, 1.0, 6.0, 24.0)  # the same for a feed that was found
AT_LEAST_SECONDS: Final = 1.0
AT_MOST_SECONDS: Final = 1800.0
AT_WORK: Final = (FeedStatus.IN_QUEUE, FeedStatus.IN_PROGRESS)
SOON: Final = StepResult(again_seconds=0.01)
RISK: Final = (
    "if Amazon has it all the same, its packages are told twice: units that are left are shipped twice, and the rest is"
    " refused (18021)"
)


@dataclass(frozen=True, slots=True)
class FeedLookUp:
    """One look for one feed: what it needs, and how long ago createFeed was called (by our clock, which only says when
    to look)."""

    amazon: AmazonContext
    feed: FeedRow
    client: FeedClient
    attempt: int

    @property
    def now(self) -> datetime:
        return self.amazon.context.clock()

    @property
    def seconds_since(self) -> float:
        return (self.now - moment(expected(self.feed.intent_at, "moment of the intent"))).total_seconds()

    @property
    def unit(self) -> float:
        return self.amazon.context.settings.marketplace.lookup_seconds

    @property
    def is_overdue(self) -> bool:
        """Has it been impossible for so long that something else has to decide?"""
        return self.seconds_since >= self.amazon.context.settings.marketplace.lookup_hours * 3600

    def token(self, operation: str) -> float:
        """Take a token; the seconds to wait if there is none."""
        return feeds.reserve(self.amazon.context.db, self.feed.account_id, self.amazon.rate_limit(operation), self.now)

    def again(self, seconds: float, why: str) -> StepResult:
        return waits(self.amazon, self.feed, why, max(AT_LEAST_SECONDS, seconds))

    def offer(self, why: str) -> StepResult:
        """Stop the feed for a person, who may also send it again."""
        look_ups.note(self.amazon.context.db, self.feed, offered=True)
        return stop(self.amazon, self.feed, why)

    @property
    def messages(self) -> dict[str, set[int]]:
        """The orders that the feed tells of, each with its messages."""
        told = look_ups.messages_of(self.amazon.context.db, self.feed.no)
        return {order: set(messages) for order, messages in told.items()}

    def orders(self, *, proof: bool = False) -> OrdersSeen:
        return orders_show(self.amazon, self.feed, self.attempt, proof=proof)


BUSY: Final = "waits for Amazon's rate limit"


def look_up(look: FeedLookUp) -> StepResult:
    """Find the feed that came of an earlier createFeed whose answer we do not have. Raises: RemoteError."""
    early = LOOKS[min(look.feed.looks, len(LOOKS) - 1)] * look.unit - look.seconds_since
    if early > 0:
        return StepResult(again_seconds=early, note="no answer to createFeed; looking it up soon")
    if wait := look.token("getFeeds"):
        return StepResult(again_seconds=wait, note=BUSY)
    try:
        candidates = _candidates(look)
    except RemoteError as error:
        return _not_listed(look, error)
    if candidates and look.feed.document_at is None:
        return _by_orders(look, "Amazon's answers have no date by which its feeds could be told apart")
    match candidates:
        case []:
            return _none_found(look)
        case [only]:
            return _adopt(look, only)
        case several:
            return _tell_apart(look, several)


def _candidates(look: FeedLookUp) -> list[Feed]:
    """Feeds at Amazon that may be this one."""
    feed = look.feed
    known = feeds.known_feed_ids(look.amazon.context.db, feed.account_id) | feed.not_ours
    begin = moment(expected(feed.intent_at, "moment of the intent")) - WITHOUT_DATE
    if feed.document_at is not None:
        begin = moment(feed.document_at) - BEFORE
    return [
        one
        for one in look.client.get_feeds(begin)
        if one.feed_type == FEED_TYPES[feed.kind] and one.feed_id not in known and one.created_at >= begin
    ]


def _not_listed(look: FeedLookUp, error: RemoteError) -> StepResult:
    """The list could not be read. If it never will be (getFeeds may be forbidden alone, docs/amazon.md#7-feeds-api), or
    has not been for hours, orders decide. Raises: the error, when it is for a later look or for a person."""
    if isinstance(error, RemoteRefused):
        if error.status != 403:
            raise error
        return _by_orders(look, str(error), refused=error)
    if not look.is_overdue:
        raise error
    return _by_orders(look, str(error))


def _none_found(look: FeedLookUp) -> StepResult:
    looks = look.feed.looks + 1
    look_ups.note(look.amazon.context.db, look.feed, looks=looks)
    if looks < len(LOOKS):
        why = f"Amazon does not list it (look {looks} of {len(LOOKS)}); it is looked for again before it is sent again"
        return look.again(LOOKS[looks] * look.unit - look.seconds_since, why)
    seen = look.orders()
    match seen.outcome:
        case OrdersShow.PACKAGES if look.is_overdue:
            return _settle_by_orders(look, seen)
        case OrdersShow.PACKAGES:
            why = f"{seen.why}, though no list of feeds names it: it is not sent again"
            return look.again(AFTER_LOOKS * look.unit, why)
        case OrdersShow.LATER if not look.is_overdue:
            return look.again(seen.wait_seconds, f"Amazon does not list it; its orders are to be read: {seen.why}")
    if look_ups.withdraw(look.amazon.context.db, look.feed, FeedEvent.ABSENT):
        LOG.info("feed.not_found", feed=look.feed.no)
    return StepResult(again_seconds=SOON.again_seconds, note="Amazon has no such feed; sending it again")


def _adopt(look: FeedLookUp, candidate: Feed) -> StepResult:
    if look_ups.found(look.amazon.context.db, look.feed, candidate.feed_id):
        LOG.info("feed.adopted", feed=look.feed.no, amazon_feed=candidate.feed_id)
    return SOON


def _tell_apart(look: FeedLookUp, candidates: Sequence[Feed]) -> StepResult:
    """Several feeds appeared: those whose reports are about other messages, or took nothing, are none of ours."""
    if any(one.status in (FeedStatus.IN_QUEUE, FeedStatus.IN_PROGRESS) for one in candidates):
        return look.again(
            look.amazon.poll_seconds(look.attempt), "several feeds could be this one; Amazon works on them"
        )
    for one in candidates:
        if wait := one.result_document_id and look.token("getFeedDocument"):
            # Until there is one for each: with fewer, every look would spend them on the first, and never see the last.
            return look.again(wait * len(candidates), f"several feeds could be this one; {BUSY}")
        if not _may_be_ours(look, one, _report(look, one)):
            look_ups.not_ours(look.amazon.context.db, look.feed, [one.feed_id])
            return SOON  # which lists them once more, without that one
    seen = look.orders()
    if seen.outcome is OrdersShow.PACKAGES:
        return _settle_by_orders(look, seen)
    if seen.outcome is OrdersShow.LATER and not look.is_overdue:
        return look.again(seen.wait_seconds, f"several feeds could be this one; {seen.why}")
    feeds.mark_unknown(look.amazon.context.db, look.feed.no)
    ids = ", ".join(one.feed_id for one in candidates)
    return stop(look.amazon, look.feed, f"more than one feed could be this one ({ids}): adopt one of them by hand")


def _report(look: FeedLookUp, candidate: Feed) -> bytes:
    """The report of a feed that may be ours; b"", which tells nothing, for none. Raises: RemoteUnavailable."""
    if not candidate.result_document_id:
        return b""
    try:
        return look.client.get_report(candidate.result_document_id)
    except RemoteRefused:
        return b""


def _may_be_ours(look: FeedLookUp, candidate: Feed, report: bytes) -> bool:
    """Could that feed have brought ours to Amazon? Not if it is about other messages; nor if Amazon took nothing of it,
    whosever it was: then ours is sent again once nothing else turns up, and has an answer of its own."""
    if candidate.status is FeedStatus.CANCELLED:
        return False
    nothing = candidate.status is FeedStatus.DONE and took_nothing(report)
    return not nothing and may_answer(report, look.messages, look.feed.message_count)


def prove(look: FeedLookUp) -> StepResult:
    """Find out whether the feed that was adopted is ours: by its end and report that it is not, by orders that it is.

    Done when it is proven, and can be polled and settled like any other. Raises: RemoteError.
    """
    feed = look.feed
    amazon_feed_id = expected(feed.amazon_feed_id, "id at Amazon of an adopted feed")
    if wait := look.token("getFeed"):
        return StepResult(again_seconds=wait, note=BUSY)
    there = look.client.get_feed(amazon_feed_id)
    if there.status in AT_WORK:
        why = f"feed {amazon_feed_id} may be this one; Amazon is working on it ({there.status})"
        return look.again(look.amazon.poll_seconds(look.attempt), why)
    if not (feed.order_looks or feed.order_place):
        if there.result_document_id and (wait := look.token("getFeedDocument")):
            return StepResult(again_seconds=wait, note=BUSY)
        if not _may_be_ours(look, there, _report(look, there)):
            LOG.warning("feed.candidate_dismissed", feed=feed.no, amazon_feed=amazon_feed_id)
            look_ups.not_ours(look.amazon.context.db, feed, [amazon_feed_id])
            return SOON
    return _proven_by_orders(look, amazon_feed_id)


def _proven_by_orders(look: FeedLookUp, amazon_feed_id: str) -> StepResult:
    if early := _early(look, PROOF_HOURS):
        return look.again(early, look.feed.note)
    seen = look.orders(proof=True)
    words = f"feed {amazon_feed_id} may be this one, and its report fits; its lines are good once orders show them"
    choice = f"`feed adopt {look.feed.no} {amazon_feed_id}`, or `feed send-again {look.feed.no}`: {RISK}"
    match seen.outcome:
        case OrdersShow.PACKAGES:
            return _proven(look, amazon_feed_id)
        case OrdersShow.LATER:
            return look.again(seen.wait_seconds, f"{words} ({seen.why})")
        case OrdersShow.REFUSED:
            return look.offer(f"{words}. They cannot be read ({seen.why}): look at Amazon, and say {choice}")
        case OrdersShow.NOTHING:
            if _looked(look) < len(PROOF_HOURS):
                return look.again(AT_MOST_SECONDS, words)
            return look.offer(f"{words}. None does after a day: look at Amazon, and say {choice}")


def _proven(look: FeedLookUp, amazon_feed_id: str) -> StepResult:
    db, now = look.amazon.context.db, look.now
    feeds.submitted(db, look.feed.no, amazon_feed_id=amazon_feed_id, now=now, event=FeedEvent.PROVEN)
    LOG.info("feed.submitted", feed=look.feed.no, amazon_feed=amazon_feed_id, lines=look.feed.line_count)
    return DONE


def _early(look: FeedLookUp, hours: Sequence[float]) -> float:
    """How long it is until the next look at orders; 0 = now."""
    if look.feed.orders_since is None:
        return 0.0
    due = hours[min(look.feed.order_looks, len(hours) - 1)] * 3600
    left = due - (look.now - moment(look.feed.orders_since)).total_seconds()
    return min(AT_MOST_SECONDS, max(0.0, left))


def _looked(look: FeedLookUp) -> int:
    """Count a look at orders that showed nothing."""
    since = look.feed.orders_since or stamp(look.now)
    looks = look.feed.order_looks + 1
    look_ups.note(look.amazon.context.db, look.feed, order_looks=looks, orders_since=since, order_place=0)
    return looks


def _by_orders(look: FeedLookUp, why: str, refused: RemoteRefused | None = None) -> StepResult:
    """Feeds cannot be listed: what Amazon's orders show decides; what they do not show is an operator's to decide.
    Between looks at orders it is tried again whether they can be listed by now.

    Raises: what was refused, when orders are refused as well: then it is not about this operation alone.
    """
    waiting = f"whether Amazon has it is read from its orders, since its feeds cannot be listed: {why}"
    if early := _early(look, ORDER_HOURS):
        return look.again(min(early, AFTER_LOOKS * look.unit), waiting)
    seen = look.orders()
    match seen.outcome:
        case OrdersShow.PACKAGES:
            return _settle_by_orders(look, seen)
        case OrdersShow.LATER:
            return look.again(seen.wait_seconds, f"{waiting} ({seen.why})")
        case OrdersShow.REFUSED if refused is not None:
            raise refused
    if _looked(look) < len(ORDER_HOURS):
        return look.again(AFTER_LOOKS * look.unit, waiting)
    showed = f"nor can orders ({seen.why})" if seen.outcome is OrdersShow.REFUSED else "and no order shows its packages"
    offer = f"look at Amazon; if it is not there, `feed send-again {look.feed.no}`. The risk: {RISK}"
    return look.offer(f"its feeds cannot be listed ({why}), {showed} after a day: {offer}")


def _settle_by_orders(look: FeedLookUp, seen: OrdersSeen) -> StepResult:
    """Amazon has the feed and nobody can say which one it is: its lines are settled by what orders show. Those that
    were not read, or are not shown yet, are `unknown` until they are read back, which begins at once."""
    context, feed = look.amazon.context, look.feed
    answering = context.marketplace
    shown = (Verdict.CONFIRMED, "", answering.verdict("Amazon's own order shows this package"))
    words = f"{seen.why}, so Amazon has the feed that carried this line; its own order is being read"
    settlement = Settlement(Verdict.UNKNOWN, "", answering.verdict(words), dict.fromkeys(seen.messages, shown))
    told = partial(events.refused, now=look.now, marketplace=answering)
    settling.settle(
        context.db, feed.no, settlement, now=look.now, look_after=timedelta(0), beside=told, event=FeedEvent.SHOWN
    )
    notes.settled(context, feed.no, feed.account_id)
    LOG.info("feed.settled_by_orders", feed=feed.no, why=seen.why)
    return DONE
