"""A feed as evidence: the document that was sent, the report that was read, and what of them is about one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cws_filedrop.drop.archive import Damaged, Paper
from cws_filedrop.feeds import extracts, processing_report
from cws_filedrop.feeds.processing_report import Report
from cws_filedrop.pipeline import papers
from cws_filedrop.pipeline.deciding import Impossible
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.evidence.dropped import Dropped, plain
from cws_filedrop.pipeline.evidence.members import Member
from cws_filedrop.store import deeds
from cws_filedrop.store.feeds import FeedRow
from cws_filedrop.store.order_lines_sent import Line


def of_feed(desk: Desk, feed: FeedRow, lines: Sequence[Line], *, only_this_order: bool) -> Dropped:
    """A feed, as far as lines of one order are concerned; `lines` are those that it carried."""
    messages = sorted({one.message_id for one in lines if one.message_id is not None})
    told: dict[str, Any] = {name: value for name, value in asdict(feed).items() if name not in ("account_id", "cause")}
    told |= {"state": str(feed.state), "kind": str(feed.kind), "message_ids": messages}
    members = []
    for kind in Paper:
        body, why = _body(desk, feed, kind)
        if kind is Paper.REPORT:
            told["results"] = None if body is None else _results(body, messages)
        if body is not None and only_this_order:
            body, why = _extract(body, kind, messages)
        at = (feed.submitted_at if kind is Paper.DOCUMENT else feed.settled_at) or feed.opened_at
        name = f"feeds/{feed.no}.{kind}.xml"
        if body is not None:
            members.append(Member(name, at, body))
        told[str(kind)] = {"path": None if body is None else name, "sha256": _sha256(feed, kind), "why": why}
    done = [one for one in deeds.listing(desk.db, about=str(feed.no)) if one.what.startswith("feed.")]
    return Dropped(told | {"decided": plain(done)}, members)


def _sha256(feed: FeedRow, kind: Paper) -> str:
    return feed.document_sha256 if kind is Paper.DOCUMENT else feed.report_sha256


def _body(desk: Desk, feed: FeedRow, kind: Paper) -> tuple[bytes | None, str]:
    try:
        return papers.read(desk, feed, kind), ""
    except (Impossible, Damaged) as why:
        return None, str(why)


def _extract(body: bytes, kind: Paper, messages: Sequence[int]) -> tuple[bytes | None, str]:
    if kind is Paper.DOCUMENT:
        return extracts.document(body, messages), "without the messages of other orders"
    cut = extracts.report(body, messages)
    return cut, "without what it says of other orders" if cut else "left out: it is no XML, and others stand in it"


def _results(report: bytes, messages: Sequence[int]) -> list[dict[str, Any]] | None:
    """What Amazon says of these messages and of all of them; None for a report that cannot be read."""
    read = processing_report.read(report)
    if not isinstance(read, Report):
        return None
    return [
        {"message_id": one.message_id, "result": str(one.result_code), "code": one.code, "text": one.description}
        for one in read.results
        if one.message_id in (0, *messages)
    ]
