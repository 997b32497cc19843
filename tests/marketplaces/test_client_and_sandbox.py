"""The real client against the real sandbox: what goes well, paging, packing, tokens, rate limits."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from marketplaces.market_kit import MARKET, QUICK, Market, counts, document, message, order_id, results, submit

from cws_filedrop.errors import ConfigError, RemoteRefused, RemoteUnavailable
from cws_filedrop.feeds import processing_report, schema
from cws_filedrop.marketplaces.amazon import CONTENT_TYPE, FEED_TYPE, Credentials, FeedsClient, FeedStatus
from cws_filedrop.marketplaces.limits import RATES
from cws_filedrop.model import Verdict


def test_a_feed_from_document_to_report(market: Market) -> None:
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1), message(2)))
    feed_id = client.create_feed(document_id)

    feed = client.get_feed(feed_id)
    assert (feed.feed_id, feed.feed_type, feed.status) == (feed_id, FEED_TYPE, FeedStatus.IN_QUEUE)
    assert feed.created_at == datetime.fromtimestamp(market.clock.now, UTC)
    assert feed.result_document_id is None
    market.clock.now += 15
    assert client.get_feed(feed_id).status is FeedStatus.IN_PROGRESS
    assert market.ledger() == []
    market.clock.now += 15

    done = client.get_feed(feed_id)
    assert done.status is FeedStatus.DONE
    assert done.result_document_id is not None
    report = client.get_report(done.result_document_id)
    schema.validate(report, schema.DocumentKind.PROCESSING_REPORT)
    assert counts(report) == (2, 2, 0, 0)
    assert feed_id.removeprefix("SANDBOX-").encode() in report
    assert processing_report.answers(processing_report.read(report), 2).default is Verdict.CONFIRMED
    assert [(row["message_id"], row["order_id"], row["outcome"]) for row in market.ledger()] == [
        (1, order_id(1), "accepted"),
        (2, order_id(2), "accepted"),
    ]


def test_a_report_comes_back_the_same_packed_or_not(open_market: Callable[..., Market]) -> None:
    market = open_market(gzip_reports=True)
    client = market.client()
    feed = market.settled(client, document(message(1, "902-0000404-1234567"), message(2)))
    assert feed.result_document_id is not None
    report = client.get_report(feed.result_document_id)
    assert report.startswith(b"<?xml")
    assert results(report) == [(1, "Error", "18028")]
    raw = market.control.get(document_link(market, feed.result_document_id))
    assert raw.content.startswith(b"\x1f\x8b")
    unpacked = market.control.get(document_link(market, feed.result_document_id, encoded=True))
    assert unpacked.headers["content-encoding"] == "gzip"
    assert unpacked.content == report


def document_link(market: Market, document_id: str, *, encoded: bool = False) -> str:
    url = f"{market.server.endpoint}/feeds/2021-06-30/documents/{document_id}"
    query = {"enableContentEncodingUrlHeader": "true"} if encoded else {}
    answer = market.control.get(url, params=query, headers={"x-amz-access-token": token(market)})
    assert answer.json()["compressionAlgorithm"] == "GZIP"
    return str(answer.json()["url"])


def token(market: Market, account: str = "M1") -> str:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": f"sandbox-{account}",
        "client_id": "x",
        "client_secret": "y",
    }
    return str(market.control.post(market.server.token_url, data=form).json()["access_token"])


def test_all_pages_of_the_list_are_read(market: Market) -> None:
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    made = [client.create_feed(document_id) for _ in range(230)]
    other = market.client("M2")
    submit(other, document(message(1)))
    found = [feed.feed_id for feed in client.get_feeds(market.since())]
    assert sorted(found) == sorted(made)
    market.clock.now += 100
    assert client.get_feeds(market.since(seconds=50)) == []
    assert len(other.get_feeds(market.since())) == 1


def test_ten_thousand_messages_take_no_time(market: Market) -> None:
    client = market.client()
    cost = {}
    for first, number in ((10_001, 1_000), (1, 10_000)):
        feed_id = submit(client, document(*(message(first + one) for one in range(number))))
        market.finish()
        started = time.process_time()
        feed = client.get_feed(feed_id)
        cost[number] = time.process_time() - started
    assert cost[10_000] < 50 * cost[1_000]  # some 15 times; 100 times if each message looked at all others
    assert feed.result_document_id is not None
    assert counts(client.get_report(feed.result_document_id)) == (10_000, 10_000, 0, 0)
    assert market.ask("ledger/summary") == {"lines": 11_000, "different": 11_000, "more_than_once": []}


def test_others_are_answered_while_a_large_feed_is_processed(market: Market) -> None:
    client = market.client()
    feed_id = submit(client, document(*(message(number) for number in range(1, 10_001))))
    market.finish()
    ready = threading.Thread(target=client.get_feed, args=(feed_id,))
    ready.start()
    answers = 0
    while ready.is_alive():
        assert market.control.get(market.server.endpoint + "/sandbox/faults").status_code == 200
        answers += 1
    ready.join()
    assert answers > 20  # some 400, and one or two if all waited until it is processed


def test_a_feed_can_be_taken_back_while_it_waits(market: Market) -> None:
    client = market.client()
    feed_id = submit(client, document(message(1)))
    client.cancel_feed(feed_id)
    assert client.get_feed(feed_id).status is FeedStatus.CANCELLED
    market.finish()
    assert client.get_feed(feed_id).result_document_id is None
    assert market.ledger() == []
    late = market.settled(client, document(message(1)))
    with pytest.raises(RemoteRefused, match="400 InvalidInput") as caught:
        client.cancel_feed(late.feed_id)
    assert caught.value.status == 400


def test_accounts_do_not_see_each_other(market: Market) -> None:
    mine = market.client("M1")
    feed = market.settled(mine, document(message(1)))
    other = market.client("M2")
    with pytest.raises(RemoteRefused, match="does not know"):
        other.get_feed(feed.feed_id)
    assert feed.result_document_id is not None
    with pytest.raises(RemoteRefused) as caught:
        other.get_report(feed.result_document_id)
    assert caught.value.status == 404
    document_id, url, _ = mine.create_feed_document()
    mine.upload(url, document(message(1)))
    with pytest.raises(RemoteRefused) as caught:
        other.create_feed(document_id)
    assert caught.value.status == 400


def test_a_document_must_be_uploaded_before_it_is_a_feed(market: Market) -> None:
    client = market.client()
    document_id, _, _ = client.create_feed_document()
    with pytest.raises(RemoteRefused, match="no contents"):
        client.create_feed(document_id)


def test_an_upload_needs_the_very_content_type_and_a_fresh_link(market: Market) -> None:
    client = market.client()
    _, url, _ = client.create_feed_document()
    answer = market.control.put(url, content=b"<a/>", headers={"content-type": "text/xml; charset=utf-8"})
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text
    assert market.control.put(url, content=b"<a/>", headers={"content-type": CONTENT_TYPE}).status_code == 200
    with pytest.raises(RemoteRefused, match="did not let us in"):
        client.upload(url.replace("Signature=", "Signature=0"), b"<a/>")
    market.clock.now += 300
    with pytest.raises(RemoteUnavailable, match="link has ended") as caught:
        client.upload(url, b"<a/>")
    assert not caught.value.ambiguous


def test_an_upload_has_a_largest_size(market: Market) -> None:
    client = market.client()
    _, url, _ = client.create_feed_document()
    client.upload(url, b" " * (10 * 1024 * 1024))
    with pytest.raises((RemoteRefused, RemoteUnavailable)):
        client.upload(url, b" " * (10 * 1024 * 1024 + 1))


def test_a_token_is_asked_for_once_by_many_threads(market: Market) -> None:
    client = market.client()
    market.fault("token", "fail", times=1)
    with pytest.raises(RemoteUnavailable):
        client.create_feed_document()
    market.fault("token", "refuse", times=99, worked=True)  # after the first answer no other is to be had
    with pytest.raises(RemoteRefused):
        client.create_feed_document()
    market.control.delete(market.server.endpoint + "/sandbox/faults")
    failures: list[Exception] = []

    def call() -> None:
        try:
            client.create_feed_document()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_token_is_kept_and_renewed_before_it_ends(market: Market) -> None:
    asked: Counter[str] = Counter()

    class Counting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked[request.url.path] += 1
            return super().handle_request(request)

    client = market.client(transport=Counting(), clock=market.clock)
    for _ in range(5):
        client.create_feed_document()
    assert asked["/auth/o2/token"] == 1
    market.clock.now += 3600 - 61
    client.create_feed_document()
    assert asked["/auth/o2/token"] == 1
    market.clock.now += 2
    client.create_feed_document()
    assert asked["/auth/o2/token"] == 2


def test_a_token_refused_before_its_time_is_replaced_once(market: Market) -> None:
    elsewhere = market.clock.now
    client = market.client(clock=lambda: elsewhere)
    client.create_feed_document()
    market.clock.now += 3601  # to the sandbox the token has ended, to the client it has not
    with pytest.raises(RemoteRefused) as caught:
        client.create_feed_document()
    assert caught.value.status == 403
    elsewhere += 40
    assert client.create_feed_document()[0]


@pytest.mark.parametrize(
    ("secret", "refresh", "status", "words"),
    [
        ("s", "revoked-1", 400, "authorise the application again"),
        ("wrong", "sandbox-M1", 401, "client secret are wrong"),
        ("s", "", 400, "look at client id"),
    ],
)
def test_bad_credentials_are_explained(market: Market, secret: str, refresh: str, status: int, words: str) -> None:
    credentials = Credentials(market.server.endpoint, market.server.token_url, "id", secret, refresh)
    with (
        FeedsClient(credentials, MARKET, QUICK) as client,
        pytest.raises(RemoteRefused, match=words) as caught,
    ):
        client.get_feeds(market.since())
    assert caught.value.status == status


@pytest.mark.parametrize("operation", ["createFeed", "getFeeds"])
def test_the_rates_are_kept_and_come_back(open_market: Callable[..., Market], operation: str) -> None:
    market = open_market(rate_scale=1.0)
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    calls = {
        "createFeed": lambda: client.create_feed(document_id),
        "getFeeds": lambda: client.get_feeds(market.since()),
    }
    rate = RATES[operation]
    for _ in range(rate.burst):
        calls[operation]()
    with pytest.raises(RemoteUnavailable, match="too often") as caught:
        calls[operation]()
    assert not caught.value.ambiguous
    other = market.client("M2")
    assert other.get_feeds(market.since()) == []  # sellers do not share a bucket
    market.clock.now += rate.interval_seconds
    calls[operation]()
    with pytest.raises(RemoteUnavailable):
        calls[operation]()


def test_answers_carry_amazons_headers(market: Market) -> None:
    url = f"{market.server.endpoint}/feeds/2021-06-30/feeds"
    headers = {"x-amz-access-token": token(market)}
    answer = market.control.get(url, headers=headers, params={"feedTypes": FEED_TYPE})
    assert answer.status_code == 200
    assert answer.headers["x-amzn-requestid"]
    assert float(answer.headers["x-amzn-ratelimit-limit"]) > 0
    market.fault("getFeeds", "throttle")
    throttled = market.control.get(url, headers=headers, params={"feedTypes": FEED_TYPE})
    assert throttled.status_code == 429
    assert throttled.json()["errors"][0]["code"] == "QuotaExceeded"
    assert "x-amzn-ratelimit-limit" not in throttled.headers
    denied = market.control.get(url, headers={"x-amz-access-token": "Atza|x"}, params={"feedTypes": FEED_TYPE})
    assert denied.status_code == 403
    assert denied.json()["errors"][0]["code"] == "Unauthorized"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"feedTypes": FEED_TYPE, "pageSize": "101"},
        {"feedTypes": FEED_TYPE, "nextToken": "abc"},
        {"nextToken": "abc"},
        {"feedTypes": FEED_TYPE, "createdSince": "yesterday"},
        {"feedTypes": FEED_TYPE, "processingStatuses": "DONE,LOST"},
    ],
)
def test_wrong_queries_are_refused(market: Market, query: dict[str, str]) -> None:
    url = f"{market.server.endpoint}/feeds/2021-06-30/feeds"
    answer = market.control.get(url, headers={"x-amz-access-token": token(market)}, params=query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidInput"


def test_filters_of_the_list(market: Market) -> None:
    client = market.client()
    market.settled(client, document(message(1)))
    submit(client, document(message(2)))
    url = f"{market.server.endpoint}/feeds/2021-06-30/feeds"
    usual = {"feedTypes": FEED_TYPE}

    def found(**query: str) -> int:
        answer = market.control.get(url, headers={"x-amz-access-token": token(market)}, params=usual | query)
        return len(answer.json()["feeds"])

    assert found() == 2
    assert found(processingStatuses="DONE") == 1
    assert found(processingStatuses="IN_QUEUE,FATAL") == 1
    assert found(marketplaceIds="A1F83G8C2ARO7P") == 0
    assert found(marketplaceIds=f"A1F83G8C2ARO7P,{MARKET}") == 2
    assert found(createdUntil=market.since(1).isoformat()) == 1


def test_nothing_secret_is_logged(
    market: Market, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "sp_api", "sp_api.base.client", "uvicorn.error"):
        caplog.set_level(logging.DEBUG, logger=name)
    client = market.client()
    feed = market.settled(client, document(message(1, tracking="1ZPRIVATE")))
    assert feed.result_document_id is not None
    client.get_report(feed.result_document_id)
    client.get_feeds(market.since())
    said = caplog.text + "".join(capfd.readouterr())
    assert "feed_created" in said
    assert not re.search("s3cr3t|sandbox-M1|Atza|X-Amz-Signature|1ZPRIVATE", said)
    assert not re.search("s3cr3t|sandbox-M1", repr(market.credentials()))


def test_credentials_that_were_mended_are_used_without_a_restart(market: Market) -> None:
    good = market.credentials()
    kept = [replace(good, client_secret="wrong")]
    with FeedsClient(kept[0], MARKET, QUICK, renew=lambda: kept[0]) as client:
        for secret in ("wrong", "wrong"):
            with pytest.raises(RemoteRefused, match="client secret are wrong") as caught:
                client.get_feeds(market.since())
            assert caught.value.consent
            kept[0] = replace(good, client_secret=secret)
        kept[0] = good
        assert client.get_feeds(market.since()) == []


def test_credentials_that_cannot_be_read_again_leave_the_refusal_as_it_is(market: Market) -> None:
    def unreadable() -> Credentials:
        raise ConfigError("[marketplace] client_secret: no such file")

    wrong = replace(market.credentials(), client_secret="wrong")
    with FeedsClient(wrong, MARKET, QUICK, renew=unreadable) as client, pytest.raises(RemoteRefused, match="wrong"):
        client.get_feeds(market.since())
