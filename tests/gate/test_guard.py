"""Guessing at passwords: slowed down, then kept out, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from databases import new_database
from transports.doors_kit import wait_for

from cws_filedrop.door_settings import GuardSettings
from cws_filedrop.gate.guard import Guard
from cws_filedrop.store.database import Database
from cws_filedrop.store.doors import guard as shelf
from cws_filedrop.store.doors.guard import FailureRecord

SETTINGS = GuardSettings(failures=3, wait_seconds=30, ban_failures=10, ban_seconds=600, forget_seconds=600)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Shelf:
    """The guard's table."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def load(self) -> list[FailureRecord]:
        return shelf.load(self.db)

    def save(self, records: Iterable[FailureRecord], *, forget: Iterable[tuple[str, str]]) -> None:
        shelf.save(self.db, records, forget=forget)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> Guard:
    return Guard(SETTINGS, clock=clock)


def fail(guard: Guard, times: int, user: str = "anna", address: str = "192.0.2.1") -> None:
    for _ in range(times):
        guard.failed((user, address))


def test_the_delay_grows_with_each_failure_and_has_an_end(guard: Guard, clock: Clock) -> None:
    fail(guard, 2)
    assert guard.wait(("anna", "192.0.2.1")) == 0
    waits = []
    for _ in range(4):
        fail(guard, 1)
        waits.append(guard.wait(("anna", "192.0.2.1")))
    assert waits == [30, 60, 120, 240]
    clock.now += 240
    assert guard.wait(("anna", "192.0.2.1")) == 0


def test_a_right_password_forgives_earlier_mistakes(guard: Guard) -> None:
    fail(guard, 3)
    guard.succeeded(("anna", "192.0.2.1"))
    assert guard.wait(("anna", "192.0.2.1")) == 0


def test_an_address_that_goes_on_is_kept_out_whatever_name_it_uses(guard: Guard) -> None:
    for number in range(10):
        guard.failed((f"user{number}", "192.0.2.1"))
    assert guard.banned("192.0.2.1") == 600
    assert guard.wait(("anna", "192.0.2.1")) == 600


def test_a_seller_at_another_address_is_not_delayed_by_guesses_at_its_password(guard: Guard) -> None:
    for number in range(1000):
        guard.failed(("anna", f"192.0.2.{number % 7}"))
    assert guard.wait(("anna", "198.51.100.1")) == 0
    assert guard.wait(("ben", "198.51.100.1")) == 0
    assert all(guard.banned(f"192.0.2.{number}") > 0 for number in range(7))


def test_the_second_ban_is_twice_as_long(guard: Guard, clock: Clock) -> None:
    fail(guard, 10)
    clock.now += 601
    assert guard.banned("192.0.2.1") == 0
    fail(guard, 10)
    assert guard.banned("192.0.2.1") == 1200


def test_no_ban_is_longer_than_a_day(guard: Guard, clock: Clock) -> None:
    for _ in range(30):
        fail(guard, 10)
        clock.now += guard.banned("192.0.2.1") + 1
    fail(guard, 10)
    assert guard.banned("192.0.2.1") == 86_400


def test_rare_mistakes_never_come_to_a_ban(guard: Guard, clock: Clock) -> None:
    for _ in range(200):
        fail(guard, 1)
        clock.now += 600
    assert guard.banned("192.0.2.1") == 0


def test_memory_is_bounded(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.gate.guard._MOST", 100)
    fail(guard, 10, address="198.51.100.9")
    for number in range(1000):
        guard.failed((f"u{number}", f"192.0.2.{number}"))
    assert len(guard._records) <= 110
    assert len(guard._pairs) <= 100
    assert guard.banned("198.51.100.9") == 600


def test_a_ban_outlasts_a_restart_and_an_operator_lifts_it(tmp_path: Path) -> None:
    db = new_database(tmp_path / "x.db")
    before = Guard(SETTINGS, Shelf(db))
    before.start()
    fail(before, 10)
    before.stop()
    assert [one.who for one in shelf.banned(db, 0.0)] == ["192.0.2.1"]
    after = Guard(SETTINGS, Shelf(db))
    after.start()
    assert after.banned("192.0.2.1") > 500
    assert shelf.forget(db, "192.0.2.1")
    wait_for(lambda: after.banned("192.0.2.1") == 0)
    after.stop()
    assert not shelf.forget(db, "192.0.2.1")
    db.close()


def test_who_tries_again_instead_of_waiting_is_kept_out_sooner(guard: Guard) -> None:
    fail(guard, 3)
    assert guard.wait(("anna", "192.0.2.1")) > 0
    waiting = guard.wait(("anna", "192.0.2.1"))
    for _ in range(7):
        assert guard.banned("192.0.2.1") == 0
        guard.came_too_early(("anna", "192.0.2.1"))
    assert guard.banned("192.0.2.1") > 0
    assert guard.wait(("anna", "192.0.2.2")) == 0, "others are not kept waiting for it"
    assert waiting <= 30


def test_whoever_has_many_addresses_of_one_network_is_one(guard: Guard) -> None:
    for number in range(10):
        fail(guard, 1, user=f"u{number}", address=f"2001:db8:0:7::{number}")
    assert guard.banned("2001:db8:0:7:ffff::1") > 0
    assert guard.banned("2001:db8:0:8::1") == 0
    fail(guard, 10, address="::ffff:192.0.2.9")
    assert guard.banned("192.0.2.9") > 0


def test_exempt_addresses_are_never_banned_but_wait(clock: Clock) -> None:
    guard = Guard(replace(SETTINGS, exempt="198.51.100.0/24 2001:db8::/32"), clock=clock)
    for address in ("198.51.100.7", "2001:db8:1::1"):
        fail(guard, 20, address=address)
        assert guard.banned(address) == 0
        assert guard.wait(("ben", address)) == 0
        assert guard.wait(("anna", address)) > 0


def test_who_logged_in_from_an_address_lately_passes_its_ban(guard: Guard, clock: Clock) -> None:
    guard.succeeded(("anna", "192.0.2.1"))
    fail(guard, 10, user="ben")
    assert guard.wait(("anna", "192.0.2.1")) == 0
    assert guard.wait(("carl", "192.0.2.1")) > 0
    assert guard.banned("192.0.2.1") == 0, "somebody is known there: it depends on the name"
    clock.now += 8 * 86_400
    fail(guard, 10, user="ben")
    assert guard.banned("192.0.2.1") > 0


def test_who_logged_in_lately_is_known_after_a_restart_and_to_other_processes(tmp_path: Path, clock: Clock) -> None:
    db = new_database(tmp_path / "x.db")
    before, beside = Guard(SETTINGS, Shelf(db), clock), Guard(SETTINGS, Shelf(db), clock)
    beside.start()
    before.start()
    before.succeeded(("anna", "2001:db8:0:7::1"))
    before.stop()
    wait_for(lambda: beside.knows("2001:db8:0:7::2"))
    beside.stop()
    after = Guard(SETTINGS, Shelf(db), clock)
    after.start()
    fail(after, 20, user="ben", address="2001:db8:0:7::1")
    assert after.wait(("anna", "2001:db8:0:7::3")) == 0
    assert after.wait(("ben", "2001:db8:0:7::3")) > 0
    assert not after.knows("2001:db8:0:8::1")
    clock.now += 8 * 86_400
    after.stop()
    assert [one for one in shelf.load(db) if one.kind == "login"] == [], "what is older than a week is forgotten"
    db.close()


def test_exempt_addresses_are_known(clock: Clock) -> None:
    guard = Guard(replace(SETTINGS, exempt="198.51.100.0/24"), clock=clock)
    assert guard.knows("198.51.100.9")
    assert not guard.knows("198.51.101.9")


def test_memory_of_logins_is_bounded(guard: Guard, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.gate.logged_in_lately._MOST", 100)
    for number in range(1000):
        clock.now += 1
        guard.succeeded(("anna", f"192.0.{number // 250}.{number % 250}"))
    assert len(guard._lately._at) <= 100
    assert guard.knows("192.0.3.249")
    assert not guard.knows("192.0.0.0")
