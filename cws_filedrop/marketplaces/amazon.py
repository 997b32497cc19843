"""Feeds at Amazon: the operations of the Feeds API 2021-06-30, typed, for one account. Knows no shipment and no upload.

The SP-API library makes the requests (see `library` for its restraints). Two requests go straight over httpx (`wire`):
the PUT of a document and the GET of a report. The library would decode and encode both as text, by guess (iso-8859-1
where no charset is given), so that the bytes that arrive need not be the bytes that were validated; it sets no time-out
on either, uses proxies of the environment, and reads a report of any size.

Every failure is RemoteUnavailable (time heals it) or RemoteRefused (a person has to act); see `wire` for which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from cws_filedrop import log
from cws_filedrop.marketplaces.account import AccountClient
from cws_filedrop.marketplaces.answers import Payload, missing, moment, objects, optional_text, text
from cws_filedrop.marketplaces.library import USER_AGENT, Feeds
from cws_filedrop.marketplaces.tokens import Credentials
from cws_filedrop.marketplaces.wire import Ask, Timeouts, senseless
from cws_filedrop.model import FeedKind

__all__ = [
    "CONTENT_TYPE",
    "FEED_TYPE",
    "FEED_TYPES",
    "Credentials",
    "DocumentPlace",
    "Feed",
    "FeedStatus",
    "FeedsClient",
    "Timeouts",
]

LOG: Final = log.get(__name__)
FEED_TYPES: Final = {  # docs/amazon.md, sections 1 and 3
    FeedKind.FULFILLMENT: "POST_ORDER_FULFILLMENT_DATA",
    FeedKind.ACKNOWLEDGEMENT: "POST_ORDER_ACKNOWLEDGEMENT_DATA",
}
FEED_TYPE: Final = FEED_TYPES[FeedKind.FULFILLMENT]
CONTENT_TYPE: Final = "text/xml; charset=UTF-8"
MAX_REPORT_BYTES: Final = 64 * 1024 * 1024  # ten times a report that refuses each of 10,000 messages
PAGE_SIZE: Final = 100
MAX_PAGES: Final = 100


class FeedStatus(StrEnum):
    """How far a feed has come."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as Amazon describes it. `result_document_id` is None if there is no report, or none yet."""

    feed_id: str
    feed_type: str
    status: FeedStatus
    created_at: datetime
    result_document_id: str | None = None


class DocumentPlace(NamedTuple):
    """A place for a document: its id (good for two days), the link to upload to (good for five minutes), and the Date
    of Amazon's answer (None = it had none that could be read)."""

    document_id: str
    url: str
    answered_at: datetime | None


class FeedsClient(AccountClient):
    """One account's feeds in one marketplace. May be used by several threads at once."""

    def create_feed_document(self) -> DocumentPlace:
        """A place for a document.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "for a place to upload to"
        payload, at = self._dated(Feeds, doing, lambda feeds: feeds.create_feed_document(None, CONTENT_TYPE))
        return DocumentPlace(text(payload, "feedDocumentId", doing), self._link(payload, doing), at)

    def upload(self, url: str, body: bytes) -> None:
        """Upload a document's bytes, unchanged, to the link from `create_feed_document`.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "to store a document"
        ask = Ask(doing, "PUT", url, {"content-type": CONTENT_TYPE, "user-agent": USER_AGENT}, body)
        self._stored(doing, self._wire.ask(ask))
        LOG.info("amazon.document_uploaded", bytes=len(body))

    def create_feed(self, document_id: str, kind: FeedKind = FeedKind.FULFILLMENT) -> str:
        """Let Amazon process an uploaded document. Returns the feed's id. Called twice, Amazon makes two feeds.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "to take a feed"
        markets = [self._marketplace_id]
        payload = self._call(
            Feeds, doing, lambda feeds: feeds.create_feed(FEED_TYPES[kind], document_id, marketplaceIds=markets)
        )
        feed_id = text(payload, "feedId", doing)
        LOG.info("amazon.feed_created", amazon_feed=feed_id)
        return feed_id

    def get_feed(self, feed_id: str) -> Feed:
        """How a feed is doing.

        Raises: RemoteUnavailable, RemoteRefused (404 when Amazon does not know it).
        """
        doing = "how a feed is doing"
        return _feed(self._call(Feeds, doing, lambda feeds: feeds.get_feed(feed_id)), doing)

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        """Every feed of our types in this marketplace created since an aware moment, whoever sent it.

        Raises: RemoteUnavailable, RemoteRefused; it never returns a part of the list.
        """
        doing = "which feeds there are"
        found: dict[str, Feed] = {}
        tokens: set[str] = set()
        payload, token = self._page(doing, self._filters(created_since))
        while True:
            found |= {feed.feed_id: feed for feed in _feeds(payload, doing)}
            if token is None:
                return list(found.values())
            if token in tokens or len(tokens) == MAX_PAGES:
                raise senseless(doing, "its pages have no end")
            tokens.add(token)
            payload, token = self._page(doing, {"nextToken": token})

    def get_report(self, document_id: str) -> bytes:
        """A feed's processing report, unpacked: the bytes as Amazon wrote them.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "for a report"
        payload = self._call(Feeds, doing, lambda feeds: feeds.find_document(document_id))
        return self._fetched(payload, doing, max_bytes=MAX_REPORT_BYTES)

    def cancel_feed(self, feed_id: str) -> None:
        """Cancel a feed, which Amazon allows while it is in the queue.

        Raises: RemoteUnavailable, RemoteRefused (400 when it is too late).
        """
        self._call(Feeds, "to cancel a feed", lambda feeds: feeds.cancel_feed(feed_id))
        LOG.info("amazon.feed_cancelled", amazon_feed=feed_id)

    def _page(self, doing: str, parameters: dict[str, Any]) -> tuple[Payload, str | None]:
        payload = self._call(Feeds, doing, lambda feeds: feeds.get_feeds(**parameters))
        return payload, optional_text(payload, "nextToken", doing)

    def _filters(self, created_since: datetime) -> dict[str, Any]:
        return {
            "feedTypes": ",".join(FEED_TYPES.values()),
            "marketplaceIds": self._marketplace_id,
            "pageSize": PAGE_SIZE,
            "createdSince": created_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


# Answers


def _feeds(payload: Payload, doing: str) -> list[Feed]:
    return [_feed(feed, doing) for feed in objects(payload, "feeds", doing)]


def _feed(payload: Payload, doing: str) -> Feed:
    return Feed(
        feed_id=text(payload, "feedId", doing),
        feed_type=text(payload, "feedType", doing),
        status=_status(text(payload, "processingStatus", doing), doing),
        created_at=moment(payload, "createdTime", doing),
        result_document_id=optional_text(payload, "resultFeedDocumentId", doing),
    )


def _status(name: str, doing: str) -> FeedStatus:
    if name not in FeedStatus.__members__:
        missing("processingStatus", name, doing)
    return FeedStatus(name)
