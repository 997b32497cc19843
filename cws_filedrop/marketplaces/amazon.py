"""Feeds at Amazon: the operations of the Feeds API 2021-06-30, typed, for one account. Knows no shipment and no upload.

The SP-API library makes the requests (see `library` for how it is kept in hand). Two things it cannot do well go
straight over httpx (`wire`): the PUT of a document and the GET of a report. The library decodes and encodes both as
text on the way, by guess (iso-8859-1 where nothing is said), so that the bytes that arrive need not be the bytes that
were checked; it sets no time-out on either, follows proxies of the environment, and reads a report of any size.

Every failure is RemoteUnavailable (time heals it) or RemoteRefused (a person has to); see `wire` for which.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import httpx

from cws_filedrop import log
from cws_filedrop.errors import ConfigError, RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.library import ENDPOINTS, USER_AGENT, ApiResponse, Feeds, Transport
from cws_filedrop.marketplaces.tokens import Credentials, Tokens
from cws_filedrop.marketplaces.wire import Answer, Ask, Timeouts, Wire, gunzip, senseless

__all__ = ["CONTENT_TYPE", "FEED_TYPE", "Credentials", "Feed", "FeedStatus", "FeedsClient", "Timeouts"]

LOG: Final = log.get(__name__)
FEED_TYPE: Final = "POST_ORDER_FULFILLMENT_DATA"
CONTENT_TYPE: Final = "text/xml; charset=UTF-8"
MAX_REPORT_BYTES: Final = 64 * 1024 * 1024  # ten times a report that refuses each of 10,000 messages
PAGE_SIZE: Final = 100
MAX_PAGES: Final = 100
EXPIRED: Final = ("expired", "RequestTimeout", "RequestTimeTooSkewed")  # in a storage's answer: a new link heals it

Payload = Mapping[str, Any]


class FeedStatus(StrEnum):
    """How far a feed came."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as Amazon describes it. `result_document_id` is None while there is no report, or if there is none."""

    feed_id: str
    feed_type: str
    status: FeedStatus
    created_at: datetime
    result_document_id: str | None = None


class FeedsClient:
    """One account's feeds in one marketplace. May be used by several threads at once.

    `transport` takes the place of the network and `clock` that of the monotonic clock (both for tests).
    """

    def __init__(
        self,
        credentials: Credentials,
        marketplace_id: str,
        timeouts: Timeouts | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = _endpoint(credentials.endpoint or ENDPOINTS.get(marketplace_id, ""), marketplace_id)
        _check_address(credentials.token_url, "token_url")
        self._marketplace_id = marketplace_id
        secrets = (credentials.client_secret, credentials.refresh_token)
        self._wire = Wire(timeouts or Timeouts(), secrets, transport=transport, clock=clock)
        self._tokens = Tokens(credentials, self._wire, clock=clock)

    def __enter__(self) -> FeedsClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        self._wire.close()

    def create_feed_document(self) -> tuple[str, str]:
        """A place for a document: its id (good for two days) and the link to upload to (good for five minutes).

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "for a place to upload to"
        payload = self._call(doing, lambda feeds: feeds.create_feed_document(None, CONTENT_TYPE))
        return _text(payload, "feedDocumentId", doing), self._link(payload, doing)

    def upload(self, url: str, body: bytes) -> None:
        """Put a document's bytes, as they are, where `create_feed_document` said.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "to store a document"
        ask = Ask(doing, "PUT", url, {"content-type": CONTENT_TYPE, "user-agent": USER_AGENT}, body)
        self._stored(doing, self._wire.ask(ask))
        LOG.info("amazon.document_uploaded", bytes=len(body))

    def create_feed(self, document_id: str) -> str:
        """Have Amazon process an uploaded document; the feed's id. Asked twice, Amazon makes two feeds.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "to take a feed"
        markets = [self._marketplace_id]
        payload = self._call(doing, lambda feeds: feeds.create_feed(FEED_TYPE, document_id, marketplaceIds=markets))
        feed_id = _text(payload, "feedId", doing)
        LOG.info("amazon.feed_created", amazon_feed=feed_id)
        return feed_id

    def get_feed(self, feed_id: str) -> Feed:
        """How a feed is doing.

        Raises: RemoteUnavailable, RemoteRefused (404 when Amazon does not know it).
        """
        doing = "how a feed is doing"
        return _feed(self._call(doing, lambda feeds: feeds.get_feed(feed_id)), doing)

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        """Every feed of our type in this marketplace that was created since then (aware), whoever sent it.

        Raises: RemoteUnavailable, RemoteRefused; never a part of the list.
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
        """A feed's processing report, unpacked; the bytes as Amazon wrote them.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "for a report"
        payload = self._call(doing, lambda feeds: feeds.find_document(document_id))
        packing = payload.get("compressionAlgorithm")
        if packing not in (None, "", "GZIP"):
            raise RemoteRefused(f"Amazon packed a report in a way we cannot undo ({packing!r:.40})", status=200)
        ask = Ask(doing, "GET", self._link(payload, doing), {"user-agent": USER_AGENT}, max_bytes=MAX_REPORT_BYTES)
        answer = self._wire.ask(ask)
        self._stored(doing, answer)
        return _unpacked(answer.body, doing) if packing else answer.body

    def cancel_feed(self, feed_id: str) -> None:
        """Take back a feed, which Amazon allows while it is in the queue.

        Raises: RemoteUnavailable, RemoteRefused (400 when it is too late).
        """
        self._call("to cancel a feed", lambda feeds: feeds.cancel_feed(feed_id))
        LOG.info("amazon.feed_cancelled", amazon_feed=feed_id)

    # One call

    def _call(self, doing: str, operation: Callable[[Feeds], ApiResponse]) -> Payload:
        """The answer of an operation; an access token that was refused before its time is replaced once."""
        try:
            return self._once(doing, operation)
        except RemoteRefused as refused:
            if refused.status not in (401, 403) or not self._tokens.forget():
                raise
            return self._once(doing, operation)

    def _once(self, doing: str, operation: Callable[[Feeds], ApiResponse]) -> Payload:
        feeds = Feeds(self._endpoint, self._tokens, Transport(self._wire, doing))
        try:
            response = operation(feeds)
        except RemoteError:
            raise
        except Exception as error:
            # The transport let a 2xx through, and the library choked on what was in it.
            raise senseless(doing, self._wire.told(f"{type(error).__name__}: {error}")) from error
        if not isinstance(response.payload, dict):
            raise senseless(doing, "its payload is no object")
        return response.payload | {"nextToken": response.next_token}

    def _page(self, doing: str, parameters: dict[str, Any]) -> tuple[Payload, str | None]:
        payload = self._call(doing, lambda feeds: feeds.get_feeds(**parameters))
        token = payload["nextToken"]
        return payload, None if token in (None, "") else _text(payload, "nextToken", doing)

    def _filters(self, created_since: datetime) -> dict[str, Any]:
        return {
            "feedTypes": FEED_TYPE,
            "marketplaceIds": self._marketplace_id,
            "pageSize": PAGE_SIZE,
            "createdSince": created_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _stored(self, doing: str, answer: Answer) -> None:
        """Let a good answer of the document storage pass. A link that ended is no reason to call a person."""
        if answer.is_good:
            return
        words = answer.body[:2000].decode("utf-8", "replace")
        if answer.status_code in (400, 403) and any(mark in words for mark in EXPIRED):
            raise RemoteUnavailable(f"Amazon, asked {doing}, says that the link has ended", ambiguous=False)
        raise self._wire.failed(doing, answer, words)

    def _link(self, payload: Payload, doing: str) -> str:
        url = _text(payload, "url", doing)
        parts = _split(url)
        safe = parts is not None and parts.scheme in ({"https"} if self._endpoint.startswith("https") else SCHEMES)
        if not safe:
            raise senseless(doing, "the link is no address to be trusted")
        return url


# Addresses

SCHEMES: Final = frozenset({"http", "https"})


def _endpoint(endpoint: str, marketplace_id: str) -> str:
    if not endpoint:
        raise ConfigError(f"[marketplace] endpoint: none is known for the marketplace {marketplace_id!r}; give it")
    return _check_address(endpoint, "endpoint").rstrip("/")


def _check_address(url: str, key: str) -> str:
    """An address that secrets may be sent to: https, or http within this machine."""
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        raise ConfigError(f"[marketplace] {key}: {url!r} is no http or https address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ConfigError(f"[marketplace] {key}: {url!r} would carry secrets in the clear; use https")
    return url


def _split(url: str) -> Any:
    """The parts of an address that has a host and a possible port; None for anything else."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 and httpx.URL(url) else None
    except (ValueError, httpx.InvalidURL):
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# Answers


def _feeds(payload: Payload, doing: str) -> list[Feed]:
    feeds = payload.get("feeds")
    if not isinstance(feeds, list) or not all(isinstance(feed, dict) for feed in feeds):
        raise senseless(doing, "no list of feeds in it")
    return [_feed(feed, doing) for feed in feeds]


def _feed(payload: Payload, doing: str) -> Feed:
    result = payload.get("resultFeedDocumentId")
    return Feed(
        feed_id=_text(payload, "feedId", doing),
        feed_type=_text(payload, "feedType", doing),
        status=_status(_text(payload, "processingStatus", doing), doing),
        created_at=_moment(_text(payload, "createdTime", doing), doing),
        result_document_id=None if result in (None, "") else _text(payload, "resultFeedDocumentId", doing),
    )


def _status(name: str, doing: str) -> FeedStatus:
    if name not in FeedStatus.__members__:
        _missing("processingStatus", name, doing)
    return FeedStatus(name)


def _moment(text: str, doing: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _missing("createdTime", text, doing)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(payload: Payload, key: str, doing: str) -> str:
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        _missing(key, value, doing)
    return value


def _missing(key: str, value: object, doing: str) -> NoReturn:
    raise senseless(doing, f"{key} is {value!r:.60}" if value else f"{key} is missing")


def _unpacked(body: bytes, doing: str) -> bytes:
    """A report out of its packing. One that was unpacked on the way, against the announcement, is taken as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacked = bytearray()
    try:
        for piece in gunzip(iter([body])):
            unpacked += piece
            if len(unpacked) > MAX_REPORT_BYTES:
                raise RemoteRefused(f"Amazon's report is larger than {MAX_REPORT_BYTES:,} bytes", status=200)
    except zlib.error as error:
        raise senseless(doing, f"the packing is damaged: {error}") from error
    return bytes(unpacked)
