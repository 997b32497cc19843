from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from transports.doors_kit import PASSWORD, wait_for

from cws_filedrop.gate.login_queue import LoginQueue, QueuedExecutor, Work, here
from cws_filedrop.gate.logins import LoginAnswer, Logins, SellerLogin, Throttle


class Line:
    """Those whose turn it is, in order; each is over when the next is wanted."""

    def __init__(self, at_once: int = 1) -> None:
        self.turns = LoginQueue(at_once)
        self.began: list[str] = []

    def ask(self, rank: int, key: str, name: str = "", *, able: bool = True) -> None:
        def begin() -> bool:
            self.began.append(name or key)
            return able

        self.turns.ask(rank, key, begin)

    def all(self) -> list[str]:
        for _ in range(100):
            self.turns.over()
        return self.began


def test_so_many_at_once() -> None:
    line = Line(at_once=2)
    for name in "abc":
        line.ask(1, name)
    assert line.began == ["a", "b"]
    line.turns.over()
    assert line.began == ["a", "b", "c"]


def test_of_one_rank_each_in_its_turn() -> None:
    line = Line()
    for number in range(4):
        line.ask(1, "greedy", f"greedy{number}")
    line.ask(1, "modest")
    line.ask(1, "other")
    assert line.all() == ["greedy0", "greedy1", "modest", "other", "greedy2", "greedy3"]


def test_the_better_rank_first() -> None:
    line = Line()
    for rank in (2, 2, 1, 0, 1):
        line.ask(rank, "any", str(rank))
    assert line.all() == ["2", "0", "1", "1", "2"]


def test_who_cannot_begin_does_not_stop_the_line() -> None:
    line = Line()
    for number in range(5_000):
        line.ask(1, str(number), able=number in (0, 4_999))
    line.turns.over()
    assert line.began[-1] == "4999"
    line.turns.over()
    line.ask(1, "next")
    assert line.began[-1] == "next"


def test_who_cannot_begin_at_once_does_not_keep_its_place() -> None:
    line = Line()
    line.ask(1, "a", able=False)
    line.ask(1, "b")
    assert line.began == ["a", "b"]


def test_an_outcome_comes_back_from_whichever_thread() -> None:
    turns = LoginQueue(1)
    with ThreadPoolExecutor(2) as pool:
        assert QueuedExecutor(turns, 0, "a", pool.submit).submit(lambda: 5).result(20) == 5
        with pytest.raises(ZeroDivisionError):
            QueuedExecutor(turns, 0, "a", pool.submit).submit(lambda: 1 // 0).result(20)
    assert here(turns, 0, "a", threading.get_ident) == threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        here(turns, 0, "a", lambda: 1 // 0)


def test_a_pool_that_is_closed_gives_its_turn_on() -> None:
    turns, pool = LoginQueue(1), ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        QueuedExecutor(turns, 0, "a", pool.submit).submit(lambda: 5).result(20)
    assert here(turns, 0, "b", lambda: 6) == 6


# Logins.


class Checked:
    """Checks that take until they are let go, one at a time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Semaphore(0)
        self.logins = Logins(self.authenticate, lambda names: dict.fromkeys(names, 1), Throttle(failures=1000))

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        self.asked.append(name)
        assert self.go.acquire(timeout=60)
        return SellerLogin(name, 1) if password == PASSWORD else None

    def let_go(self, number: int) -> None:
        for _ in range(number):
            self.go.release()

    def ask(self, run: Callable[[Work], object], name: str, address: str, password: str = "x") -> Future[LoginAnswer]:
        turn = self.logins.turn(name, password, address, clear=False, run=run)
        return turn.submit(lambda: self.logins.check(name, password, address))


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4)


def test_who_guesses_does_not_keep_others_waiting(pool: ThreadPoolExecutor) -> None:
    checked = Checked()
    with pool:
        guesses = [checked.ask(pool.submit, f"guess{number}", "192.0.2.1") for number in range(50)]
        wait_for(lambda: len(checked.asked) == 4)
        right = checked.ask(pool.submit, "acme", "192.0.2.2", PASSWORD)
        checked.let_go(1)
        wait_for(lambda: len(checked.asked) == 5)
        checked.let_go(1)
        wait_for(lambda: "acme" in checked.asked)
        assert len(checked.asked) <= 6
        checked.let_go(60)
        assert right.result(20).login is not None
        assert {one.result(20).login for one in guesses} == {None}


def test_an_address_that_failed_comes_after_those_that_did_not(pool: ThreadPoolExecutor) -> None:
    checked = Checked()
    checked.let_go(1)
    checked.ask(pool.submit, "acme", "192.0.2.1").result(20)
    with pool:
        held = [checked.ask(pool.submit, f"held{number}", "192.0.2.9") for number in range(4)]
        wait_for(lambda: len(checked.asked) == 5)
        bad = checked.ask(pool.submit, "bad", "192.0.2.1")
        good = [checked.ask(pool.submit, f"good{number}", "192.0.2.3") for number in range(3)]
        checked.let_go(20)
        for one in (*held, bad, *good):
            one.result(20)
    assert checked.asked[-1] == "bad"


def test_who_logged_in_lately_comes_first_and_is_not_checked_again(pool: ThreadPoolExecutor) -> None:
    checked = Checked()
    checked.let_go(1)
    assert checked.logins.check_here("acme", PASSWORD, "192.0.2.1").login is not None
    with pool:
        held = [checked.ask(pool.submit, f"held{number}", "192.0.2.9") for number in range(30)]
        wait_for(lambda: len(checked.asked) == 5)
        again = checked.ask(pool.submit, "acme", "192.0.2.1", PASSWORD)
        checked.let_go(1)
        assert again.result(20).login is not None
        checked.let_go(40)
        for one in held:
            one.result(20)
    assert checked.asked.count("acme") == 1
