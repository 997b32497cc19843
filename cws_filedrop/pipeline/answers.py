"""Amazon's answer to a feed -> verdicts. Each function is the body of a durable step, and may run twice.

A report that is missing, damaged or another's is asked for again, for days; meanwhile the feed's note says why, and its
lines stay `sent`. A report is on our disk before it is acted on; while the disk does not accept it, a step only waits,
and Amazon still has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.errors import RemoteError, RemoteRefused, RemoteUnavailable, expected
from cws_filedrop.feeds import processing_report
from cws_filedrop.feeds.processing_report import Answers
from cws_filedrop.marketplaces.amazon import Feed
from cws_filedrop.model import FeedKind, FeedState, Verdict
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pipeline import returned
from cws_filedrop.pipeline.steps import DONE, StepResult, not_kept, stop, stop_account, waits
from cws_filedrop.reports.marketplace import MarketplaceKind, number_of_feed
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.feeds import feeds, settling
from cws_filedrop.store.feeds.feeds import Ended, FeedRow
from cws_filedrop.store.feeds.read_backs import Precedence
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
UNDER_WAY: Final = ("IN_QUEUE", "IN_PROGRESS")  # Amazon's statuses of feeds that it is not done with
NOT_DONE: Final = ("FATAL", "CANCELLED")  # how a feed ends otherwise than DONE
WORDS: Final = {Verdict.CONFIRMED: "Amazon accepted it"}
FINAL_PATIENCE: Final = timedelta(hours=1)  # with what will hardly change: orders say sooner what became of the lines
LEAST_REFUSED: Final = timedelta(minutes=1)  # a refusal of a token that was just made may pass
TO_LOOK_UP: Final = {
    FeedKind.FULFILLMENT: "whether the order was confirmed must be looked up at Amazon",
    FeedKind.ACKNOWLEDGEMENT: "whether the order was cancelled must be looked up at Amazon",
}


def look(amazon: AmazonContext, feed_no: int, turn: int) -> StepResult:
    """Ask how the feed is doing; done when there is an answer to settle."""
    db = amazon.context.db
    feed = feeds.get(db, feed_no)
    if feed.state is not FeedState.SUBMITTED or feed.report_document_id:
        return DONE
    if wait := feeds.reserve(db, feed.account_id, amazon.rate_limit("getFeed"), amazon.context.clock()):
        return StepResult(again_seconds=wait)
    try:
        seen = _seen(amazon, feed)
    except RemoteRefused as error:
        return _refused(amazon, feed, error, amazon.poll_seconds(turn))
    except RemoteUnavailable as error:
        LOG.warning("feed.poll_failed", feed=feed_no, why=str(error))
        return waits(amazon, feed, str(error), amazon.poll_seconds(turn))
    if seen.status in UNDER_WAY:
        if feed.refused_at or feed.note:
            feeds.change(db, feed_no, refused_at=None, note="")
        return StepResult(again_seconds=amazon.poll_seconds(turn), note=seen.status)
    return _ended(amazon, feed, seen, turn)


def _seen(amazon: AmazonContext, feed: FeedRow) -> Feed:
    """The feed as Amazon shows it now. Raises: RemoteError."""
    client = amazon.client(sellers.account(amazon.context.db, feed.account_id))
    return client.get_feed(expected(feed.amazon_feed_id, "id at Amazon of a feed that it has"))


def _ended(amazon: AmazonContext, feed: FeedRow, seen: Feed, turn: int) -> StepResult:
    """Keep how the feed ended; a report that is late is waited for."""
    ended_at = feed.ended_at or stamp(amazon.context.clock())
    late = seen.status not in NOT_DONE and not seen.result_document_id
    if late and _waited(amazon, replace(feed, ended_at=ended_at)) < _patience(amazon, feed):
        feeds.change(amazon.context.db, feed.no, ended_at=ended_at, refused_at=None)
        why = "Amazon is done with it, but has no report on it yet"
        return waits(amazon, feed, why, amazon.poll_seconds(turn))
    values = {
        "report_document_id": seen.result_document_id or feeds.NO_REPORT,
        "ended": seen.status if seen.status in NOT_DONE else "",
        "ended_at": ended_at,
        "refused_at": None,
        "note": "" if seen.status == "DONE" else seen.status,
    }
    feeds.change(amazon.context.db, feed.no, only_from=(FeedState.SUBMITTED,), **values)
    return DONE


def _waited(amazon: AmazonContext, feed: FeedRow) -> timedelta:
    """For how long Amazon has been done with the feed."""
    since = feed.ended_at or feed.submitted_at
    return amazon.context.clock() - moment(since) if since else timedelta(0)


def _patience(amazon: AmazonContext, feed: FeedRow) -> timedelta:
    """For how long a usable report is waited for. After FATAL there may be none, and it proves nothing."""
    if feed.ended == Ended.FATAL:
        return FINAL_PATIENCE
    return timedelta(hours=amazon.context.settings.marketplace.report_hours)


def _refused(amazon: AmazonContext, feed: FeedRow, error: RemoteRefused, seconds: float) -> StepResult:
    """Ask again after a while; if Amazon has refused for long, stop the account. It stops at once without consent."""
    now = amazon.context.clock()
    since = feed.refused_at or stamp(now)
    minutes = amazon.context.settings.marketplace.refused_minutes
    if error.consent or now - moment(since) >= max(LEAST_REFUSED, timedelta(minutes=minutes)):
        stop_account(amazon, feed.account_id, str(error))
        return stop(amazon, feed, str(error), refused_at=None)
    LOG.warning("feed.poll_failed", feed=feed.no, why=str(error))
    feeds.change(amazon.context.db, feed.no, refused_at=since)
    return waits(amazon, feed, str(error), seconds)


@dataclass(frozen=True, slots=True)
class NotYet:
    """There is no answer that can be acted on, and why; it is asked for again."""

    why: str


@dataclass(frozen=True, slots=True)
class NothingTaken:
    """Amazon took none of the messages; `codes` and `words` are what it says of the document."""

    codes: str
    words: str
    temporary: bool


Outcome = Settlement | NotYet | NothingTaken


def settle(amazon: AmazonContext, feed_no: int, attempt: int) -> tuple[StepResult, list[str]]:
    """Read Amazon's report and give every line its verdict. Returns the uploads that this finished, too."""
    feed = feeds.get(amazon.context.db, feed_no)
    if feed.state is FeedState.SETTLED:
        return DONE, _settled(amazon, feed, Settlement(Verdict.UNKNOWN, "", "", {}))
    if feed.ended == Ended.CANCELLED:
        return returned.cancelled(amazon, feed), []
    wait = 0.0
    if feed.report_document_id != feeds.NO_REPORT:
        limit = amazon.rate_limit("getFeedDocument")
        wait = feeds.reserve(amazon.context.db, feed.account_id, limit, amazon.context.clock())
    if wait:
        return waits(amazon, feed, feed.note or "waits for Amazon's rate limit", wait), []
    seconds = AMAZON_FAILED.seconds(attempt)
    try:
        outcome, sha256 = _answer(amazon, feed, attempt)
    except RemoteUnavailable as error:
        return waits(amazon, feed, str(error), error.retry_after_seconds or seconds), []
    except RemoteRefused as error:
        if error.status < 400:  # handed out, but nothing that we can read
            return waits(amazon, feed, str(error), seconds), []
        return _refused(amazon, feed, error, seconds), []
    except OSError as error:
        return not_kept(amazon, feed, error, attempt), []
    return _follow(amazon, feed, outcome, sha256, seconds)


def _follow(
    amazon: AmazonContext, feed: FeedRow, outcome: Outcome, sha256: str, seconds: float
) -> tuple[StepResult, list[str]]:
    """Do what follows from Amazon's answer."""
    match outcome:
        case NotYet(why):
            LOG.warning("feed.report_doubted", feed=feed.no, why=why)
            feeds.change(amazon.context.db, feed.no, refused_at=None)
            return waits(amazon, feed, why, seconds), []
        case NothingTaken(codes, words, temporary):
            step = returned.refused(amazon, feed, codes, words, temporary=temporary, report_sha256=sha256)
            if step is not None:
                return step, []
            alone = (Verdict.UNCONFIRMED, codes, words or "Amazon took nothing of it and does not say why")
            return DONE, _settled(amazon, feed, Settlement(Verdict.UNCONFIRMED, codes, words, {1: alone}, sha256))
        case Settlement():
            return DONE, _settled(amazon, feed, replace(outcome, report_sha256=sha256))


def _settled(amazon: AmazonContext, feed: FeedRow, settlement: Settlement) -> list[str]:
    """Give the lines their verdicts, unless they have them. Returns the uploads that are finished."""
    context = amazon.context
    orders, now = context.settings.orders, context.clock()
    look_after = timedelta(minutes=orders.read_back_minutes) if orders.read_back_minutes else None
    precedence = Precedence(now + timedelta(hours=orders.late_hours), orders.read_back_queue)
    if feed.state is not FeedState.SETTLED:
        LOG.info("feed.settled", feed=feed.no, verdict=settlement.verdict, exceptions=len(settlement.exceptions))
    told = partial(events.refused, now=now, marketplace=context.marketplace)
    named = _named(settlement, context.marketplace)
    finished = settling.settle(
        context.db, feed.no, named, now=now, look_after=look_after, precedence=precedence, beside=told
    )
    notes.settled(context, feed.no, feed.account_id)
    return finished


def _named(found: Settlement, answering: MarketplaceKind) -> Settlement:
    """The same verdicts, in words that name who gave them."""
    message, exceptions = answering.verdict(found.message), answering.quoted(found.exceptions)
    return replace(found, message=message, exceptions=exceptions)


def _answer(amazon: AmazonContext, feed: FeedRow, attempt: int) -> tuple[Outcome, str]:
    """What Amazon answered, and the SHA-256 of its report once that is on our disk ("" = not kept).

    Raises: RemoteUnavailable, RemoteRefused, OSError.
    """
    waited = _waited(amazon, feed)
    over = waited >= _patience(amazon, feed)
    try:
        report = _report(amazon, feed, attempt)
    except RemoteError as error:
        if not over:
            raise
        return _unknown(feed, f"no report that can be read: {error}"), ""
    outcome = outcome_of(report, feed, over=over, final_over=over or waited >= FINAL_PATIENCE)
    if report is None or isinstance(outcome, NotYet):
        return outcome, ""
    return outcome, amazon.context.archive.keep(feed.day, feed.no, FeedFileKind.REPORT, report).sha256


def _report(amazon: AmazonContext, feed: FeedRow, attempt: int) -> bytes | None:
    """Amazon's report, or None when there is none. When it is asked for again, Amazon may name another document."""
    document_id, db = feed.report_document_id, amazon.context.db
    if document_id == feeds.NO_REPORT:
        return None
    now = amazon.context.clock()
    if attempt > 1 and not feeds.reserve(db, feed.account_id, amazon.rate_limit("getFeed"), now):
        document_id = _seen(amazon, feed).result_document_id or document_id
    return amazon.client(sellers.account(db, feed.account_id)).get_report(document_id)


def outcome_of(report: bytes | None, feed: FeedRow, *, over: bool, final_over: bool) -> Outcome:
    """What follows from a report. Without a usable one nobody can say what became of the lines; until it is `over`
    (or, of one that will not change any more, `final_over`) another one is waited for."""
    if report is None:
        return _unknown(feed, "no report")
    found = processing_report.answers(
        processing_report.read(report), feed.message_count, feed_id=number_of_feed(feed.amazon_feed_id)
    )
    if feed.ended == Ended.FATAL:
        return _fatal(feed, found, report)
    if not found.reason:
        beside = f"; of the whole feed it said {found.codes}: {found.words}" if found.codes else ""
        return Settlement(found.default, "", f"{WORDS[found.default]}{beside}", _exceptions(found))
    if found.nothing_taken:
        return NothingTaken(found.codes, found.words, found.temporary)
    if not (final_over if found.final else over):
        return NotYet(found.reason)
    return Settlement(Verdict.UNKNOWN, "", found.reason, _exceptions(found))


def _exceptions(found: Answers) -> dict[int, tuple[Verdict, str, str]]:
    columns = (found.exceptions[name].to_list() for name in ("message_id", "verdict", "code", "message"))
    return {number: (Verdict(verdict), code, words) for number, verdict, code, words in zip(*columns, strict=True)}


def _unknown(feed: FeedRow, what: str) -> Settlement:
    why = f"Amazon ended the feed as {feed.ended}" if feed.ended else f"Amazon gave {what}"
    return Settlement(Verdict.UNKNOWN, "", f"{why}; {TO_LOOK_UP[feed.kind]}", {})


def _fatal(feed: FeedRow, found: Answers, report: bytes) -> Settlement:
    """Some, none or all of the messages may have been taken: the report proves nothing, but its words are shown."""
    words = f"{found.codes}: {found.words}" if found.codes else ""
    if not words and found.exceptions.empty:
        words = processing_report.excerpt(report) if not found.final else ""
    said = f' and said "{words}"' if words else ""
    exceptions = {number: (Verdict.UNKNOWN, code, text) for number, (_, code, text) in _exceptions(found).items()}
    return Settlement(Verdict.UNKNOWN, "", f"Amazon ended the feed as FATAL{said}; {TO_LOOK_UP[feed.kind]}", exceptions)
