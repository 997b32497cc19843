"""How a seller stands: what STATUS.txt, STATUS.json and `GET /status` say (docs/domain.md#2-home)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cws_filedrop.drop.leftovers import leftovers
from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.marketplaces import limits
from cws_filedrop.model import Seller, Severity, UploadState
from cws_filedrop.reports import outcome, status
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import departures, feeds, look_ups, read_backs
from cws_filedrop.store.orders import order_lists
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.uploads import lines, uploads, verdict_counts
from cws_filedrop.store.uploads.uploads import Upload

IN_WORK: Final = (UploadState.ARRIVED, UploadState.WAITING, UploadState.HELD, UploadState.CUT, UploadState.FAILED)
SHOWN_UPLOADS: Final = 50
SHOWN_UNCONFIRMED: Final = 500
SHOWN_RESULTS: Final = 10
SHOWN_ORDERS: Final = 200
MISSING_DAYS: Final = 90  # how long an order is listed that Amazon accepted but does not show
OVERDUE_DAYS: Final = 14  # how long an order is listed that was not shipped in time


def of(context: ServiceContext, seller: Seller) -> status.Status:
    """How a seller stands now."""
    db, account_id, now = context.db, seller.account.id, context.clock()
    due = read_backs.queue(db, now=now).get(account_id, 0)
    refused = lines.unconfirmed(db, account_id, limit=SHOWN_UNCONFIRMED)
    in_work = uploads.listing(db, seller=seller.name, states=IN_WORK, limit=SHOWN_UPLOADS)
    answered = uploads.listing(db, seller=seller.name, states=uploads.FINISHED, limit=SHOWN_RESULTS)
    counted = verdict_counts.of_uploads(db, [upload.id for upload in (*in_work, *answered)])
    return status.Status(
        seller=seller.name,
        marketplace=context.marketplace,
        written_at=stamp(now),
        stopped=feeds.stopped_accounts(db).get(account_id, ""),
        uploads=[_upload(upload, counted) for upload in in_work],
        uploads_more=_more(in_work, SHOWN_UPLOADS, lambda: _in_work(context, seller.id)),
        departure=_departure(context, account_id, now),
        unconfirmed=refused,
        unconfirmed_more=_more(refused, SHOWN_UNCONFIRMED, lambda: lines.unconfirmed_count(db, account_id)),
        refused_orders=_by_order(context, refused),
        unknown=lines.unknown(db, account_id, limit=SHOWN_UNCONFIRMED),
        results=[_upload(upload, counted) for upload in answered],
        unresolved=look_ups.unresolved(db, account_id),
        late_soon=_late(context, account_id, now),
        missing=_missing(context, account_id, now),
        to_look_up=due,
        to_look_up_minutes=round(due * limits.LOOK_SECONDS / 60, 1),
        hooks_off=_hooks_off(context, seller),
        ignored=_ignored(context, seller.name),
    )


def _late(context: ServiceContext, account_id: int, now: datetime) -> Sequence[Mapping[str, Any]]:
    soon, overdue = now + timedelta(hours=context.settings.orders.late_hours), now - timedelta(days=OVERDUE_DAYS)
    return order_lists.late(context.db, account_id, before=soon, since=overdue, limit=SHOWN_ORDERS)


def _missing(context: ServiceContext, account_id: int, now: datetime) -> Sequence[Mapping[str, Any]]:
    unseen = now - timedelta(hours=context.settings.orders.missing_hours)
    long_ago = now - timedelta(days=MISSING_DAYS)
    return read_backs.missing(context.db, account_id, before=unseen, since=long_ago, limit=SHOWN_ORDERS)


def _hooks_off(context: ServiceContext, seller: Seller) -> list[dict[str, Any]]:
    off = (hook for hook in hooks.listing(context.db, seller.id) if hook.why_disabled)
    return [{"id": hook.id, "url": hook.url, "why": hook.why_disabled} for hook in off]


def _ignored(context: ServiceContext, name: str) -> list[dict[str, Any]]:
    folder = context.settings.folder
    found = leftovers(context.home(name), minutes=folder.told_minutes, more=folder.working_patterns)
    return [{"name": one.name, "why": one.words} for one in found]


def _more(shown: Sequence[object], most: int, count: Callable[[], int]) -> int:
    """How many more there are than are shown; counted only when the list was cut."""
    return count() - len(shown) if len(shown) == most else 0


def _in_work(context: ServiceContext, seller_id: int) -> int:
    counts = uploads.counts(context.db, seller_id)
    return sum(counts.get(state, 0) for state in IN_WORK)


def _departure(context: ServiceContext, account_id: int, now: datetime) -> dict[str, Any]:
    """Lines that wait to leave: how many, when the next may go and why not at once; lines that Amazon has."""
    rate = limits.RATES[departures.CREATE_FEED].scaled(context.settings.rate_scale)
    young = now - timedelta(seconds=context.settings.marketplace.second_feed_seconds)
    found = departures.of_account(context.db, account_id, young=young)
    _, wait = limits.reserve(found.arrival, now.timestamp(), rate)
    return {
        "lines": found.lines,
        "or_more": found.lines == departures.COUNTED,
        "seconds": round(wait),
        "after_feed": found.after_feed,
        "with_amazon": found.with_amazon,
        "with_amazon_since": found.with_amazon_since,
    }


def _by_order(context: ServiceContext, refused: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Refused orders, each once with its newest reason, newest first."""
    orders: dict[str, dict[str, Any]] = {}
    for line in refused:
        number = line["amazon_order_id"] or line["order_id"]
        order = orders.setdefault(number, {"amazon_order_id": number, **line, "lines": 0, "remedy": ""})
        order["lines"] += 1
    base = context.settings.mail.base_url.rstrip("/")
    for number, order in orders.items():
        order["remedy"] = explain(order["code"])
        order["link"] = f"{base}/my/orders/{number}" if base else ""
    return list(orders.values())


def _upload(upload: Upload, counted: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    verdicts = counted.get(upload.id) or dict(upload.outcome.counts)
    words = outcome.of_upload(upload.state, verdicts, rehearsal=upload.rehearsal)
    return {
        "id": upload.id,
        "name": upload.name,
        "state": str(upload.state),
        "line_count": upload.line_count,
        "waiting": upload.waiting,
        "counts": dict(verdicts),
        "outcome": words.words,
        "why": _why(upload),
    }


def _why(upload: Upload) -> str:
    """Why an upload was set aside, and what lets it go on; "" for others."""
    if upload.state is not UploadState.HELD:
        return ""
    holds = [issue for issue in upload.outcome.whole_file if issue.severity is Severity.HELD]
    return " ".join(f"{issue.code} {issue.message} {issue.remedy}" for issue in holds)
