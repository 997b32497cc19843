"""What an operator decides about a feed that is stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pipeline.shop import ORDER, OTHER
from pipeline.trade import Trade, shipped, trading

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.errors import Impossible, NotPossible
from cws_filedrop.model import FeedState
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.schema import LINES
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who

OLGA = Who("olga")


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path) as trade:
        yield trade


def stopped(trade: Trade, why: str = "KeyError: 'x'") -> int:
    feed_no = trade.begin()
    feeds.move(trade.context.db, feed_no, FeedEvent.STOPPED, note=why)
    return feed_no


def spoilt(trade: Trade, order: str) -> None:
    """A line is queued in a form that no document can have."""
    mine = LINES.c.amazon_order_id == order
    with trade.context.db.write() as connection:
        told = connection.execute(LINES.select().where(mine)).one().shipment
        connection.execute(LINES.update().where(mine).values(shipment=told.replace("Yodel", "No Such Carrier" * 40)))


def test_the_order_that_keeps_a_feed_from_being_sent_is_taken_out_and_the_others_go(trade: Trade) -> None:
    bad, good = trade.drop(shipped(OTHER, "Y0000009K")), trade.drop(shipped(ORDER))
    spoilt(trade, OTHER)
    feed_no = trade.begin()
    with pytest.raises(Impossible):
        trade.submit(feed_no)
    feeds.move(trade.context.db, feed_no, FeedEvent.STOPPED, note="it breaks our schema")
    orders_and_feeds.drop_feed(trade.context, feed_no, note="", who=OLGA)
    assert trade.feed(feed_no).state is FeedState.SETTLED
    assert [verdict for verdict, _ in trade.told(bad)] == ["unconfirmed"]
    assert "it breaks our schema" in trade.messages(bad)
    found = uploads.get(trade.context.db, bad)
    assert found is not None
    assert (found.state, found.waiting) == ("done", 0)
    trade.send()
    assert trade.told(good) == [("confirmed", "")]
    again = trade.drop(shipped(OTHER, "Y0000009K"))
    trade.send()
    assert trade.told(again) == [("confirmed", "")]


def test_all_lines_are_taken_out_of_a_feed_that_could_be_sent(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    feed_no = stopped(trade)
    orders_and_feeds.drop_feed(trade.context, feed_no, note="they were typed wrongly", who=OLGA)
    assert [verdict for verdict, _ in trade.told(upload_id)] == ["unconfirmed"]
    assert "typed wrongly" in trade.messages(upload_id)
    assert [one.what for one in decisions.listing(trade.context.db)] == ["feed.drop"]
    assert trade.market.ledger() == []


def test_what_may_be_at_amazon_is_not_taken_out(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    trade.market.fault("createFeed", "drop")
    feed_no = trade.begin()
    trade.submit(feed_no)
    feeds.move(trade.context.db, feed_no, FeedEvent.STOPPED, note="why")
    for refused in (
        lambda: orders_and_feeds.drop_feed(trade.context, feed_no, note="", who=OLGA),
        lambda: orders_and_feeds.send_feed_again(trade.context, feed_no, who=OLGA),
    ):
        with pytest.raises(NotPossible, match="feed retry"):
            refused()
    assert trade.told(upload_id) == [("queued", "")]


DECISIONS: dict[str, Callable[[ServiceContext, int], None]] = {
    "retry": lambda context, feed_no: orders_and_feeds.retry_feed(context, feed_no, who=OLGA),
    "adopt": lambda context, feed_no: orders_and_feeds.adopt_feed(context, feed_no, "50000000001", who=OLGA),
    "drop": lambda context, feed_no: orders_and_feeds.drop_feed(context, feed_no, note="", who=OLGA),
    "send again": lambda context, feed_no: orders_and_feeds.send_feed_again(context, feed_no, who=OLGA),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_a_feed_that_is_not_stopped_is_nothing_to_decide_about(
    trade: Trade, decide: Callable[[ServiceContext, int], None]
) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    with pytest.raises(NotPossible):
        decide(trade.context, feed_no)
    assert trade.feed(feed_no).state is FeedState.FILLED


def test_a_feed_of_ours_is_not_another_one(trade: Trade) -> None:
    trade.drop(shipped())
    known = str(trade.send().amazon_feed_id)
    trade.drop(shipped(OTHER, "Y0000009K"))
    trade.market.clock.now += 1300
    feed_no = stopped(trade)
    with pytest.raises(NotPossible, match="another of this account's feeds"):
        orders_and_feeds.adopt_feed(trade.context, feed_no, known, who=OLGA)
