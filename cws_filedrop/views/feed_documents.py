"""The documents that are kept of a feed, to be shown and handed out; and in words why one is not there."""

from __future__ import annotations

from dataclasses import dataclass

from cws_filedrop.drop.archive import ArchivedName, Damaged, FeedFileKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import FeedState
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds.feeds import NO_REPORT, FeedRow


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document or report of a feed; `size` in bytes is None when it is not there, and `why` says why."""

    kind: FeedFileKind
    file_name: str
    sha256: str
    size: int | None
    why: str


def of_feed(context: ServiceContext, feed: FeedRow) -> list[StoredDocument]:
    """The document that was sent, and the report that was read."""
    return [_kept(context, feed, kind) for kind in FeedFileKind]


def read(context: ServiceContext, feed: FeedRow, kind: FeedFileKind) -> bytes:
    """The bytes. Raises: NotPossible when they are not there; Damaged."""
    name = _name(feed, kind)
    try:
        if not name.sha256:
            raise FileNotFoundError
        return context.archive.read(name)
    except FileNotFoundError:
        raise NotPossible(f"the {kind} of feed {feed.no} is not there: {_why(context, feed, kind)}") from None
    except OSError as error:
        raise Damaged(f"the {kind} of feed {feed.no} cannot be read: {error}") from error


def _kept(context: ServiceContext, feed: FeedRow, kind: FeedFileKind) -> StoredDocument:
    name = _name(feed, kind)
    size = context.archive.size(name) if name.sha256 else None
    why = _why(context, feed, kind) if size is None else ""
    return StoredDocument(kind, f"feed-{feed.no}.{kind}.xml", name.sha256, size, why)


def _name(feed: FeedRow, kind: FeedFileKind) -> ArchivedName:
    return ArchivedName(
        feed.day, feed.no, kind, feed.document_sha256 if kind is FeedFileKind.DOCUMENT else feed.report_sha256
    )


def _why(context: ServiceContext, feed: FeedRow, kind: FeedFileKind) -> str:
    if _name(feed, kind).sha256:
        return f"not kept any more; such files are kept for {context.settings.service.keep_documents_days} days"
    if kind is FeedFileKind.DOCUMENT:
        return "sent before documents were kept" if feed.intent_at else "not sent yet"
    if feed.state is not FeedState.SETTLED:
        return "Amazon has not answered yet"
    if feed.report_document_id == NO_REPORT:
        return "Amazon gave none"
    return "Amazon did not hand it out" if feed.document_sha256 else "read before reports were kept"
