"""Orders from Amazon -> the order book: a report is requested, waited for, fetched and merged, per account.

Every step is kept (`store.feeds.order_reports`), so that a restart resumes where it was. Repeating a step does no harm:
Amazon makes a second report, and merging the same report again changes nothing. A report contains buyers' data: it
stays in memory until it is in the order book, and nothing but its counts is logged or noted.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.errors import ConfigError, FileRejected, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.reports_api import AmazonReport, ReportStatus
from cws_filedrop.model import Account, OrderReportState, Policy
from cws_filedrop.orders.importing import ImportResult, import_file
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.feeds import feeds, order_reports
from cws_filedrop.store.feeds.order_reports import OrderReportRow
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
REFUSED_FOR: Final = timedelta(hours=1)  # a refusal lasts until a person changes something at Amazon
PATIENCE: Final = timedelta(hours=12)  # with a report; eight are normal under load (docs/amazon.md#7-feeds-api)
EMPTY: Final = "F01"  # an order file without rows
LIMITED: Final = "waits for Amazon's rate limit"
ENDED: Final = {
    ReportStatus.FATAL: "Amazon could not make the report (FATAL)",
    ReportStatus.CANCELLED: "Amazon cancelled the report (CANCELLED), as it does when there is nothing to report",
}


class ReportSource(Protocol):
    """What is needed of Amazon (marketplaces.reports_api.ReportsClient)."""

    def create_report(self) -> str: ...
    def get_report(self, report_id: str) -> AmazonReport: ...
    def get_document(self, document_id: str) -> bytes: ...


@dataclass(frozen=True)
class OrderReportPuller:
    """What pulling works with: context and rate limits, and where each account's reports come from."""

    amazon: AmazonContext
    reports: Callable[[Account], ReportSource]


def go_on(puller: OrderReportPuller) -> int:
    """Begin pulls of accounts that are due, and take all pulls one step further. Returns how many were worked on."""
    context = puller.amazon.context
    _begin_due(puller)
    pulls = order_reports.due(context.db, now=context.clock())
    for pull in pulls:
        try:
            with log.bound(pull=pull.no, account=pull.account_id):
                _step(puller, pull)
        except Exception as error:
            # Where it happened and not what: an exception's text may contain a buyer's data from the report.
            where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            LOG.error("orders.pull_broke", pull=pull.no, error=type(error).__name__, where=" > ".join(where))
            _end(puller, pull, OrderReportState.FAILED, f"failed here ({type(error).__name__}); the log says more")
    return len(pulls)


def _begin_due(puller: OrderReportPuller) -> None:
    context = puller.amazon.context
    minutes = context.settings.orders.pull_minutes
    if minutes <= 0:
        return
    now, latest = context.clock(), order_reports.latest(context.db)
    for account_id in sorted({seller.account.id for seller in sellers.everyone(context.db) if seller.enabled}):
        last = latest.get(account_id)
        if last is None or (last.done_at is not None and _next_due(last, minutes) <= now):
            order_reports.begin(context.db, account_id, now=now)


def _next_due(last: OrderReportRow, minutes: float) -> datetime:
    """When the next pull is due after `last`. Counted from when that was wanted, so that the hours do not drift."""
    due = moment(last.asked_at) + timedelta(minutes=minutes)
    if last.state is OrderReportState.REFUSED and last.done_at is not None:
        due = max(due, moment(last.done_at) + REFUSED_FOR)
    return due


def _step(puller: OrderReportPuller, pull: OrderReportRow) -> None:
    """Request the report; or, when that was done, ask how it is doing and fetch it when it is ready."""
    try:
        if pull.state is OrderReportState.OPEN:
            _ask(puller, pull)
        else:
            _look(puller, pull)
    except RemoteUnavailable as error:
        _wait(puller, pull, error.retry_after_seconds or AMAZON_FAILED.seconds(pull.tries + 1), str(error))
        LOG.warning("orders.pull_delayed", pull=pull.no, account=pull.account_id, why=str(error))
    except RemoteRefused as error:
        if error.status == 404:
            _end(puller, pull, OrderReportState.FAILED, f"Amazon does not know the report any more: {error}")
        else:
            _end(puller, pull, OrderReportState.REFUSED, f"{error}; asked again in an hour at the earliest")
    except ConfigError as error:
        _end(
            puller,
            pull,
            OrderReportState.REFUSED,
            f"Amazon cannot be asked: {error}; tried again in an hour at the earliest",
        )


def _ask(puller: OrderReportPuller, pull: OrderReportRow) -> None:
    if _must_wait(puller, pull, "createReport"):
        return
    db = puller.amazon.context.db
    report_id = puller.reports(sellers.account(db, pull.account_id)).create_report()
    first = _next(puller, puller.amazon.context.settings.marketplace.poll_seconds)
    order_reports.change(
        db, pull.no, state=str(OrderReportState.MAKING), report_id=report_id, next_at=first, tries=0, note=""
    )
    LOG.info("orders.report_asked", pull=pull.no, account=pull.account_id, report=report_id)


def _look(puller: OrderReportPuller, pull: OrderReportRow) -> None:
    if _must_wait(puller, pull, "getReport"):
        return
    context = puller.amazon.context
    report = puller.reports(sellers.account(context.db, pull.account_id)).get_report(pull.report_id)
    if report.status in ENDED:
        _end(puller, pull, OrderReportState.FAILED, ENDED[report.status])
    elif report.status is not ReportStatus.DONE:
        if context.clock() > report.created_at + PATIENCE:
            _end(
                puller,
                pull,
                OrderReportState.FAILED,
                f"Amazon has not made the report in {PATIENCE.seconds // 3600} hours",
            )
        else:
            seconds = puller.amazon.poll_seconds(pull.tries)
            _wait(puller, pull, seconds, f"Amazon is making the report ({report.status})")
    elif report.document_id is None:
        _end(puller, pull, OrderReportState.FAILED, "Amazon made a report without a document")
    else:
        _take(puller, pull, report.document_id)


def _take(puller: OrderReportPuller, pull: OrderReportRow, document_id: str) -> None:
    """Fetch the document and merge it."""
    for operation in ("createRestrictedDataToken", "getReportDocument"):
        if _must_wait(puller, pull, operation):
            return
    context = puller.amazon.context
    document = puller.reports(sellers.account(context.db, pull.account_id)).get_document(document_id)
    now, policy = context.clock(), _policy(puller, pull.account_id)
    try:
        done = import_file(
            context.db,
            pull.account_id,
            io.BytesIO(document),
            file_name=f"{pull.report_id}.txt",
            judging=context.judging(policy, now),
            now=now,
        )
    except FileRejected as error:
        if all(issue.code == EMPTY for issue in error.issues):
            _end(puller, pull, OrderReportState.DONE, "no order waits for shipment", {"lines": 0})
        else:
            _end(puller, pull, OrderReportState.FAILED, f"the report is no order report ({_codes(error)})")
        return
    _end(puller, pull, OrderReportState.DONE, _words(done), _counts(done))


def _policy(puller: OrderReportPuller, account_id: int) -> Policy:
    """The policy of one of the account's sellers; the report's dates have zones, so it hardly matters whose."""
    owners = sellers.everyone(puller.amazon.context.db)
    return next((seller.policy for seller in owners if seller.account.id == account_id), Policy())


def _counts(done: ImportResult) -> dict[str, int]:
    return {
        "lines": done.lines,
        "refused_lines": done.refused,
        "new_orders": len(done.new_orders),
        "changed_orders": len(done.changed_orders),
        "unchanged_orders": len(done.known_orders),
    }


def _words(done: ImportResult) -> str:
    orders = f"{len(done.new_orders):,} new, {len(done.changed_orders):,} changed, {len(done.known_orders):,} as before"
    left_out = f"; {done.refused:,} lines were left out" if done.refused else ""
    return f"{done.lines:,} lines, orders: {orders}{left_out}"


def _codes(error: FileRejected) -> str:
    """The codes that say why a file is unusable; its contents are left out."""
    return ", ".join(sorted({issue.code for issue in error.issues}))


# How a pull goes on


def _must_wait(puller: OrderReportPuller, pull: OrderReportRow, operation: str) -> bool:
    """Take a token of the account's rate limit; if there is none, the pull waits for one."""
    context = puller.amazon.context
    wait = feeds.reserve(context.db, pull.account_id, puller.amazon.rate_limit(operation), context.clock())
    if wait:
        order_reports.change(context.db, pull.no, next_at=_next(puller, wait), note=LIMITED)
    return wait > 0


def _wait(puller: OrderReportPuller, pull: OrderReportRow, seconds: float, note: str) -> None:
    order_reports.change(
        puller.amazon.context.db, pull.no, next_at=_next(puller, seconds), tries=pull.tries + 1, note=note
    )


def _next(puller: OrderReportPuller, seconds: float) -> str:
    return stamp(puller.amazon.context.clock() + timedelta(seconds=seconds))


def _end(
    puller: OrderReportPuller,
    pull: OrderReportRow,
    state: OrderReportState,
    note: str,
    outcome: dict[str, int] | None = None,
) -> None:
    order_reports.end(
        puller.amazon.context.db, pull.no, state, now=puller.amazon.context.clock(), note=note, outcome=outcome
    )
    match state:
        case OrderReportState.DONE:
            LOG.info("orders.pull_done", pull=pull.no, account=pull.account_id, why=note)
        case OrderReportState.REFUSED:
            LOG.error("orders.pull_refused", pull=pull.no, account=pull.account_id, why=note)
        case _:
            LOG.warning("orders.pull_failed", pull=pull.no, account=pull.account_id, why=note)
