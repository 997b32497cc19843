"""A line beside its file and the order book: day and month, spellings of one line, quantities without an item."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pytest
from rules.judging import GOOD, Outcome, context, one, row

from cws_filedrop.examine import examine
from cws_filedrop.model import DateOrder, Issue
from cws_filedrop.rules.book import KnownOrder, OrderBook, named
from cws_filedrop.rules.dates import ProvenOrders, order_of

DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
HEADING = ("order-id", "order-item-id", "quantity", "ship-date", "carrier-code", "tracking-number", "ship-method")


def line(number: int, date: str) -> str:
    return (
        f"026-1520163-{number:07d}\t{number:014d}\t1\t{date}\tDHL\tRP72{number:08d}\tGround and something more to read"
    )


def file_of(dates: Sequence[str]) -> bytes:
    lines = ("\t".join(HEADING), *(line(at, date) for at, date in enumerate(dates)))
    return ("\n".join(lines) + "\n").encode()


def said(body: bytes, order: DateOrder | None) -> dict[int, Issue]:
    """The date issues of a file, by line."""
    found = examine(BytesIO(body), file_name="a.txt", context=context(date_order=order))
    pieces = [piece.issues_by_line for piece in found.pieces()]
    all_of = {number: issues for piece in pieces for number, issues in piece.items()}
    return {number: issue for number, issues in all_of.items() for issue in issues if issue.code.startswith("D")}


# Day and month.


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("21/11/2026", DAY),
        ("11/21/2026", MONTH),
        ("21-11-2026 08:00", DAY),
        ("03/04/2026", None),
        ("11/11/2026", None),
        ("21.11.2026", None),
        ("2026/11/21", None),
        ("13/13/2026", None),
        ("32/11/2026", None),
        ("soon", None),
    ],
)
def test_days_that_make_sense_in_one_order_only(text: str, order: DateOrder | None) -> None:
    assert order_of(text) is order


def test_first_lines_of_two_parts_of_a_file() -> None:
    assert ProvenOrders(0, 7).joined(ProvenOrders(9, 3)) == (9, 3)


CONTRADICTED = [
    # setting, dates, the lines that are wrong and what they name
    (DAY, ["03/11/2026", "11/21/2026"], {2: "line 3"}),
    (DAY, ["11/21/2026", "03/11/2026"], {3: "line 2"}),
    (MONTH, ["11/03/2026", "2026-11-20", "21/11/2026", "11-04-2026"], {2: "line 4", 5: "line 4"}),
    (DAY, ["03/11/2026", "11/21/2026", "20/11/2026"], {3: "line 4"}),
    (MONTH, ["11/03/2026", "11/21/2026", "20/11/2026"], {4: "line 3"}),
    (DAY, ["03/11/2026", "20/11/2026"], {}),
    (DAY, ["03/11/2026", "11/11/2026", "21.11.2026", "2026-11-20"], {}),
]


@pytest.mark.parametrize(("order", "dates", "wrong"), CONTRADICTED)
def test_a_setting_that_other_lines_disprove(order: DateOrder, dates: list[str], wrong: dict[int, str]) -> None:
    found = said(file_of(dates), order)
    assert {number: issue.code for number, issue in found.items()} == dict.fromkeys(wrong, "D06")
    assert all(proof in found[number].message for number, proof in wrong.items())
    assert all("year-month-day" in issue.remedy for issue in found.values())


@pytest.mark.parametrize("last", [True, False])
def test_the_line_that_proves_it_may_be_in_any_part_of_a_large_file(last: bool) -> None:
    dates = ["2026-11-20"] * 100_000
    dates[1 if last else -1], dates[-1 if last else 1] = "03/11/2026", "11/21/2026"
    body = file_of(dates)
    assert len(body) > 9_000_000  # more than one block
    ambiguous, proof = (3, 100_001) if last else (100_001, 3)
    found = said(body, DAY)
    assert {number: issue.code for number, issue in found.items()} == {ambiguous: "D06"}
    assert f"line {proof} " in found[ambiguous].message
    assert "D06" not in {issue.code for issue in said(body, MONTH).values()}


# One line in two spellings.

SPELLINGS = [
    {"ship-date": "21.11.2026"},
    {"ship-date": "2026/11/21"},
    {"ship-date": "2026-11-21 12:00"},
    {"carrier-code": "ups"},
    {"carrier-code": "U.P.S."},
    {"quantity": "01"},
    {"quantity": "1.0"},
    {"tracking-number": "1Z 999 AA1 01 2345 6784"},
    {"tracking-number": "1z999aa10123456784"},
    {"ship-method": "GROUND"},
    {"ship-date": "21.11.2026", "carrier-code": "ups", "ship-method": "ground"},
]


def verdicts(*rows: dict[str, str]) -> list[str]:
    body = "\n".join(["\t".join(GOOD), *("\t".join(cells[name] for name in GOOD) for cells in rows)]) + "\n"
    found = examine(BytesIO(body.encode()), file_name="a.txt", context=context())
    return [verdict for piece in found.pieces() for verdict in piece.verdicts]


@pytest.mark.parametrize("other", SPELLINGS, ids=str)
def test_the_same_line_in_another_spelling_is_a_duplicate(other: dict[str, str]) -> None:
    assert verdicts(row(), row() | other) == ["queued", "duplicate"]


@pytest.mark.parametrize("other", [{"ship-date": "2026-11-20"}, {"carrier-code": "DHL"}, {"quantity": "2"}], ids=str)
def test_other_data_are_no_spelling(other: dict[str, str]) -> None:
    assert verdicts(row(), row() | other) == ["rejected", "rejected"]


# Quantities without an item, against the order book.

ITEM, SECOND = GOOD["order-item-id"], "01234567890124"


def ordered(cells: dict[str, str], **items: int | None) -> Outcome:
    known = {name.removeprefix("i"): count for name, count in items.items()}
    return one(cells, book=named([(KnownOrder(1, GOOD["order-id"], items=known), "", "")]))


ONE, TWO = {f"i{ITEM}": 3}, {f"i{ITEM}": 2, f"i{SECOND}": 1}
QUANTITIES = [
    (ONE, "2", ["Q04"], ITEM, "2"),  # the order's only item
    (ONE, "3", ["Q04"], ITEM, "3"),
    (ONE, "4", ["Q02", "Q04"], None, None),
    (TWO, "3", [], "", ""),  # all of it: the whole order
    (TWO, "2", ["Q03"], None, None),  # a part, and nobody knows which
    (TWO, "4", ["Q02"], None, None),
    ({f"i{ITEM}": 2, f"i{SECOND}": None}, "2", ["Q04"], "", ""),  # the book does not know either
    ({}, "2", ["Q04"], "", ""),
]


@pytest.mark.parametrize(("items", "quantity", "codes", "item", "sent"), QUANTITIES)
def test_a_quantity_without_an_item(
    items: dict[str, int | None], quantity: str, codes: list[str], item: str | None, sent: str | None
) -> None:
    came = ordered(row(order_item_id="", quantity=quantity), **items)
    assert sorted(came.codes) == sorted(codes)
    assert (came.shipment.get("order-item-code"), came.shipment.get("quantity")) == (item, sent)
    assert came.verdict == ("rejected" if item is None else "queued")


def test_transparency_codes_go_to_the_orders_only_item() -> None:
    came = ordered(row(order_item_id="", quantity="", transparency_code="AZ:1"), **ONE)
    assert (came.codes, came.shipment["order-item-code"], came.shipment["transparency-codes"]) == ([], ITEM, "AZ:1")


def test_a_part_of_an_order_is_never_silently_the_whole_order() -> None:
    came = ordered(row(order_item_id="", quantity="1"), **TWO)
    assert came.verdict == "rejected"
    assert "part of the 3 pieces" in came.issues[0].message
    assert "order-item-id" in came.issues[0].remedy


# Orders that a current book does not hold.


@pytest.mark.parametrize(
    ("current", "policy", "codes"), [(True, "accept", ["O03"]), (False, "accept", []), (True, "reject", ["O03"])]
)
def test_an_order_that_a_current_book_does_not_hold(current: bool, policy: str, codes: list[str]) -> None:
    came = one(row(), book=OrderBook({}, current=current), unknown_orders=policy)
    assert (came.codes, came.verdict) == (codes, "rejected" if policy == "reject" else "queued")
    assert not codes or policy == "reject" or came.issues[0].severity == "warning"


def test_neither_carrier_nor_number_is_worth_a_warning() -> None:
    came = one(row(carrier_code="", tracking_number="", ship_method=""))
    assert (came.verdict, came.codes, came.issues[0].severity) == ("queued", ["C01"], "warning")
    assert one(row(tracking_number="", ship_method="")).codes == []


# What is said first.


def test_what_rejects_a_line_is_said_before_what_is_only_worth_knowing() -> None:
    cells = ("026-1520163-6049104", "15201636049104", "2.5", "2026-11-20", "ups", "1ZS8TJ337928714462", "Ground")
    body = "\n".join(("\t".join(HEADING), "\t".join(cells))).encode()
    (piece,) = examine(BytesIO(body), file_name="a.txt", context=context()).pieces()
    assert [issue.code for issue in piece.issues_by_line[2]] == ["Q01", "C04"]
