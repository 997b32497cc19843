"""Feeds of which Amazon took nothing: what becomes of their lines, and when these go again.

A feed that Amazon cancelled before it began with it is sent again as it is. One that it refused as a whole is sent
again as it is if its trouble may have passed; else in two halves, and each half that is refused in two again, until
the message that spoils it stands alone and all others have gone (docs/domain.md#9-sending). No person is needed,
unless it goes on and on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.feeds.halving import halves
from cws_filedrop.pipeline.steps import DONE, StepResult, stop
from cws_filedrop.store.database import moment
from cws_filedrop.store.feeds import returning
from cws_filedrop.store.feeds.feeds import Ended, FeedRow
from cws_filedrop.store.feeds.returning import Portion

LOG: Final = log.get(__name__)
MOST_CANCELLED: Final = 5  # times that the same messages come back before a person is asked
MOST_REFUSED: Final = 40  # feeds refused as a whole; one bad message among 10,000 makes some 15
PASSED_OVER: Final = timedelta(hours=1)  # then they go before what was dropped since
HOUR: Final = timedelta(hours=1)


def cancelled(amazon: AmazonContext, feed: FeedRow) -> StepResult:
    """Amazon cancelled the feed before it began with it: nothing of it was sent, and all of it goes again."""
    if feed.tries >= MOST_CANCELLED:
        why = (
            f"Amazon has cancelled these messages {feed.tries + 1} times before processing them; retry sends them again"
        )
        return stop(amazon, feed, why, tries=0)
    all_ = [number for number, _ in returning.messages(amazon.context.db, feed.no)]
    return _given_back(amazon, feed, [Portion(all_, feed.tries + 1)], Ended.CANCELLED, "Amazon cancelled it")


def refused(
    amazon: AmazonContext, feed: FeedRow, codes: str, words: str, *, temporary: bool, report_sha256: str
) -> StepResult | None:
    """Amazon took nothing of the feed. None when it is a single message, which is to blame itself."""
    db = amazon.context.db
    messages = returning.messages(db, feed.no)
    why = f"Amazon took nothing of it ({codes or 'no code'}: {words or 'no reason'})"
    if temporary and not feed.tries:
        portions = [Portion([number for number, _ in messages], 1)]
    elif len(messages) == 1:
        return None
    elif returning.refusals(db, feed) >= MOST_REFUSED:
        return stop(
            amazon, feed, f"{why}, nor of {MOST_REFUSED} feeds with parts of it: is something else wrong?", root=feed.no
        )
    else:
        portions = [Portion(half, max(1, feed.tries)) for half in halves(messages)]
    return _given_back(amazon, feed, portions, Ended.REFUSED, why, report_sha256=report_sha256)


def _given_back(
    amazon: AmazonContext, feed: FeedRow, portions: Sequence[Portion], ended: Ended, why: str, **values: object
) -> StepResult:
    context = amazon.context
    note = context.marketplace.said(f"{why}; its lines go again")
    made = returning.give_back(context.db, feed, portions, ended=ended, now=context.clock(), note=note, **values)
    LOG.warning("feed.returned", feed=feed.no, why=why, feeds=made)
    return DONE


def turns(amazon: AmazonContext, *, passed_over: bool) -> list[int]:
    """Let waiting feeds go whose turn it is; with `passed_over` only those that others went before for long. Returns
    the feeds that are to be brought to Amazon now."""
    context, now = amazon.context, amazon.context.clock()
    found = returning.waiting(context.db)
    due = [feed for feed in found if not passed_over or now - moment(feed.opened_at) >= PASSED_OVER]
    return [feed.no for feed in due if _take_turn(amazon, feed, now)]


def _take_turn(amazon: AmazonContext, feed: FeedRow, now: datetime) -> bool:
    return returning.take_turn(
        amazon.context.db,
        feed,
        now=now,
        second_after_seconds=amazon.context.settings.marketplace.second_feed_seconds,
        rate_limit=amazon.rate_limit("createFeed"),
        hour=HOUR / amazon.rate_scale,
    )
