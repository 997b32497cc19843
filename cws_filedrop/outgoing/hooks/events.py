"""Events -> calls of web hooks, queued in the step that makes the event happen. Nothing is sent here.

Queueing again changes nothing, so that a step may run twice; without a listener it costs one look at an index. A body
holds ids, counts, verdicts and paths; nothing of buyers, and nothing of what was typed into a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.model import HookEvent, UploadState
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection, stamp
from cws_filedrop.store.orders.effects import LineRefusal
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.outgoing.hooks import HookNotice
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload

API: Final = "/api/v1"
OPERATORS_EVENTS: Final = (HookEvent.ALARM_RAISED, HookEvent.ALARM_RECOVERED)


def body(event: HookEvent, data: Mapping[str, Any], *, now: datetime, marketplace: MarketplaceKind) -> str:
    """The JSON of an event, in the shape of the Standard Webhooks specification; its data name the marketplace."""
    named = {**data, "marketplace": str(marketplace)}
    return json.dumps({"type": str(event), "timestamp": stamp(now), "data": named}, ensure_ascii=False)


def received(
    connection: Connection, rows: Sequence[Mapping[str, Any]], *, now: datetime, marketplace: MarketplaceKind
) -> None:
    """Uploads have been recorded (rows of `uploads`, new ones only)."""
    listening = hooks.listening_in(connection, {row["seller_id"] for row in rows}, HookEvent.RECEIVED)
    calls = []
    for row in rows if listening else ():
        names = ("folder", "name", "door", "size", "grade", "arrived_at")
        data = {"upload_id": row["id"], **{name: row[name] for name in names}, "links": _links(row["id"])}
        text = body(HookEvent.RECEIVED, data, now=now, marketplace=marketplace)
        notice = HookNotice(f"upload:{row['id']}:received", HookEvent.RECEIVED, text)
        calls += [(hook, notice) for hook in listening.get(row["seller_id"], ())]
    hooks.queue_in(connection, calls, now=now)


def answered(context: ServiceContext, found: Sequence[Upload]) -> None:
    """Uploads have been answered with receipts."""
    _answers(context, found, "receipt")


def finished(context: ServiceContext, found: Sequence[Upload]) -> None:
    """Amazon's answers have been delivered to sellers."""
    _answers(context, found, "result")


def _answers(context: ServiceContext, batch: Sequence[Upload], stage: str) -> None:
    with context.db.read() as connection:
        listening = hooks.listening_in(connection, {upload.seller_id for upload in batch}, HookEvent.ANSWERED)
    if not listening:
        return
    now = context.clock()
    calls = []
    for upload in batch:
        if wanted := listening.get(upload.seller_id):
            data = _answer(context, upload, stage)
            key = f"upload:{upload.id}:{stage}:{upload.releases}"
            text = body(HookEvent.ANSWERED, data, now=now, marketplace=context.marketplace)
            notice = HookNotice(key, HookEvent.ANSWERED, text)
            calls += [(hook, notice) for hook in wanted]
    with context.db.write() as connection:
        hooks.queue_in(connection, calls, now=now)


def _answer(context: ServiceContext, upload: Upload, stage: str) -> dict[str, Any]:
    counts = upload.outcome.counts if upload.rehearsal else lines.verdict_counts(context.db, upload.id)
    codes = [issue.code for issue in upload.outcome.file_issues]
    return {
        "upload_id": upload.id,
        "name": upload.name,
        "folder": upload.folder,
        "stage": stage,
        "final": upload.state in uploads.FINISHED,
        "state": str(upload.state),
        "line_count": upload.line_count,
        "waiting": upload.waiting if upload.state is UploadState.WAITING else 0,
        "verdicts": counts,
        "file_codes": list(dict.fromkeys(codes)),
        "links": _links(upload.id),
    }


def _links(upload_id: str) -> dict[str, str]:
    return {"upload": f"{API}/uploads/{upload_id}", "lines": f"{API}/uploads/{upload_id}/lines"}


def refused(
    connection: Connection, refusals: Sequence[LineRefusal], *, now: datetime, marketplace: MarketplaceKind
) -> None:
    """Amazon has refused lines of a feed; each seller is told of the orders of its own uploads."""
    owners = uploads.owners_in(connection, {refusal.upload_id for refusal in refusals})
    listening = hooks.listening_in(connection, set(owners.values()), HookEvent.UNCONFIRMED)
    calls = []
    for (upload_id, order), of_order in _by_order(refusals).items() if listening else ():
        key = f"order:{order}:{upload_id}:{of_order[0].line}"
        text = body(HookEvent.UNCONFIRMED, _of_refusals(upload_id, order, of_order), now=now, marketplace=marketplace)
        notice = HookNotice(key, HookEvent.UNCONFIRMED, text)
        calls += [(hook, notice) for hook in listening.get(owners[upload_id], ())]
    hooks.queue_in(connection, calls, now=now)


def _of_refusals(upload_id: str, order: str, refusals: Sequence[LineRefusal]) -> dict[str, Any]:
    return {
        "order_id": order,
        "upload_id": upload_id,
        "lines": [_refusal(refusal) for refusal in refusals],
        "links": {"order": f"{API}/orders/{order}", **_links(upload_id)},
    }


def _by_order(refusals: Iterable[LineRefusal]) -> dict[tuple[str, str], list[LineRefusal]]:
    by_order: dict[tuple[str, str], list[LineRefusal]] = {}
    for refusal in refusals:
        by_order.setdefault((refusal.upload_id, refusal.amazon_order_id), []).append(refusal)
    return by_order


def _refusal(refusal: LineRefusal) -> dict[str, Any]:
    """A line, with the code that Amazon gave it and what the code means."""
    codes = refusal.words.partition(":")[0]
    return {"line": refusal.line, "verdict": "unconfirmed", "code": codes, "what": explain(_first(codes))}


def _first(codes: str) -> str:
    return codes.removeprefix("A-").replace("|", ",").split(",")[0].strip()


def alarm(context: ServiceContext, key: str, data: Mapping[str, Any], *, recovered: bool = False) -> bool:
    """Queue a call of the operators' hook for an alarm or its end; false without a hook, or if it is queued already.

    `key` is that of this one alarm (its kind, subject and the moment it was raised): the same for both.
    """
    event = HookEvent.ALARM_RECOVERED if recovered else HookEvent.ALARM_RAISED
    now = context.clock()
    text = body(event, {"key": key, **data}, now=now, marketplace=context.marketplace)
    notice = HookNotice(f"{event}:{key}", event, text)
    with context.db.write() as connection:
        calls = [(hook, notice) for hook in hooks.operators_in(connection)]
        return hooks.queue_in(connection, calls, now=now) > 0
