"""When one feed cannot carry all that is queued, orders near their deadline go first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pipeline.contexts import NOW, context_on
from pipeline.shop import FREE, ITEM, SECOND, Shop, shipped

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.pipeline import sending
from cws_filedrop.store.feeds import feeds, filling

HEADER = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\n"


def order(number: int) -> str:
    return f"026-0000000-{number:07}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Ten orders of two items, of which numbers 7, 3 and 5 are urgent, in this order."""
    context = context_on(tmp_path)
    market = replace(context.settings.marketplace, messages_per_feed=5)
    shop = Shop(replace(context, settings=replace(context.settings, marketplace=market)))
    days = {7: "2026-11-22T13:00:00Z", 3: "2026-11-22T20:00:00Z", 5: "2026-11-23T02:00:00Z"}
    cells = (
        f"{order(n)}\t{item}\t2026-11-20T10:00:00Z\tStandard\tSKU\t1\t{days.get(n, '2026-11-30T00:00:00Z')}\n"
        for n in range(10)
        for item in (ITEM, SECOND)
    )
    shop.imports_text(HEADER + "".join(cells))
    return shop


def feed(shop: Shop) -> list[str]:
    """The orders of the next feed's lines."""
    amazon = AmazonContext(
        shop.context, lambda account: pytest.fail("asked"), lambda account: pytest.fail("asked"), 1.0
    )
    turn = feeds.take_turn(
        shop.context.db, 1, cause=f"c{shop.files}", now=NOW, second_after_seconds=1200, rate_limit=FREE
    )
    assert turn.feed_no is not None
    assert sending.fill(amazon, turn.feed_no)
    shop.files += 1
    table, numbers = filling.shipments(shop.context.db, turn.feed_no)
    assert numbers.to_list() == sorted(numbers)
    feeds.submitted(shop.context.db, turn.feed_no, amazon_feed_id=f"F{turn.feed_no}", now=NOW)
    with shop.context.db.write() as connection:
        connection.execute(feeds.FEEDS.update().values(state="settled"))
    return [str(name) for name in pd.Series(table["amazon-order-id"]).to_list()]


def test_urgent_orders_go_first_and_stay_whole(shop: Shop) -> None:
    shop.drop(*(shipped(f"Y{n}{at:06}K", order=order(n), item=(ITEM, SECOND)[at]) for n in range(10) for at in (0, 1)))
    assert feed(shop) == [order(7)] * 2 + [order(3)] * 2
    assert feed(shop) == [order(5)] * 2 + [order(0)] * 2
    assert feed(shop) == [order(1)] * 2 + [order(2)] * 2


def test_what_fits_into_one_feed_goes_as_it_came(shop: Shop) -> None:
    shop.drop(*(shipped(f"Y0{n:06}K", order=order(n), item=ITEM) for n in (1, 3, 7)))
    assert feed(shop) == [order(1), order(3), order(7)]


def test_urgent_lines_of_many_files(shop: Shop) -> None:
    for n in range(10):
        shop.drop(shipped(f"Y0{n:06}K", order=order(n), item=ITEM))
    assert feed(shop) == [order(7), order(3), order(5), order(0), order(1)]
    assert feed(shop) == [order(n) for n in (2, 4, 6, 8, 9)]
