"""What the sandbox says about messages, and that its reports are ones our reader understands."""

from __future__ import annotations

import pytest
from marketplaces.market_kit import Market, counts, document, message, results

from cws_filedrop.feeds import schema
from cws_filedrop.marketplaces.sandbox import reading

ITEM = "01234567890123"
ORDER = "902-1000000-0000001"


@pytest.mark.parametrize(
    ("order", "tracking", "said", "outcome"),
    [
        ("902-0000404-0000001", "1Z1", [(1, "Error", "18028")], "refused"),
        ("902-0000409-0000001", "1Z1", [(1, "Error", "18021")], "refused"),
        ("902-0000422-0000001", "1Z1", [(1, "Error", "18181")], "refused"),
        ("902-0000299-0000001", "1Z1", [(1, "Warning", "18181")], "warning"),
        ("902-1000000-0000001", "BAD123", [(1, "Error", "18181")], "refused"),
        ("902-1000000-0000001", "ODD123", [(1, "Warning", "18181")], "warning"),
        ("902-1000000-0000001", "1Z1", [], "accepted"),
    ],
)
def test_refusals_to_show(
    market: Market, order: str, tracking: str, said: list[tuple[int, str, str]], outcome: str
) -> None:
    assert market.results(document(message(1, order, tracking=tracking), message(2))) == said
    first, second = market.ledger()
    assert (first["outcome"], first["order_id"], first["tracking"]) == (outcome, order, tracking)
    assert second["outcome"] == "accepted"


def test_the_same_shipment_is_confirmed_once(market: Market) -> None:
    assert market.results(document(message(1, ORDER, tracking="1Z1"))) == []
    assert market.results(document(message(1, ORDER, tracking="1Z1"))) == [(1, "Error", "18021")]
    assert market.results(document(message(1, ORDER, tracking="1Z2"))) == []  # a correction or another package
    assert market.results(document(message(1, ORDER, tracking="1Z1")), account="M2") == []
    assert [row["outcome"] for row in market.ledger(order=ORDER, account="M1")] == ["accepted", "refused", "accepted"]
    assert len(market.ask("ledger/summary")["more_than_once"]) == 1


def test_the_same_shipment_twice_in_one_document(market: Market) -> None:
    body = document(message(1, ORDER, tracking="1Z1"), message(2, ORDER, tracking="1Z1"))
    assert market.results(body) == [(2, "Error", "18021")]


def test_a_whole_order_takes_its_items_along(market: Market) -> None:
    assert market.results(document(message(1, ORDER, items=(), tracking="1Z1"))) == []
    assert market.results(document(message(1, ORDER, items=(), tracking="1Z1"))) == [(1, "Error", "18021")]
    assert market.results(document(message(1, ORDER, tracking="1Z1"))) == [(1, "Error", "18021")]
    assert [(row["item_code"], row["quantity"]) for row in market.ledger()] == [("", None), ("", None), (ITEM, 1)]


def test_a_loaded_book_knows_orders_items_and_units(market: Market) -> None:
    other = "00000000000007"
    orders = {"account": "M1", "orders": [{"order_id": ORDER, "items": {ITEM: 3, other: 1}}]}
    assert market.control.post(market.server.endpoint + "/sandbox/orders", json=orders).status_code == 204

    def said(items: tuple[tuple[str, int | None], ...], order: str = ORDER, tracking: str = "1Z1") -> list[str]:
        return [code for _, _, code in market.results(document(message(1, order, items=items, tracking=tracking)))]

    assert said(((ITEM, 1),), order="902-1000000-0000002") == ["18028"]
    assert said((("00000000000001", 1),)) == ["18028"]
    assert said(((ITEM, 4),)) == ["18021"]
    assert said(((ITEM, 2),)) == []
    assert said(((ITEM, 2),)) == ["18021"]
    assert said(((ITEM, None),)) == []
    assert said(((ITEM, None),)) == ["18021"]
    assert said((), tracking="1Z9") == []  # what is left: one unit of the other item
    assert said((), tracking="1Z9") == ["18021"]
    assert market.results(document(message(1)), account="M2") == []
    assert market.control.delete(market.server.endpoint + "/sandbox/orders").status_code == 204
    assert said(((ITEM, 9),), tracking="1Z8") == []


def test_a_senseless_book_is_refused(market: Market) -> None:
    for body in (b"{", b'{"orders": [{"items": {}}]}', b"[]", b'{"orders": 3}'):
        answer = market.control.post(market.server.endpoint + "/sandbox/orders", content=body)
        assert answer.status_code == 400, body


GOOD = document(message(1), message(2))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", [(0, "Error", "50001")]),
        (b"order-id\tship-date\r\n", [(0, "Error", "50001")]),
        (GOOD.replace(b"</Item>", b"", 1), [(0, "Error", "5000"), (1, "Error", "5002")]),
        (GOOD[:-30], [(0, "Error", "50001")]),
        (GOOD.replace(b"<Quantity>1</Quantity>", b"<Quantity>0</Quantity>", 1), [(0, "Error", "25")]),
        (GOOD.replace(b"AmazonEnvelope", b"Envelope"), [(0, "Error", "25")]),
        (document(message(7), message(7)), [(0, "Error", "25")]),
        (document(message(2**63)), [(0, "Error", "25")]),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + GOOD[GOOD.index(b"<Amazon") :], [(0, "Error", "25")]),
        ("<a>" * 10_000 + "</a>" * 10_000, [(0, "Error", "25")]),
    ],
)
def test_documents_that_are_refused_whole(market: Market, body: bytes | str, said: list[tuple[int, str, str]]) -> None:
    client = market.client()
    feed = market.settled(client, body.encode() if isinstance(body, str) else body)
    assert feed.result_document_id is not None
    report = client.get_report(feed.result_document_id)
    schema.validate(report, schema.DocumentKind.PROCESSING_REPORT)
    assert results(report)[: len(said)] == said
    assert counts(report)[1] == 0
    assert market.ledger() == []


def test_strange_words_survive_the_report(market: Market) -> None:
    client = market.client()
    feed = market.settled(client, document(message(1, tracking='BAD<&>"é漢')))
    assert feed.result_document_id is not None
    report = client.get_report(feed.result_document_id)
    schema.validate(report, schema.DocumentKind.PROCESSING_REPORT)
    assert 'BAD&lt;&amp;&gt;"é漢' in report.decode()


def test_quantities_of_any_length_are_read() -> None:
    body = document(message(1, items=((ITEM, 10**3000),)))
    found = reading.read(body)
    assert isinstance(found, reading.ReadableDocument)
    assert found.messages[0].items[0].quantity == 10**14
