"""Amazon's answer to a feed -> verdicts. Each function is the body of a durable step, and may run twice.

A report is on our disk before it is acted on; while the disk does not accept it, a step only waits, and Amazon still
has it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.errors import RemoteError, RemoteRefused, RemoteUnavailable, expected
from cws_filedrop.feeds import processing_report
from cws_filedrop.model import FeedState, Verdict
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pipeline.steps import DONE, StepResult, not_kept, waits
from cws_filedrop.store.feeds import feeds, settling
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
ENDED: Final = ("FATAL", "CANCELLED")  # Amazon's statuses that say nothing about what became of the messages
WORDS: Final = {Verdict.CONFIRMED: "Amazon accepted it"}


def look(amazon: AmazonContext, feed_no: int, turn: int) -> StepResult:
    """Ask how the feed is doing; done when there is an answer to settle."""
    db = amazon.context.db
    feed = feeds.get(db, feed_no)
    if feed.state is not FeedState.SUBMITTED or feed.report_document_id:
        return DONE
    amazon_feed_id = expected(feed.amazon_feed_id, "id at Amazon of a feed that it has")
    if wait := feeds.reserve(db, feed.account_id, amazon.rate_limit("getFeed"), amazon.context.clock()):
        return StepResult(again_seconds=wait)
    try:
        seen = amazon.client(sellers.account(db, feed.account_id)).get_feed(amazon_feed_id)
    except RemoteError as error:
        feeds.change(db, feed_no, note=str(error))
        LOG.warning("feed.poll_failed", feed=feed_no, why=str(error))
        return StepResult(again_seconds=amazon.poll_seconds(turn), note=str(error))
    if seen.status in ("IN_QUEUE", "IN_PROGRESS"):
        return StepResult(again_seconds=amazon.poll_seconds(turn), note=seen.status)
    values = {
        "report_document_id": seen.result_document_id or feeds.NO_REPORT,
        "ended": seen.status if seen.status in ENDED else "",
        "note": "" if seen.status == "DONE" else seen.status,
    }
    feeds.change(db, feed_no, only_from=(FeedState.SUBMITTED,), **values)
    return DONE


def settle(amazon: AmazonContext, feed_no: int, attempt: int) -> tuple[StepResult, list[str]]:
    """Read Amazon's report and give every line its verdict. Returns the uploads that this finished, too."""
    db = amazon.context.db
    feed = feeds.get(db, feed_no)
    if feed.state is not FeedState.SETTLED:
        try:
            settlement = _answer(amazon, feed)
        except RemoteUnavailable as error:
            seconds = error.retry_after_seconds or AMAZON_FAILED.seconds(attempt)
            return waits(amazon, feed, str(error), seconds), []
        except OSError as error:
            return not_kept(amazon, feed, error, attempt), []
        LOG.info("feed.settled", feed=feed_no, verdict=settlement.verdict, exceptions=len(settlement.exceptions))
    else:
        settlement = Settlement(Verdict.UNKNOWN, "", "", {})
    minutes = amazon.context.settings.orders.read_back_minutes
    look_after = timedelta(minutes=minutes) if minutes else None
    now = amazon.context.clock()
    told = partial(events.refused, now=now)
    finished = settling.settle(db, feed_no, settlement, now=now, look_after=look_after, beside=told)
    notes.settled(amazon.context, feed_no, feed.account_id)
    return DONE, finished


def _answer(amazon: AmazonContext, feed: FeedRow) -> Settlement:
    """The verdicts of Amazon's report, after it was kept on disk. Raises: RemoteUnavailable, OSError."""
    report = _report(amazon, feed)
    settlement = settlement_of(report, feed)
    if report is None:
        return settlement
    kept = amazon.context.archive.keep(feed.day, feed.no, FeedFileKind.REPORT, report)
    return replace(settlement, report_sha256=kept.sha256)


def _report(amazon: AmazonContext, feed: FeedRow) -> bytes | None:
    """Amazon's report, or None when there is none."""
    if feed.report_document_id == feeds.NO_REPORT:
        return None
    db = amazon.context.db
    if wait := feeds.reserve(db, feed.account_id, amazon.rate_limit("getFeedDocument"), amazon.context.clock()):
        raise RemoteUnavailable("waits for Amazon's rate limit", ambiguous=False, retry_after_seconds=wait)
    try:
        return amazon.client(sellers.account(db, feed.account_id)).get_report(feed.report_document_id)
    except RemoteRefused as error:
        LOG.error("feed.report_refused", feed=feed.no, why=str(error))
        return None


def settlement_of(report: bytes | None, feed: FeedRow) -> Settlement:
    """The verdicts that follow from a report. Without a usable one nobody can say what became of the lines."""
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
