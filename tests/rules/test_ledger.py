"""The ledger by the piece: what follows for an order from the counts of its packages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.judging import FEW

from cws_filedrop.model import OrderState
from cws_filedrop.rules.pieces import ledger
from cws_filedrop.rules.pieces.ledger import LedgerRow, line_key, pieces, settled, state_of, words

ONE: dict[str, int | None] = {"A": 3}
TWO: dict[str, int | None] = {"A": 1, "B": 1}
UNSAID: dict[str, int | None] = {}


def told(
    item: str = "A", tracking: str = "T1", quantity: int | None = None, upload: int = 1, **counts: int | str
) -> LedgerRow:
    """A package of an upload's line 2 that is on its way, but for what is said of it."""
    units = quantity if quantity and item else 1
    row = LedgerRow(item, tracking, quantity, units, upload_id=f"u{upload}", line=2)
    row = row._replace(**counts)
    return row._replace(refused_by=line_key(row.upload_id, 2)) if row.refused and not row.refused_by else row


def test_pieces_of_a_split_line() -> None:
    rows = [told("A", "T1", 1, refused=1), told("A", "T2", 2, accepted=2)]
    assert pieces(ONE, rows) == {"A": ledger.LinePieces(3, 2, 0, 0, 1)}
    assert state_of(ONE, rows) is OrderState.PARTLY_SHIPPED
    assert words(ONE, rows) == "1 of 3 pieces refused"


@pytest.mark.parametrize(
    ("rows", "state", "said"),
    [
        ([told("A")], OrderState.PARTLY_SHIPPED, "1 of 2 lines not confirmed"),
        ([told("A", accepted=1)], OrderState.PARTLY_SHIPPED, "1 of 2 lines not confirmed"),
        ([told("A", refused=1)], OrderState.UNCONFIRMED, "2 of 2 lines not confirmed, 1 of 2 pieces refused"),
        (
            [told("A", refused=1), told("B", "T2")],
            OrderState.UNCONFIRMED,
            "1 of 2 lines not confirmed, 1 of 2 pieces refused",
        ),
        ([told("A", unknown=1), told("B", accepted=1)], OrderState.SHIPPED, "1 of 2 pieces unknown"),
        ([told(""), told("B", "T2", cancelled=1)], OrderState.SHIPPED, ""),
        ([told("", refused=1)], OrderState.UNCONFIRMED, "2 of 2 lines not confirmed, 2 of 2 pieces refused"),
        ([told("A", cancelled=1)], None, "2 of 2 lines not confirmed"),
    ],
)
def test_an_order_of_two_lines(rows: list[LedgerRow], state: OrderState | None, said: str) -> None:
    assert (state_of(TWO, rows), words(TWO, rows)) == (state, said)


def test_a_package_and_its_correction_count_once() -> None:
    before = told("A", "T1", 1, accepted=1, corrected_by="u2 2")
    after = told("A", "T2", 1, upload=2)
    assert pieces({"A": 2}, [before, after])["A"] == ledger.LinePieces(2, 1, 0, 0, 0)
    done = [before, after._replace(accepted=1)]
    assert pieces({"A": 2}, done)["A"] == ledger.LinePieces(2, 1, 0, 0, 0)


def test_a_refusal_that_nobody_answers_for_leaves_nothing_open_and_is_counted() -> None:
    stands, refused = told("A", "T1", 1, accepted=1), told("A", "T2", 1, upload=2)._replace(refused=1)
    for ordered in ({"A": 1}, {"A": None}, UNSAID):
        rows = [stands, refused]
        assert (state_of(ordered, rows), words(ordered, rows)) == (OrderState.SHIPPED, "")
        assert settled(ordered, rows) == rows


def test_without_an_order_book_what_came_later_is_taken_for_what_was_refused() -> None:
    refused = told("A", "T1", 2, refused=2)
    assert settled(UNSAID, [refused, told("A", "T2", 1, upload=2, accepted=1)])[0].refused == 1
    assert settled(UNSAID, [refused, told("A", "T2", 1, upload=1, accepted=1)])[0].refused == 2
    assert settled(UNSAID, [refused, told("B", "T2", 2, upload=2, accepted=2)])[0].refused == 2
    assert settled(UNSAID, [refused, told("", "T2", upload=2, accepted=1)])[0].refused == 0


def test_of_several_refusals_the_last_ones_stay() -> None:
    rows = [
        told("A", "T1", 1, refused=1),
        told("A", "T2", 1, upload=2, refused=1),
        told("A", "T3", 2, upload=2, accepted=2),
    ]
    assert [row.refused for row in settled(ONE, rows)] == [0, 1, 0]


def test_told_again_its_earlier_units_stay_counted() -> None:
    again = ledger.told_again(told("A", "T1", None, refused=1), 2, 3, "u2", 5)
    assert (again.told, again.refused, again.on_its_way, again.quantity) == (5, 3, 2, 2)
    whole = ledger.told_again(told("A", "T1", 2, refused=2), None, 3, "u2", 5)
    assert (whole.told, whole.refused, whole.on_its_way) == (2, 1, 1)


# Properties. Amazon never accepts more of a line than was ordered.


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[dict[str, int | None], list[LedgerRow]]:
    """An order and its rows, in order of arrival."""
    ordered = draw(st.dictionaries(st.sampled_from("AB"), st.none() | st.integers(1, 4)))
    rows = []
    for upload in range(draw(st.integers(0, 5))):
        item = draw(st.sampled_from(["", "A", "B"]))
        row = told(item, f"T{upload}", draw(st.none() | st.integers(1, 3)), upload)
        counts = dict.fromkeys(("accepted", "refused", "unknown", "cancelled"), 0)
        for _ in range(row.told):
            if name := draw(st.sampled_from(["", *counts])):
                counts[name] += 1
        row = row._replace(**counts)
        rows.append(row._replace(refused_by=line_key(row.upload_id, 2)) if row.refused else row)
    return ordered, rows


@given(ledgers())
@FEW
def test_no_unit_is_counted_twice(given_: tuple[dict[str, int | None], list[LedgerRow]]) -> None:
    ordered, rows = given_
    for line in pieces(ordered, rows).values():
        assert min(line.accepted, line.on_its_way, line.unknown, line.refused, line.open) >= 0
        if line.ordered is not None:
            assert line.accepted + line.on_its_way + line.unknown + line.open == line.ordered
            assert line.refused <= line.open


@given(ledgers())
@FEW
def test_settling_takes_nothing_from_what_was_told_and_is_done_once(
    given_: tuple[dict[str, int | None], list[LedgerRow]],
) -> None:
    ordered, rows = given_
    after = settled(ordered, rows)
    for old, new in zip(rows, after, strict=True):
        assert new.told == new.accepted + new.refused + new.unknown + new.cancelled + new.on_its_way
        assert (new.told, new.accepted, new.on_its_way) == (old.told, old.accepted, old.on_its_way)
        assert new.refused <= old.refused
        assert new.unknown <= old.unknown
    assert settled(ordered, after) == after


@given(ledgers())
@FEW
def test_a_refused_piece_disappears_only_by_a_confirmation_of_its_own_line(
    given_: tuple[dict[str, int | None], list[LedgerRow]],
) -> None:
    ordered, rows = given_
    for old, new in zip(rows, settled(ordered, rows), strict=True):
        if new.refused < old.refused and old.item and ordered.get(old.item) is not None:
            mine = [row for row in rows if row.item in (old.item, "")]
            everything = sum(row.refused for row in mine if not row.counts_all) + sum(row.accepted for row in mine)
            whole = any(row.counts_all and (row.accepted or row.refused) for row in mine)
            assert whole or everything > (ordered[old.item] or 0), "these pieces are not refused any more"


@given(ledgers())
@FEW
def test_an_order_with_something_open_is_never_shipped(
    given_: tuple[dict[str, int | None], list[LedgerRow]],
) -> None:
    ordered, rows = given_
    state = state_of(ordered, rows)
    open_ = any(line.open for line in pieces(ordered, rows).values())
    assert (state is OrderState.SHIPPED) <= (not open_)
    assert not words(ordered, rows) or open_ or "unknown" in words(ordered, rows)
