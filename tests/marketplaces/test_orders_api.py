"""getOrder: the real client against the real sandbox, and what it makes of Amazon's answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from marketplaces.market_kit import IMPATIENT, MARKET, QUICK, Market, document, message, order_id

from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import Credentials
from cws_filedrop.marketplaces.limits import RATES
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage, OrdersClient

ITEM, OTHER = "01234567890123", "00000000000007"
ORDER = order_id(1)
SHIPPED_AT = "2026-11-22T01:30:42+00:00"  # as market_kit.message says


def test_an_order_nobody_loaded_is_there_once_something_was_shipped_for_it(market: Market) -> None:
    orders = market.orders()
    assert orders.get_order(ORDER) is None
    assert market.results(document(message(1, ORDER, items=((ITEM, 2),), tracking="1Z1"))) == []
    package = AmazonPackage("1Z1", "UPS", SHIPPED_AT, ((ITEM, 2),))
    assert orders.get_order(ORDER) == AmazonOrder(ORDER, "SHIPPED", (AmazonItem(ITEM, 2, 2, 0),), (package,))
    assert market.orders("M2").get_order(ORDER) is None


def test_refused_shipments_are_not_to_be_seen(market: Market) -> None:
    assert market.results(document(message(1, ORDER, tracking="BAD1"))) == [(1, "Error", "18181")]
    assert market.orders().get_order(ORDER) is None


def test_a_loaded_order_from_nothing_shipped_to_all(market: Market) -> None:
    market.load({"order_id": ORDER, "items": {ITEM: 3, OTHER: {"units": 2, "cancelled": 1}}})
    orders = market.orders()
    items = (AmazonItem(OTHER, 2, 0, 1), AmazonItem(ITEM, 3, 0, 0))
    assert orders.get_order(ORDER) == AmazonOrder(ORDER, "UNSHIPPED", items, ())

    assert market.results(document(message(1, ORDER, items=((ITEM, 2),), tracking="1Z1"))) == []
    seen = orders.get_order(ORDER)
    assert seen is not None
    assert (seen.status, seen.items[1]) == ("PARTIALLY_SHIPPED", AmazonItem(ITEM, 3, 2, 0))

    assert market.results(document(message(1, ORDER, items=((OTHER, 2),)))) == [(1, "Error", "18021")]
    both = document(message(1, ORDER, items=((ITEM, 1),), tracking="1Z2"), message(2, ORDER, (), tracking="1Z1"))
    assert market.results(both) == []
    items = (AmazonItem(OTHER, 2, 1, 1), AmazonItem(ITEM, 3, 3, 0))
    packages = (
        AmazonPackage("1Z1", "UPS", SHIPPED_AT, ((ITEM, 2), (OTHER, 1))),
        AmazonPackage("1Z2", "UPS", SHIPPED_AT, ((ITEM, 1),)),
    )
    assert orders.get_order(ORDER) == AmazonOrder(ORDER, "SHIPPED", items, packages)


def test_a_cancelled_order(market: Market) -> None:
    market.load({"order_id": ORDER, "items": {ITEM: {"units": 2, "cancelled": 2}}})
    assert market.orders().get_order(ORDER) == AmazonOrder(ORDER, "CANCELLED", (AmazonItem(ITEM, 2, 0, 2),), ())


def test_a_whole_order_whose_items_nobody_named(market: Market) -> None:
    other = (
        message(1, ORDER, items=(), tracking="1Z1")
        .replace("<CarrierCode>UPS</CarrierCode>", "<CarrierCode>Other</CarrierCode><CarrierName>Bob</CarrierName>")
        .replace("2026-11-22T01:30:42Z", "2026-11-22T01:30:42+02:00")
    )
    assert market.results(document(other)) == []
    package = AmazonPackage("1Z1", "Bob", "2026-11-21T23:30:42+00:00", ())
    assert market.orders().get_order(ORDER) == AmazonOrder(ORDER, "SHIPPED", (), (package,))


def test_a_shipment_is_seen_as_late_as_was_set(open_market: Callable[..., Market]) -> None:
    market = open_market(show_after_seconds=600)
    assert market.results(document(message(1, ORDER))) == []
    market.load({"order_id": order_id(2), "items": {ITEM: 1}}, account="M2")
    assert market.results(document(message(2)), account="M2") == []
    orders, loaded = market.orders(), market.orders("M2")
    market.clock.now += 540
    assert orders.get_order(ORDER) is None
    seen = loaded.get_order(order_id(2))
    assert seen is not None
    assert (seen.status, seen.packages) == ("UNSHIPPED", ())
    market.clock.now += 60
    for client, order in ((orders, ORDER), (loaded, order_id(2))):
        seen = client.get_order(order)
        assert seen is not None
        assert (seen.status, len(seen.packages)) == ("SHIPPED", 1)


def test_a_memory_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "amazon.db") as old:
        old.executescript(
            "CREATE TABLE book (account TEXT NOT NULL, order_id TEXT NOT NULL, item TEXT NOT NULL, units INTEGER NOT"
            " NULL, PRIMARY KEY (account, order_id, item)) WITHOUT ROWID;"
            "CREATE TABLE shipped (account TEXT NOT NULL, order_id TEXT NOT NULL, item TEXT NOT NULL, tracking TEXT NOT"
            " NULL, quantity INTEGER NOT NULL, PRIMARY KEY (account, order_id, item, tracking)) WITHOUT ROWID;"
            f"INSERT INTO book VALUES ('M1', '{ORDER}', '{ITEM}', 3);"
            f"INSERT INTO shipped VALUES ('M1', '{ORDER}', '{ITEM}', '1Z1', 2);"
        )
    old.close()
    wanted = AmazonOrder(
        ORDER, "PARTIALLY_SHIPPED", (AmazonItem(ITEM, 3, 2, 0),), (AmazonPackage("1Z1", "", "", ((ITEM, 2),)),)
    )
    for _ in range(2):  # and not once more by the next start
        market = Market(tmp_path / "amazon.db").start()
        try:
            assert market.orders().get_order(ORDER) == wanted
        finally:
            market.stop()


def test_rates_are_amazons(open_market: Callable[..., Market]) -> None:
    market = open_market(rate_scale=1.0)
    orders = market.orders()
    for _ in range(RATES["getOrder"].burst):
        assert orders.get_order(ORDER) is None
    with pytest.raises(RemoteUnavailable, match="too often") as caught:
        orders.get_order(ORDER)
    assert not caught.value.ambiguous
    market.clock.now += 2
    assert orders.get_order(ORDER) is None


def test_faults(market: Market) -> None:
    orders = market.orders()
    assert market.results(document(message(1, ORDER))) == []
    for kind in ("throttle", "fail", "drop", "garbage", "cut", "break"):
        market.fault("getOrder", kind)
        with pytest.raises(RemoteUnavailable):
            orders.get_order(ORDER)
    market.fault("getOrder", "refuse", status=403)
    with pytest.raises(RemoteRefused) as refused:
        orders.get_order(ORDER)
    assert refused.value.status == 403
    market.fault("getOrder", "hang")
    with pytest.raises(RemoteUnavailable, match="did not answer in time"):
        market.orders(timeouts=IMPATIENT).get_order(ORDER)
    seen = orders.get_order(ORDER)
    assert seen is not None
    assert seen.status == "SHIPPED"


def test_who_has_no_token_sees_nothing(market: Market) -> None:
    assert market.results(document(message(1, ORDER))) == []
    url = f"{market.server.endpoint}/orders/2026-01-01/orders/{ORDER}"
    assert market.control.get(url).status_code == 403
    assert market.control.get(url, headers={"x-amz-access-token": "Atza|00|99999999999|00"}).status_code == 403


def told(order: dict[str, Any]) -> tuple[AmazonOrder | None, list[httpx.Request]]:
    """What the client makes of an order that Amazon describes so, and what it asked."""
    asked: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            return httpx.Response(200, stream=httpx.ByteStream(b'{"access_token": "Atza|abc", "expires_in": 3600}'))
        asked.append(request)
        answer = httpx.Response(200, json={"order": order})
        return httpx.Response(200, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    credentials = Credentials("https://amazon.test", "https://login.test/auth/o2/token", "id", "s3cr3t", "r3fr3sh")
    with OrdersClient(credentials, MARKET, QUICK, transport=httpx.MockTransport(network)) as client:
        return client.get_order(str(order["orderId"])), asked


def test_no_buyer_is_asked_for() -> None:
    _, (asked,) = told({"orderId": ORDER, "fulfillment": {"fulfillmentStatus": "UNSHIPPED"}, "orderItems": []})
    assert asked.url.path == f"/orders/2026-01-01/orders/{ORDER}"
    assert dict(asked.url.params) == {"includedData": "FULFILLMENT,PACKAGES"}
    assert asked.headers["x-amz-access-token"] == "Atza|abc"


def test_what_amazon_leaves_out() -> None:
    order, _ = told(
        {
            "orderId": ORDER,
            "buyer": {"buyerName": "Someone"},
            "fulfillment": {"fulfillmentStatus": "CANCELLED", "fulfilledBy": "MERCHANT"},
            "orderItems": [
                {"orderItemId": ITEM, "quantityOrdered": 3, "product": {}},
                {"orderItemId": OTHER, "quantityOrdered": 4, "fulfillment": {"quantityFulfilled": 1}},
            ],
            "packages": [
                {
                    "packageReferenceId": "1",
                    "packageItems": [{"orderItemId": ITEM, "quantity": 1}, {"orderItemId": ITEM, "quantity": 1}],
                },
                {"packageReferenceId": "2", "packageStatus": {"status": "CANCELLED"}, "trackingNumber": "1Z2"},
            ],
        }
    )
    items = (AmazonItem(ITEM, 3, 2, 1), AmazonItem(OTHER, 4, 1, 3))
    assert order == AmazonOrder(ORDER, "CANCELLED", items, (AmazonPackage("", "", "", ((ITEM, 2),)),))


def test_clients_of_one_account_share_its_token(market: Market) -> None:
    feeds = market.client()
    feeds.create_feed_document()
    market.fault("token", "fail")
    assert OrdersClient.beside(feeds).get_order(ORDER) is None
    with pytest.raises(RemoteUnavailable):
        market.orders().get_order(ORDER)
