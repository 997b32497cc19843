"""What an order at Amazon shows of the packages it was told of."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.rules.pieces.orders_shown import Showing, showings, units_shown

ITEM, SECOND = "01234567890123", "01234567890124"
OURS, OTHERS = "Y0000001K", "Y0000002K"


@dataclass(frozen=True)
class Package:
    tracking: str = OURS
    item: str = ITEM
    quantity: int | None = None


def order(
    *packages: tuple[str, str, int], ordered: int = 3, cancelled: int = 0, shipped: int | None = None
) -> AmazonOrder:
    units = sum(count for *_, count in packages) if shipped is None else shipped
    made = tuple(AmazonPackage(number, "Yodel", "", ((item, count),)) for number, item, count in packages)
    return AmazonOrder("026-0000001-0000001", "", (AmazonItem(ITEM, ordered, units, cancelled),), made)


@pytest.mark.parametrize(
    ("told", "found", "showing"),
    [
        (Package(), order((OURS, ITEM, 3)), Showing.SHOWN),
        (Package(" y00-00001k"), order((OURS, ITEM, 3)), Showing.SHOWN),
        (Package(item=""), order((OURS, ITEM, 1)), Showing.SHOWN),
        (Package(quantity=1), order((OURS, ITEM, 1)), Showing.SHOWN),
        (Package(quantity=2), order((OURS, ITEM, 1)), Showing.OTHER),
        (Package(quantity=2), order((OURS, ITEM, 1), (OURS, ITEM, 1)), Showing.SHOWN),
        (Package(item=SECOND, quantity=1), order((OURS, ITEM, 1)), Showing.OTHER),
        (Package(item=SECOND, quantity=1), order((OURS, SECOND, 1)), Showing.SHOWN),  # not among the items
        (Package(), order(), Showing.UNSHIPPED),
        (Package(item=""), order(), Showing.UNSHIPPED),
        (Package(quantity=1), order((OTHERS, ITEM, 2)), Showing.UNSHIPPED),
        (Package(quantity=2), order((OTHERS, ITEM, 2)), Showing.OTHER),
        (Package(), order((OTHERS, ITEM, 3)), Showing.OTHER),
        (Package(), order(shipped=3), Showing.OTHER),
        (Package(), order(cancelled=3), Showing.CANCELLED),
        (Package(quantity=1), order(cancelled=3), Showing.CANCELLED),
        (Package(""), order((OTHERS, ITEM, 3)), Showing.SHOWN),
        (Package("", quantity=2), order((OTHERS, ITEM, 1)), Showing.OTHER),
        (Package("", quantity=2), order(), Showing.UNSHIPPED),
        (Package("", item=SECOND), order((OTHERS, ITEM, 3)), Showing.OTHER),
        (Package("", quantity=3), order((OTHERS, ITEM, 2), cancelled=1), Showing.SHOWN),
        (Package(), None, Showing.NO_ORDER),
    ],
)
def test_one_package(told: Package, found: AmazonOrder | None, showing: Showing) -> None:
    assert showings([told], found) == [showing]


def test_a_shipped_unit_stands_for_one_package_only() -> None:
    twice = [Package("", quantity=1), Package("", quantity=1)]
    assert showings(twice, order((OTHERS, ITEM, 1), ordered=2)) == [Showing.SHOWN, Showing.UNSHIPPED]
    assert showings(twice, order((OTHERS, ITEM, 2), ordered=2)) == [Showing.SHOWN, Showing.SHOWN]


def test_units_under_our_own_numbers_stand_for_no_package_without_a_number() -> None:
    told = [Package("", quantity=1), Package(quantity=1)]
    assert showings(told, order((OURS, ITEM, 1), ordered=2)) == [Showing.UNSHIPPED, Showing.SHOWN]


def test_units_in_whatever_package() -> None:
    assert units_shown(Package(quantity=2), order((OTHERS, ITEM, 2)))
    assert not units_shown(Package(quantity=2), order((OTHERS, ITEM, 1)))
    assert not units_shown(Package(item=SECOND), order((OTHERS, ITEM, 3)))
