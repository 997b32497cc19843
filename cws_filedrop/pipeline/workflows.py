"""The durable workflows: of uploads (`uploads:`, `upload:`) and of a feed (`confirm:`, `poll:`, `settle:`).

    process_uploads ~> confirm_account -> poll_feed … -> settle_feed ~> confirm_account (next feed)

~> wakes the worker's feeder, which opens a feed when the account's slot is free; what a crash loses of these wake-ups
is made up for by its regular rounds.

A workflow takes ids, never content. Its steps return plain values; trouble with Amazon is a value too ("again in n
seconds"): the workflow then starts a delayed successor and ends, so that nothing sleeps in a thread. The ids of a
feed's workflows are derived from what caused them, so that a recovered workflow starts the very same successors.
Uploads that came together are answered in groups; one that is in two groups after a crash is recorded by the quicker
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from dbos import DBOS

from cws_filedrop import engine, log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import FEED_LEFT_ALONE, OUTBOX_NOT_WRITTEN
from cws_filedrop.model import FeedState, UploadState
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pacing.due_rows import nudge
from cws_filedrop.pacing.in_progress import UploadsInProgress
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.pacing.wake_set import WakeSet
from cws_filedrop.pipeline import answers, outbox, sending
from cws_filedrop.pipeline.processes import Processes
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.uploads import uploads, verdict_counts

LOG: Final = log.get(__name__)
ATTEMPTS: Final = 30  # recoveries of one workflow before it is given up as poison
LEFT_AFTER: Final = timedelta(minutes=10)  # longer than a delivery in hand takes
PUBLISHED_AT_ONCE: Final = 25  # uploads
PATIENCE_SECONDS: Final = 1.0  # how long each batch of results gives way to receipts


class WorkflowContext:
    """What the steps work with; set once, before the engine starts."""

    amazon: AmazonContext
    processes: Processes
    queued: WakeSet[int]  # accounts that have something to send, or whose slot is free again
    in_progress: UploadsInProgress


def start_uploads(upload_ids: Sequence[str]) -> None:
    """Start the workflow of some small uploads."""
    engine.start(process_uploads, list(upload_ids), id=f"uploads:{upload_ids[0]}:{engine.token()}")


def start_large(upload_id: str, queue: str) -> None:
    """Start the workflow of a large upload; it is queued behind those before it."""
    if not engine.live(f"upload:{upload_id}"):  # resumed by the engine after a crash
        engine.enqueue(queue, process_uploads, [upload_id], id=f"upload:{upload_id}:{engine.token()}")


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def process_uploads(upload_ids: list[str]) -> None:
    """Read uploads, answer each with a receipt, and send what is good."""
    try:
        with log.bound(**({"upload": upload_ids[0]} if len(upload_ids) == 1 else {})):  # of groups each line says which
            done = answer_uploads(upload_ids)
        for upload_id in done["late"]:
            _deliver_later(upload_id, "answer")
        for account_id in done["accounts"]:
            WorkflowContext.queued.add(account_id)
        nudge("mail", "hooks")
    finally:
        WorkflowContext.in_progress.give_back(upload_ids)


@DBOS.step()
def answer_uploads(upload_ids: list[str]) -> dict[str, Any]:
    """Bytes -> lines with verdicts; receipts and rejected lines; results too where nothing waits for Amazon. Returns
    the accounts that have something to send, and the uploads whose answers could not be delivered.

    One step and not two: each part recognises its own earlier effect, and another step would cost another commit.
    """
    context = WorkflowContext.amazon.context
    in_progress = WorkflowContext.in_progress
    read = WorkflowContext.processes.read(
        context, uploads.some(context.db, upload_ids), wait_for_turn=lambda: in_progress.wait_for_turn(upload_ids)
    )
    in_progress.recorded(upload_ids)
    late = outbox.answer(context, read)
    accounts = {upload.account_id for upload in read if upload.state is UploadState.WAITING}
    return {"accounts": sorted(accounts), "late": late}


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def deliver_again(upload_id: str, what: str, attempt: int, series: str) -> None:
    """Try again to deliver an answer, until it works: nothing is lost because an outbox was full for a day."""
    with log.bound(upload=upload_id):
        done = deliver(upload_id, what)
    if not done:
        _deliver_later(upload_id, what, attempt + 1, series)


@DBOS.step()
def deliver(upload_id: str, what: str) -> bool:
    """Deliver the answer or the result of an upload. Returns whether that worked."""
    context = WorkflowContext.amazon.context
    found = uploads.some(context.db, [upload_id])
    if what == "answer":
        return not outbox.answer(context, found)
    if not any(WorkflowContext.processes.is_large(upload) for upload in found):
        return not outbox.publish(context, found)
    done = WorkflowContext.processes.publish_large(upload_id)
    for upload in found:
        STATUS_DUE.add(upload.seller)  # the process that published it cannot tell this one
    return done


def _deliver_later(upload_id: str, what: str, attempt: int = 1, series: str = "") -> None:
    series = series or engine.token()  # an upload may be answered more than once
    name = f"deliver:{what}:{upload_id}:{series}:{attempt}"
    wait_seconds = OUTBOX_NOT_WRITTEN.seconds(attempt)
    engine.enqueue("results", deliver_again, upload_id, what, attempt, series, id=name, delay_seconds=wait_seconds)


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def confirm_account(feed_no: int, attempt: int, series: str = "") -> None:
    """Fill a feed with all that is queued and bring it to Amazon. `series` tells an operator's retries apart."""
    with log.bound(feed=feed_no):
        try:
            lines = fill_feed(feed_no)
            ended = submit_feed(feed_no, attempt) if lines else {"again_seconds": 0.0, "done": False}
        except Exception as error:
            _stop(feed_no, error)
            return
    if ended["again_seconds"]:
        _later(confirm_account, (feed_no, attempt + 1, series), ended["again_seconds"])
    elif ended["done"]:
        _later(poll_feed, (feed_no, 1, series), WorkflowContext.amazon.context.settings.marketplace.poll_seconds)


@DBOS.step()
def fill_feed(feed_no: int) -> int:
    """Give the feed its lines. Returns how many."""
    return sending.fill(WorkflowContext.amazon, feed_no)


@DBOS.step()
def submit_feed(feed_no: int, attempt: int) -> dict[str, Any]:
    """Bring the feed to Amazon, once."""
    return sending.submit(WorkflowContext.amazon, feed_no, attempt).plain()


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def poll_feed(feed_no: int, turn: int, series: str = "") -> None:
    """Ask how the feed is doing, until it has an answer."""
    with log.bound(feed=feed_no):
        try:
            ended = look_at_feed(feed_no, turn)
        except Exception as error:
            _stop(feed_no, error)
            return
    if ended["done"]:
        _later(settle_feed, (feed_no, 1, series), 0)
    else:
        _later(poll_feed, (feed_no, turn + 1, series), ended["again_seconds"])


@DBOS.step()
def look_at_feed(feed_no: int, turn: int) -> dict[str, Any]:
    """Ask for the feed's state at Amazon."""
    return answers.look(WorkflowContext.amazon, feed_no, turn).plain()


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def settle_feed(feed_no: int, attempt: int, series: str = "") -> None:
    """Read the report, give every line its verdict, deliver the results, and let the account's next feed go."""
    with log.bound(feed=feed_no):
        try:
            ended = settle(feed_no, attempt)
        except Exception as error:
            _stop(feed_no, error)
            return
    if ended["again_seconds"]:
        _later(settle_feed, (feed_no, attempt + 1, series), ended["again_seconds"])
        return
    if ended["uploads"]:
        engine.enqueue("results", publish_results, ended["uploads"], id=f"results:{feed_no}")
    WorkflowContext.queued.add(ended["account_id"])
    nudge("mail", "hooks", "read-backs")


@DBOS.step()
def settle(feed_no: int, attempt: int) -> dict[str, Any]:
    """Give every line of the feed its verdict. Returns the uploads that are finished."""
    step, finished = answers.settle(WorkflowContext.amazon, feed_no, attempt)
    account_id = feeds.get(WorkflowContext.amazon.context.db, feed_no).account_id
    return step.plain() | {"uploads": finished, "account_id": account_id}


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def publish_results(upload_ids: list[str]) -> None:
    """Deliver the results of finished uploads; apart from settling, so that receipts never wait for results."""
    done = publish_small(upload_ids)
    for upload_id in done["late"]:
        _deliver_later(upload_id, "result")
    for upload_id in done["large"]:
        engine.enqueue("heavy", publish_large, upload_id, id=f"publish:{upload_id}:{DBOS.workflow_id}")


@DBOS.step()
def publish_small(upload_ids: list[str]) -> dict[str, list[str]]:
    """Deliver result and unconfirmed files. Returns uploads that are too large for this step, and undelivered ones."""
    large: list[str] = []
    late: list[str] = []
    for start in range(0, len(upload_ids), PUBLISHED_AT_ONCE):
        found = uploads.some(WorkflowContext.amazon.context.db, upload_ids[start : start + PUBLISHED_AT_ONCE])
        large += [upload.id for upload in found if WorkflowContext.processes.is_large(upload)]
        WorkflowContext.in_progress.wait_for_calm(PATIENCE_SECONDS)
        late += outbox.publish(WorkflowContext.amazon.context, [upload for upload in found if upload.id not in large])
    return {"large": large, "late": late}


@DBOS.workflow(max_recovery_attempts=ATTEMPTS)
def publish_large(upload_id: str) -> None:
    """Deliver the result of a large upload."""
    with log.bound(upload=upload_id):
        done = deliver(upload_id, "result")
    if not done:
        _deliver_later(upload_id, "result")


@DBOS.step()
def stop_feed(feed_no: int, why: str) -> None:
    """Stop a feed that we failed with, and leave it as it is for an operator."""
    if feeds.move(WorkflowContext.amazon.context.db, feed_no, FeedEvent.STOPPED, note=why):
        notes.stopped(WorkflowContext.amazon.context, feed_no, why)


def _stop(feed_no: int, error: Exception) -> None:
    LOG.exception("feed.failed", feed=feed_no)
    stop_feed(feed_no, f"{type(error).__name__}: {error}")


def start_feed(feed_no: int) -> None:
    """Start the workflow of an open feed; a second start is harmless."""
    engine.start(confirm_account, feed_no, 1, id=f"confirm:{feed_no}:1")


def start_results(upload_ids: Sequence[str]) -> None:
    """Deliver the results of uploads that are done without a feed of theirs having been answered."""
    engine.enqueue("results", publish_results, list(upload_ids), id=f"results:{upload_ids[0]}:{engine.token()}")


def take_up() -> None:
    """Give a workflow to every unfinished feed that has none: one that an operator let go on, whose workflow ended in
    an error or was given up by the engine, or that was opened just before a crash."""
    unfinished = feeds.listing(WorkflowContext.amazon.context.db, states=feeds.LIVE, limit=1000)
    prefixes = [f"{prefix}:" for prefix in PREFIXES.values()]
    busy = {name.split(":")[1] for name in engine.live(*prefixes)} if unfinished else set()
    for feed in unfinished:
        if str(feed.no) not in busy:
            _take_up(feed)


def _take_up(feed: FeedRow) -> None:
    times = feeds.count_resumed(WorkflowContext.amazon.context.db, feed.no)  # first, so that no id is used twice
    if feed.state is FeedState.OPEN and times == 1:
        start_feed(feed.no)  # whoever opened it may be about to start it himself
        return
    LOG.info("feed.resumed", feed=feed.no, state=feed.state, times=times)
    workflow = poll_feed if feed.state is FeedState.SUBMITTED else confirm_account
    _later(workflow, (feed.no, 1, f"r{times}-"), FEED_LEFT_ALONE.seconds(times - 1) if times > 1 else 0)


def deliver_left() -> None:
    """Deliver answers and results that were due a while ago and that nothing delivers."""
    context = WorkflowContext.amazon.context
    for upload_id, what in verdict_counts.undelivered(context.db, before=context.clock() - LEFT_AFTER):
        if upload_id in WorkflowContext.in_progress:
            continue
        if not engine.live(f"deliver:{what}:{upload_id}:", f"publish:{upload_id}:", f"upload:{upload_id}"):
            LOG.warning("upload.delivered_late", upload=upload_id, what=what)
            _deliver_later(upload_id, what)


PREFIXES: Final = {"confirm_account": "confirm", "poll_feed": "poll", "settle_feed": "settle"}


def _later(workflow: Any, arguments: tuple[int, int, str], seconds: float) -> None:
    feed_no, attempt, series = arguments
    name = ":".join([PREFIXES[workflow.__name__], str(feed_no), f"{series}{attempt}"])
    engine.enqueue("later", workflow, feed_no, attempt, series, id=name, delay_seconds=seconds)
