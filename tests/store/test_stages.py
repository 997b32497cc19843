"""Where everything stands: each line is in one stage, and the oldest of each tells its age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on
from pipeline.shop import ORDER, OTHER, Shop, shipped

from cws_filedrop.model import FeedState
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.lists import stages
from cws_filedrop.store.lists.stages import NONE, StageCount

pytestmark = pytest.mark.postgres

HEADER = "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\tpromise-date\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop."""
    context = context_on(tmp_path)
    yield Shop(context)
    context.db.close()


def look(shop: Shop) -> stages.StageCounts:
    return stages.look(shop.context.db, now=shop.context.clock())


def test_a_line_waits_to_be_sent_then_is_at_amazon_then_neither(shop: Shop) -> None:
    assert look(shop).to_send == NONE
    shop.drop(shipped(), shipped(order=OTHER))
    assert look(shop).to_send == StageCount(1, 2, "2026-11-22T12:00:00.000Z")
    _, feed_no = shop.submitted()
    found = look(shop)
    assert (found.to_send, found.feed("submitted").lines) == (NONE, 2)
    shop.drop(shipped(order="026-7777777-0000001"))
    assert look(shop).to_send.lines == 1, "beside a feed that is at Amazon"
    shop.settled(feed_no, {})
    assert look(shop).feed("submitted") == NONE


def test_what_a_stopped_feed_carries_waits_for_operators(shop: Shop) -> None:
    shop.drop(shipped())
    _, feed_no = shop.submitted()
    feeds.change(shop.context.db, feed_no, state=FeedState.STOPPED)
    found = look(shop)
    assert (found.to_send, found.feed("stopped").lines) == (NONE, 1)


def test_late_are_orders_that_are_not_confirmed_the_most_pressing_first(shop: Shop) -> None:
    soon, sooner, not_soon = "2026-11-22T18:00:00Z", "2026-11-22T13:00:00Z", "2026-11-29T13:00:00Z"
    due = ((ORDER, soon), (OTHER, sooner), ("026-7777777-0000001", not_soon))
    rows = [f"{name}\t0123456789012{n}\t2026-11-20T10:00:00Z\tStandard\t1\t{at}\n" for n, (name, at) in enumerate(due)]
    shop.imports_text(HEADER + "".join(rows))

    def late() -> list[str]:
        day = timedelta(days=1)
        found = stages.late(shop.context.db, now=NOW, before=day, since=14 * day, limit=10)
        return [one.amazon_order_id for one in found]

    assert late() == [OTHER, ORDER]
    shop.drop(f"{OTHER}\tcancelled\t\t\t\t\t", shipped())
    assert late() == []
    shop.answered({1: ("A-18028", "Your order cannot be found")})
    assert late() == [ORDER], "Amazon refused it"
