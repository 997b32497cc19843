"""Orders that a seller cancels with a reason are cancelled at Amazon, where the seller wants that."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from afterwards import afterwards
from lxml import etree
from marketplaces.market_kit import Market
from pipeline.contexts import NOW, context_on, put, read

from cws_filedrop import schemas
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.model import FeedKind, FeedState, JudgementContext, OrderState, Policy, UploadState
from cws_filedrop.orders import importing
from cws_filedrop.orders.reading_back import OrderReader
from cws_filedrop.pipeline import answers, outbox, returned, sending
from cws_filedrop.rules.cancelling import REASONS
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds, filling, offers
from cws_filedrop.store.feeds.feeds import Ended, FeedRow
from cws_filedrop.store.orders import buyers, order_book
from cws_filedrop.store.schema import ORDERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads

ORDER, OTHER, REFUSED = "026-1520163-6049104", "026-1520163-0000002", "026-0000404-0000003"
ITEM, SECOND = "01234567890123", "01234567890124"
HEADINGS = "order-id\tstatus\torder-item-id\ttracking\tcarrier\tcancel-reason\n"
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\n"


@dataclass
class Book:
    """Answers for orders."""

    orders: dict[str, AmazonOrder] = field(default_factory=dict)

    def get_order(self, order_id: str) -> AmazonOrder | None:
        return self.orders.get(order_id)


@dataclass
class Place:
    """A desk, and its Amazon."""

    context: ServiceContext
    market: Market
    amazon: AmazonContext
    turns: int = 0
    orders: Book = field(default_factory=Book)

    def knows(self, *orders: str) -> None:
        rows = "".join(f"{o}\t{i}\t2026-11-20T10:00:00Z\tStandard\tS\t2\n" for o in orders for i in (ITEM, SECOND))
        source = io.BytesIO((REPORT + rows).encode())
        importing.import_file(
            self.context.db,
            1,
            source,
            file_name="o.txt",
            judging=JudgementContext(self.context.clock()),
            now=self.context.clock(),
        )

    def drop(self, *rows: str) -> str:
        content = HEADINGS + "".join(f"{row}\n" for row in rows)
        upload_id = put(self.context, content.encode(), name=f"{self.turns}.txt")
        read(self.context, upload_id)
        return upload_id

    def send(self) -> FeedRow | None:
        """The next feed, all the way; None when there is nothing to tell."""
        self.turns += 1
        turn = sending.take_turn(self.amazon, 1, cause=f"t{self.turns}")
        if turn.feed_no is None:
            return None
        assert sending.fill(self.amazon, turn.feed_no)
        assert sending.submit(self.amazon, turn.feed_no, 1).done
        self.market.finish()
        assert answers.look(self.amazon, turn.feed_no, 1).done
        step, finished = answers.settle(self.amazon, turn.feed_no, 1)
        assert step.done
        assert outbox.publish(self.context, uploads.some(self.context.db, finished)) == []
        return feeds.get(self.context.db, turn.feed_no)

    def told(self, upload_id: str) -> list[tuple[str, str]]:
        return [(row.verdict, row.code) for piece in lines.of_upload(self.context.db, upload_id) for row in piece]

    def state(self, order: str = ORDER) -> OrderState:
        (found,) = order_book.find(self.context.db, 1, order)
        return found.state

    def ledger(self) -> list[tuple[str, str, str]]:
        return [(one["order_id"], one["item_code"], one["outcome"]) for one in self.market.ledger()]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    market = Market(tmp_path / "amazon.db").start()
    yield market
    afterwards(market.stop)


@pytest.fixture
def place(tmp_path: Path, market: Market) -> Place:
    market.clock.now = NOW.timestamp()
    context = context_on(tmp_path, Policy(cancel_at_amazon=True))
    context = replace(context, clock=lambda: datetime.fromtimestamp(market.clock.now, UTC))
    client = market.client(clock=market.clock)
    orders = market.orders(clock=market.clock)
    return Place(context, market, AmazonContext(context, lambda account: client, lambda account: orders, 1e6))


def cancelled(order: str = ORDER, *, item: str = "", reason: str = "NoInventory") -> str:
    return f"{order}\tcancelled\t{item}\t\t\t{reason}"


def shipped(order: str = ORDER) -> str:
    return f"{order}\tshipped\t\tY0000001K\tYodel\t"


def test_an_order_is_cancelled_at_amazon(place: Place) -> None:
    place.knows(ORDER)
    upload_id = place.drop(cancelled())
    assert place.told(upload_id) == [("queued", "")]
    assert place.state() is OrderState.CANCELLED
    feed = place.send()
    assert feed is not None
    assert (feed.kind, feed.state) == (FeedKind.ACKNOWLEDGEMENT, FeedState.SETTLED)
    assert place.told(upload_id) == [("confirmed", "")]
    assert place.ledger() == [(ORDER, ITEM, "cancelled"), (ORDER, SECOND, "cancelled")]
    assert place.send() is None
    again = place.drop(cancelled())
    assert place.told(again) == [("updated", "")]
    assert place.send() is None


def test_shipments_and_cancellations_go_in_feeds_of_their_own(place: Place) -> None:
    place.knows(ORDER, OTHER)
    upload_id = place.drop(cancelled(), shipped(OTHER))
    first, second = place.send(), place.send()
    assert first is not None
    assert second is not None
    assert [first.kind, second.kind] == [FeedKind.FULFILLMENT, FeedKind.ACKNOWLEDGEMENT]
    assert place.told(upload_id) == [("confirmed", ""), ("confirmed", "")]
    (upload,) = uploads.some(place.context.db, [upload_id])
    assert upload.state is UploadState.DONE
    assert [entry[2] for entry in place.ledger()] == ["accepted", "cancelled", "cancelled"]


def test_many_shipments_do_not_keep_a_cancellation_waiting(place: Place) -> None:
    place.knows(ORDER)
    place.drop(shipped("026-0000000-0000001"))
    place.drop(cancelled())
    kinds = []
    for number in range(3):
        feed = place.send()
        assert feed is not None
        kinds.append(feed.kind)
        place.drop(shipped(f"026-0000000-000001{number}"))
    assert kinds == [FeedKind.FULFILLMENT, FeedKind.ACKNOWLEDGEMENT, FeedKind.FULFILLMENT]


def test_an_order_is_told_once_whatever_the_file_repeats(place: Place) -> None:
    place.knows(ORDER, OTHER)
    upload_id = place.drop(cancelled(), cancelled(OTHER), cancelled())
    assert place.told(upload_id) == [("queued", ""), ("queued", ""), ("duplicate", "O05")]
    feed = place.send()
    assert feed is not None
    assert (feed.line_count, feed.message_count) == (2, 2)


def test_an_order_that_nobody_told_of_is_cancelled_by_its_item(place: Place) -> None:
    upload_id = place.drop(cancelled(item=ITEM), cancelled(OTHER))
    assert place.told(upload_id) == [("queued", ""), ("rejected", "S03")]
    place.send()
    assert place.ledger() == [(ORDER, ITEM, "cancelled")]


def test_what_amazon_refuses_is_unconfirmed(place: Place) -> None:
    place.knows(REFUSED)
    upload_id = place.drop(cancelled(REFUSED))
    place.send()
    assert place.told(upload_id) == [("unconfirmed", "A-18028")]
    assert place.state(REFUSED) is OrderState.UNCONFIRMED
    assert [one["order_id"] for one in lines.unconfirmed(place.context.db, 1, limit=5)] == [REFUSED]
    again = place.drop(cancelled(REFUSED))  # it is not cancelled there: it may be asked again
    assert place.told(again) == [("queued", "")]


def test_a_cancelled_order_is_not_shipped_any_more(place: Place) -> None:
    place.knows(ORDER)
    place.drop(cancelled())
    place.send()
    assert place.told(place.drop(shipped())) == [("rejected", "O04")]


def test_amazon_does_not_cancel_what_was_shipped(place: Place) -> None:
    place.drop(f"{ORDER}\tshipped\t{ITEM}\tY0000001K\tYodel\t")
    place.send()
    late = place.drop(cancelled(item=ITEM))
    assert place.told(late) == [("rejected", "S02")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("noinventory", "NoInventory"), ("Buyer Cancelled", "BuyerCanceled"), ("pricing-error", "PricingError")],
)
def test_reasons_as_people_type_them(place: Place, typed: str, meant: str) -> None:
    place.knows(ORDER)
    place.drop(cancelled(reason=typed))
    feed = place.send()
    assert feed is not None
    table, _ = filling.shipments(place.context.db, feed.no)
    assert table["cancel-reason"].to_list() == [meant]


@pytest.mark.parametrize(
    ("row", "words", "codes"),
    [
        (cancelled(reason="NoInventry"), "is not a reason for cancelling that Amazon knows; did you mean", "S03"),
        (cancelled(reason="because"), '"because" is not a reason for cancelling that Amazon knows', "S03"),
        (cancelled(item=ITEM), "one of 2 items of the order", "S03"),
        (cancelled(OTHER), "we know no items of this order", "S03 | O03"),
    ],
)
def test_what_cannot_be_cancelled_at_amazon(place: Place, row: str, words: str, codes: str) -> None:
    place.knows(ORDER)
    upload_id = place.drop(row)
    assert place.told(upload_id) == [("rejected", codes)]
    (message,) = [line.message for piece in lines.of_upload(place.context.db, upload_id) for line in piece]
    assert words in message
    assert place.send() is None


def test_without_a_reason_or_the_sellers_wish_nothing_is_told(place: Place, tmp_path: Path) -> None:
    place.knows(ORDER, OTHER)
    assert place.told(place.drop(cancelled(reason=""))) == [("updated", "")]
    plain = Place(context_on(tmp_path / "plain"), place.market, place.amazon)
    plain.knows(ORDER)
    told = plain.told(plain.drop(cancelled(), cancelled(OTHER, reason="because")))
    assert told == [("updated", ""), ("updated", "O03")], "the book is current, and does not hold the other"
    assert place.send() is None


def test_a_held_file_cancels_nothing_until_it_is_released(place: Place) -> None:
    context = place.context

    sellers.change(
        context.db, "anna", {"policy": sellers.policy_text(Policy(cancel_at_amazon=True, on_error="hold-file"))}
    )
    place.knows(ORDER)
    held = place.drop(cancelled(), "nonsense\tshipped\t\t\t\t")
    assert place.told(held) == [("held", ""), ("rejected", "O03")]
    assert place.state() is OrderState.NEW
    assert place.send() is None
    assert uploads.read_again(context.db, held, evidence="released")
    read(context, held)
    feed = place.send()
    assert feed is not None
    assert feed.kind is FeedKind.ACKNOWLEDGEMENT
    assert place.told(held) == [("confirmed", ""), ("rejected", "O03")]


def test_a_lost_answer_is_looked_up_among_feeds_of_the_same_kind(place: Place) -> None:
    place.knows(ORDER, OTHER)
    place.market.load({"order_id": ORDER, "items": {ITEM: 2, SECOND: 2}})
    place.drop(shipped(OTHER))
    place.send()
    place.drop(cancelled())
    place.turns += 1
    turn = sending.take_turn(place.amazon, 1, cause="lost")
    assert turn.feed_no is not None
    sending.fill(place.amazon, turn.feed_no)
    place.market.fault("createFeed", "drop", worked=True)
    assert not sending.submit(place.amazon, turn.feed_no, 1).done
    assert feeds.get(place.context.db, turn.feed_no).state is FeedState.INTENDED
    place.market.clock.now += 3600
    while not (step := sending.submit(place.amazon, turn.feed_no, 2)).done:
        assert step.again_seconds, step.note
        place.market.clock.now += step.again_seconds
    assert feeds.get(place.context.db, turn.feed_no).state is FeedState.SUBMITTED
    assert [entry[0] for entry in place.ledger() if entry[2] == "cancelled"] == [ORDER, ORDER]


def test_no_buyer_hears_that_a_cancelled_order_was_shipped(place: Place) -> None:
    place.knows(ORDER, OTHER)
    place.drop(cancelled(), shipped(OTHER))
    numbers = [feed.no for feed in (place.send(), place.send()) if feed is not None]
    told = [one.order for number in numbers for one in buyers.shipped(place.context.db, number, [1])]
    assert told == [OTHER]


def test_the_list_of_reasons_is_that_of_the_schema() -> None:
    folder = Path(schemas.__file__).parent
    tree = etree.parse(folder / "order_acknowledgement.xsd")
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}
    found = tree.xpath("//xs:simpleType[@name='reason']//xs:enumeration/@value", namespaces=names)
    assert tuple(str(one) for one in found) == REASONS


def test_urgent_shipments_stay_out_of_a_feed_of_cancellations(place: Place) -> None:
    """More shipments are queued than a feed holds, one of them urgent, and a cancellation has waited longest."""
    market = replace(place.context.settings.marketplace, messages_per_feed=2)
    context = replace(place.context, settings=replace(place.context.settings, marketplace=market))
    place.amazon = replace(place.amazon, context=context)
    others = [f"026-0000000-000000{number}" for number in range(4)]
    place.knows(ORDER, *others)
    with context.db.write() as connection:
        connection.execute(ORDERS.update().values(latest_ship_date="2026-11-22T13:00:00.000Z"))
    cancelling = place.drop(cancelled())
    shipping = place.drop(*(shipped(one) for one in others))
    for _ in range(3):
        place.market.clock.now += 1300
        place.send()
    assert place.told(cancelling)[0][0] == "confirmed"
    assert {verdict for verdict, _ in place.told(shipping)} == {"confirmed"}


def lost(place: Place) -> None:
    """The next feed is ended as FATAL, after which nobody knows what became of its lines."""
    place.turns += 1
    turn = sending.take_turn(place.amazon, 1, cause=f"t{place.turns}")
    assert turn.feed_no is not None
    assert sending.fill(place.amazon, turn.feed_no)
    assert sending.submit(place.amazon, turn.feed_no, 1).done
    place.market.finish()
    assert answers.look(place.amazon, turn.feed_no, 1).done
    feeds.change(place.context.db, turn.feed_no, ended=Ended.FATAL, report_document_id=feeds.NO_REPORT)
    step, finished = answers.settle(place.amazon, turn.feed_no, 1)
    assert step.done
    assert outbox.publish(place.context, uploads.some(place.context.db, finished)) == []


def read_back(place: Place, hours: float = 0.1) -> None:
    place.market.clock.now += hours * 3600
    reader = OrderReader(place.amazon)
    while reader.look():
        pass


def messages(place: Place, upload_id: str) -> str:
    return " ".join(row.message for piece in lines.of_upload(place.context.db, upload_id) for row in piece)


def at_amazon(place: Place, *, shipped_units: int = 0, gone: bool = False) -> None:
    """What the order book of Amazon has, whatever was told."""
    left = 0 if gone else 2 - shipped_units
    place.orders.orders[ORDER] = AmazonOrder(
        ORDER,
        "CANCELLED" if gone else "PARTIALLY_SHIPPED" if shipped_units else "UNSHIPPED",
        tuple(AmazonItem(item, 2, shipped_units, 2 - shipped_units - left) for item in (ITEM, SECOND)),
        (AmazonPackage("Y0000009K", "", "", ((ITEM, shipped_units), (SECOND, shipped_units))),)
        if shipped_units
        else (),
    )


@pytest.fixture
def doubtful(place: Place) -> Place:
    """An Amazon whose orders are as a test says."""
    place.amazon = replace(place.amazon, orders=lambda account: place.orders)
    place.knows(ORDER)
    return place


def unknown(place: Place) -> list[str]:
    return [one["order_id"] for one in lines.unknown(place.context.db, 1, limit=5)]


def test_a_cancellation_of_unknown_outcome_is_confirmed_once_the_order_is_cancelled(doubtful: Place) -> None:
    upload_id = doubtful.drop(cancelled())
    lost(doubtful)
    assert doubtful.told(upload_id) == [("unknown", "")]
    assert unknown(doubtful) == [ORDER]
    at_amazon(doubtful, gone=True)
    read_back(doubtful)
    assert doubtful.told(upload_id) == [("confirmed", "")]
    assert "own order is cancelled: it is done, and nothing is left to do" in messages(doubtful, upload_id)
    assert (doubtful.state(), unknown(doubtful)) == (OrderState.CANCELLED, [])


def test_one_that_did_not_happen_since_units_are_shipped_is_unconfirmed(doubtful: Place) -> None:
    upload_id = doubtful.drop(cancelled())
    lost(doubtful)
    at_amazon(doubtful, shipped_units=1)
    read_back(doubtful)
    assert doubtful.told(upload_id) == [("unconfirmed", "")]
    assert "it is not cancelled: the sandbox's own order has 2 of 4 shipped" in messages(doubtful, upload_id)
    assert doubtful.state() is OrderState.UNCONFIRMED
    assert [one["order_id"] for one in lines.unconfirmed(doubtful.context.db, 1, limit=5)] == [ORDER]


def test_one_that_plainly_did_not_happen_is_offered_and_goes_again(doubtful: Place) -> None:
    upload_id = doubtful.drop(cancelled())
    lost(doubtful)
    at_amazon(doubtful)
    for _ in range(26):
        read_back(doubtful, 1)
    assert "plainly is not cancelled, look after look: it may be sent again" in messages(doubtful, upload_id)
    assert offers.send_again(doubtful.context.db, 1, ORDER, now=doubtful.context.clock()) == [(upload_id, 2)]
    (number,) = returned.turns(doubtful.amazon, passed_over=False)
    assert feeds.get(doubtful.context.db, number).kind is FeedKind.ACKNOWLEDGEMENT
    assert sending.submit(doubtful.amazon, number, 1).done
    doubtful.market.finish()
    assert answers.look(doubtful.amazon, number, 1).done
    assert answers.settle(doubtful.amazon, number, 1)[1] == [upload_id]
    assert doubtful.told(upload_id) == [("confirmed", "")]


def test_where_the_seller_wants_it_goes_again_by_itself(doubtful: Place) -> None:
    policy = Policy(cancel_at_amazon=True, resend_unknown=True)
    sellers.change(doubtful.context.db, "anna", {"policy": sellers.policy_text(policy)})
    upload_id = doubtful.drop(cancelled())
    lost(doubtful)
    at_amazon(doubtful)
    for _ in range(26):
        read_back(doubtful, 1)
    assert doubtful.told(upload_id) == [("queued", "")]


def test_one_whose_order_is_cancelled_in_part_stays_with_a_person(doubtful: Place) -> None:
    upload_id = doubtful.drop(cancelled())
    lost(doubtful)
    at_amazon(doubtful)
    half = (AmazonItem(ITEM, 2, 0, 2), AmazonItem(SECOND, 2, 0, 0))
    doubtful.orders.orders[ORDER] = replace(doubtful.orders.orders[ORDER], items=half)
    for _ in range(60):
        read_back(doubtful, 1)
    assert doubtful.told(upload_id) == [("unknown", "")]
    assert unknown(doubtful) == [ORDER]
    assert "whether the order was cancelled must be looked up" in messages(doubtful, upload_id)
