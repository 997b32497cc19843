"""Queued shipments -> a feed at Amazon. Each function is the body of a durable step.

A step may run twice: it begins by checking how far the feed has come. createFeed is not idempotent and a feed does not
name its document (docs/amazon.md#7-feeds-api), so the intent is recorded first; when no answer was kept, the feed is
looked up (`looking_up`). An intent is withdrawn only when createFeed itself answers that it did nothing, never because
some other call failed.

A document is on our disk before it is sent. While the disk does not accept it, a step only waits: nothing has gone to
Amazon yet.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pandas as pd

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext, FeedClient
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.errors import RemoteError, RemoteUnavailable
from cws_filedrop.feeds import order_acknowledgement, order_fulfillment
from cws_filedrop.feeds.order_fulfillment import MAX_MESSAGES
from cws_filedrop.model import Account, FeedKind, FeedState
from cws_filedrop.pipeline import documents, looking_up
from cws_filedrop.pipeline.looking_up import FeedLookUp
from cws_filedrop.pipeline.steps import DONE, StepResult, not_kept, stop, stop_account, waits
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import moment
from cws_filedrop.store.feeds import feeds, filling, look_ups, unseen
from cws_filedrop.store.feeds.feeds import FeedRow, FeedSlot
from cws_filedrop.store.feeds.unseen import FeedHeldBack
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)


def take_turn(amazon: AmazonContext, account_id: int, cause: str) -> FeedSlot:
    """Open the account's next feed, if there is something to send and its slot is free (docs/domain.md#9-sending)."""
    return feeds.take_turn(
        amazon.context.db,
        account_id,
        cause=cause,
        now=amazon.context.clock(),
        second_after_seconds=amazon.context.settings.marketplace.second_feed_seconds,
        rate_limit=amazon.rate_limit("createFeed"),
    )


def ready(amazon: AmazonContext) -> list[int]:
    """Accounts that have something to send and whose slot is free."""
    context = amazon.context
    seconds = context.settings.marketplace.second_feed_seconds
    return feeds.ready(context.db, now=context.clock(), second_after_seconds=seconds)


def fill(amazon: AmazonContext, feed_no: int) -> int:
    """Give the feed its lines, as many as fit into one document. Returns how many."""
    db, wanted = amazon.context.db, amazon.context.settings.marketplace.messages_per_feed
    limit = min(max(1, wanted), MAX_MESSAGES)  # with others, a feed would never have lines or never make a document
    soon = amazon.context.clock() + timedelta(hours=amazon.context.settings.orders.late_hours)
    feed = feeds.get(db, feed_no)
    account = sellers.account(db, feed.account_id)

    def number(shipments: pd.DataFrame) -> pd.Series[int]:
        if feed.kind is FeedKind.ACKNOWLEDGEMENT:
            return order_acknowledgement.number(shipments)
        made = order_fulfillment.documents(shipments, account.merchant_id, max_messages=limit)
        return next(made).message_ids

    first = filling.urgent(db, account.id, feed.kind, before=soon, limit=limit)
    return filling.fill(db, feed_no, limit=limit, number=number, first=first)


def submit(amazon: AmazonContext, feed_no: int, attempt: int) -> StepResult:
    """Bring a filled feed to Amazon, once."""
    feed = feeds.get(amazon.context.db, feed_no)
    account = sellers.account(amazon.context.db, feed.account_id)
    client = amazon.client(account)
    try:
        match feed.state:
            case FeedState.FILLED:
                return _send(amazon, feed, account, client, attempt)
            case FeedState.INTENDED:
                return looking_up.look_up(FeedLookUp(amazon, feed, client, attempt))
            case FeedState.ADOPTED:
                return looking_up.prove(FeedLookUp(amazon, feed, client, attempt))
            case FeedState.SUBMITTED | FeedState.SETTLED:
                return DONE
            case _:
                return StepResult(note=f"it is {feed.state}")
    except RemoteError as error:  # of whichever call: what it means for the feed's state was settled where it was made
        return _failed(amazon, feed, error, attempt)


def _send(amazon: AmazonContext, feed: FeedRow, account: Account, client: FeedClient, attempt: int) -> StepResult:
    db = amazon.context.db
    if (held := unseen.held_back(db, feed.no)) is not None:
        return _not_seen(amazon, feed, held, attempt)
    operations = ["createFeedDocument"] + (["createFeed"] if attempt > 1 else [])
    for operation in operations:
        if wait := feeds.reserve(db, account.id, amazon.rate_limit(operation), amazon.context.clock()):
            return StepResult(again_seconds=wait, note="waits for Amazon's rate limit")
    body = documents.document(amazon.context, feed.no, account)
    try:
        kept = amazon.context.archive.keep(feed.day, feed.no, FeedFileKind.DOCUMENT, body)
    except OSError as error:
        return not_kept(amazon, feed, error, attempt)
    place = client.create_feed_document()
    client.upload(place.url, body)
    now, at = amazon.context.clock(), place.answered_at
    if not look_ups.intend(db, feed, document_id=place.document_id, document_at=at, sha256=kept.sha256, now=now):
        return StepResult(again_seconds=amazon.poll_seconds(attempt), note="it is being sent")
    _submitted(amazon, feed, _created(amazon, feed, client, place.document_id))
    return DONE


def _not_seen(amazon: AmazonContext, feed: FeedRow, held: FeedHeldBack, attempt: int) -> StepResult:
    """A feed of a restored database: it waits until its orders are read, and is looked up where they show it."""
    if held.unread:
        why = f"the database was restored: {held.unread} of its orders are read at Amazon before it is sent"
        return waits(amazon, feed, why, amazon.poll_seconds(attempt))
    sha256, since, now = feed.document_sha256, moment(held.since), amazon.context.clock()
    look_ups.intend(amazon.context.db, feed, document_id=feed.document_id, document_at=since, sha256=sha256, now=now)
    unseen.left_to_look_up(amazon.context.db, feed.no)
    return StepResult(again_seconds=looking_up.AT_LEAST_SECONDS, note="Amazon's orders show it: it is looked up")


def _created(amazon: AmazonContext, feed: FeedRow, client: FeedClient, document_id: str) -> str:
    """Amazon's id of the new feed; the intent is withdrawn if createFeed says that there is none. Raises: RemoteError.

    A failed token request counts as createFeed's own failure: without a token nothing is sent, so `marketplaces.tokens`
    is never ambiguous.
    """
    intended = feeds.get(amazon.context.db, feed.no)
    try:
        return client.create_feed(document_id, feed.kind)
    except RemoteError as error:
        if not error.ambiguous:
            look_ups.withdraw(amazon.context.db, intended, FeedEvent.NOT_DONE)
        raise


def _submitted(amazon: AmazonContext, feed: FeedRow, amazon_feed_id: str) -> None:
    feeds.submitted(amazon.context.db, feed.no, amazon_feed_id=amazon_feed_id, now=amazon.context.clock())
    LOG.info("feed.submitted", feed=feed.no, amazon_feed=amazon_feed_id, lines=feed.line_count)


def _failed(amazon: AmazonContext, feed: FeedRow, error: RemoteError, attempt: int) -> StepResult:
    """Try again after a while, or stop for a person; either way the feed goes on from where it is."""
    if isinstance(error, RemoteUnavailable):
        wait = error.retry_after_seconds or AMAZON_FAILED.seconds(attempt)
        LOG.warning("feed.delayed", feed=feed.no, attempt=attempt, seconds=round(wait, 1), why=str(error))
        return waits(amazon, feed, str(error), wait)
    stop_account(amazon, feed.account_id, str(error))
    return stop(amazon, feed, str(error))
