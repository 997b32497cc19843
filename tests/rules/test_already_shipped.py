"""18021: what Amazon's own order makes of a package that it refused as shipped before."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.rules.pieces.already_shipped import judged

ITEM = "00000000000001"


@dataclass(frozen=True)
class Told:
    tracking: str
    quantity: int | None = None
    item: str = ITEM


def order(*packages: tuple[str, int], ordered: int = 3, shipped: int | None = None) -> AmazonOrder:
    """An order of one item, with packages (tracking number, units)."""
    made = tuple(AmazonPackage(tracking, "Yodel", "", ((ITEM, units),)) for tracking, units in packages)
    count = sum(units for _, units in packages) if shipped is None else shipped
    return AmazonOrder("026-1", "SHIPPED", (AmazonItem(ITEM, ordered, count, 0),), made)


@pytest.mark.parametrize(
    ("told", "ours", "shown", "verdict", "words"),
    [
        (Told("A", 1), [], order(("A", 1)), "confirmed", "Amazon had it already: its own order shows this package"),
        (Told("A"), [], order(("B", 3)), "confirmed-warning", "shows them with B; if your number is right"),
        (Told("A", 3), [], order(shipped=3), "confirmed-warning", "without a tracking number, as when it is confirmed"),
        (Told("A", 1), [Told("B", 2)], order(("B", 2), ("C", 1)), "confirmed-warning", "shows them with C"),
        (Told("A", 1), [Told("B", 3)], order(("B", 3)), "unconfirmed", "3 ordered and 3 shipped with B, and this line"),
        (Told("A", 1), [Told("B")], order(("B", 3)), "unconfirmed", "more pieces than are left"),
        (Told("A", 2), [], order(("B", 1)), "unconfirmed", "3 ordered and 1 shipped with B, and this line tells 2"),
        (Told("", 3), [], order(("B", 3)), "confirmed-warning", "its own order shows them with B"),
        (Told("A", item="9"), [], order(("B", 3)), "unconfirmed", "does not have this item"),
        (Told("A", item=""), [], order(("B", 3)), "confirmed-warning", "shows them with B"),
        (Told("A"), [], None, "unconfirmed", "Amazon has no order of that number"),
    ],
)
def test_what_an_order_makes_of_it(
    told: Told, ours: list[Told], shown: AmazonOrder | None, verdict: str, words: str
) -> None:
    found = judged(told, ours, shown)
    assert found.verdict == verdict
    assert words in found.words
