"""Waits that grow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cws_filedrop import backoff
from cws_filedrop.backoff import Backoff

NAMED = {name: found for name, found in vars(backoff).items() if isinstance(found, Backoff)}


def test_each_wait_is_so_many_times_the_one_before_up_to_the_longest() -> None:
    waits = Backoff(2.0, 3.0, 100.0)
    assert [waits.seconds(attempt) for attempt in range(1, 7)] == [2, 6, 18, 54, 100, 100]


def test_chance_takes_away_a_share_and_never_adds_one() -> None:
    waits = [Backoff(100.0, 1.0, 100.0, jitter=0.25).seconds(1) for _ in range(200)]
    assert 75 <= min(waits) < 80
    assert 95 < max(waits) <= 100


@pytest.mark.parametrize("name", NAMED)
def test_after_any_number_of_attempts_there_is_a_wait_and_it_is_the_longest(name: str) -> None:
    kind = NAMED[name]
    assert 0 < kind.seconds(0) <= kind.first_seconds
    assert kind.longest_seconds * (1 - kind.jitter) <= kind.seconds(1_000_000) <= kind.longest_seconds


def test_mails_are_tried_again_after_minutes_and_then_hours() -> None:
    assert [backoff.MAIL_POSTPONED.seconds(attempt) for attempt in (1, 2, 3)] == [60, 120, 240]
    assert backoff.MAIL_POSTPONED.seconds(100) == timedelta(hours=4).total_seconds()


def test_what_amazon_works_on_is_looked_at_ever_more_rarely() -> None:
    waits = backoff.amazon_works_on_it(60.0, 300.0)
    assert [waits.seconds(looks + 1) for looks in range(6)] == [60, 90, 135, 202.5, 300, 300]
