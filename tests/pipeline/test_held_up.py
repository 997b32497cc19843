"""What holds a feed up holds it up for a moment only: no tokens left, calls that fail, Amazon still at work.

Each time nothing is sent, believed or told meanwhile, it is said why it waits, and it comes to its end afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pipeline.shop import OTHER
from pipeline.test_looking_up import (
    UNIT,
    a_stranger_sends,
    adopted,
    forbidden,
    is_confirmed_once,
    lost,
    reached_by,
)
from pipeline.trade import Overheard, Trade, shipped, trading

from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import Feed
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import FeedState
from cws_filedrop.pipeline import answers
from cws_filedrop.store.feeds import feeds


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path) as trade:
        yield trade


def without_tokens(trade: Trade, operation: str) -> float:
    """Others have taken all tokens of an operation; the wait until the next one."""
    trade.sender = replace(trade.sender, rate_scale=1.0)
    limit = trade.sender.rate_limit(operation)
    while not (wait := feeds.reserve(trade.context.db, 1, limit, trade.context.clock())):
        pass
    return wait


def sent(trade: Trade) -> tuple[str, int]:
    upload_id, feed_no = trade.drop(shipped()), trade.begin()
    assert trade.submit(feed_no).done
    trade.market.finish()
    return upload_id, feed_no


# Polling and reports.


def test_a_poll_waits_for_its_token(trade: Trade) -> None:
    _, feed_no = sent(trade)
    wait = without_tokens(trade, "getFeed")
    step = answers.look(trade.sender, feed_no, 1)
    assert (step.done, step.again_seconds) == (False, pytest.approx(wait))
    trade.market.clock.now += wait
    assert answers.look(trade.sender, feed_no, 2).done


def test_a_poll_that_fails_is_made_again_and_says_why(trade: Trade) -> None:
    upload_id, feed_no = sent(trade)
    trade.market.fault("getFeed", "fail", times=1)
    step = answers.look(trade.sender, feed_no, 1)
    assert (step.done, step.again_seconds) == (False, trade.sender.poll_seconds(1))
    assert step.note
    assert (trade.feed(feed_no).note, trade.feed(feed_no).state) == (step.note, FeedState.SUBMITTED)
    assert trade.told(upload_id) == [("sent", "")]
    trade.look(feed_no)
    assert trade.settle(feed_no).done
    assert (trade.told(upload_id), trade.feed(feed_no).note) == ([("confirmed", "")], "")


def test_a_report_waits_for_its_token(trade: Trade) -> None:
    upload_id, feed_no = sent(trade)
    trade.look(feed_no)
    wait = without_tokens(trade, "getFeedDocument")
    step = trade.settle(feed_no)
    assert (step.done, step.again_seconds) == (False, pytest.approx(wait))
    assert "rate limit" in trade.feed(feed_no).note
    assert trade.told(upload_id) == [("sent", "")]
    trade.market.clock.now += wait
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]


# Proving a feed that was found.


@pytest.mark.parametrize("operation", ["getFeed", "getFeedDocument"])
def test_a_proof_waits_for_its_token(trade: Trade, operation: str) -> None:
    upload_id, feed_no = lost(trade)
    adopted(trade, feed_no)
    trade.market.finish()
    usual, wait = trade.sender, without_tokens(trade, operation)
    step = trade.submit(feed_no, 2)
    assert (step.done, step.again_seconds) == (False, pytest.approx(wait))
    assert trade.feed(feed_no).state is FeedState.ADOPTED
    trade.market.clock.now += wait
    assert trade.resolve(feed_no).done
    trade.sender = usual
    is_confirmed_once(trade, upload_id, feed_no)


def test_a_feed_that_was_found_is_not_judged_while_amazon_works_on_it(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    trade.market.clock.now += UNIT
    trade.wire.client.create_feed(trade.feed(feed_no).document_id)
    adopted(trade, feed_no)
    step = trade.submit(feed_no, 2)
    assert (step.done, step.again_seconds) == (False, trade.sender.poll_seconds(2))
    assert "is working on it" in trade.feed(feed_no).note
    is_confirmed_once(trade, upload_id, feed_no)


# Orders that cannot be read just now.


@dataclass
class Busy:
    """Orders that cannot be read some times."""

    orders: Any
    times: int
    asked: list[str] = field(default_factory=list)

    def get_order(self, order_id: str) -> AmazonOrder | None:
        self.asked.append(order_id)
        if len(self.asked) <= self.times:
            raise RemoteUnavailable("it is busy", ambiguous=False, retry_after_seconds=77.0)
        found: AmazonOrder | None = self.orders.get_order(order_id)
        return found


def busy(trade: Trade, times: int = 2) -> None:
    orders = Busy(trade.market.orders(clock=trade.market.clock), times)
    trade.sender = replace(trade.sender, orders=lambda account: orders)


def waits_for_orders(trade: Trade, feed_no: int, attempt: int = 2) -> str:
    """Submit until orders are asked for and busy; the note then."""
    for _ in range(100):
        step = trade.submit(feed_no, attempt)
        assert not step.done
        if step.again_seconds == 77.0:
            assert trade.feed(feed_no).note == step.note
            return step.note
        trade.market.clock.now += step.again_seconds
    raise AssertionError("orders were not asked for")


def test_a_proof_waits_for_orders(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    busy(trade)
    assert "it is busy" in waits_for_orders(trade, feed_no)
    assert (trade.feed(feed_no).state, trade.told(upload_id)) == (FeedState.ADOPTED, [("sent", "")])
    is_confirmed_once(trade, upload_id, feed_no)


def test_where_feeds_may_not_be_listed_orders_are_waited_for(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    forbidden(trade)
    busy(trade)
    assert "it is busy" in waits_for_orders(trade, feed_no)
    assert (trade.feed(feed_no).state, trade.told(upload_id)) == (FeedState.INTENDED, [("queued", "")])
    trade.market.finish()
    assert trade.resolve(feed_no).done
    assert (trade.told(upload_id), len(trade.wire.sent)) == ([("confirmed", "")], 1)


def test_nothing_is_sent_again_while_orders_cannot_be_read(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    busy(trade)
    assert "it is busy" in waits_for_orders(trade, feed_no)
    assert (trade.feed(feed_no).state, len(trade.wire.sent)) == (FeedState.INTENDED, 1)
    is_confirmed_once(trade, upload_id, feed_no)


# Several feeds that may be it.


def two_candidates(trade: Trade) -> tuple[str, int]:
    """Ours, and one of a stranger; it is time to look."""
    found = lost(trade)
    a_stranger_sends(trade, OTHER)
    trade.market.clock.now += UNIT
    return found


def test_of_several_none_is_judged_while_amazon_works_on_one(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    trade.market.clock.now += UNIT
    a_stranger_sends(trade, OTHER)
    step = trade.submit(feed_no, 2)
    assert (step.done, step.again_seconds) == (False, trade.sender.poll_seconds(2))
    assert "works on them" in trade.feed(feed_no).note
    assert trade.feed(feed_no).strangers == ""
    assert trade.resolve(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]


def test_of_several_reports_wait_for_their_token(trade: Trade) -> None:
    upload_id, feed_no = two_candidates(trade)
    wait = without_tokens(trade, "getFeedDocument")
    step = trade.submit(feed_no, 2)
    assert not step.done
    assert step.again_seconds >= wait
    assert "several feeds could be this one" in trade.feed(feed_no).note
    assert trade.resolve(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]


def test_of_several_orders_are_waited_for(trade: Trade) -> None:
    upload_id, feed_no = two_candidates(trade)
    busy(trade)
    assert "several feeds could be this one; it is busy" in waits_for_orders(trade, feed_no)
    assert (trade.feed(feed_no).state, trade.told(upload_id)) == (FeedState.INTENDED, [("queued", "")])
    assert trade.resolve(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]


@dataclass
class Unreported(Overheard):
    """Reports of its feeds are missing, or may not be read."""

    missing: bool = True

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        found = self.client.get_feeds(created_since)
        return [replace(one, result_document_id=None) for one in found] if self.missing else found

    def get_report(self, document_id: str) -> bytes:
        raise RemoteRefused("not yours to read", status=403)


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "refused"])
def test_of_several_without_reports_none_is_dismissed_and_orders_decide(trade: Trade, missing: bool) -> None:
    upload_id, feed_no = two_candidates(trade)
    reached_by(trade, Unreported(trade.wire.client, trade.wire.sent, trade.wire.read, missing))
    assert trade.resolve(feed_no).done
    assert (trade.feed(feed_no).state, trade.feed(feed_no).strangers) == (FeedState.SETTLED, "")
    assert (trade.told(upload_id), len(trade.wire.sent)) == ([("confirmed", "")], 1)
