"""Strangers attack the pages: these answer all the while, and do not swell."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from running import Running

from bench.storms import MIB, STORMS, Pages, raging

GROWN = 64 * MIB
LOOKS = 30


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with Running(tmp_path_factory.mktemp("service"), WEB__ENABLED=True).started() as service:
        yield Pages(service)


@pytest.mark.parametrize("name", STORMS)
def test_the_pages_stand_it(pages: Pages, name: str) -> None:
    pause = threading.Event()
    for _ in range(LOOKS):
        pages.answers_within()
    before, most = pages.memory(), 0
    with raging(name, pages.address):
        for _ in range(LOOKS):
            pages.answers_within()
            most = max(most, pages.memory())
            pause.wait(0.1)  # the storm needs a while to show what it can do
    assert most - before < GROWN
