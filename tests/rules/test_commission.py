"""Which orders carry commission: the edges of months, of the 2nd, and of histories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.model import OrderState
from cws_filedrop.rules.commission import Charge, Month, StateChange, charge, month, total
from cws_filedrop.rules.order_states import TRANSITIONS, OrderMove

NEW, SHIPPED, CANCELLED = OrderState.NEW, OrderState.SHIPPED, OrderState.CANCELLED
DEADLINE = datetime(2026, 12, 2, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def history(*events: tuple[datetime, OrderState]) -> list[StateChange]:
    return [StateChange(at, state) for at, state in events]


def test_an_order_that_was_never_cancelled_carries_commission() -> None:
    assert charge(history((DEADLINE, NEW), (DEADLINE, SHIPPED)), DEADLINE) == Charge(True, "not cancelled")
    assert charge([], DEADLINE).carries


def test_the_last_moment_of_the_1st_is_in_time_and_the_first_of_the_2nd_is_not() -> None:
    last = DEADLINE - MOMENT
    assert charge(history((last, CANCELLED)), DEADLINE) == Charge(False, "cancelled in time", last)
    assert charge(history((DEADLINE, CANCELLED)), DEADLINE) == Charge(True, "cancelled too late", DEADLINE)


def test_a_cancellation_that_was_taken_back_spares_nothing() -> None:
    early = datetime(2026, 11, 20, tzinfo=UTC)
    for back in (early + MOMENT, DEADLINE + timedelta(days=30)):
        found = charge(history((early, CANCELLED), (back, NEW)), DEADLINE)
        assert found == Charge(True, "cancelled once, and not any more")


def test_the_cancellation_that_stands_is_the_one_that_counts() -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 21, 22)]
    again = history((days[0], CANCELLED), (days[1], NEW), (days[2], CANCELLED))
    assert charge(again, DEADLINE) == Charge(False, "cancelled in time", days[2])
    late = history((days[0], CANCELLED), (days[1], NEW), (DEADLINE, CANCELLED))
    assert charge(late, DEADLINE) == Charge(True, "cancelled too late", DEADLINE)


def test_a_cancellation_that_is_only_said_again_stays_as_early_as_it_was() -> None:
    early = DEADLINE - MOMENT
    assert charge(history((early, CANCELLED), (DEADLINE + MOMENT, CANCELLED)), DEADLINE).cancelled_at == early


@given(st.lists(st.tuples(st.sampled_from(OrderMove), st.integers(0, 20))))
def test_only_a_cancelled_order_is_ever_spared(moves: list[tuple[OrderMove, int]]) -> None:
    """Whatever an order goes through by the transitions: it carries no commission exactly if it was cancelled before
    the deadline and nothing but that was ever said of it afterwards."""
    state, at, told = NEW, DEADLINE - timedelta(hours=20), list[StateChange]()
    for move, hours in moves:
        if move in TRANSITIONS[state]:
            state, at = TRANSITIONS[state][move], at + timedelta(hours=hours)
            told.append(StateChange(at, state))
    in_time = [one for one in told if one.at < DEADLINE]
    stayed = bool(in_time) and all(one.state is CANCELLED for one in (in_time[-1], *told[len(in_time) :]))
    assert charge(told, DEADLINE).carries is not stayed


# Months.


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "november", "0001-01", ""])
def test_what_names_no_month(text: str) -> None:
    assert month(text) is None


def test_a_month_is_written_as_it_is_read() -> None:
    assert (str(month("2026-11")), month("2026-02")) == ("2026-11", Month(2026, 2))


def test_after_december_comes_january() -> None:
    assert Month(2026, 12).following() == Month(2027, 1)
    assert Month(2026, 12).deadline(UTC) == datetime(2027, 1, 2, tzinfo=UTC)
    assert Month(2026, 11).following() == Month(2026, 12)


@pytest.mark.parametrize(
    ("zone", "wanted", "begins", "ends"),
    [
        # Clocks go forward on 29 March and back on 25 October 2026 in Berlin.
        ("Europe/Berlin", Month(2026, 3), "2026-02-28T23:00Z", "2026-04-01T22:00Z"),
        ("Europe/Berlin", Month(2026, 10), "2026-09-30T22:00Z", "2026-11-01T23:00Z"),
        # In New York they go back on 1 November 2026: between the end of October and its deadline.
        ("America/New_York", Month(2026, 10), "2026-10-01T04:00Z", "2026-11-02T05:00Z"),
        ("Asia/Tokyo", Month(2026, 12), "2026-11-30T15:00Z", "2027-01-01T15:00Z"),
        ("Pacific/Kiritimati", Month(2026, 11), "2026-10-31T10:00Z", "2026-12-01T10:00Z"),
        # In Asuncion 1 October 2023 began at 01:00: the clocks went forward at midnight.
        ("America/Asuncion", Month(2023, 10), "2023-10-01T04:00Z", "2023-11-02T03:00Z"),
    ],
)
def test_months_and_deadlines_are_those_of_the_time_zone(zone: str, wanted: Month, begins: str, ends: str) -> None:
    place = ZoneInfo(zone)
    assert wanted.first(place).astimezone(UTC) == datetime.fromisoformat(begins)
    assert wanted.deadline(place).astimezone(UTC) == datetime.fromisoformat(ends)


# Prices.


@pytest.mark.parametrize(
    ("prices", "sum_"),
    [
        (["10.50", "2"], "12.50"),
        (["10,50"], "10.50"),
        ([" 3.00 "], "3.00"),
        (["10.50", ""], None),
        ([], None),
        (["1,234"], None),
        (["USD 3"], None),
        (["-1.00"], None),
    ],
)
def test_a_total_is_known_if_every_line_has_a_plain_price(prices: list[str], sum_: str | None) -> None:
    assert total(prices) == (None if sum_ is None else Decimal(sum_))
