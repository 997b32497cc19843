"""The client's wrapping is complete: whatever the network or the library does, it is one of our two errors."""

from __future__ import annotations

import inspect
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from gzip import compress
from typing import Any

import httpx
import pytest
import sp_api.auth.exceptions
import sp_api.base.credential_provider
import sp_api.base.exceptions
from hypothesis import given, settings
from hypothesis import strategies as st
from marketplaces.market_kit import MARKET, QUICK

from cws_filedrop.errors import ConfigError, RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import Credentials, Feed, FeedsClient, FeedStatus, Timeouts
from cws_filedrop.marketplaces.orders_api import OrdersClient
from cws_filedrop.marketplaces.reports_api import ReportsClient

HOME = "https://amazon.test"
CREDENTIALS = Credentials(HOME, "https://login.test/auth/o2/token", "id", "s3cr3t-value", "r3fr3sh-value")
TOKEN = {"access_token": "Atza|abc", "token_type": "bearer", "expires_in": 3600}
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
LINK = f"{HOME}/bucket/d1"
FEED = {
    "feedId": "1",
    "feedType": "POST_ORDER_FULFILLMENT_DATA",
    "createdTime": "2026-11-22T01:30:42Z",
    "processingStatus": "DONE",
    "resultFeedDocumentId": "d1",
}
ORDER: dict[str, Any] = {
    "orderId": "902-1000000-0000001",
    "createdTime": "2026-11-22T01:30:42Z",
    "fulfillment": {"fulfillmentStatus": "UNSHIPPED"},
    "orderItems": [],
}
REPORT = {
    "reportId": "1",
    "reportType": "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
    "createdTime": "2026-11-22T01:30:42Z",
    "processingStatus": "DONE",
    "reportDocumentId": "d1",
}
CALLS: dict[str, Callable[[FeedsClient], object]] = {
    "createFeedDocument": lambda client: client.create_feed_document(),
    "upload": lambda client: client.upload(LINK, b"<a/>"),
    "createFeed": lambda client: client.create_feed("d1"),
    "getFeed": lambda client: client.get_feed("1"),
    "getFeeds": lambda client: client.get_feeds(SINCE),
    "getReport": lambda client: client.get_report("d1"),
    "cancelFeed": lambda client: client.cancel_feed("1"),
    "getOrder": lambda client: OrdersClient.beside(client).get_order("902-1000000-0000001"),
    "createReport": lambda client: ReportsClient.beside(client).create_report(),
    "getOrderReport": lambda client: ReportsClient.beside(client).get_report("1"),
    "getReportDocument": lambda client: ReportsClient.beside(client).get_document("d1"),
}
UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

Answering = Callable[[httpx.Request], httpx.Response]


def wire(answer: Answering) -> httpx.MockTransport:
    """A network that is a function. Answers come as from a socket: not read before they are asked for."""

    def network(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        if not response.is_stream_consumed:
            return response
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))

    return httpx.MockTransport(network)


def client(answer: Answering, token: Answering | None = None) -> FeedsClient:
    """A client whose network is a function; tokens are had without trouble unless `token` says otherwise."""

    def network(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            return token(request) if token else httpx.Response(200, json=TOKEN)
        return answer(request)

    return FeedsClient(CREDENTIALS, MARKET, QUICK, transport=wire(network))


def failure(call: str, answer: Answering, token: Answering | None = None) -> RemoteError:
    """The error of a call that must fail, and must say so in one line without secrets."""
    with client(answer, token) as one, pytest.raises(RemoteError) as caught:
        CALLS[call](one)
    words = str(caught.value)
    assert words.startswith("Amazon")
    assert words.isprintable()
    assert len(words) < 600
    assert not any(secret in words for secret in ("s3cr3t", "r3fr3sh"))
    return caught.value


def says(status: int, **payload: Any) -> Answering:
    return lambda request: httpx.Response(status, json=payload)


def gives(status: int, body: bytes, **headers: str) -> Answering:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, content=body, headers=named)


# What the network does


def http_errors() -> Iterator[Exception]:
    request = httpx.Request("GET", HOME)
    for kind in vars(httpx).values():
        if not inspect.isclass(kind) or not issubclass(kind, Exception) or issubclass(kind, Warning):
            continue
        if issubclass(kind, httpx.HTTPStatusError):
            yield kind("no", request=request, response=httpx.Response(500, request=request))
        elif issubclass(kind, httpx.StreamError) and kind is not httpx.StreamError:
            yield kind()
        else:
            yield kind("r3fr3sh-value\nwas sent")
    yield from (
        OSError(5, "no"),
        TimeoutError("late"),
        ssl.SSLError("bad record"),
        UnicodeDecodeError("a", b"", 0, 1, ""),
    )


@pytest.mark.parametrize("error", list(http_errors()), ids=lambda error: type(error).__name__)
def test_every_exception_of_the_network(error: Exception) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise error

    for call in CALLS:
        found = failure(call, broken)
        assert isinstance(found, RemoteUnavailable)
        assert found.ambiguous is not isinstance(error, UNSENT)
    found = failure("createFeed", broken, token=broken)
    assert isinstance(found, RemoteUnavailable)
    assert not found.ambiguous


def test_an_answer_that_breaks_off() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"feed'
            raise httpx.ReadError("gone")

    found = failure("createFeed", lambda request: httpx.Response(202, stream=Broken()))
    assert isinstance(found, RemoteUnavailable)
    assert found.ambiguous


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    credentials = Credentials(endpoint, f"{endpoint}/auth/o2/token", "id", "s", "r")
    with (
        FeedsClient(credentials, MARKET, QUICK) as one,
        pytest.raises(RemoteUnavailable, match="could not be reached") as caught,
    ):
        one.create_feed("d1")
    assert not caught.value.ambiguous


# What the library does


def library_errors() -> Iterator[Exception]:
    modules = (sp_api.base.exceptions, sp_api.auth.exceptions, sp_api.base.credential_provider)
    for kind in dict.fromkeys(kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)):
        if issubclass(kind, sp_api.base.exceptions.SellingApiException):
            yield kind([{"code": "X", "message": "no"}], {})
        elif issubclass(kind, sp_api.auth.exceptions.AuthorizationError):
            yield kind("invalid", "no", 400)
        elif issubclass(kind, Exception):
            yield kind("no")
    yield from (AttributeError("no"), TypeError("no"), KeyError("no"), IndexError("no"), RecursionError("no"))


@pytest.mark.parametrize("error", list(library_errors()), ids=lambda error: type(error).__name__)
def test_every_exception_of_the_library(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cws_filedrop.marketplaces.library.Feeds._check_response", broken)
    found = failure("createFeed", says(202, feedId="1"))
    assert isinstance(found, RemoteUnavailable)
    assert found.ambiguous


# What Amazon says


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (call, status)
        for call in CALLS
        for status in (300, 302, 400, 401, 403, 404, 405, 409, 413, 415, 418)
        if (call, status) != ("getOrder", 404)  # which is an answer
    ],
)
def test_statuses_for_a_person(call: str, status: int) -> None:
    for body in (b"", b"<html>", b'{"errors": [{"code": "Wrong", "message": "Look here"}]}', b'{"errors": 1}', b"[]"):
        found = failure(call, gives(status, body))
        assert isinstance(found, RemoteRefused)
        assert found.status == status
        assert found.ambiguous is (status < 400)  # a redirection is no word of Amazon's
        assert str(status) in str(found)
        assert b"Look" not in body or "Look here" in str(found)


@pytest.mark.parametrize("status", [300, 302, 400, 401, 403, 404, 408, 429, 500, 503])
def test_a_token_that_is_not_given_leaves_no_doubt_about_what_it_was_for(status: int) -> None:
    assert not failure("createFeed", says(202, feedId="1"), token=gives(status, b"")).ambiguous


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_statuses_for_time(call: str, status: int) -> None:
    for body in (b"", b"<html>", b'{"errors": [{"code": "Later", "message": "Later"}]}', b"\xff" * 100_000):
        found = failure(call, gives(status, body))
        assert isinstance(found, RemoteUnavailable)
        assert found.ambiguous is (status != 429)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", None), ("-3", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("99999", 3600.0)],
)
def test_how_long_to_wait_is_passed_on(value: str, seconds: float | None) -> None:
    found = failure("createFeed", gives(429, b"", retry_after=value))
    assert isinstance(found, RemoteUnavailable)
    assert found.retry_after_seconds == seconds


def test_storages_have_refusals_of_their_own() -> None:
    expired = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    for call, answer in (("upload", gives(403, expired)), ("upload", gives(400, b"<Code>RequestTimeout</Code>"))):
        found = failure(call, answer)
        assert isinstance(found, RemoteUnavailable)
        assert not found.ambiguous
    found = failure("upload", gives(403, b"<Code>SignatureDoesNotMatch</Code>"))
    assert isinstance(found, RemoteRefused)


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, {"error": "invalid_grant", "error_description": "no"}, True),
        (400, {"error": "unauthorized_client"}, True),
        (400, {"error": "who_knows"}, True),
        (400, [], True),
        (400, {"error": "temporarily_unavailable"}, False),
        (500, {"error": "server_error"}, False),
        (500, {}, False),
        (429, {}, False),
        (200, {}, False),
        (200, [], False),
        (200, TOKEN | {"access_token": 7}, False),
        (200, TOKEN | {"access_token": "a\nb"}, False),
        (200, TOKEN | {"access_token": "é"}, False),
        (200, TOKEN | {"expires_in": "soon"}, False),
        (200, TOKEN | {"expires_in": True}, False),
        (200, TOKEN | {"expires_in": -1}, False),
    ],
)
def test_answers_for_a_token(status: int, body: object, *, refused: bool) -> None:
    found = failure("createFeed", says(202, feedId="1"), lambda request: httpx.Response(status, json=body))
    assert isinstance(found, RemoteRefused if refused else RemoteUnavailable)
    assert not getattr(found, "ambiguous", False)


ODD: dict[str, list[object]] = {
    "createFeedDocument": [
        {"feedDocumentId": "d1"},
        {"url": LINK},
        {"feedDocumentId": 7, "url": LINK},
        {"feedDocumentId": "d1", "url": "ftp://amazon.test/x"},
        {"feedDocumentId": "d1", "url": "http://amazon.test/x"},
        {"feedDocumentId": "d1", "url": "https://"},
        {"feedDocumentId": "d1", "url": "https://a:b:c/"},
        {"feedDocumentId": "d1", "url": [LINK]},
    ],
    "createFeed": [{"feedId": None}, {"feedId": 1}, {"feedId": ""}, {"feedId": ["1"]}],
    "getFeed": [
        FEED | {"processingStatus": "LOST"},
        FEED | {"processingStatus": None},
        FEED | {"createdTime": "yesterday"},
        FEED | {"createdTime": 7},
        FEED | {"resultFeedDocumentId": 7},
        {name: value for name, value in FEED.items() if name != "feedId"},
    ],
    "getFeeds": [
        {"feeds": None},
        {"feeds": {}},
        {"feeds": [1]},
        {"feeds": [{}]},
        {"feeds": [FEED], "nextToken": 7},
        {"feeds": [FEED], "nextToken": ["a"]},
        {"feeds": [FEED], "nextToken": "the same for ever"},
    ],
    "getReport": [{"feedDocumentId": "d1"}, {"url": 1}, {"url": LINK, "compressionAlgorithm": 7}],
    "cancelFeed": [],
    "getOrder": [
        {"order": odd}
        for odd in (
            None,
            [],
            {},
            ORDER | {"orderId": "902-1000000-0000002"},
            ORDER | {"orderId": 7},
            ORDER | {"fulfillment": None},
            ORDER | {"fulfillment": {"fulfillmentStatus": ""}},
            ORDER | {"orderItems": None},
            ORDER | {"orderItems": [1]},
            ORDER | {"orderItems": [{"quantityOrdered": 1}]},
            ORDER | {"orderItems": [{"orderItemId": "01234567890123", "quantityOrdered": -1}]},
            ORDER | {"orderItems": [{"orderItemId": "01234567890123", "quantityOrdered": 1.5}]},
            ORDER | {"orderItems": [{"orderItemId": "01234567890123", "quantityOrdered": True}]},
            ORDER | {"orderItems": [{"orderItemId": "0", "quantityOrdered": 1, "fulfillment": [1]}]},
            ORDER | {"packages": 1},
            ORDER | {"packages": [{"trackingNumber": 7}]},
            ORDER | {"packages": [{"shipTime": "soon"}]},
            ORDER | {"packages": [{"shipTime": "0001-01-01T00:00:00+14:00"}]},
            ORDER | {"packages": [{"packageItems": [{"orderItemId": "0"}]}]},
        )
    ],
    "createReport": [{"reportId": None}, {"reportId": 7}, {"reportId": ""}],
    "getOrderReport": [
        REPORT | {"processingStatus": "LOST"},
        REPORT | {"processingStatus": None},
        REPORT | {"createdTime": "yesterday"},
        REPORT | {"reportDocumentId": 7},
        REPORT | {"reportType": None},
    ],
    "getReportDocument": [
        {"restrictedDataToken": None},
        {"restrictedDataToken": ["Atz"]},
        {"restrictedDataToken": "Atz", "url": 7},
        {"restrictedDataToken": "Atz", "url": "http://amazon.test/x"},
        {"restrictedDataToken": "Atz", "url": LINK, "compressionAlgorithm": 7},
    ],
}
SENSELESS = [
    b"",
    b"<html>",
    b"null",
    b"[]",
    b"[1]",
    b"7",
    b'"a"',
    b"\xff\xfe",
    b'{"feedId": "1"',
    b"[" * 100_000,
    b'{"payload": 1}',
    b'{"headers": 1}',
    b'{"errors": 1}',
    b'{"errors": [1]}',
    b'{"errors": [{"code": "a"}]}',
]


@pytest.mark.parametrize("call", ODD)
def test_good_statuses_with_senseless_answers(call: str) -> None:
    for body in [*SENSELESS, *(json.dumps(odd).encode() for odd in ODD[call])]:
        if (call, body) == ("cancelFeed", b""):  # Amazon's own answer
            continue
        found = failure(call, gives(200, body))
        if b"compressionAlgorithm" in body:
            assert isinstance(found, RemoteRefused)
        else:
            assert isinstance(found, RemoteUnavailable), body
            assert found.ambiguous


def test_an_answer_without_end_is_not_read_to_it() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b" " * 65536

    found = failure("createFeed", lambda request: httpx.Response(202, stream=Endless()))
    assert isinstance(found, RemoteUnavailable)
    assert found.ambiguous  # the feed may well be there
    assert isinstance(failure("getFeed", lambda request: httpx.Response(200, stream=Endless())), RemoteRefused)
    failing = failure("createFeed", lambda request: httpx.Response(500, stream=Endless()))
    assert isinstance(failing, RemoteUnavailable)


def test_an_answer_that_drips_is_given_up() -> None:
    moments = iter(range(0, 10**9, 5))

    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b" "

    def network(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            return httpx.Response(200, json=TOKEN)
        return httpx.Response(202, stream=Dripping())

    options: dict[str, Any] = {"transport": wire(network), "clock": lambda: float(next(moments))}
    with (
        FeedsClient(CREDENTIALS, MARKET, Timeouts(whole_seconds=60.0), **options) as one,
        pytest.raises(RemoteUnavailable, match="took too long"),
    ):
        one.create_feed("d1")


@pytest.mark.parametrize(
    ("packing", "body", "report"),
    [
        (None, b"<a/>", b"<a/>"),
        ("GZIP", compress(b"<a/>"), b"<a/>"),
        ("GZIP", compress(b"<a>") + compress(b"</a>"), b"<a></a>"),
        ("GZIP", b"<a/>", b"<a/>"),
        ("GZIP", b"", b""),
        ("GZIP", compress(b"<a/>")[:-3], None),
        ("GZIP", compress(b"<a/>" * 1000)[:-40] + b"x" * 40, None),
        ("GZIP", compress(bytes(65 * 1024 * 1024)), None),
        ("ZIP", b"<a/>", None),
    ],
    ids=["plain", "packed", "two-members", "unpacked", "empty", "cut", "damaged", "too-large", "unknown-packing"],
)
def test_reports_are_unpacked(packing: str | None, body: bytes, report: bytes | None) -> None:
    def network(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/bucket"):
            return httpx.Response(200, content=body)
        return httpx.Response(200, json={"url": LINK} | ({"compressionAlgorithm": packing} if packing else {}))

    if report is None:
        failure("getReport", network)
    else:
        with client(network) as one:
            assert one.get_report("d1") == report


def test_a_report_encoded_on_its_way_is_unpacked_within_bounds() -> None:
    def network(body: bytes) -> Answering:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.startswith("/bucket"):
                stream = httpx.ByteStream(body)
                return httpx.Response(200, stream=stream, headers={"content-encoding": "gzip"})
            return httpx.Response(200, json={"url": LINK, "compressionAlgorithm": "GZIP"})

        return answer

    with client(network(compress(b"<a/>"))) as one:
        assert one.get_report("d1") == b"<a/>"
    assert isinstance(failure("getReport", network(compress(bytes(65 * 1024 * 1024)))), RemoteRefused)
    assert isinstance(failure("getReport", network(compress(b"<a/>")[:-3])), RemoteUnavailable)


@settings(max_examples=150, deadline=None)
@given(call=st.sampled_from(sorted(CALLS)), status=st.integers(200, 599), body=st.binary(max_size=200))
def test_any_bytes_of_any_status_are_an_answer_or_one_of_our_errors(call: str, status: int, body: bytes) -> None:
    with client(gives(status, body)) as one:
        try:
            CALLS[call](one)
        except (RemoteUnavailable, RemoteRefused):
            return


# What is sent


def test_what_is_sent_is_what_amazon_asks_for() -> None:
    seen: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path.startswith("/bucket"):
            return httpx.Response(200)
        answers = {
            "documents": {"feedDocumentId": "d1", "url": LINK},
            "feeds": {"feedId": "1", "feeds": []},
        }
        return httpx.Response(
            200, json=FEED if request.url.path.endswith("/1") else answers[request.url.path.split("/")[3]]
        )

    with client(network) as one:
        assert one.create_feed_document()[:2] == ("d1", LINK)
        one.upload(LINK, b"<a>\xc3\xa9</a>")
        assert one.create_feed("d1") == "1"
        moment = datetime(2026, 11, 22, 1, 30, 42, tzinfo=UTC)
        assert one.get_feed("1") == Feed("1", FEED["feedType"], FeedStatus.DONE, moment, "d1")
        assert one.get_feeds(SINCE) == []
    document, upload, create, get, several = seen
    assert json.loads(document.content) == {"contentType": "text/xml; charset=UTF-8"}
    assert (upload.method, upload.content) == ("PUT", b"<a>\xc3\xa9</a>")
    assert upload.headers["content-type"] == "text/xml; charset=UTF-8"
    assert not [name for name in upload.headers if name.startswith("x-amz")]
    assert json.loads(create.content) == {
        "feedType": "POST_ORDER_FULFILLMENT_DATA",
        "inputFeedDocumentId": "d1",
        "marketplaceIds": [MARKET],
    }
    assert get.url.query == b""
    assert dict(several.url.params) == {
        "feedTypes": "POST_ORDER_FULFILLMENT_DATA,POST_ORDER_ACKNOWLEDGEMENT_DATA",
        "marketplaceIds": MARKET,
        "pageSize": "100",
        "createdSince": "2026-11-01T00:00:00Z",
    }
    for request in (document, create, get, several):
        assert request.headers["x-amz-access-token"] == "Atza|abc"
        assert request.headers["host"] == "amazon.test"
        assert request.headers["user-agent"].startswith("cws_filedrop/")
        assert set(request.extensions["timeout"]) == {"connect", "read", "write", "pool"}
        assert None not in request.extensions["timeout"].values()


@pytest.mark.parametrize(
    ("endpoint", "marketplace", "words"),
    [
        ("", "NOWHERE", "none is known"),
        ("ftp://amazon.test", MARKET, "no http or https address"),
        ("amazon.test", MARKET, "no http or https address"),
        ("http://amazon.test", MARKET, "in the clear"),
        ("https://amazon.test:notaport", MARKET, "no http or https address"),
    ],
)
def test_addresses_that_cannot_be_used(endpoint: str, marketplace: str, words: str) -> None:
    credentials = Credentials(endpoint, "https://login.test/", "id", "s", "r")
    with pytest.raises(ConfigError, match=words):
        FeedsClient(credentials, marketplace)


ASKED = """
import httpx, logging
from cws_filedrop.marketplaces.amazon import Credentials, FeedsClient
hosts = []
def network(request):
    hosts.append(str(request.url))
    if "o2" in request.url.path:
        return httpx.Response(200, stream=httpx.ByteStream(b'{"access_token": "a", "expires_in": 3600}'))
    return httpx.Response(202, stream=httpx.ByteStream(b'{"feedId": "1"}'))
transport = httpx.MockTransport(network)
credentials = Credentials("", "https://api.amazon.com/auth/o2/token", "i", "s", "r")
FeedsClient(credentials, "A1F83G8C2ARO7P", transport=transport).create_feed("d")
print(hosts)
"""


def test_the_environment_of_others_changes_nothing() -> None:
    strange = {
        "AWS_ENV": "staging",
        "SP_API_DEFAULT_MARKETPLACE": "NARNIA",
        "SP_API_AUTH_CACHE_SIZE": "many",
        "SP_API_REFRESH_TOKEN": "somebody-elses",
        "LWA_APP_ID": "somebody-elses",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "SSL_CERT_FILE": "/nowhere",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ASKED],
        env=os.environ | strange,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "https://sellingpartnerapi-eu.amazon.com/feeds/2021-06-30/feeds" in done.stdout
    assert "sandbox." not in done.stdout
