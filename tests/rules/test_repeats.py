"""The same order line twice in one file, in one piece or in many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.judging import AMAZON, FEW, FILLZ, GOOD, UPS_NUMBER, context, lines, row

from cws_filedrop.rules.dates import calendar
from cws_filedrop.rules.judgement import judge
from cws_filedrop.rules.repeats import Repeats, keys, named, select, settle, suspects
from cws_filedrop.rules.wording import issues

OTHER_NUMBER = "1Z999AA10123456793"


def pieces(frame: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    return [frame.iloc[at : at + size] for at in range(0, len(frame), size)]


def repeats(frame: pd.DataFrame, size: int = 3) -> Repeats:
    """The whole way: keys of each piece, suspects of all, their lines, the close look."""
    parts = pieces(frame, size)
    found = suspects([keys(part) for part in parts])
    return settle(pd.concat([select(part, found) for part in parts]))


def verdicts(*rows: dict[str, str], required: frozenset[str] = AMAZON) -> list[tuple[str, list[str]]]:
    """Verdict and repeat codes of each line."""
    frame = lines(*rows)
    came = judge(frame, required=required, context=context(), repeats=repeats(frame))
    codes: dict[int, list[str]] = {}
    for line, issue in issues(came.issues):
        if issue.code in ("O05", "O06", "Q03"):
            codes.setdefault(line, []).append(issue.code)
    return [(verdict, codes.get(int(line), [])) for line, verdict in came.verdicts.items()]


def said(*rows: dict[str, str]) -> list[str]:
    frame = lines(*rows)
    found = judge(frame, required=AMAZON, context=context(), repeats=repeats(frame)).issues
    return [issue.message for _, issue in issues(found) if issue.code in ("O05", "O06", "Q03")]


def test_different_lines_have_nothing_to_do_with_each_other() -> None:
    rows = [row(order_id=f"026-1520163-{n:07d}") for n in range(10)]
    assert repeats(lines(*rows)).found == {}
    assert verdicts(*rows) == [("queued", [])] * 10


def test_two_items_of_one_order_are_no_repeat() -> None:
    assert verdicts(row(), row(order_item_id="01234567890124")) == [("queued", [])] * 2


def test_the_same_line_again_is_a_duplicate_of_the_first() -> None:
    assert verdicts(row(), row(), row()) == [("queued", []), ("duplicate", ["O05"]), ("duplicate", ["O05"])]
    assert said(row(), row()) == ["This line says the same as line 2."]


def test_the_same_key_with_other_data_rejects_all() -> None:
    rows = row(), row(ship_date="2026-11-20"), row()
    assert verdicts(*rows) == [("rejected", ["O06"])] * 3
    assert '"ship-date" differs: "2026-11-21" here, otherwise in line 3' in said(*rows)[0]
    assert '"2026-11-20" here, otherwise in lines 2 and 4' in said(*rows)[1]


def test_blanks_and_spellings_of_a_status_are_no_difference() -> None:
    spaced = row(tracking_number="1Z 999 AA1 01 2345 6784")
    assert verdicts(row(), spaced)[1] == ("duplicate", ["O05"])
    shipped = row(status="shipped"), row(status="SHIPPED")
    assert verdicts(*shipped, required=FILLZ)[1] == ("duplicate", ["O05"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-11-21", "2026-11-21 00:00"),
        ("2026-11-21", "21.11.2026 00:00:00"),
        ("2026-11-21", "2026-11-21T14:30:00Z"),
        ("2026-11-21T14:30:00+01:00", "2026-11-21T14:30:07+01:00"),
        ("11/21/2026 2:30 PM", "2026-11-21"),
    ],
)
def test_the_hour_of_a_day_does_not_make_two_lines_of_one(first: str, second: str) -> None:
    frame = lines(row(ship_date=first), row(ship_date=second, carrier_code="ups"))
    found = settle(frame, calendar(context())).found
    assert [(line, one.code) for line, one in found.items()] == [(3, "O05")]
    other = settle(lines(row(ship_date=first), row(ship_date="2026-11-20")), calendar(context())).found
    assert [one.code for one in other.values()] == ["O06", "O06"]


def test_different_statuses_for_one_line_reject_all() -> None:
    rows = row(status="shipped"), row(status="cancelled", tracking_number="")
    assert verdicts(*rows, required=FILLZ) == [("rejected", ["O06"])] * 2


def test_a_line_split_over_packages_needs_quantities() -> None:
    split = row(quantity="1"), row(quantity="2", tracking_number=OTHER_NUMBER)
    assert verdicts(*split) == [("queued", [])] * 2
    without = row(quantity=""), row(quantity="2", tracking_number=OTHER_NUMBER)
    assert verdicts(*without) == [("rejected", ["Q03"]), ("queued", [])]
    assert said(*without) == [
        "This order line is sent in several packages (see also line 3), so each needs a quantity."
    ]


def test_a_copy_of_a_line_that_needs_a_quantity_needs_it_too() -> None:
    rows = row(quantity=""), row(quantity=""), row(quantity="1", tracking_number=OTHER_NUMBER)
    assert verdicts(*rows) == [("rejected", ["Q03"]), ("rejected", ["Q03"]), ("queued", [])]


def test_a_split_line_given_twice_with_other_data() -> None:
    rows = row(), row(quantity="2"), row(tracking_number=OTHER_NUMBER)
    assert verdicts(*rows) == [("rejected", ["O06"]), ("rejected", ["O06"]), ("queued", [])]


def test_a_whole_order_split_cannot_say_what_is_where() -> None:
    rows = (
        row(order_item_id="", quantity=""),
        row(order_item_id="", quantity="1", tracking_number=OTHER_NUMBER),
    )
    assert verdicts(*rows) == [("rejected", ["Q03"])] * 2
    assert "which items are in which" in said(*rows)[0]


def test_an_order_given_whole_and_by_items() -> None:
    rows = row(order_item_id="", quantity=""), row(), row(order_item_id="01234567890124")
    assert verdicts(*rows) == [("rejected", ["O06"])] * 3
    assert "see also lines 3 and 4" in said(*rows)[0]
    assert "see also line 2" in said(*rows)[1]


@pytest.mark.parametrize("cells", [row(order_id="1.12E+16"), row(order_id=""), row(order_item_id="1.2E+13")])
def test_keys_that_cannot_be_read_are_not_compared(cells: dict[str, str]) -> None:
    assert verdicts(cells, cells | {"quantity": "2"}) == [("rejected", [])] * 2


def test_a_rejected_line_takes_part_by_its_key() -> None:
    assert verdicts(row(quantity="0"), row()) == [("rejected", ["O06"])] * 2
    assert verdicts(row(quantity="0"), row(quantity="0"))[1] == ("rejected", ["O05"])


def test_own_references_are_compared_too() -> None:
    assert verdicts(row(order_id="REF-1"), row(order_id="REF-1"))[1] == ("rejected", ["O03", "O05"][1:])


def test_many_lines_are_named_in_few_words() -> None:
    assert named([3]) == "line 3"
    assert named([3, 7]) == "lines 3 and 7"
    assert named([3, 7, 9]) == "lines 3, 7 and 9"
    assert named(list(range(2, 12))) == "lines 2, 3, 4, 5, 6 and 5 more"


def test_keys_tell_cells_apart_and_ignore_surrounding_blanks() -> None:
    base = lines(row())
    assert (keys(base) == keys(lines(row(order_id=f" {GOOD['order-id']}\u3000")))).all()
    for other in (
        row(order_id="026-1520163-6049105"),
        row(order_item_id=""),
        row(order_item_id="01234567890124"),
    ):
        assert keys(base)[0, 1] != keys(lines(other))[0, 1]
    assert keys(lines(row())).shape == (1, 2)
    assert keys(lines(row()).iloc[:0]).shape == (0, 2)
    without = keys(base[["order-id"]])
    assert without[0, 1] == keys(lines(row(order_item_id="")))[0, 1]


def test_long_cells_and_slices_have_keys() -> None:
    frame = lines(*(row(order_id="x" * n + "é") for n in (1, 63, 64, 65, 5000)), row())
    whole = keys(frame)
    assert len(np.unique(whole[:, 0])) == 6
    for at in range(6):
        assert (keys(frame.iloc[at : at + 1]) == whole[at]).all()


def test_no_pieces_have_no_suspects() -> None:
    assert len(suspects([])) == 0
    assert settle(lines(row()).iloc[:0]).found == {}


ROWS = st.lists(
    st.builds(
        row,
        order_id=st.sampled_from(["026-1520163-6049104", "026-1520163-6049105", "1E+16", "", "REF"]),
        order_item_id=st.sampled_from(["", "01234567890123", "01234567890124"]),
        tracking_number=st.sampled_from(["", UPS_NUMBER, OTHER_NUMBER]),
        quantity=st.sampled_from(["", "1"]),
        status=st.sampled_from(["shipped", "Shipped", "cancelled"]),
    ),
    min_size=1,
    max_size=12,
)


@FEW
@given(ROWS, st.integers(1, 12))
def test_the_size_of_pieces_does_not_matter_and_the_cheap_look_misses_nothing(
    rows: list[dict[str, str]], size: int
) -> None:
    frame = lines(*rows)
    assert repeats(frame, size).found == settle(frame).found


@FEW
@given(ROWS)
def test_among_what_is_queued_no_key_is_twice(rows: list[dict[str, str]]) -> None:
    frame = lines(*rows)
    came = judge(frame, required=FILLZ, context=context(), repeats=repeats(frame))
    sent = came.shipments
    assert not sent.duplicated(["amazon-order-id", "order-item-code", "tracking-number"]).any()
    for _, order in sent.groupby("amazon-order-id"):
        assert order["order-item-code"].eq("").sum() in (0, 1)
        assert order["order-item-code"].eq("").sum() == 0 or len(order) == 1
