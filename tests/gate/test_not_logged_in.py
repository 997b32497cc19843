from __future__ import annotations

import pytest

from cws_filedrop.gate.not_logged_in import NotLoggedIn


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_at_once_from_one_address(clock: Clock) -> None:
    not_logged_in = NotLoggedIn(per_address=3, most=100, clock=clock)
    assert not_logged_in.may_come("a", ["a", "a", "b", "b", "b"])
    assert not not_logged_in.may_come("a", ["a", "a", "a"])
    assert not_logged_in.may_come("b", ["a", "a", "a"])


def test_at_once_in_all(clock: Clock) -> None:
    not_logged_in = NotLoggedIn(per_address=3, most=4, clock=clock)
    assert not_logged_in.may_come("d", ["a", "b", "c"])
    assert not not_logged_in.may_come("e", ["a", "b", "c", "d"])


def test_no_more_than_twenty_a_second_come_and_go(clock: Clock) -> None:
    not_logged_in = NotLoggedIn(per_address=32, most=100, clock=clock)
    came = 0
    for _ in range(1500):  # a second and a half
        if not_logged_in.may_come("a", []):
            not_logged_in.left("a")
            came += 1
        clock.now += 0.001
    assert 10 <= came <= 1.5 * 20
    assert not_logged_in.may_come("b", [])
    clock.now += 0.3
    assert not_logged_in.may_come("a", [])
    clock.now += 10
    for _ in range(10):
        assert not_logged_in.may_come("a", [])
        not_logged_in.left("a")
    assert not not_logged_in.may_come("a", [])


def test_without_a_limit_by_address_there_is_that_of_all(clock: Clock) -> None:
    not_logged_in = NotLoggedIn(per_address=0, most=100, clock=clock)
    for _ in range(1000):
        not_logged_in.left("a")
    assert not_logged_in.may_come("a", ["a"] * 99)
    assert not not_logged_in.may_come("a", ["a"] * 100)


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.gate.not_logged_in._MOST_REMEMBERED", 5)
    not_logged_in = NotLoggedIn(per_address=3, most=100, clock=clock)
    for number in range(12):
        not_logged_in.left(f"old{number}")
        assert len(not_logged_in._gone) <= 5
    clock.now += 60
    not_logged_in.left("new")
    not_logged_in.left("newer")
    assert {"new", "newer"} <= set(not_logged_in._gone)
    assert len(not_logged_in._gone) <= 5
