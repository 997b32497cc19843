from __future__ import annotations

import pytest

from cws_filedrop.transports.strangers import Strangers


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_at_once_from_one_address(clock: Clock) -> None:
    strangers = Strangers(per_address=3, most=100, clock=clock)
    assert strangers.may_come("a", ["a", "a", "b", "b", "b"])
    assert not strangers.may_come("a", ["a", "a", "a"])
    assert strangers.may_come("b", ["a", "a", "a"])


def test_at_once_in_all(clock: Clock) -> None:
    strangers = Strangers(per_address=3, most=4, clock=clock)
    assert strangers.may_come("d", ["a", "b", "c"])
    assert not strangers.may_come("e", ["a", "b", "c", "d"])


def test_no_more_than_twenty_a_second_come_and_go(clock: Clock) -> None:
    strangers = Strangers(per_address=32, most=100, clock=clock)
    came = 0
    for _ in range(1500):  # a second and a half
        if strangers.may_come("a", []):
            strangers.left("a")
            came += 1
        clock.now += 0.001
    assert 10 <= came <= 1.5 * 20
    assert strangers.may_come("b", [])
    clock.now += 0.3
    assert strangers.may_come("a", [])
    clock.now += 10
    for _ in range(10):
        assert strangers.may_come("a", [])
        strangers.left("a")
    assert not strangers.may_come("a", [])


def test_without_a_limit_by_address_there_is_that_of_all(clock: Clock) -> None:
    strangers = Strangers(per_address=0, most=100, clock=clock)
    for _ in range(1000):
        strangers.left("a")
    assert strangers.may_come("a", ["a"] * 99)
    assert not strangers.may_come("a", ["a"] * 100)


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.transports.strangers._MOST_REMEMBERED", 5)
    strangers = Strangers(per_address=3, most=100, clock=clock)
    for number in range(12):
        strangers.left(f"old{number}")
        assert len(strangers._gone) <= 5
    clock.now += 60
    strangers.left("new")
    strangers.left("newer")
    assert {"new", "newer"} <= set(strangers._gone)
    assert len(strangers._gone) <= 5
