"""A feed as evidence: the document that was sent, the report that was read, and what of them is about one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cws_filedrop.drop.archive import Damaged, FeedFileKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.feeds import extracts, processing_report
from cws_filedrop.feeds.processing_report import ProcessingReport
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.feeds.lines_sent import SentLine
from cws_filedrop.store.users import decisions
from cws_filedrop.views import feed_documents
from cws_filedrop.views.evidence.members import ZipMember
from cws_filedrop.views.evidence.upload_members import Evidence, plain


def of_feed(context: ServiceContext, feed: FeedRow, lines: Sequence[SentLine], *, only_this_order: bool) -> Evidence:
    """A feed, as far as one order is concerned; `lines` are those of the order that it carried."""
    messages = sorted({one.message_id for one in lines if one.message_id is not None})
    facts: dict[str, Any] = {name: value for name, value in asdict(feed).items() if name not in ("account_id", "cause")}
    facts |= {"state": str(feed.state), "kind": str(feed.kind), "message_ids": messages}
    members = []
    for kind in FeedFileKind:
        body, why = _body(context, feed, kind)
        if kind is FeedFileKind.REPORT:
            facts["results"] = None if body is None else _results(body, messages)
        if body is not None and only_this_order:
            body, why = _extract(body, kind, messages)
        at = (feed.submitted_at if kind is FeedFileKind.DOCUMENT else feed.settled_at) or feed.opened_at
        name = f"feeds/{feed.no}.{kind}.xml"
        if body is not None:
            members.append(ZipMember(name, at, body))
        facts[str(kind)] = {"path": None if body is None else name, "sha256": _sha256(feed, kind), "why": why}
    # An upload, order or user could have the feed's number for its name, too; hence by kind as well.
    made = [one for one in decisions.listing(context.db, about=str(feed.no)) if one.what.startswith("feed.")]
    return Evidence(facts | {"decided": plain(made)}, members)


def _sha256(feed: FeedRow, kind: FeedFileKind) -> str:
    return feed.document_sha256 if kind is FeedFileKind.DOCUMENT else feed.report_sha256


def _body(context: ServiceContext, feed: FeedRow, kind: FeedFileKind) -> tuple[bytes | None, str]:
    try:
        return feed_documents.read(context, feed, kind), ""
    except (NotPossible, Damaged) as why:
        return None, str(why)


def _extract(body: bytes, kind: FeedFileKind, messages: Sequence[int]) -> tuple[bytes | None, str]:
    if kind is FeedFileKind.DOCUMENT:
        return extracts.document(body, messages), "without the messages of other orders"
    cut = extracts.report(body, messages)
    return cut, "without what it says of other orders" if cut else "left out: it is no XML, and others stand in it"


def _results(report: bytes, messages: Sequence[int]) -> list[dict[str, Any]] | None:
    """What Amazon says of these messages and of all of them; None for a report that cannot be read."""
    read = processing_report.read(report)
    if not isinstance(read, ProcessingReport):
        return None
    return [
        {"message_id": one.message_id, "result": str(one.result_code), "code": one.code, "text": one.description}
        for one in read.results
        if one.message_id in (0, *messages)
    ]
