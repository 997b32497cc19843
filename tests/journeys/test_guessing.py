"""Guessing at a seller's password from several addresses: they are kept out, and the seller itself is not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from running import Running, wait_for

from bench.guessing import ADDRESSES, DOORS, Attack, banned


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("service"), GUARD__FAILURES=2, GUARD__BAN_FAILURES=4)
    running.add_seller("victim")
    yield running.start()
    running.stop()


@pytest.mark.parametrize("door", DOORS)
def test_guessers_are_banned_and_the_seller_logs_in_all_the_while(service: Running, door: str) -> None:
    (guess, login), attack = DOORS[door], Attack()
    own = 5 * list(DOORS).index(door)
    addresses, before = ADDRESSES[own : own + 5], banned(service)
    with ThreadPoolExecutor(5) as pool:
        guesses = [pool.submit(guess, service, addresses[number % 5], attack) for number in range(50)]
        while not all(one.done() for one in guesses):
            login(service)
    assert attack.refused + attack.kept_out == 50
    assert attack.kept_out
    wait_for(lambda: banned(service) == before + 5, what="five addresses to be kept out")
    login(service)
