"""Queued shipments -> a feed at Amazon -> verdicts. Each function is the body of a durable step.

A step may run twice: it begins by looking at how far the feed came. createFeed is not idempotent and a feed does not
name its document (docs/amazon.md#7-feeds-api), so the intent is recorded first; when no answer was kept, the feeds that
appeared since are looked up, and the single unknown one is ours. An intent is taken back by createFeed's own word that
it did nothing, and by no trouble of any other call.

What is sent is on our disk before it is sent, and what is read before anything follows from it. While the disk does
not take it, a step only waits: nothing has gone to Amazon then, or Amazon still has its report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import pandas as pd

from cws_filedrop import log
from cws_filedrop.backoff import AMAZON_FAILED, amazon_works_on_it
from cws_filedrop.drop.archive import Paper
from cws_filedrop.errors import Impossible, RemoteError, RemoteRefused, RemoteUnavailable, expected
from cws_filedrop.feeds import order_acknowledgement, order_fulfillment, processing_report
from cws_filedrop.feeds.schema import Kind, validate
from cws_filedrop.marketplaces import limits
from cws_filedrop.marketplaces.amazon import FEED_TYPES, Feed
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import Account, FeedKind, FeedState, Verdict
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.hooks import events
from cws_filedrop.pipeline.mail import notes
from cws_filedrop.store import feeds, filling, sellers, settling
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.feeds import FeedRow, Purse, Turn
from cws_filedrop.store.settling import Settlement

LOG: Final = log.get(__name__)
CLOCK_MARGIN: Final = timedelta(minutes=2)  # Amazon's clock and ours may differ; ids we know are left out anyway


class FeedClient(Protocol):
    """What is needed of Amazon (marketplaces.amazon.FeedsClient)."""

    def create_feed_document(self) -> tuple[str, str]: ...
    def upload(self, url: str, body: bytes) -> None: ...
    def create_feed(self, document_id: str, kind: FeedKind = ...) -> str: ...
    def get_feed(self, feed_id: str) -> Feed: ...
    def get_feeds(self, created_since: datetime) -> list[Feed]: ...
    def get_report(self, document_id: str) -> bytes: ...


class OrderClient(Protocol):
    """What is needed of Amazon to look an order up (marketplaces.orders_api.OrdersClient)."""

    def get_order(self, order_id: str) -> AmazonOrder | None: ...


@dataclass(frozen=True)
class Sender:
    """A desk, and how to reach each account's marketplace."""

    desk: Desk
    client: Callable[[Account], FeedClient]
    orders: Callable[[Account], OrderClient]
    rate_scale: float

    def purse(self, operation: str) -> Purse:
        rate = limits.RATES[operation].scaled(self.rate_scale)
        return Purse(operation, lambda arrival, now: limits.reserve(arrival, now, rate))

    def poll_seconds(self, looks: int) -> float:
        """How long to leave something alone that Amazon works on, after that many looks."""
        settings = self.desk.settings.marketplace
        return amazon_works_on_it(settings.poll_seconds, settings.poll_slowest_seconds).seconds(looks + 1)


@dataclass(frozen=True, slots=True)
class Step:
    """How a step ended: done, or again after some seconds, or stopped until a person acts. Plain values."""

    done: bool = False
    again_seconds: float = 0.0
    note: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


DONE: Final = Step(done=True)
ENDED: Final = ("FATAL", "CANCELLED")  # Amazon's words for a feed of which nothing can be said
WORDS: Final = {Verdict.CONFIRMED: "Amazon accepted it"}


def take_turn(sender: Sender, account_id: int, cause: str) -> Turn:
    """Open the account's next feed, if there is something to send and it is its turn (docs/domain.md#9-sending)."""
    return feeds.take_turn(
        sender.desk.db,
        account_id,
        cause=cause,
        now=sender.desk.clock(),
        second_after_seconds=sender.desk.settings.marketplace.second_feed_seconds,
        purse=sender.purse("createFeed"),
    )


def ready(sender: Sender) -> list[int]:
    """Accounts that have something to send and are not busy."""
    desk = sender.desk
    seconds = desk.settings.marketplace.second_feed_seconds
    return feeds.ready(desk.db, now=desk.clock(), second_after_seconds=seconds)


def fill(sender: Sender, feed_no: int) -> int:
    """Give the feed its lines, as many as one document holds; how many."""
    db, limit = sender.desk.db, sender.desk.settings.marketplace.messages_per_feed
    soon = sender.desk.clock() + timedelta(hours=sender.desk.settings.orders.late_hours)
    feed = feeds.get(db, feed_no)
    account = sellers.account(db, feed.account_id)

    def number(shipments: pd.DataFrame) -> pd.Series[int]:
        if feed.kind is FeedKind.ACKNOWLEDGEMENT:
            return order_acknowledgement.number(shipments)
        documents = order_fulfillment.documents(shipments, account.merchant_id, max_messages=limit)
        return next(documents).message_ids

    first = filling.urgent(db, account.id, before=soon, limit=limit)
    return filling.fill(db, feed_no, limit=limit, number=number, first=first)


def submit(sender: Sender, feed_no: int, attempt: int) -> Step:
    """Bring a filled feed to Amazon, once."""
    feed = feeds.get(sender.desk.db, feed_no)
    if feed.state not in (FeedState.FILLED, FeedState.INTENDED):
        return DONE
    account = sellers.account(sender.desk.db, feed.account_id)
    client = sender.client(account)
    try:
        if feed.state is FeedState.INTENDED:
            return _look_up(sender, feed, client)
        return _send(sender, feed, account, client, attempt)
    except RemoteError as error:  # of whichever call: what it means for the feed's state was settled where it was made
        return _failed(sender, feed, error, attempt)


def _send(sender: Sender, feed: FeedRow, account: Account, client: FeedClient, attempt: int) -> Step:
    db = sender.desk.db
    operations = ["createFeedDocument"] + (["createFeed"] if attempt > 1 else [])
    for operation in operations:
        if wait := feeds.reserve(db, account.id, sender.purse(operation), sender.desk.clock()):
            return Step(again_seconds=wait, note="waits for Amazon's rate limit")
    body = document(sender.desk, feed.no, account)
    try:
        kept = sender.desk.archive.keep(feed.day, feed.no, Paper.DOCUMENT, body)
    except OSError as error:
        return _not_kept(sender, feed, error, attempt)
    document_id, url = client.create_feed_document()
    client.upload(url, body)
    intent_at = stamp(sender.desk.clock())
    intent: dict[str, Any] = {"state": FeedState.INTENDED, "document_id": document_id, "intent_at": intent_at}
    feeds.change(db, feed.no, **intent, document_sha256=kept.sha256)
    _submitted(sender, feed, _created(sender, feed, client, document_id))
    return DONE


def _created(sender: Sender, feed: FeedRow, client: FeedClient, document_id: str) -> str:
    """Amazon's id of the new feed; the intent is taken back if createFeed says that there is none. Raises: RemoteError.

    Its token counts as its own: without one nothing is sent (`marketplaces.tokens` is never ambiguous).
    """
    try:
        return client.create_feed(document_id, feed.kind)
    except RemoteError as error:
        if not error.ambiguous:
            intended = (FeedState.INTENDED,)
            feeds.change(sender.desk.db, feed.no, only_from=intended, state=FeedState.FILLED, intent_at=None)
        raise


def document(desk: Desk, feed_no: int, account: Account) -> bytes:
    """The feed document of a filled feed, checked against our schema; always the same bytes.

    Raises: Impossible when it breaks the schema, or numbers its messages otherwise than was recorded.
    """
    shipments, message_ids = filling.shipments(desk.db, feed_no)
    cancels = feeds.get(desk.db, feed_no).kind is FeedKind.ACKNOWLEDGEMENT
    write = order_acknowledgement.document if cancels else order_fulfillment.document
    made = write(shipments, account.merchant_id)
    if made.message_ids.sort_index().to_list() != message_ids.to_list():
        raise Impossible(f"feed {feed_no}: its messages are not numbered as recorded")
    validate(made.body, Kind.ORDER_ACKNOWLEDGEMENT if cancels else Kind.ORDER_FULFILLMENT)
    return made.body


def _submitted(sender: Sender, feed: FeedRow, amazon_feed_id: str) -> None:
    feeds.submitted(sender.desk.db, feed.no, amazon_feed_id=amazon_feed_id, now=sender.desk.clock())
    LOG.info("feed.submitted", feed=feed.no, amazon_feed=amazon_feed_id, lines=feed.line_count)


def _look_up(sender: Sender, feed: FeedRow, client: FeedClient) -> Step:
    """Which feed came of an earlier createFeed whose answer we do not have?"""
    intent_at, now = moment(expected(feed.intent_at, "moment of the intent")), sender.desk.clock()
    early = sender.desk.settings.marketplace.lookup_seconds - (now - intent_at).total_seconds()
    if early > 0:
        return Step(again_seconds=early, note="no answer to createFeed; looking it up soon")
    if wait := feeds.reserve(sender.desk.db, feed.account_id, sender.purse("getFeeds"), now):
        return Step(again_seconds=wait, note="waits for Amazon's rate limit")
    known = feeds.known_feed_ids(sender.desk.db, feed.account_id)
    found = [item for item in client.get_feeds(intent_at - CLOCK_MARGIN) if item.feed_type == FEED_TYPES[feed.kind]]
    unknown = [item.feed_id for item in found if item.feed_id not in known]
    match unknown:
        case []:
            LOG.info("feed.not_found", feed=feed.no)
            feeds.change(sender.desk.db, feed.no, only_from=(FeedState.INTENDED,), state=FeedState.FILLED)
            return Step(again_seconds=0.01, note="Amazon has no such feed; sending it again")
        case [only]:
            LOG.info("feed.adopted", feed=feed.no, amazon_feed=only)
            _submitted(sender, feed, only)
            return DONE
        case _:
            ids = ", ".join(unknown)
            feeds.mark_unknown(sender.desk.db, feed.no)
            return _stop(sender, feed, f"more than one feed could be this one ({ids}): adopt one of them by hand")


def _failed(sender: Sender, feed: FeedRow, error: RemoteError, attempt: int) -> Step:
    """Again after a while, or a person is needed; the feed goes on from where it stands either way."""
    if isinstance(error, RemoteUnavailable):
        wait = error.retry_after_seconds or AMAZON_FAILED.seconds(attempt)
        LOG.warning("feed.delayed", feed=feed.no, attempt=attempt, seconds=round(wait, 1), why=str(error))
        return _waits(sender, feed, str(error), wait)
    feeds.stop_account(sender.desk.db, feed.account_id, str(error))
    return _stop(sender, feed, str(error))


def _stop(sender: Sender, feed: FeedRow, why: str) -> Step:
    feeds.change(sender.desk.db, feed.no, state=FeedState.STOPPED, note=why)
    LOG.error("feed.stopped", feed=feed.no, account=feed.account_id, why=why)
    notes.stopped(sender.desk, feed.no, why)
    return Step(note=why)


def _not_kept(sender: Sender, feed: FeedRow, error: OSError, attempt: int) -> Step:
    LOG.error("feed.not_kept", feed=feed.no, attempt=attempt, why=str(error))
    return _waits(sender, feed, f"it cannot be kept on our disk: {error}", AMAZON_FAILED.seconds(attempt))


def _waits(sender: Sender, feed: FeedRow, why: str, seconds: float) -> Step:
    """Again after a while."""
    feeds.change(sender.desk.db, feed.no, note=why)
    return Step(again_seconds=seconds, note=why)


def look(sender: Sender, feed_no: int, turn: int) -> Step:
    """Ask how the feed is doing; done when there is an answer to settle."""
    db = sender.desk.db
    feed = feeds.get(db, feed_no)
    if feed.state is not FeedState.SUBMITTED or feed.report_document_id:
        return DONE
    amazon_feed_id = expected(feed.amazon_feed_id, "id at Amazon of a feed that it has")
    if wait := feeds.reserve(db, feed.account_id, sender.purse("getFeed"), sender.desk.clock()):
        return Step(again_seconds=wait)
    try:
        seen = sender.client(sellers.account(db, feed.account_id)).get_feed(amazon_feed_id)
    except RemoteError as error:
        feeds.change(db, feed_no, note=str(error))
        LOG.warning("feed.poll_failed", feed=feed_no, why=str(error))
        return Step(again_seconds=sender.poll_seconds(turn), note=str(error))
    if seen.status in ("IN_QUEUE", "IN_PROGRESS"):
        return Step(again_seconds=sender.poll_seconds(turn), note=seen.status)
    values = {
        "report_document_id": seen.result_document_id or feeds.NO_REPORT,
        "ended": seen.status if seen.status in ENDED else "",
        "note": "" if seen.status == "DONE" else seen.status,
    }
    feeds.change(db, feed_no, only_from=(FeedState.SUBMITTED,), **values)
    return DONE


def settle(sender: Sender, feed_no: int, attempt: int) -> tuple[Step, list[str]]:
    """Read Amazon's report and give every line its verdict; the uploads that are finished by it."""
    db = sender.desk.db
    feed = feeds.get(db, feed_no)
    if feed.state is not FeedState.SETTLED:
        try:
            settlement = _answer(sender, feed)
        except RemoteUnavailable as error:
            seconds = error.retry_after_seconds or AMAZON_FAILED.seconds(attempt)
            return _waits(sender, feed, str(error), seconds), []
        except OSError as error:
            return _not_kept(sender, feed, error, attempt), []
        LOG.info("feed.settled", feed=feed_no, verdict=settlement.verdict, exceptions=len(settlement.exceptions))
    else:
        settlement = Settlement(Verdict.UNKNOWN, "", "", {})
    minutes = sender.desk.settings.orders.read_back_minutes
    look_after = timedelta(minutes=minutes) if minutes else None
    now = sender.desk.clock()
    told = partial(events.refused, now=now)
    finished = settling.settle(db, feed_no, settlement, now=now, look_after=look_after, beside=told)
    notes.settled(sender.desk, feed_no, feed.account_id)
    return DONE, finished


def _answer(sender: Sender, feed: FeedRow) -> Settlement:
    """What Amazon's report stands for, once it is kept. Raises: RemoteUnavailable, OSError."""
    report = _report(sender, feed)
    settlement = settlement_of(report, feed)
    if report is None:
        return settlement
    kept = sender.desk.archive.keep(feed.day, feed.no, Paper.REPORT, report)
    return replace(settlement, report_sha256=kept.sha256)


def _report(sender: Sender, feed: FeedRow) -> bytes | None:
    """Amazon's report, or None when there is none to be had."""
    if feed.report_document_id == feeds.NO_REPORT:
        return None
    db = sender.desk.db
    if wait := feeds.reserve(db, feed.account_id, sender.purse("getFeedDocument"), sender.desk.clock()):
        raise RemoteUnavailable("waits for Amazon's rate limit", ambiguous=False, retry_after_seconds=wait)
    try:
        return sender.client(sellers.account(db, feed.account_id)).get_report(feed.report_document_id)
    except RemoteRefused as error:
        LOG.error("feed.report_refused", feed=feed.no, why=str(error))
        return None


def settlement_of(report: bytes | None, feed: FeedRow) -> Settlement:
    """The verdicts a report stands for. Without a usable report nobody can say what became of the lines."""
    if feed.ended or report is None:
        why = f"Amazon ended the feed as {feed.ended}" if feed.ended else "Amazon gave no report"
        return Settlement(
            Verdict.UNKNOWN, "", f"{why}; whether the order was confirmed must be looked up at Amazon", {}
        )
    answers = processing_report.answers(processing_report.read(report), feed.message_count)
    columns = (answers.exceptions[name].to_list() for name in ("message_id", "verdict", "code", "message"))
    exceptions = {
        number: (Verdict(verdict), code, message) for number, verdict, code, message in zip(*columns, strict=True)
    }
    return Settlement(answers.default, "", answers.reason or WORDS.get(answers.default, ""), exceptions)
