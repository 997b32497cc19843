"""Shipped rows against what was confirmed of their orders before."""

from __future__ import annotations

import pytest
from rules.judging import GOOD, UPS_NUMBER, judged, one, row

from cws_filedrop.rules.book import KnownOrder, OrderBook, Package, named
from cws_filedrop.rules.repeats import Repeats

AMAZONS = GOOD["order-id"]
ITEM = GOOD["order-item-id"]
SECOND = "01234567890124"
BEFORE = "1Z999AA10123456700"
ALL: dict[str, int | None] = {ITEM: 3, SECOND: 1}


def sent(item: str = ITEM, tracking: str = BEFORE, quantity: int | None = None, line: int = 2) -> Package:
    return Package(item, tracking, quantity, f"2026112{line}-010000-aaaa", line)


def book(*packages: Package, items: dict[str, int | None] | None = None) -> OrderBook:
    ordered = dict(ALL) if items is None else items
    return named([(KnownOrder(1, AMAZONS, items=ordered, packages=list(packages)), "", "")])


def codes(cells: dict[str, str], against: OrderBook) -> list[str]:
    return [code for code in one(cells, book=against).codes if code[0] in "OQ"]


WHOLE = row(order_item_id="", quantity="")


@pytest.mark.parametrize(
    ("cells", "packages"),
    [
        (row(), [sent(tracking=UPS_NUMBER)]),
        (row(quantity="3"), [sent(tracking=UPS_NUMBER)]),
        (row(tracking_number=UPS_NUMBER.lower()), [sent(tracking=UPS_NUMBER)]),
        (row(), [sent("", UPS_NUMBER)]),  # the item went with the whole order
        (WHOLE, [sent("", UPS_NUMBER)]),
        (WHOLE, [sent(ITEM, UPS_NUMBER), sent(SECOND, UPS_NUMBER)]),  # the order went item by item
        (row(tracking_number="", carrier_code="", ship_method=""), [sent(tracking="")]),
    ],
)
def test_the_same_shipment_again(cells: dict[str, str], packages: list[Package]) -> None:
    came = one(cells, book=book(*packages))
    assert (came.verdict, came.codes) == ("duplicate", ["O05"])
    assert f"line {packages[-1].line} of upload {packages[-1].upload_id}" in came.issues[0].message
    assert came.effect is None


@pytest.mark.parametrize(
    ("cells", "packages"),
    [
        (row(quantity="3"), [sent()]),
        (row(quantity="3"), [sent(quantity=3)]),
        (row(quantity=""), [sent()]),
        (row(quantity="2"), [sent(quantity=2), sent(tracking="1Z1", quantity=1)]),
        (row(), [sent("")]),
        (WHOLE, [sent("")]),
        (WHOLE, [sent(ITEM), sent(SECOND, "1Z1")]),
        (row(), [sent(tracking="")]),  # a number that comes later
    ],
)
def test_another_tracking_number_where_nothing_is_left_is_a_correction(
    cells: dict[str, str], packages: list[Package]
) -> None:
    if packages[0].tracking == "":
        cells = row(quantity="")
    came = one(cells, book=book(*packages))
    assert (came.verdict, [code for code in came.codes if code != "Q04"]) == ("queued", ["O07"])
    said = next(issue for issue in came.issues if issue.code == "O07")
    assert (packages[0].tracking or "no tracking number") in said.message
    assert f"{UPS_NUMBER} now" in said.message


def test_what_is_left_goes_in_another_package() -> None:
    assert codes(row(quantity="2"), book(sent(quantity=1))) == []
    assert codes(row(quantity="1"), book(sent(quantity=1), sent(tracking="1Z1", quantity=1))) == []


def test_more_than_was_ordered() -> None:
    assert codes(row(quantity="4"), book()) == ["Q02"]
    assert codes(row(quantity="3"), book()) == []
    came = one(row(quantity="3"), book=book(sent(quantity=1)))
    assert came.codes == ["Q02"]
    assert "3 ordered, 1 confirmed or on the way" in came.issues[0].message
    assert codes(row(quantity="99"), book(items={ITEM: None})) == []


def test_no_quantity_where_only_a_part_was_sent() -> None:
    came = one(row(quantity=""), book=book(sent(quantity=1)))
    assert came.codes == ["Q03"]
    assert "how many pieces" in came.issues[0].remedy
    assert codes(row(quantity=""), book(sent(quantity=1), sent(tracking="1Z1", quantity=2))) == ["Q03"]


def test_the_whole_order_where_a_part_was_sent() -> None:
    came = one(WHOLE, book=book(sent(ITEM)))
    assert came.codes == ["Q03"]
    assert "order-item-id" in came.issues[0].remedy


def test_without_quantities_in_the_book_another_number_is_a_correction() -> None:
    assert codes(row(quantity="1"), book(sent(quantity=1), items={})) == ["O07"]


def test_packages_of_one_file_count_together() -> None:
    two = [row(tracking_number="1Z999AA10123456701", quantity="2"), row(tracking_number=UPS_NUMBER, quantity="2")]
    came = judged(*two, book=book(), repeats=Repeats(totals={2: 4, 3: 4}))
    assert [code for code in came.issues["code"] if code == "Q02"] == ["Q02", "Q02"]
    assert set(came.verdicts) == {"rejected"}
    assert set(judged(*two, book=book(), repeats=Repeats(totals={2: 3, 3: 3})).verdicts) == {"queued"}


def test_back_to_a_number_that_was_corrected() -> None:
    corrected = Package(ITEM, UPS_NUMBER, None, "20261122-010000-aaaa", 2, "line 3 of upload 20261123-010000-aaaa")
    came = one(row(quantity="3"), book=book(corrected, sent(line=3)))
    assert came.verdict == "duplicate"
    assert "corrected it since" in came.issues[0].message


def test_a_correction_names_the_packages_it_takes_the_place_of() -> None:
    came = one(row(quantity="3"), book=book(sent()))
    assert came.effect is not None
    assert came.effect.corrects == (BEFORE,)
    of_whole = one(row(), book=book(sent("")))  # the other items still go by that
    assert of_whole.effect is not None
    assert of_whole.effect.corrects == ()


def test_a_corrected_package_counts_no_more() -> None:
    corrected = Package(ITEM, BEFORE, 1, "20261122-010000-aaaa", 2, "line 3 of upload 20261123-010000-aaaa")
    against = book(corrected, sent(tracking="1Z1", quantity=1, line=3))
    assert codes(row(quantity="2"), against) == []
    assert codes(row(quantity="3"), against) == ["Q02"]
    assert codes(row(quantity="1"), book(corrected)) == []


def test_an_old_part_that_comes_again_beside_others_is_just_a_duplicate() -> None:
    parts = book(sent(tracking=UPS_NUMBER, quantity=1), sent(quantity=2, line=3))
    came = one(row(quantity="1"), book=parts)
    assert came.verdict == "duplicate"
    assert "since" not in came.issues[0].message
