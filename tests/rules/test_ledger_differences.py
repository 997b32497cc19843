"""What Amazon's own order shows, against the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from cws_filedrop.rules.pieces.ledger import LedgerRow
from cws_filedrop.rules.pieces.ledger_differences import differences


def shown(shipped: int, *, ordered: int = 3, cancelled: int = 0, item: str = "A", status: str = "?") -> dict[str, Any]:
    return {"status": status, "items": [{"item": item, "ordered": ordered, "shipped": shipped, "cancelled": cancelled}]}


ALL = LedgerRow("A", "T", 3, 3, accepted=3, upload_id="u")
PART = LedgerRow("A", "T", 2, 2, accepted=2, upload_id="u")
WHOLE = LedgerRow("", "T", None, 1, accepted=1, upload_id="u")
WAY = LedgerRow("A", "T", 3, 3, upload_id="u")


@pytest.mark.parametrize(
    ("row", "found", "words"),
    [
        (ALL, shown(3), []),
        (PART, shown(2), []),
        (WAY, shown(0), []),
        (WHOLE, shown(3), []),
        (ALL, shown(2), ["A: 3 accepted in our ledger, 2 of 3 shipped at Amazon"]),
        (PART, shown(3), ["A: 2 accepted in our ledger, 3 of 3 shipped at Amazon"]),
        (WHOLE, shown(1), ["A: 3 accepted in our ledger, 1 of 3 shipped at Amazon"]),
        (PART, shown(2, cancelled=1), ["A: 1 cancelled at Amazon, 1 open here"]),
        (ALL, shown(3, ordered=4), ["A: 3 ordered in the order book, 4 at Amazon"]),
        (ALL, shown(3, item="B"), ["A: Amazon's order does not have this item"]),
        (ALL, {"status": ""}, ["Amazon knows no such order"]),
        (WAY, {"status": ""}, []),
    ],
)
def test_what_differs(row: LedgerRow, found: dict[str, Any], words: list[str]) -> None:
    assert differences({"A": 3}, [row], found) == words


def test_without_an_order_book_only_the_whole_order_can_be_compared() -> None:
    assert differences({}, [WHOLE], shown(3)) == []
    assert differences({}, [WHOLE], shown(1, status="PARTIALLY_SHIPPED")) == [
        "we have the whole order as accepted, Amazon shows it as PARTIALLY_SHIPPED"
    ]
