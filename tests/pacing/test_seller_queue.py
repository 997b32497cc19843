"""Whose upload is next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.pacing.seller_queue import SellerQueue

HEAVY = 100


def lined_up(*uploads: str, **sizes: int) -> SellerQueue:
    """Uploads of the seller that their first letter says, of 1 byte or of the size given."""
    turns = SellerQueue(HEAVY)
    for upload_id in uploads:
        turns.add(upload_id[0], upload_id, sizes.get(upload_id, 1))
    return turns


def test_sellers_take_turns() -> None:
    turns = lined_up("a1", "a2", "a3", "a4", "b1", "c1", "c2")
    assert turns.take(4) == {"a1": "a", "b1": "b", "c1": "c", "a2": "a"}
    assert list(turns.take(9)) == ["c2", "a3", "a4"]
    assert turns.take(9) == {}


def test_who_had_a_turn_last_waits_longest() -> None:
    turns = lined_up("a1", "a2", "a3", "b1", "b2")
    assert list(turns.take(1)) == ["a1"]
    turns.add("c", "c1", 1)
    assert list(turns.take(3)) == ["b1", "a2", "c1"]


def test_an_upload_is_in_line_once() -> None:
    turns = lined_up("a1", "a1", "a1")
    assert len(turns) == 1
    assert "a1" in turns
    assert list(turns.take(5)) == ["a1"]
    assert len(turns) == 0
    assert "a1" not in turns


def test_a_busy_seller_waits_and_keeps_its_place() -> None:
    turns = lined_up("a1", "b1", "b2", "c1")
    assert list(turns.take(9, busy={"a", "c"})) == ["b1", "b2"]
    assert list(turns.take(1)) == ["a1"]
    assert list(turns.take(9, busy={"c"})) == []
    assert list(turns.take(9)) == ["c1"]


def test_a_large_one_goes_with_nothing_of_its_seller_before_or_after_it() -> None:
    turns = lined_up("a1", "a2", "a3", "b1", a2=HEAVY + 1)
    assert list(turns.take(9)) == ["a1", "b1"]
    assert list(turns.take(9)) == ["a2"]
    assert list(turns.take(9)) == ["a3"]


def test_a_large_one_waits_until_what_its_seller_has_in_hand_is_done() -> None:
    turns = lined_up("a1", "a2", "b1", a1=HEAVY + 1)
    assert list(turns.take(9, begun={"a", "b"})) == ["b1"]
    assert list(turns.take(9)) == ["a1"]


def test_small_ones_together_are_no_larger_than_a_large_one() -> None:
    turns = lined_up("a1", "b1", "c1", a1=60, b1=60, c1=40)
    assert list(turns.take(9)) == ["a1", "c1"]
    assert list(turns.take(9)) == ["b1"]


UPLOADS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99), st.sampled_from([1, 1, 1, 60, HEAVY + 1])))


@given(UPLOADS, st.integers(1, 5))
def test_nothing_is_lost_and_a_sellers_uploads_keep_their_order(uploads: list[tuple[str, int, int]], most: int) -> None:
    sizes = {f"{seller}{number:02}": size for seller, number, size in uploads}
    turns, taken = lined_up(*sizes, **sizes), list[str]()
    while group := turns.take(most):
        counts = Counter(group.values())
        assert len(group) <= most
        for one in group:
            assert sizes[one] <= HEAVY or counts[group[one]] == 1
        assert sum(sizes[one] for one in group if sizes[one] <= HEAVY) <= HEAVY
        taken += group
    assert sorted(taken) == sorted(sizes)
    for seller in "abc":
        assert [one for one in taken if one[0] == seller] == sorted(one for one in sizes if one[0] == seller)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99))), st.integers(1, 5))
def test_turns_are_even(uploads: list[tuple[str, int]], most: int) -> None:
    names = {f"{seller}{number:02}" for seller, number in uploads}
    turns, left = lined_up(*names), set(names)
    while group := turns.take(most):
        left -= set(group)
        counts, waiting = Counter(group.values()), Counter(one[0] for one in left)
        assert all(counts[one] <= counts[other] + 1 for one in counts for other in waiting)
