"""STATUS is true: after random histories it says what the database holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from pipeline.contexts import context_on, put, read
from pipeline.shop import ORDER, Shop, shipped

from cws_filedrop.model import Verdict
from cws_filedrop.pipeline import outbox, standing
from cws_filedrop.reports import status
from cws_filedrop.reports.status import Status
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads

REFUSED = ("A-18028", "Your order cannot be found.")


def now(shop: Shop) -> Status:
    return standing.of(shop.context, sellers.by_name(shop.context.db, ["anna"])["anna"])


def dropped(shop: Shop, *rows: str) -> str:
    """A file that is read and answered."""
    upload_id = shop.drop(*rows)
    outbox.answer(shop.context, uploads.some(shop.context.db, [upload_id]))
    return upload_id


def answered(shop: Shop, refused: set[int]) -> None:
    """Amazon's answer to the feed that is next, and the results that follow from it."""
    _, feed_no = shop.submitted()
    done = shop.settled(feed_no, dict.fromkeys(refused, REFUSED))
    outbox.publish(shop.context, uploads.some(shop.context.db, done))


def random_line(dice: Random) -> str:
    if dice.random() < 0.2:
        return "4711\tshipped\t\t\tY0000001K\tYodel\t"  # no order: rejected
    return shipped(f"Y{dice.randrange(50):07d}K", order=f"026-1520163-{dice.randrange(30):07d}")


@pytest.mark.parametrize("seed", range(12))
def test_it_says_what_the_database_holds(tmp_path: Path, seed: int) -> None:
    dice, shop, dropped_ids = Random(seed), Shop(context_on(tmp_path)), []
    for _ in range(dice.randrange(4, 9)):
        dropped_ids.append(dropped(shop, *{random_line(dice) for _ in range(dice.randrange(1, 6))}))
        if now(shop).departure["lines"] and dice.random() < 0.7:
            answered(shop, {number for number in range(1, 6) if dice.random() < 0.4})
    said, db = now(shop), shop.context.db
    verdicts = {
        upload_id: Counter(row.verdict for piece in lines.of_upload(db, upload_id) for row in piece)
        for upload_id in dropped_ids
    }
    shown = {item["id"]: item["counts"] for item in (*said.uploads, *said.results)}
    assert shown == verdicts
    queued = sum(counts[Verdict.QUEUED] for counts in verdicts.values())
    assert said.departure["lines"] <= queued
    assert bool(said.departure["lines"]) == bool(queued)
    open_ = lines.unconfirmed(db, shop.account, limit=10_000)
    assert {item["order_id"] for item in said.refused_orders} == {line["order_id"] for line in open_}
    assert sum(item["lines"] for item in said.refused_orders) == len(open_)
    for item in said.results:
        bad = {Verdict.REJECTED, Verdict.UNCONFIRMED, Verdict.UNKNOWN} & item["counts"].keys()
        assert ("all confirmed" in item["outcome"]) <= (not bad)


def test_results_do_not_keep_the_counts_of_their_receipts(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path))
    orders = [f"026-1520163-{number:07d}" for number in range(90)]
    dropped(shop, *(shipped(f"Y{at:07d}K", order=order) for at, order in enumerate(orders)))
    answered(shop, set(range(1, 91)))
    (result,) = now(shop).results
    assert result["counts"] == {Verdict.UNCONFIRMED: 90}
    assert result["outcome"] == "90 of 90 not confirmed"


def test_an_order_that_was_refused_again_has_its_newest_reason(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path))
    for tracking in ("Y0000001K", "Y0000002K"):
        newest = dropped(shop, shipped(tracking))
        answered(shop, {1})
    (order,) = now(shop).refused_orders
    assert (order["amazon_order_id"], order["upload_id"]) == (ORDER, newest)
    assert order["remedy"] == status.as_json(now(shop)).decode().partition('"remedy": "')[2].partition('"')[0] != ""


def test_links_lead_to_the_order_where_mails_have_an_address(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path))
    mail = replace(shop.context.settings.mail, base_url="https://drop.example/")
    shop.context = replace(shop.context, settings=replace(shop.context.settings, mail=mail))
    dropped(shop, shipped())
    answered(shop, {1})
    (order,) = now(shop).refused_orders
    assert order["link"] == f"https://drop.example/my/orders/{ORDER}"


def test_a_held_file_says_how_to_release_it(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path))
    rows = [shipped("Y0000001K", order=f"026-1520163-{number:07d}") for number in range(21)]
    columns = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tship_method\n"
    read(shop.context, put(shop.context, (columns + "\n".join(rows) + "\n").encode(), name="many.txt"))
    (held,) = now(shop).uploads
    assert held["outcome"] == "held"
    assert "21 orders" in held["why"]
    assert '".release"' in held["why"]
