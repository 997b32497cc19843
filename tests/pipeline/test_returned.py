"""Feeds of which Amazon took nothing: their lines go again, whole or in halves, until only what spoils them is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.trade import Trade, cancelled, shipped, trading

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.feeds.halving import halves
from cws_filedrop.marketplaces.amazon import FEED_TYPES, Feed, FeedStatus
from cws_filedrop.marketplaces.sandbox import report
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.model import FeedKind, FeedState, Policy
from cws_filedrop.pipeline import answers, returned, sending
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow

pytestmark = pytest.mark.postgres

ORDERS = [f"026-0000001-{number:07d}" for number in range(50)]


@dataclass
class Picky:
    """The sandbox's Amazon, but for feeds that it cancels, and those that hold an order which spoils them whole."""

    real: Any
    clock: Any
    cancels: int = 0
    spoilt_by: frozenset[str] = frozenset()
    code: str = "25"
    times: int = 1000  # that it refuses
    counted: int = 0  # messages with an error where it says that it processed them all; 0: it processed none
    uploaded: bytes = b""
    own: dict[str, tuple[FeedStatus, bytes]] = field(default_factory=dict)
    carried: list[list[str]] = field(default_factory=list)

    def upload(self, url: str, body: bytes) -> None:
        self.uploaded = body
        self.real.upload(url, body)

    def create_feed(self, document_id: str, kind: FeedKind = FeedKind.FULFILLMENT) -> str:
        inside = self.uploaded.decode()
        self.carried.append([order for order in ORDERS if order in inside])
        if self.cancels:
            self.cancels -= 1
            return self._own(FeedStatus.CANCELLED, b"")
        if self.times and any(order in self.spoilt_by for order in self.carried[-1]):
            self.times -= 1
            return self._own(FeedStatus.DONE, b"refused")
        found: str = self.real.create_feed(document_id, kind)
        return found

    def _own(self, status: FeedStatus, body: bytes) -> str:
        name = str(900_000_000 + len(self.own))
        results = [ReportedResult(0, ResultSeverity.ERROR, self.code, "It does not fit.")] if self.code else []
        processed = self.uploaded.count(b"<Message>") if self.counted else 0
        made = report.write(int(name), "M1", processed, results)
        made = made.replace(b"Error>1<", f"Error>{self.counted}<".encode())
        self.own[name] = (status, made if body else b"")
        return name

    def get_feed(self, feed_id: str) -> Feed:
        if feed_id not in self.own:
            found: Feed = self.real.get_feed(feed_id)
            return found
        status, body = self.own[feed_id]
        return Feed(feed_id, FEED_TYPES[FeedKind.FULFILLMENT], status, self.clock(), feed_id if body else None)

    def get_report(self, document_id: str) -> bytes:
        if document_id in self.own:
            return self.own[document_id][1]
        found: bytes = self.real.get_report(document_id)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@dataclass
class Place:
    trade: Trade
    amazon: Picky
    context: AmazonContext

    def drop(self, *orders: str) -> str:
        return self.trade.drop(*(shipped(order, f"Y{place:08d}") for place, order in enumerate(orders)))

    def bring(self, feed_no: int) -> FeedRow:
        """Bring an open or filled feed to Amazon, and settle what it answers."""
        assert sending.fill(self.context, feed_no)
        assert sending.submit(self.context, feed_no, 1).done
        self.trade.market.finish()
        assert answers.look(self.context, feed_no, 1).done
        answers.settle(self.context, feed_no, 1)
        return self.trade.feed(feed_no)

    def first(self) -> FeedRow:
        self.trade.turns += 1
        slot = sending.take_turn(self.context, 1, cause=f"t{self.trade.turns}")
        assert slot.feed_no is not None
        return self.bring(slot.feed_no)

    def turns(self, *, passed_over: bool = False) -> list[int]:
        return returned.turns(self.context, passed_over=passed_over)

    def go_on(self, most: int = 100) -> int:
        """Let all waiting feeds go, one after the other. Returns how many went."""
        for number in range(most):
            turns = self.turns()
            if not turns:
                return number
            (feed_no,) = turns
            self.bring(feed_no)
        return most

    def waiting(self) -> list[FeedRow]:
        return [one for one in feeds.listing(self.trade.context.db) if one.state is FeedState.WAITING]

    def stopped(self) -> list[FeedRow]:
        return feeds.stopped_feeds(self.trade.context.db)

    def shipped(self) -> list[str]:
        """The orders that Amazon took, as often as it took them."""
        return sorted(row["order_id"] for row in self.trade.market.ledger() if row["outcome"] == "accepted")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with trading(tmp_path, Policy(cancel_at_amazon=True)) as trade:
        amazon = Picky(trade.wire, trade.context.clock)
        yield Place(trade, amazon, replace(trade.sender, client=lambda account: amazon))


def test_a_cancelled_feed_was_not_sent_and_goes_again(place: Place) -> None:
    place.amazon.cancels = 2
    upload_id = place.drop(*ORDERS[:3])
    first = place.first()
    assert (first.state, first.ended) == (FeedState.SETTLED, "CANCELLED")
    assert "go again" in first.note
    assert place.trade.told(upload_id) == [("queued", "")] * 3
    assert place.go_on() == 2
    assert place.trade.told(upload_id) == [("confirmed", "")] * 3
    assert place.shipped() == ORDERS[:3]


def test_a_cancelled_feed_of_cancellations_goes_again(place: Place) -> None:
    place.trade.knows(ORDERS[0])
    place.amazon.cancels = 1
    upload_id = place.trade.drop(cancelled(ORDERS[0]))
    assert place.first().ended == "CANCELLED"
    assert place.go_on() == 1
    assert place.trade.told(upload_id) == [("confirmed", "")]


def test_one_that_is_cancelled_again_and_again_waits_for_a_person(place: Place) -> None:
    place.amazon.cancels = 1000
    upload_id = place.drop(*ORDERS[:2])
    place.first()
    assert place.go_on() == returned.MOST_CANCELLED
    (feed,) = place.stopped()
    assert "cancelled these messages 6 times" in feed.note
    assert place.trade.told(upload_id) == [("sent", "")] * 2
    place.amazon.cancels = 0
    assert feeds.wake(place.trade.context.db, feed.no)
    assert answers.look(place.context, feed.no, 1).done
    assert answers.settle(place.context, feed.no, 1)[0].done
    assert place.go_on() == 1
    assert place.trade.told(upload_id) == [("confirmed", "")] * 2


def test_settling_a_cancelled_feed_twice_sends_it_again_once(place: Place) -> None:
    place.amazon.cancels = 1
    place.drop(*ORDERS[:2])
    first = place.first()
    assert answers.settle(place.context, first.no, 1)[0].done
    assert len(place.waiting()) == 1
    assert place.go_on() == 1
    assert place.shipped() == ORDERS[:2]


@pytest.mark.parametrize("counted", [0, 1, 3])
def test_the_message_that_spoils_a_feed_is_found_and_all_others_go(place: Place, counted: int) -> None:
    place.amazon.spoilt_by, place.amazon.counted = frozenset({ORDERS[5]}), counted
    upload_id = place.drop(*ORDERS[:8])
    place.first()
    assert place.go_on() == 6
    verdicts = place.trade.told(upload_id)
    assert verdicts.pop(5) == ("unconfirmed", "A-25")
    assert verdicts == [("confirmed", "")] * 7
    assert "It does not fit." in place.trade.messages(upload_id)
    assert place.shipped() == sorted(set(ORDERS[:8]) - {ORDERS[5]})
    assert place.stopped() == []


def test_two_that_spoil_it_are_found(place: Place) -> None:
    place.amazon.spoilt_by = frozenset({ORDERS[0], ORDERS[7]})
    upload_id = place.drop(*ORDERS[:8])
    place.first()
    place.go_on()
    assert [verdict for verdict, _ in place.trade.told(upload_id)] == ["unconfirmed", *["confirmed"] * 6, "unconfirmed"]


def test_trouble_that_may_pass_is_tried_again_as_a_whole_once(place: Place) -> None:
    place.amazon.spoilt_by, place.amazon.code, place.amazon.times = frozenset({ORDERS[1]}), "5002", 1
    upload_id = place.drop(*ORDERS[:4])
    place.first()
    assert place.go_on() == 1
    assert place.amazon.carried == [ORDERS[:4], ORDERS[:4]]
    assert place.trade.told(upload_id) == [("confirmed", "")] * 4


@pytest.mark.parametrize("code", ["5002", ""])
def test_and_halved_when_it_does_not_pass(place: Place, code: str) -> None:
    place.amazon.spoilt_by, place.amazon.code = frozenset({ORDERS[1]}), code
    upload_id = place.drop(*ORDERS[:4])
    place.first()
    assert place.go_on() == 1 + 4
    assert place.amazon.carried[:3] == [ORDERS[:4], ORDERS[:4], ORDERS[:2]]
    assert [verdict for verdict, _ in place.trade.told(upload_id)] == ["confirmed", "unconfirmed", *["confirmed"] * 2]


def test_packages_of_one_order_stay_together_until_it_is_alone(place: Place) -> None:
    place.amazon.spoilt_by = frozenset({ORDERS[1]})
    parts = [shipped(ORDERS[1], f"Y0000000{number}", item=f"0123456789012{number}", quantity="1") for number in (1, 2)]
    place.trade.drop(shipped(ORDERS[0], "Y00000009"), *parts)
    place.first()
    place.go_on()
    assert place.amazon.carried == [ORDERS[:2], ORDERS[:1], ORDERS[1:2], ORDERS[1:2], ORDERS[1:2]]


def test_what_was_dropped_since_goes_first_but_not_for_ever(place: Place) -> None:
    place.amazon.cancels = 1
    place.drop(ORDERS[0])
    place.first()
    place.drop(ORDERS[1])
    assert place.turns(passed_over=True) == []
    assert sending.ready(place.context) == [1]
    place.trade.market.clock.now += 3600
    assert place.turns(passed_over=True) == [one.no for one in feeds.listing(place.trade.context.db)][:1]


def test_a_waiting_feed_waits_for_the_slot(place: Place) -> None:
    place.amazon.cancels = 1
    place.drop(ORDERS[0])
    place.first()
    place.drop(ORDERS[1])
    slot = sending.take_turn(place.context, 1, cause="taken")
    assert slot.feed_no is not None
    assert place.turns() == []
    place.bring(slot.feed_no)
    assert place.go_on() == 1
    assert place.shipped() == ORDERS[:2]


def test_no_more_than_six_such_feeds_go_within_an_hour(place: Place) -> None:
    place.context = replace(place.context, rate_scale=1.0)
    place.amazon.spoilt_by = frozenset(ORDERS[:16])
    place.drop(*ORDERS[:16])
    place.first()
    went = 0
    for _ in range(12):
        for feed_no in place.turns():
            place.bring(feed_no)
            went += 1
        place.trade.market.clock.now += 240
    assert went == 6
    place.trade.market.clock.now += 3600
    assert len(place.turns()) == 1


def test_halving_that_finds_no_end_waits_for_a_person(place: Place) -> None:
    place.amazon.spoilt_by = frozenset(ORDERS)
    place.drop(*ORDERS)
    place.first()
    place.go_on()
    assert [feed.state for feed in place.stopped()] == [FeedState.STOPPED]
    assert "is something else wrong?" in place.stopped()[0].note


def test_no_line_is_in_two_feeds_and_none_is_lost(place: Place) -> None:
    place.amazon.spoilt_by = frozenset({ORDERS[3]})
    place.drop(*ORDERS[:9])
    place.first()
    while True:
        carried = [one for one in feeds.listing(place.trade.context.db) if one.state is FeedState.WAITING]
        assert sum(one.line_count for one in carried) == sum(one.message_count for one in carried)
        turns = place.turns()
        if not turns:
            break
        place.bring(*turns)
    assert place.shipped() == sorted(set(ORDERS[:9]) - {ORDERS[3]})


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_halves(orders: list[int]) -> None:
    messages = [(number, str(order)) for number, order in enumerate(orders, 1)]
    parts = halves(messages)
    assert sorted(number for part in parts for number in part) == [number for number, _ in messages]
    assert all(part == sorted(part) for part in parts)
    assert len(parts) == min(2, len(messages))
    if len(set(orders)) > 1:
        first, second = ({orders[number - 1] for number in part} for part in parts)
        assert not first & second
        assert abs(len(first) - len(second)) <= 1
