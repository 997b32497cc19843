"""What is queued for Amazon, as one text a line: read as it was meant, or not at all."""

from __future__ import annotations

import pandas as pd
import pytest

from cws_filedrop.errors import Impossible
from cws_filedrop.rules.cancelling import Cancellation
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.packed_lines import (
    PackedLine,
    order_of,
    pack,
    pack_cancellation,
    unpack,
    unpack_cancellations,
)
from cws_filedrop.tables import CANCELLATION_COLUMNS, SHIPMENT_COLUMNS, TEXT

pytestmark = pytest.mark.postgres

ORDERS = ["026-1520163-6049104", "026-1520163-0000002", "026-1520163-0000003"]
# Of the time before versions; the cells are those of version 1.
UNMARKED = (
    "026-1520163-6049104\x1e01234567890123\x1e2\x1e2026-11-22T01:30:42Z\x1eOther\x1eYodel\x1e\x1eY1\x1e\x1e\x1ea\x1fb"
)


def shipments() -> pd.DataFrame:
    """Three rows with something in every cell."""
    cells = {name: [f"{name} {number}" for number in range(3)] for name in SHIPMENT_COLUMNS}
    cells |= {"amazon-order-id": ORDERS, "quantity": ["2", "", "3"], "ship-from": ["a\x1fb", "", "c"]}
    return pd.DataFrame({name: pd.Series(column, dtype=TEXT) for name, column in cells.items()})


def rows(*texts: str) -> list[PackedLine]:
    return [PackedLine("u1", line, text) for line, text in enumerate(texts, 2)]


def test_every_cell_is_kept() -> None:
    texts, keys = pack(shipments())
    assert all(text.startswith("v1\x1e") for text in texts)
    assert unpack(rows(*texts)).equals(shipments())
    assert claims.keys(unpack(rows(*texts))) == keys
    assert [order_of(row) for row in rows(*texts)] == ORDERS
    assert list(unpack([]).columns) == list(SHIPMENT_COLUMNS)


def test_what_was_queued_before_versions_is_read_beside_the_others() -> None:
    texts, _ = pack(shipments())
    found = unpack(rows(texts[0], UNMARKED, texts[2]))
    assert found.iloc[[0, 2]].reset_index(drop=True).equals(shipments().iloc[[0, 2]].reset_index(drop=True))
    assert found.iloc[1].to_dict() == {
        "amazon-order-id": "026-1520163-6049104",
        "order-item-code": "01234567890123",
        "quantity": "2",
        "fulfillment-date": "2026-11-22T01:30:42Z",
        "carrier-code": "Other",
        "carrier-name": "Yodel",
        "ship-method": "",
        "tracking-number": "Y1",
        "cod-collection-method": "",
        "transparency-codes": "",
        "ship-from": "a\x1fb",
    }
    assert order_of(rows(UNMARKED)[0]) == "026-1520163-6049104"
    assert unpack(rows(UNMARKED)).equals(found.iloc[[1]].reset_index(drop=True))


def test_so_are_cancellations() -> None:
    packed = pack_cancellation(Cancellation(2, ORDERS[0], "NoInventory", ("1", "2")))
    before = f"{ORDERS[1]}\x1eNoInventory\x1e"
    assert packed.startswith("v1\x1e")
    assert unpack_cancellations(rows(packed, before)).to_dict("records") == [
        {"amazon-order-id": ORDERS[0], "cancel-reason": "NoInventory", "order-item-codes": "1 2"},
        {"amazon-order-id": ORDERS[1], "cancel-reason": "NoInventory", "order-item-codes": ""},
    ]
    assert [order_of(row) for row in rows(packed, before)] == ORDERS[:2]
    assert list(unpack_cancellations([]).columns) == list(CANCELLATION_COLUMNS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (pack(shipments())[0][0] + "\x1e", "not 11 cells"),
        (pack(shipments())[0][0].rpartition("\x1e")[0], "not 11 cells"),
        (UNMARKED + "\x1ex", "not 11 cells"),
        (UNMARKED.rpartition("\x1e")[0], "not 11 cells"),
        ("v1\x1e" + pack_cancellation(Cancellation(2, ORDERS[0], "NoInventory", ())), "not 11 cells"),
        ("v2" + pack(shipments())[0][0][2:], "an unknown version"),
        ("v2\x1e" + UNMARKED.partition("\x1e")[2], "an unknown version"),
        ("v10" + pack(shipments())[0][0][2:], "an unknown version"),
        ("", "not 11 cells"),
    ],
)
def test_what_cannot_be_read_names_its_line_and_is_not_read_as_something_else(text: str, why: str) -> None:
    good, _ = pack(shipments())
    with pytest.raises(Impossible, match=f"^line 3 of upload u1 is queued in a form that cannot be read: {why}$"):
        unpack(rows(good[0], text, good[1]))


def test_rows_that_are_too_long_and_too_short_do_not_make_up_for_each_other() -> None:
    good, _ = pack(shipments())
    with pytest.raises(Impossible, match="line 2 of upload u1"):
        unpack(rows(good[0] + "\x1ex", good[1].rpartition("\x1e")[0]))


def test_a_cancellation_with_too_few_cells_is_refused() -> None:
    with pytest.raises(Impossible, match=r"line 2 of upload u1 .* not 3 cells"):
        unpack_cancellations(rows(ORDERS[0]))


def test_version_1_has_these_columns() -> None:
    """Whoever changes them writes version 2, and has version 1 read with these."""
    assert " ".join(SHIPMENT_COLUMNS) == (
        "amazon-order-id order-item-code quantity fulfillment-date carrier-code carrier-name ship-method"
        " tracking-number cod-collection-method transparency-codes ship-from"
    )
    assert CANCELLATION_COLUMNS == ("amazon-order-id", "cancel-reason", "order-item-codes")
