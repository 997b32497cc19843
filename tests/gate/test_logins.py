"""Who may log in: throttling and memory, without a protocol."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import pytest

from cws_filedrop.door_settings import GuardSettings
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import ANONYMOUS, CLEAR, WRONG, Logins, SellerLogin, Throttle
from cws_filedrop.gate.one_at_a_time import OneAtATime


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Book:
    """One seller."""

    def __init__(self) -> None:
        self.password = "right"
        self.version: int | None = 1
        self.asked = 0

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        self.asked += 1
        known = name == "acme" and password == self.password and self.version is not None
        return SellerLogin(name, self.version or 0) if known else None

    def current(self, names: Collection[str]) -> dict[str, int]:
        return {} if self.version is None else dict.fromkeys(names, self.version)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def logins(book: Book, clock: Clock) -> Logins:
    return Logins(book.authenticate, book.current, Throttle(failures=3, wait_seconds=30, clock=clock))


@pytest.mark.parametrize("name", ["acme", "ACME", "Acme", " acme "])
def test_names_are_matched_without_case(logins: Logins, name: str) -> None:
    assert logins.check(name, "right", "::1").login == SellerLogin("acme", 1)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "../x", "é", "x" * 100])
def test_names_that_cannot_be_are_not_asked_for(logins: Logins, book: Book, name: str) -> None:
    assert logins.check(name, "right", "::1").text == WRONG
    assert book.asked == 0


@pytest.mark.parametrize("name", ["anonymous", "FTP", "Anonymous"])
def test_anonymous(logins: Logins, book: Book, name: str) -> None:
    assert logins.check(name, "me@example.com", "::1").text == ANONYMOUS
    assert book.asked == 0


def test_a_login_is_remembered_while_it_holds(logins: Logins, book: Book) -> None:
    for _ in range(5):
        assert logins.check("acme", "right", "::1").login
    assert book.asked == 1
    book.version = 2
    assert logins.check("acme", "right", "::1").login == SellerLogin("acme", 2)
    book.password, book.version = "new", 3
    assert logins.check("acme", "right", "::1").login is None
    book.version = None
    assert logins.check("acme", "new", "::1").login is None


def test_guessing_is_slowed_down(logins: Logins, book: Book, clock: Clock) -> None:
    for _ in range(3):
        assert logins.check("acme", "wrong", "192.0.2.1").text == WRONG
    asked = book.asked
    assert (
        logins.check("acme", "right", "192.0.2.1").text
        == "Too many wrong passwords for this user name; wait 30 seconds."
    )
    assert book.asked == asked
    assert logins.check("acme", "right", "192.0.2.2").login  # another address
    assert logins.check("other", "x", "192.0.2.1").text == WRONG  # another name
    clock.now += 31
    assert logins.check("acme", "right", "192.0.2.1").login
    assert logins.check("acme", "wrong", "192.0.2.1").text == WRONG  # counted from the beginning again


def test_failures_long_ago_do_not_count(logins: Logins, clock: Clock) -> None:
    for _ in range(10):
        assert logins.check("acme", "wrong", "::1").text == WRONG
        clock.now += 31


def test_the_memory_of_failures_is_bounded(clock: Clock) -> None:
    throttle = Throttle(failures=1, wait_seconds=30, clock=clock)
    for number in range(25_000):
        throttle.failed((str(number), ""))
    assert len(throttle._failed) <= 10_000


@pytest.mark.parametrize(
    ("networks", "address", "comes_in"),
    [
        ("", "203.0.113.9", True),
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.0/24", "::ffff:192.0.2.77", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("192.0.2.0/24 2001:db8::/32", "2001:db8::5", True),
        ("192.0.2.0/24", "fe80::1%eth0", False),
        ("198.51.100.7", "198.51.100.7", True),
    ],
)
def test_a_seller_comes_in_from_its_own_networks_only(networks: str, address: str, comes_in: bool) -> None:
    login = SellerLogin("acme", 1, networks)
    logins = Logins(lambda *_: login, lambda names: dict.fromkeys(names, 1), Throttle(failures=3, wait_seconds=30))
    answer = logins.check("acme", "right", address)
    assert (answer.login is not None) == comes_in
    assert comes_in or address in answer.text


def test_without_encryption_only_the_password_for_that_is_taken(book: Book, clock: Clock) -> None:
    other = SellerLogin("acme", 1)
    logins = Logins(
        book.authenticate,
        book.current,
        Throttle(failures=9, wait_seconds=30, clock=clock),
        in_clear=lambda _, password: other if password == "clear" else None,
    )
    assert logins.check("acme", "right", "::1", clear=True).text == CLEAR
    assert logins.check("acme", "clear", "::1", clear=True).login == other
    assert logins.check("acme", "clear", "::1").text == WRONG
    assert logins.check("acme", "right", "::1").login is not None


def test_without_such_a_password_nobody_comes_in_unencrypted(logins: Logins) -> None:
    assert logins.check("acme", "right", "::1", clear=True).text == CLEAR


def test_of_guesses_that_come_at_once_only_so_many_are_tried(book: Book, clock: Clock) -> None:
    logins = Logins(book.authenticate, book.current, Guard(GuardSettings(failures=5), clock=clock))
    together = threading.Barrier(16)

    def guess(number: int) -> str:
        together.wait(60)
        return logins.check("acme", f"guess{number}", f"2001:db8::{number}").text

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(16)))
    assert book.asked == 5
    assert answers.count(WRONG) == 5


def test_work_on_one_key_is_done_one_after_the_other() -> None:
    turns, here, most = OneAtATime(), [0], [0]

    def work(_: int) -> None:
        with turns.held("key"):
            here[0] += 1
            most[0] = max(most[0], here[0])
            here[0] -= 1

    with ThreadPoolExecutor(8) as pool, turns.held("another"):
        list(pool.map(work, range(200)))
    assert most == [1]
    assert turns._kept == {}
