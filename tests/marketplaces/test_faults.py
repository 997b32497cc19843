"""Everything the sandbox can be told to do wrong, and what the client makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from marketplaces.market_kit import IMPATIENT, Market, counts, document, message, submit, wait_for

from cws_filedrop.errors import RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.feeds import processing_report
from cws_filedrop.marketplaces.amazon import Feed, FeedsClient, FeedStatus
from cws_filedrop.model import Verdict

OPERATIONS = (
    "createFeedDocument",
    "upload",
    "createFeed",
    "getFeed",
    "getFeeds",
    "getFeedDocument",
    "report",
    "cancelFeed",
)


class Prepared:
    """A client with a feed that is done, one that waits, and a document that can become one: every call can be made."""

    def __init__(self, market: Market, client: FeedsClient | None = None) -> None:
        self.client = client or market.client()
        first = market.settled(self.client, document(message(1)))
        assert first.result_document_id is not None
        self.report_id = first.result_document_id
        self.waiting = submit(self.client, document(message(2)))
        self.document_id, self.url, _ = self.client.create_feed_document()
        self.client.upload(self.url, document(message(3)))
        self.since = market.since()

    def call(self, operation: str) -> object:
        calls: dict[str, Callable[[], object]] = {
            "createFeedDocument": self.client.create_feed_document,
            "upload": lambda: self.client.upload(self.url, document(message(3))),
            "createFeed": lambda: self.client.create_feed(self.document_id),
            "getFeed": lambda: self.client.get_feed(self.waiting),
            "getFeeds": lambda: self.client.get_feeds(self.since),
            "getFeedDocument": lambda: self.client.get_report(self.report_id),
            "report": lambda: self.client.get_report(self.report_id),
            "cancelFeed": lambda: self.client.cancel_feed(self.waiting),
        }
        return calls[operation]()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_faults_of_every_operation(market: Market, operation: str) -> None:
    prepared = Prepared(market)
    for kind, ambiguous in (("throttle", False), ("fail", True), ("drop", True)):
        market.fault(operation, kind, worked=False)
        with pytest.raises(RemoteUnavailable) as caught:
            prepared.call(operation)
        assert caught.value.ambiguous is ambiguous, kind
    market.fault(operation, "refuse", status=400)
    with pytest.raises(RemoteRefused) as refused:
        prepared.call(operation)
    assert refused.value.status == 400
    prepared.call(operation)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in ("upload", "report", "cancelFeed")])
@pytest.mark.parametrize("kind", ["garbage", "cut", "break"])
def test_answers_that_are_none(market: Market, operation: str, kind: str) -> None:
    prepared = Prepared(market)
    market.fault(operation, kind)
    with pytest.raises(RemoteUnavailable) as caught:
        prepared.call(operation)
    assert caught.value.ambiguous
    prepared.call(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_waits_for_ever(market: Market, operation: str) -> None:
    prepared = Prepared(market, market.client(timeouts=IMPATIENT))
    market.fault(operation, "hang")
    with pytest.raises(RemoteUnavailable, match="did not answer in time") as caught:
        prepared.call(operation)
    assert caught.value.ambiguous


@pytest.mark.parametrize("kind", ["throttle", "fail", "hang", "drop", "garbage", "cut", "break"])
def test_trouble_with_the_token_is_never_ambiguous(market: Market, kind: str) -> None:
    market.fault("token", kind)
    with pytest.raises(RemoteUnavailable) as caught:
        market.client(timeouts=IMPATIENT).create_feed("any")
    assert not caught.value.ambiguous


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "fail", "worked": True}, {"kind": "garbage", "worked": True}]
)
def test_a_feed_whose_answer_was_lost_is_found_and_is_one(market: Market, fault: dict[str, object]) -> None:
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    intent = market.since(seconds=60)
    assert client.get_feeds(intent) == []
    market.fault("createFeed", **fault)  # type: ignore[arg-type]
    with pytest.raises(RemoteUnavailable) as caught:
        client.create_feed(document_id)
    assert caught.value.ambiguous
    (found,) = client.get_feeds(intent)
    market.finish()
    assert client.get_feed(found.feed_id).status is FeedStatus.DONE
    assert len(market.ledger()) == 1


def test_a_feed_refused_before_the_work_is_not_there(market: Market) -> None:
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    for kind in ("throttle", "fail", "refuse"):
        market.fault("createFeed", kind)
        with pytest.raises(RemoteError):
            client.create_feed(document_id)
    assert client.get_feeds(market.since()) == []


@pytest.mark.parametrize(("applied", "lines"), [(False, 0), (True, 1)])
def test_fatal_says_nothing_about_what_was_done(market: Market, *, applied: bool, lines: int) -> None:
    client = market.client()
    market.fault("createFeed", "fatal", worked=applied)
    feed = market.settled(client, document(message(1)))
    assert (feed.status, feed.result_document_id) == (FeedStatus.FATAL, None)
    assert len(market.ledger()) == lines


def test_cancelled_by_amazon(market: Market) -> None:
    client = market.client()
    market.fault("createFeed", "cancelled")
    feed = market.settled(client, document(message(1)))
    assert (feed.status, feed.result_document_id) == (FeedStatus.CANCELLED, None)
    assert market.ledger() == []


def verdict(report: bytes, sent: int) -> Verdict:
    return processing_report.answers(processing_report.read(report), sent).default


def settled(market: Market, client: FeedsClient) -> Feed:
    return market.settled(client, document(*(message(number) for number in range(1, 4))))


@pytest.mark.parametrize("kind", ["cut", "garbage", "miscount", "empty", "other"])
def test_damaged_reports_confirm_nobody(market: Market, kind: str) -> None:
    client = market.client()
    feed = settled(market, client)
    assert feed.result_document_id is not None
    market.fault("report", kind)
    assert verdict(client.get_report(feed.result_document_id), 3) is Verdict.UNKNOWN
    assert verdict(client.get_report(feed.result_document_id), 3) is Verdict.CONFIRMED


def test_damaged_packing_is_seen(open_market: Callable[..., Market]) -> None:
    market = open_market(gzip_reports=True)
    client = market.client()
    feed = settled(market, client)
    assert feed.result_document_id is not None
    market.fault("report", "cut")
    with pytest.raises(RemoteUnavailable, match="packing is damaged"):
        client.get_report(feed.result_document_id)
    market.fault("report", "break")
    with pytest.raises(RemoteUnavailable, match="without a whole answer"):
        client.get_report(feed.result_document_id)
    market.fault("report", "miscount")
    assert counts(client.get_report(feed.result_document_id)) == (3, 4, 0, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_said_to_be_packed_and_is_not_is_read_as_it_is(
    open_market: Callable[..., Market], *, packed: bool
) -> None:
    market = open_market(gzip_reports=packed)
    client = market.client()
    feed = settled(market, client)
    assert feed.result_document_id is not None
    operation = "report" if packed else "getFeedDocument"
    market.fault(operation, "not-gzip")
    assert verdict(client.get_report(feed.result_document_id), 3) is Verdict.CONFIRMED
    assert market.ask("health")["faults_struck"] == 1


@pytest.mark.parametrize(("operation", "status"), [("getFeeds", 403), ("getFeed", 404), ("createFeedDocument", 401)])
def test_refusals_of_every_status(market: Market, operation: str, status: int) -> None:
    prepared = Prepared(market)
    market.fault(operation, "refuse", status=status, count=2)
    for _ in range(2):
        with pytest.raises(RemoteRefused) as refused:
            prepared.call(operation)
        assert refused.value.status == status
    prepared.call(operation)


@pytest.mark.parametrize(("when", "feeds"), [("before", 0), ("after", 1)])
def test_whether_it_was_done_before_things_went_wrong_can_be_chosen(market: Market, when: str, feeds: int) -> None:
    for kind in ("fail", "drop", "empty"):
        client = market.client(f"of-{kind}")
        document_id, url, _ = client.create_feed_document()
        client.upload(url, document(message(1)))
        market.fault("createFeed", kind, when=when, status=503)
        with pytest.raises(RemoteUnavailable) as caught:
            client.create_feed(document_id)
        assert caught.value.ambiguous
        assert len(client.get_feeds(market.since())) == feeds, kind


@pytest.mark.parametrize(("when", "feeds"), [("before", 0), ("after", 1)])
def test_a_slow_answer_may_come_after_the_work_or_before(market: Market, when: str, feeds: int) -> None:
    client, impatient = market.client(), market.client(timeouts=IMPATIENT)
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    market.fault("createFeed", "slow", when=when, seconds=2)
    with pytest.raises(RemoteUnavailable, match="did not answer in time"):
        impatient.create_feed(document_id)
    assert len(client.get_feeds(market.since())) == feeds
    wait_for(lambda: len(client.get_feeds(market.since())) == 1)
    market.fault("getFeeds", "slow", seconds=0.1)
    assert len(client.get_feeds(market.since())) == 1


def test_a_fault_strikes_by_chance_and_the_same_for_the_same_seed(market: Market) -> None:
    client = market.client()

    def works() -> bool:
        try:
            client.create_feed_document()
        except RemoteUnavailable:
            return False
        return True

    def struck(seed: int) -> list[bool]:
        market.fault("createFeedDocument", "throttle", probability=0.5, seed=seed, count=0)
        found = [works() for _ in range(30)]
        market.control.delete(market.server.endpoint + "/sandbox/faults")
        return found

    first = struck(1)
    assert set(first) == {True, False}
    assert struck(1) == first
    assert struck(2) != first


def test_faults_are_counted_seen_and_called_off(market: Market) -> None:
    client = market.client()
    market.fault("*", "fail", times=2)
    market.fault("getFeeds", "throttle")
    for _ in range(2):
        with pytest.raises(RemoteUnavailable):
            client.create_feed_document()
    client.create_feed_document()
    assert [(fault["operation"], fault["times"]) for fault in market.ask("faults")["faults"]] == [("getFeeds", 1)]
    market.control.delete(market.server.endpoint + "/sandbox/faults")
    assert client.get_feeds(market.since()) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "createFeed"},
        {"operation": "createFeed", "kind": "explode"},
        {"operation": "launch", "kind": "fail"},
        {"operation": "getFeed", "kind": "fatal"},
        {"operation": "getFeed", "kind": "fail", "often": 3},
        {"operation": "getFeed", "kind": "fail", "when": "soon"},
        {"operation": "getFeed", "kind": "fail", "probability": 0},
        {"operation": "getFeed", "kind": "late"},
        {"operation": "getFeed", "kind": "other"},
        [],
    ],
)
def test_senseless_faults_are_refused(market: Market, fault: object) -> None:
    answer = market.control.post(market.server.endpoint + "/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_sandbox_stops_while_an_answer_hangs(open_market: Callable[..., Market]) -> None:
    market = open_market()
    client = market.client()
    market.fault("createFeedDocument", "hang")
    failures: list[RemoteError] = []

    def call() -> None:
        try:
            client.create_feed_document()
        except RemoteError as error:
            failures.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    while market.ask("faults")["faults"]:
        pass
    market.server.stop()
    caller.join(60)
    assert len(failures) == 1
