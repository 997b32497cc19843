from __future__ import annotations

from collections import Counter

import pytest

from cws_filedrop.gate.not_logged_in import NotLoggedIn, Waiting
from cws_filedrop.gate.sources import source_of

KNOWN = "192.0.2.7"
LATE = 6.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """Connections that never log in, by number, as a door counts them."""

    def __init__(self, clock: Clock, *, per_address: int, most: int) -> None:
        self.clock = clock
        self.rule = NotLoggedIn(per_address=per_address, most=most, knows=lambda one: one == KNOWN, clock=clock)
        self.here: dict[int, Waiting[int]] = {}
        self._number = 0

    def comes(self, address: str, *, is_banned: bool = False) -> int:
        """The number of a connection that was let in; 0 for one that was not."""
        find = self.rule.place_to_show_a_key if is_banned else self.rule.place
        place = find(address, list(self.here.values()))
        if place is None:
            return 0
        if place.instead_of is not None:
            self.leaves(place.instead_of)
        self._number += 1
        self.here[self._number] = Waiting(self._number, source_of(address), self.clock())
        return self._number

    def leaves(self, number: int) -> None:
        self.rule.left(self.here.pop(number).source)

    def by_source(self) -> Counter[str]:
        return Counter(one.source for one in self.here.values())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_at_once_from_one_address(clock: Clock) -> None:
    door = Door(clock, per_address=3, most=100)
    assert all(door.comes("a") for _ in range(3))
    assert not door.comes("a")
    assert door.comes("b")


def test_many_addresses_of_one_network_are_one(clock: Clock) -> None:
    door = Door(clock, per_address=3, most=100)
    assert all(door.comes(f"2001:db8::{number}") for number in range(3))
    assert not door.comes("2001:db8::9")
    assert door.comes("2001:db8:0:1::9")


def test_no_more_than_twenty_a_second_come_and_go(clock: Clock) -> None:
    door, came = Door(clock, per_address=32, most=100), 0
    for _ in range(1500):  # a second and a half
        if number := door.comes("a"):
            door.leaves(number)
            came += 1
        clock.now += 0.001
    assert 10 <= came <= 1.5 * 20
    assert door.comes("b")
    clock.now += 0.3
    assert door.comes("a")


def test_without_a_limit_by_address_there_is_that_of_all(clock: Clock) -> None:
    door = Door(clock, per_address=0, most=100)
    assert all(door.comes("a") for _ in range(75))
    assert not door.comes("a"), "the rest is for those that are known"
    assert door.comes(KNOWN)
    clock.now += LATE
    assert door.comes("a"), "instead of one that had its time"
    assert door.by_source() == {"a": 75, KNOWN: 1}


def test_a_dozen_silent_addresses_do_not_shut_a_door(clock: Clock) -> None:
    door = Door(clock, per_address=32, most=256)
    for address in (f"198.51.100.{number}" for number in range(12)):
        for _ in range(32):
            door.comes(address)
    assert len(door.here) == 192
    assert door.comes("203.0.113.1"), "whoever has least is let in instead of whoever has most"
    assert len(door.here) == 192
    assert set(door.by_source().values()) <= {1, 15, 16, 17}, "the dozen had to share what they had taken"


def test_of_many_with_one_each_some_have_to_go(clock: Clock) -> None:
    door = Door(clock, per_address=32, most=40)
    for number in range(30):
        assert door.comes(f"198.51.100.{number}")
    newcomer = door.comes("203.0.113.1")
    assert newcomer
    clock.now += LATE
    again = door.comes("203.0.113.1")
    assert again
    clock.now -= LATE - 1
    for number in range(30, 60):
        door.comes(f"198.51.100.{number}")
    assert len(door.here) == 30


def test_a_silent_neighbour_behind_the_same_address_makes_room(clock: Clock) -> None:
    door = Door(clock, per_address=3, most=100)
    first = door.comes("a")
    clock.now += LATE
    assert door.comes("a")
    assert door.comes("a")
    assert door.comes("a")
    assert first not in door.here
    assert not door.comes("a"), "these still have time to log in"


def test_those_that_are_known_never_go_for_strangers_and_always_find_room(clock: Clock) -> None:
    door = Door(clock, per_address=0, most=8)
    known = [door.comes(KNOWN), door.comes(KNOWN)]
    for number in range(20):
        clock.now += LATE
        assert door.comes(f"198.51.100.{number}")
    assert set(known) <= set(door.here)
    assert len(door.here) == 8
    clock.now += 1
    assert door.comes(KNOWN)
    assert set(known) <= set(door.here)
    assert door.by_source()[KNOWN] == 3


def test_who_is_banned_may_show_a_key_now_and_then(clock: Clock) -> None:
    door = Door(clock, per_address=32, most=8)
    first = door.comes("a", is_banned=True)
    assert first
    assert not door.comes("a", is_banned=True)
    door.leaves(first)
    assert not door.comes("a", is_banned=True)
    clock.now += 5
    assert door.comes("a", is_banned=True)
    for number in range(5):
        assert door.comes(f"198.51.100.{number}")
    clock.now += LATE
    assert not door.comes("b", is_banned=True), "nobody goes for it"


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.gate.not_logged_in._MOST_REMEMBERED", 5)
    rule = Door(clock, per_address=3, most=100).rule
    for number in range(12):
        rule.left(f"old{number}")
        assert len(rule._gone) <= 5
    clock.now += 60
    rule.left("new")
    rule.left("newer")
    assert {"new", "newer"} <= set(rule._gone)
    assert len(rule._gone) <= 5
