"""What the sandbox can be told to be like: clocks, delays, refusals for good, other applications; and its ledger."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from marketplaces.market_kit import PROCESSING_SECONDS, Market, counts, document, message, order_id, results, submit

from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.feeds import schema
from cws_filedrop.marketplaces.amazon import FeedStatus

ITEM = "01234567890123"


def post(market: Market, path: str, body: object) -> Any:
    answer = market.control.post(f"{market.server.endpoint}/sandbox/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def behave(market: Market, **wanted: object) -> Any:
    return post(market, "behaviour", wanted)


def test_behaviour_is_told_changed_and_reset(market: Market) -> None:
    assert behave(market, list_after_seconds=5)["list_after_seconds"] == 5.0
    changed = behave(market, forbidden=["getFeeds"], guilty={order_id(1): "5002"})
    assert (changed["list_after_seconds"], changed["forbidden"]) == (5.0, ["getFeeds"])
    assert market.ask("behaviour") == changed
    market.control.delete(f"{market.server.endpoint}/sandbox/behaviour")
    assert market.ask("behaviour")["forbidden"] == []


def test_behaviour_outlives_a_restart(open_market: Callable[..., Market]) -> None:
    first = open_market()
    behave(first, clock_skew_seconds=180, forbidden=["getOrder"])
    first.server.stop()
    kept = open_market().ask("behaviour")
    assert (kept["clock_skew_seconds"], kept["forbidden"]) == (180.0, ["getOrder"])


@pytest.mark.parametrize(
    "wanted", [[], {"strange": 1}, {"clock_skew_seconds": "1"}, {"forbidden": "getFeeds"}, {"guilty": []}]
)
def test_what_is_no_behaviour(market: Market, wanted: object) -> None:
    before = market.ask("behaviour")
    assert market.control.post(f"{market.server.endpoint}/sandbox/behaviour", json=wanted).status_code == 400
    assert market.ask("behaviour") == before


# Its clock


def date(market: Market, path: str = "/sandbox/health") -> float:
    return parsedate_to_datetime(market.control.get(market.server.endpoint + path).headers["date"]).timestamp()


def test_every_answer_is_dated_by_its_own_clock(market: Market) -> None:
    assert date(market) == market.clock.now
    assert date(market, "/feeds/2021-06-30/feeds/1") == market.clock.now, "a refusal, too"
    behave(market, clock_skew_seconds=-180)
    assert date(market) == market.clock.now - 180
    assert len(market.control.get(market.server.endpoint + "/sandbox/health").headers.get_list("date")) == 1


def test_feeds_are_dated_by_its_own_clock(market: Market) -> None:
    behave(market, clock_skew_seconds=600)
    client = market.client()
    feed = client.get_feed(submit(client, document(message(1))))
    assert feed.created_at.timestamp() == market.clock.now + 600
    market.finish()
    assert client.get_feed(feed.feed_id).status is FeedStatus.DONE


# Late things


def test_a_feed_that_comes_to_be_after_its_answer_was_lost(market: Market) -> None:
    client = market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(1)))
    market.fault("createFeed", "late", seconds=8)
    with pytest.raises(RemoteUnavailable) as caught:
        client.create_feed(document_id)
    assert caught.value.ambiguous
    market.clock.now += 7
    assert client.get_feeds(market.since()) == []
    market.clock.now += 1
    (found,) = client.get_feeds(market.since())
    assert found.created_at.timestamp() == market.clock.now
    assert market.ledger() == []
    market.finish()
    assert client.get_feed(found.feed_id).status is FeedStatus.DONE
    assert [row["order_id"] for row in market.ledger()] == [order_id(1)]


def test_feeds_are_listed_late(market: Market) -> None:
    behave(market, list_after_seconds=20)
    client = market.client()
    feed_id = submit(client, document(message(1)))
    market.clock.now += 19
    assert client.get_feeds(market.since()) == []
    assert client.get_feed(feed_id).feed_id == feed_id
    market.clock.now += 1
    assert [feed.feed_id for feed in client.get_feeds(market.since())] == [feed_id]


def test_a_report_comes_after_done(market: Market) -> None:
    behave(market, report_after_seconds=60)
    client = market.client()
    feed = market.settled(client, document(message(1)))
    assert (feed.status, feed.result_document_id) == (FeedStatus.DONE, None)
    market.clock.now += 60
    late = client.get_feed(feed.feed_id).result_document_id
    assert late is not None
    assert counts(client.get_report(late)) == (1, 1, 0, 0)


def test_orders_show_late(market: Market) -> None:
    market.load({"order_id": order_id(1), "items": {ITEM: 1}})
    behave(market, show_after_seconds=900)
    market.settled(market.client(), document(message(1)))
    orders = market.orders()
    shown = orders.get_order(order_id(1))
    assert shown is not None
    assert shown.packages == ()
    market.clock.now += 900
    shown = orders.get_order(order_id(1))
    assert shown is not None
    assert [package.tracking for package in shown.packages] == ["1Z1"]


# Refused for good


def test_operations_are_forbidden_until_told_otherwise(market: Market) -> None:
    client = market.client()
    feed_id = submit(client, document(message(1)))
    behave(market, forbidden=["getFeeds", "getOrder"])
    for _ in range(2):
        with pytest.raises(RemoteRefused) as refused:
            client.get_feeds(market.since())
        assert refused.value.status == 403
    with pytest.raises(RemoteRefused):
        market.orders().get_order(order_id(1))
    assert client.get_feed(feed_id).feed_id == feed_id
    behave(market, forbidden=[])
    assert len(client.get_feeds(market.since())) == 1


@pytest.mark.parametrize("operation", ["token", "createFeedDocument", "upload", "createFeed", "getFeed", "report"])
def test_each_operation_can_be_forbidden(market: Market, operation: str) -> None:
    client = market.client()
    feed = market.settled(client, document(message(1)))
    behave(market, forbidden=[operation])
    if operation == "token":
        client = market.client()  # one that has no token yet

    def everything() -> None:
        submit(client, document(message(2)))
        client.get_feed(feed.feed_id)
        client.get_report(str(feed.result_document_id))

    with pytest.raises(RemoteRefused):
        everything()


def test_a_guilty_order_spoils_its_whole_feed(market: Market) -> None:
    behave(market, guilty={order_id(2): "5002"})
    client = market.client()
    feed = market.settled(client, document(*(message(number) for number in (1, 2, 3))))
    assert feed.result_document_id is not None
    report = client.get_report(feed.result_document_id)
    assert (counts(report)[:2], results(report)) == ((0, 0), [(0, "Error", "5002")])
    assert market.ledger() == []
    assert market.results(document(message(1), message(3))) == []
    assert [row["order_id"] for row in market.ledger()] == [order_id(1), order_id(3)]


@pytest.mark.parametrize("kind", ["fatal", "cancelled"])
def test_a_feed_that_ends_badly_may_have_a_report(market: Market, kind: str) -> None:
    client = market.client()
    market.fault("createFeed", kind, report=True)
    feed = market.settled(client, document(message(1)))
    assert feed.status == kind.upper()
    assert feed.result_document_id is not None
    report = client.get_report(feed.result_document_id)
    schema.validate(report, schema.DocumentKind.PROCESSING_REPORT)
    assert (counts(report)[:2], results(report)) == ((0, 0), [(0, "Error", "5002")])


def test_the_report_of_a_fatal_feed_that_took_effect_tells_of_it(market: Market) -> None:
    client = market.client()
    market.fault("createFeed", "fatal", report=True, when="after")
    feed = market.settled(client, document(message(1)))
    assert counts(client.get_report(str(feed.result_document_id))) == (1, 1, 0, 0)
    assert len(market.ledger()) == 1


# Others


def test_a_feed_of_another_application_is_there_and_confirms_nothing_of_ours(market: Market) -> None:
    client = market.client()
    mine = submit(client, document(message(1)))
    other = post(market, "feeds", {"account": "M1"})["feed_id"]
    assert {feed.feed_id for feed in client.get_feeds(market.since())} == {mine, other}
    later = post(market, "feeds", {"account": "M1", "seconds": 5, "document": document(message(7)).decode()})["feed_id"]
    assert later not in {feed.feed_id for feed in client.get_feeds(market.since())}
    market.clock.now += 5 + PROCESSING_SECONDS
    report = client.get_feed(other).result_document_id
    assert counts(client.get_report(str(report))) == (1, 1, 0, 0)
    assert [row["order_id"] for row in market.ledger(feed=later)] == [order_id(7)]
    assert market.control.post(f"{market.server.endpoint}/sandbox/feeds", json={}).status_code == 400


def test_a_shipment_by_hand_shows_and_leaves_the_rest(market: Market) -> None:
    market.load({"order_id": order_id(1), "items": {ITEM: 3}})
    by_hand = {"account": "M1", "order_id": order_id(1), "items": {ITEM: 1}, "tracking": "HAND1", "carrier": "UPS"}
    post(market, "shipments", by_hand)
    order = market.orders().get_order(order_id(1))
    assert order is not None
    assert (order.status, order.items[0].shipped) == ("PARTIALLY_SHIPPED", 1)
    assert [(package.tracking, package.carrier) for package in order.packages] == [("HAND1", "UPS")]
    assert market.results(document(message(1, items=[(ITEM, 3)]))) == [(1, "Error", "18021")]
    assert market.results(document(message(1, items=[(ITEM, 2)]))) == []
    assert market.ledger(outcome="accepted")[0]["quantity"] == 2, "only what feeds said"


def test_a_shipment_by_hand_without_a_book_is_not_confirmed_again(market: Market) -> None:
    post(market, "shipments", {"account": "M1", "order_id": order_id(1), "items": {ITEM: 1}, "tracking": "1Z1"})
    assert market.results(document(message(1))) == [(1, "Error", "18021")]


# The ledger


def test_the_ledger_names_what_was_taken_and_what_came_twice(market: Market) -> None:
    refused = message(1, order="026-0000404-0000003")
    market.results(document(refused, message(2)))
    market.results(document(refused))
    found = market.ask("ledger")
    assert [(one["order_id"], one["item"], one["tracking"], one["times"]) for one in found["taken"]] == [
        (order_id(2), ITEM, "1Z2", 1)
    ]
    assert found["twice"] == [], "what was refused may be sent again"
    market.results(document(message(2), message(3)))
    (again,) = market.ask("ledger")["twice"]
    assert (again["order_id"], again["times"], len(set(again["feeds"])), again["quantity"]) == (order_id(2), 2, 2, 1)
    assert market.ask("ledger", order=order_id(3))["twice"] == []
