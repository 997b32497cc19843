"""What is kept of a feed, to be shown and given out; and in words why something is not there."""

from __future__ import annotations

from dataclasses import dataclass

from cws_filedrop.drop.archive import Damaged, Name, Paper
from cws_filedrop.model import FeedState
from cws_filedrop.pipeline.deciding import Impossible
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store.feeds import NO_REPORT, FeedRow


@dataclass(frozen=True, slots=True)
class Kept:
    """A document or report of a feed; `size` in bytes is None when it is not there, and `why` says why."""

    kind: Paper
    file_name: str
    sha256: str
    size: int | None
    why: str


def of_feed(desk: Desk, feed: FeedRow) -> list[Kept]:
    """The document that was sent, and the report that was read."""
    return [_kept(desk, feed, kind) for kind in Paper]


def read(desk: Desk, feed: FeedRow, kind: Paper) -> bytes:
    """The bytes. Raises: Impossible when they are not there; Damaged."""
    name = _name(feed, kind)
    try:
        if not name.sha256:
            raise FileNotFoundError
        return desk.archive.read(name)
    except FileNotFoundError:
        raise Impossible(f"the {kind} of feed {feed.no} is not there: {_why(desk, feed, kind)}") from None
    except OSError as error:
        raise Damaged(f"the {kind} of feed {feed.no} cannot be read: {error}") from error


def _kept(desk: Desk, feed: FeedRow, kind: Paper) -> Kept:
    name = _name(feed, kind)
    size = desk.archive.size(name) if name.sha256 else None
    why = _why(desk, feed, kind) if size is None else ""
    return Kept(kind, f"feed-{feed.no}.{kind}.xml", name.sha256, size, why)


def _name(feed: FeedRow, kind: Paper) -> Name:
    return Name(feed.day, feed.no, kind, feed.document_sha256 if kind is Paper.DOCUMENT else feed.report_sha256)


def _why(desk: Desk, feed: FeedRow, kind: Paper) -> str:
    if _name(feed, kind).sha256:
        return f"not kept any more; such files are kept for {desk.settings.service.keep_documents_days} days"
    if kind is Paper.DOCUMENT:
        return "sent before documents were kept" if feed.intent_at else "not sent yet"
    if feed.state is not FeedState.SETTLED:
        return "Amazon has not answered yet"
    if feed.report_document_id == NO_REPORT:
        return "Amazon gave none"
    return "Amazon did not hand it out" if feed.document_sha256 else "read before reports were kept"
