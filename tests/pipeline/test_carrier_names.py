"""Names of carriers that operators add: read in the next file of a service that runs, and unknown ones are counted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on
from pipeline.shop import FIRST, ITEM, NEXT, ORDER, OTHER, Shop

from cws_filedrop.decisions import carriers
from cws_filedrop.store.sellers.carrier_names import CarrierName
from cws_filedrop.store.users.decisions import COMMAND_LINE


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(context_on(tmp_path))


def row(carrier: str, order: str = ORDER, tracking: str = FIRST) -> str:
    return f"{order}\tshipped\t\t\t{tracking}\t{carrier}\t"


def put(shop: Shop, *names: tuple[str, str], seller: str = "") -> None:
    carriers.put(shop.context, [CarrierName(*one) for one in names], seller=seller, who=COMMAND_LINE)


def sent(shop: Shop) -> list[tuple[str, str]]:
    return [(one["carrier-code"], one["carrier-name"]) for one in shop.sent()]


def test_a_name_is_read_in_the_next_file_without_a_restart(shop: Shop) -> None:
    assert shop.lines(shop.drop(row("Flitzer"))) == [("queued", "C02")]
    put(shop, ("Flitzer", "Yodel"))
    shop.drop(row("FLITZER", OTHER, NEXT))
    assert sent(shop) == [("Other", "Flitzer"), ("Yodel", "")]


def test_the_sellers_own_name_comes_before_that_of_all(shop: Shop) -> None:
    put(shop, ("Flitzer", "Yodel"), ("Evri", "DPD"))
    put(shop, ("flitzer", "DHL"), seller="anna")
    shop.drop(row("Flitzer"), row("evri", OTHER, NEXT))
    assert sent(shop) == [("DHL", ""), ("DPD", "")]


def test_two_names_of_one_carrier_are_no_difference(shop: Shop) -> None:
    put(shop, ("Flitzer", "Yodel"))
    assert shop.lines(shop.drop(row("Flitzer"), row("yodel"))) == [("queued", "C04"), ("duplicate", "O05 | C04")]


def test_unknown_names_are_counted_until_they_are_known(shop: Shop) -> None:
    shop.drop(row("Flitzer"), row("Bote 7", OTHER, NEXT))
    shop.drop(row("flitzer", "333-3333333-3333333", ITEM))
    found = carriers.unknown(shop.context, since=NOW - timedelta(days=1))
    assert [(one.name, one.lines, one.files, one.sellers) for one in found] == [
        ("Flitzer", 2, 2, ["anna"]),
        ("Bote 7", 1, 1, ["anna"]),
    ]
    put(shop, ("Flitzer", "Yodel"))
    assert [one.name for one in carriers.unknown(shop.context, since=NOW - timedelta(days=1))] == ["Bote 7"]
    assert carriers.unknown(shop.context, since=NOW + timedelta(days=1)) == []
