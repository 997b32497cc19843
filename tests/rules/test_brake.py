"""The mass-change brake counts as one would by hand."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.rules import bulk_change_limit

NUMBERS = ["1Z999AA10123456784", " 1Z999AA10123456784 ", "1Z999AA10123456775", "", "n/a"]
CELLS = pd.ArrowDtype(pa.string())
LINES = st.lists(
    st.tuples(
        st.sampled_from(NUMBERS), st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["shipped", "Canceled", ""])
    ),
    max_size=40,
)


def table(lines: list[tuple[str, str, str]]) -> pd.DataFrame:
    columns = {"tracking-number": 0, "order-id": 1, "status": 2}
    return pd.DataFrame({name: pd.array([line[at] for line in lines], dtype=CELLS) for name, at in columns.items()})


@given(LINES, LINES, st.integers(1, 3))
def test_counted_by_hand(first: list[tuple[str, str, str]], second: list[tuple[str, str, str]], most: int) -> None:
    pieces = [table(first), table(second)]
    marks = [bulk_change_limit.marks(piece) for piece in pieces]
    assert sum(one.cancelled for one in marks) == sum(line[2] == "Canceled" for line in first + second)
    orders: dict[str, set[str]] = defaultdict(set)
    for number, order, _ in first + second:
        orders[number.strip()].add(order)
    expected = {(number, len(own)) for number, own in orders.items() if len(own) > most and number.startswith("1Z")}
    found = bulk_change_limit.crowds(pieces, bulk_change_limit.suspects(marks, most), most)
    assert {tuple(crowd) for crowd in found} == expected
    assert [crowd.orders for crowd in found] == sorted((crowd.orders for crowd in found), reverse=True)
