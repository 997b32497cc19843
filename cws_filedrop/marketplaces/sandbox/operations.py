"""The operations of the Feeds API and of Login with Amazon: a call in, a payload out. No sockets.

Shapes, status codes and limits are those of feeds_2021-06-30.json and docs/amazon.md; what Amazon's model leaves open
(the order of getFeeds, the text of a refusal) is the sandbox's own choice.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qs

from cws_filedrop.marketplaces.sandbox.faults import FATES, LATE, Fault
from cws_filedrop.marketplaces.sandbox.rows import CANCELLING, GZIP, DocumentRow, Fate, SandboxFeedRow, SandboxRows
from cws_filedrop.marketplaces.sandbox.signing import TOKEN_SECONDS, Signer

FEED_TYPES: Final = ("POST_ORDER_FULFILLMENT_DATA", CANCELLING)
STATUSES: Final = frozenset({"CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE"})
REVOKED: Final = "revoked"  # a refresh token that begins so was taken back by the seller
KNOWN_ACCOUNT: Final = "sandbox-"  # a refresh token of this form names its account; of any other, only a hash is kept

Payload = dict[str, Any]


class OperationRefused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class OperationCall:
    """A request as an operation sees it."""

    base: str
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    account: str = ""
    fault: Fault | None = None

    def one(self, name: str) -> str:
        """A parameter of the query; "" if it is not there."""
        return self.query.get(name, [""])[0]

    def many(self, name: str) -> list[str]:
        """A list in the query: comma-separated, or the parameter several times."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]


@dataclass(frozen=True, slots=True)
class Filters:
    """What getFeeds looks for. `before` is the feed number to go on from."""

    types: list[str]
    marketplaces: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    since: float = 0.0
    until: float = 1e12
    size: int = 10
    before: int | None = None

    def let(self, feed: SandboxFeedRow, now: float) -> bool:
        """Does the feed match?"""
        return (
            feed.type in self.types
            and (not self.marketplaces or not set(feed.marketplaces).isdisjoint(self.marketplaces))
            and (not self.statuses or feed.status(now) in self.statuses)
            and self.since <= feed.created <= self.until
        )


class Amazon:
    """All operations, on one state."""

    def __init__(self, rows: SandboxRows, signer: Signer) -> None:
        self._rows = rows
        self._signer = signer

    def account(self, headers: Mapping[str, str]) -> str:
        """Whose access token a request carries.

        Raises: Refusal.
        """
        token = headers.get("x-amz-access-token", "")
        if not token:
            raise denied("Access token is missing in the request header.")
        return let_in(self._signer.account(token, self._rows.now()))

    def token(self, call: OperationCall) -> Payload:
        """Login with Amazon: a refresh token for an access token. The secret `wrong` is refused."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}
        if form.get("grant_type") != "refresh_token" or not form.get("refresh_token") or not form.get("client_id"):
            raise OperationRefused(400, "invalid_request", "The request is missing a required parameter.")
        if form.get("client_secret", "wrong") == "wrong":
            raise OperationRefused(401, "invalid_client", "Client authentication failed")
        refresh = form["refresh_token"]
        if refresh.startswith(REVOKED):
            raise OperationRefused(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        return {
            "access_token": self._signer.token(_account(refresh), self._rows.now()),
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
        }

    def create_feed_document(self, call: OperationCall) -> Payload:
        """Make room for a document, and give the link to upload it to."""
        content_type = object_(call.body).get("contentType")
        if not isinstance(content_type, str) or not content_type:
            raise wrong("contentType is missing")
        document = self._rows.add_document(call.account, content_type)
        return {"feedDocumentId": document, "url": self._signer.link(call.base, document, "PUT", self._rows.now())}

    # Not idempotent, as at Amazon: a second call makes a second feed of the same document, whose shipments are then
    # sent twice. The client must never let that happen, so the sandbox must not prevent it.
    def create_feed(self, call: OperationCall) -> Payload:
        """Make a feed of an uploaded document; not idempotent."""
        wanted = object_(call.body)
        if wanted.get("feedType") not in FEED_TYPES:
            raise wrong(f"feedType {wanted.get('feedType')!r} is not supported here")
        markets = marketplaces(wanted)
        document = self._rows.document(str(wanted.get("inputFeedDocumentId")))
        if document is None or document.account != call.account or document.is_report:
            raise wrong("inputFeedDocumentId names no feed document")
        if document.body is None:
            raise wrong("The feed document has no contents: upload them first")
        number = self._rows.add_feed(call.account, wanted["feedType"], markets, document.id, fate_of(call.fault))
        return {"feedId": self._rows.feed_id(number)}

    def get_feed(self, call: OperationCall) -> Payload:
        """A feed as it is now."""
        return self._shown(self._feed(call))

    def cancel_feed(self, call: OperationCall) -> Payload:
        """Cancel a feed that is in the queue."""
        feed = self._feed(call)
        if feed.status(self._rows.now()) != "IN_QUEUE":
            raise wrong("Only a feed with processingStatus IN_QUEUE can be cancelled")
        self._rows.cancel(feed.no)
        return {}

    def get_feeds(self, call: OperationCall) -> Payload:
        """Feeds that match the filters, newest first, page by page."""
        filters = self._filters(call)
        now = self._rows.now()
        listed = now - self._rows.behaviour.now.list_after_seconds
        feeds = (feed for feed in self._rows.feeds(call.account, filters.before) if feed.created <= listed)
        found = [feed for feed in feeds if filters.let(feed, now)]
        page = list(islice(found, filters.size))
        payload: Payload = {"feeds": [self._shown(feed) for feed in page]}
        if len(found) > len(page):
            payload["nextToken"] = _token(filters, page[-1].no)
        return payload

    def get_feed_document(self, call: OperationCall) -> Payload:
        """Where the contents of a document can be fetched."""
        document = self._rows.document(call.path["document_id"])
        if document is None or document.account != call.account or document.body is None or document.restricted:
            raise unknown("document")
        return {"feedDocumentId": document.id} | self.opened(call, document)

    def opened(self, call: OperationCall, document: DocumentRow) -> Payload:
        """The link to a document, and its packing."""
        url = self._signer.link(call.base, document.id, "GET", self._rows.now())
        if call.one("enableContentEncodingUrlHeader") == "true":
            url += "&encoded=1"
        return {"url": url} | ({"compressionAlgorithm": GZIP} if document.packing else {})

    def _feed(self, call: OperationCall) -> SandboxFeedRow:
        feed = self._rows.feed(call.account, self._rows.feed_no(call.path["feed_id"]))
        if feed is None:
            raise unknown("feed")
        return feed

    def _shown(self, feed: SandboxFeedRow) -> Payload:
        now = self._rows.now()
        status = feed.status(now)
        payload = {
            "feedId": self._rows.feed_id(feed.no),
            "feedType": feed.type,
            "marketplaceIds": list(feed.marketplaces),
            "createdTime": time_(feed.created),
            "processingStatus": status,
        }
        if status not in ("IN_QUEUE", "CANCELLED"):
            payload["processingStartTime"] = time_(feed.starts)
        if status in ("DONE", "FATAL"):
            payload["processingEndTime"] = time_(feed.ends)
        reported = now >= feed.ends + self._rows.behaviour.now.report_after_seconds
        return payload | ({"resultFeedDocumentId": feed.result} if feed.result and reported else {})

    def _filters(self, call: OperationCall) -> Filters:
        if token := call.one("nextToken"):
            if len(call.query) > 1:
                raise wrong("nextToken must be the only parameter")
            return _filters_of(token)
        size = call.one("pageSize") or "10"
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise wrong("pageSize must be 1 to 100")
        filters = Filters(
            types=call.many("feedTypes"),
            marketplaces=call.many("marketplaceIds"),
            statuses=call.many("processingStatuses"),
            since=_moment(call.one("createdSince"), self._rows.now() - 90 * 86400),
            until=_moment(call.one("createdUntil"), 1e12),
            size=int(size),
        )
        if not 1 <= len(filters.types) <= 10 or len(filters.marketplaces) > 10 or set(filters.statuses) - STATUSES:
            raise wrong("feedTypes (1 to 10), marketplaceIds (at most 10) or processingStatuses are wrong")
        return filters

    # The storage behind the links

    def open(self, call: OperationCall, method: str) -> DocumentRow:
        """The document a presigned link is for.

        Raises: Refusal with the storage's codes.
        """
        document_id, date = call.path["document_id"], call.one("X-Amz-Date")
        if not self._signer.opens(document_id, method, date, call.one("X-Amz-Signature")):
            raise OperationRefused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if self._rows.now() >= int(date) + int(call.one("X-Amz-Expires") or 0):
            raise OperationRefused(403, "AccessDenied", "Request has expired")
        document = self._rows.document(document_id)
        if document is None:
            raise OperationRefused(404, "NoSuchKey", "The specified key does not exist.")
        return document

    def put(self, call: OperationCall) -> None:
        """Store a document. The Content-Type is part of the signature."""
        document = self.open(call, "PUT")
        if call.headers.get("content-type") != document.content_type:
            raise OperationRefused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        self._rows.store(document.id, call.body)


def _account(refresh_token: str) -> str:
    """The account of a refresh token. Somebody may use a real one by mistake, so only its hash is kept."""
    if refresh_token.startswith(KNOWN_ACCOUNT):
        return refresh_token.removeprefix(KNOWN_ACCOUNT)
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:16]


def object_(body: bytes) -> Payload:
    """The JSON object in the body of a request.

    Raises: Refusal.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise wrong("the body is not JSON") from error
    if not isinstance(found, dict):
        raise wrong("the body is no JSON object")
    return found


def marketplaces(wanted: Payload) -> list[str]:
    """The marketplaces of a feed or report.

    Raises: Refusal.
    """
    markets = wanted.get("marketplaceIds")
    if not isinstance(markets, list) or not 1 <= len(markets) <= 25 or not all(isinstance(m, str) for m in markets):
        raise wrong("marketplaceIds must be a list of 1 to 25 marketplace ids")
    return markets


def fate_of(fault: Fault | None) -> Fate:
    """How a feed or report is going to end."""
    if fault is None or fault.kind not in (*FATES, LATE):
        return Fate()
    if fault.kind == LATE:
        return Fate(later_seconds=fault.seconds)
    return Fate(FATES[fault.kind], applied=bool(fault.worked) and fault.kind == "fatal", reported=fault.report)


def _token(filters: Filters, before: int) -> str:
    values = [filters.types, filters.marketplaces, filters.statuses, filters.since, filters.until, filters.size, before]
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


def _filters_of(token: str) -> Filters:
    try:
        return Filters(*json.loads(urlsafe_b64decode(token)))
    except (ValueError, TypeError) as error:
        raise wrong("nextToken is none of ours") from error


def _moment(text: str, default: float) -> float:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise wrong(f"{text!r} is no date and time") from error
    if moment is None:
        return default
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def time_(moment: float) -> str:
    """A moment as Amazon writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def wrong(details: str) -> OperationRefused:
    """The refusal of a request that makes no sense."""
    return OperationRefused(
        400, "InvalidInput", "Request has missing or invalid parameters and cannot be parsed.", details
    )


def unknown(what: str) -> OperationRefused:
    """The refusal of a request for something that does not exist."""
    return OperationRefused(404, "NotFound", f"The {what} you asked for does not exist.")


def denied(details: str) -> OperationRefused:
    """The refusal of a caller who is not allowed."""
    return OperationRefused(403, "Unauthorized", "Access to requested resource is denied.", details)


def let_in(account: str | None) -> str:
    """The account of a token.

    Raises: Refusal when the token was none.
    """
    if account is None:
        raise denied("The access token you provided is revoked, malformed, expired or invalid.")
    return account
