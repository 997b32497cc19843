"""Whose upload is next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.pipeline.turns import Turns


def lined_up(*uploads: str) -> Turns:
    """Uploads of the seller that their first letter says."""
    turns = Turns()
    for upload_id in uploads:
        turns.add(upload_id[0], upload_id)
    return turns


def test_sellers_take_turns() -> None:
    turns = lined_up("a1", "a2", "a3", "a4", "b1", "c1", "c2")
    assert turns.take(4) == ["a1", "b1", "c1", "a2"]
    assert turns.take(9) == ["c2", "a3", "a4"]
    assert turns.take(9) == []


def test_who_had_a_turn_last_waits_longest() -> None:
    turns = lined_up("a1", "a2", "a3", "b1", "b2")
    assert turns.take(1) == ["a1"]
    turns.add("c", "c1")
    assert turns.take(3) == ["b1", "a2", "c1"]


def test_an_upload_is_in_line_once() -> None:
    turns = lined_up("a1", "a1", "a1")
    assert len(turns) == 1
    assert "a1" in turns
    assert turns.take(5) == ["a1"]
    assert len(turns) == 0
    assert "a1" not in turns


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99))), st.integers(1, 5))
def test_nothing_is_lost_and_a_sellers_uploads_keep_their_order(uploads: list[tuple[str, int]], most: int) -> None:
    names = [f"{seller}{number:02}" for seller, number in uploads]
    turns, taken = lined_up(*names), list[str]()
    while group := turns.take(most):
        counts = Counter(one[0] for one in group)
        left = Counter(one[0] for one in set(names) - set(taken))
        assert all(counts[one] <= counts[other] + 1 for one in counts for other in left if counts[other] < left[other])
        taken += group
    assert sorted(taken) == sorted(set(names))
    for seller in "abc":
        assert [one for one in taken if one[0] == seller] == sorted(one for one in set(names) if one[0] == seller)
