from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.marketplaces.limits import RATES, SLACK_SECONDS, Rate, reserve

NOW = 1_795_000_000.0
RATE = Rate(0.5, 3)


def test_the_rates_are_amazons() -> None:
    assert {name: (rate.per_second, rate.burst) for name, rate in RATES.items()} == {
        "createFeedDocument": (0.5, 15),
        "createFeed": (0.0083, 15),
        "getFeed": (2.0, 15),
        "getFeeds": (0.0222, 10),
        "getFeedDocument": (0.0222, 10),
        "cancelFeed": (2.0, 15),
        "getOrder": (0.5, 30),
        "createReport": (0.0167, 15),
        "getReport": (2.0, 15),
        "getReportDocument": (0.0167, 15),
        "createRestrictedDataToken": (1.0, 10),
    }


def test_a_full_bucket_gives_its_burst_at_once_and_then_one_token_an_interval() -> None:
    tat: float | None = None
    for _ in range(3):
        tat, wait = reserve(tat, NOW, RATE)
        assert wait == 0
    assert reserve(tat, NOW, RATE) == (tat, 2.0)
    tat, wait = reserve(tat, NOW + 2.0, RATE)
    assert wait == 0
    assert reserve(tat, NOW + 2.0, RATE)[1] == 2.0


def test_who_has_to_wait_takes_nothing() -> None:
    tat = NOW + 6.0
    for _ in range(5):
        assert reserve(tat, NOW, RATE) == (tat, 2.0)


def test_a_clock_set_back_costs_one_filling_at_most() -> None:
    assert reserve(NOW + 86_400, NOW, RATE) == (NOW + 6.0, 2.0)


def test_scaling_speeds_the_filling_not_the_burst() -> None:
    assert RATE.scaled(10) == Rate(5.0, 3)


@given(
    gaps=st.lists(st.floats(0, 10), max_size=60),
    per_second=st.floats(0.01, 50),
    burst=st.integers(1, 20),
)
def test_no_window_ever_holds_more_than_the_bucket_gives(gaps: list[float], per_second: float, burst: int) -> None:
    rate = Rate(per_second, burst)
    tat, now, taken = None, NOW, []
    for gap in gaps:
        now += gap
        tat, wait = reserve(tat, now, rate)
        if wait == 0:
            taken.append(now)
    for first, start in enumerate(taken):
        for count, end in enumerate(taken[first:], 1):
            assert count <= burst + (end - start) * per_second + 0.01


@given(tat=st.floats(NOW, NOW + 1000), per_second=st.floats(0.001, 1000), burst=st.integers(1, 20))
def test_who_waits_as_told_is_let_through(tat: float, per_second: float, burst: int) -> None:
    rate = Rate(per_second, burst)
    kept, wait = reserve(tat, NOW, rate)
    assert wait == 0 or wait > SLACK_SECONDS
    assert wait == 0 or reserve(kept, NOW + wait, rate)[1] == 0


@pytest.mark.parametrize("name", RATES)
def test_a_burst_is_whole_again_after_its_filling_time(name: str) -> None:
    rate = RATES[name]
    tat: float | None = None
    for _ in range(rate.burst):
        tat, _ = reserve(tat, NOW, rate)
    later = NOW + rate.burst * rate.interval_seconds
    for _ in range(rate.burst):
        tat, wait = reserve(tat, later, rate)
        assert wait == 0
