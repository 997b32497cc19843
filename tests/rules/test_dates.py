"""Dates as sellers type them, and the FulfillmentDate that comes of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rules.judging import FEW, FILLZ, NOW, judged, one, row

from cws_filedrop.model import DateOrder
from cws_filedrop.rules.dates import Calendar, read, written

DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


def calendar(zone: str = "UTC", order: DateOrder | None = None, now: datetime = NOW) -> Calendar:
    return Calendar(now, ZoneInfo(zone), order)


FORMS = [
    ("2026-11-21", "2026-11-21T12:00:00Z"),
    ("2026/11/21", "2026-11-21T12:00:00Z"),
    ("2026-11-1", "2026-11-01T12:00:00Z"),
    ("11/21/2026", "2026-11-21T12:00:00Z"),
    ("21/11/2026", "2026-11-21T12:00:00Z"),
    ("21-11-2026", "2026-11-21T12:00:00Z"),
    ("21.11.2026", "2026-11-21T12:00:00Z"),
    ("1.11.2026", "2026-11-01T12:00:00Z"),
    ("11/11/2026", "2026-11-11T12:00:00Z"),
    ("2026-11-21T08:15:30", "2026-11-21T08:15:30Z"),
    ("2026-11-21 08:15", "2026-11-21T08:15:00Z"),
    ("2026-11-21T08:15:30Z", "2026-11-21T08:15:30Z"),
    ("2026-11-21T08:15:30.987Z", "2026-11-21T08:15:30Z"),
    ("2026-11-21T08:15:30,5+00:00", "2026-11-21T08:15:30Z"),
    ("2026-11-21T08:15:30+01:00", "2026-11-21T08:15:30+01:00"),
    ("2026-11-21T08:15:30 -0800", "2026-11-21T08:15:30-08:00"),
    ("2026-11-21T08:15:30+09", "2026-11-21T08:15:30+09:00"),
    ("2026-11-21 08:15:30 UTC", "2026-11-21T08:15:30Z"),
    ("2026-11-21 08:15:30 +15:30", "2026-11-20T16:45:30Z"),
    ("11/21/2026 3:05 PM", "2026-11-21T15:05:00Z"),
    ("11/21/2026 12:05 am", "2026-11-21T00:05:00Z"),
    ("21.11.2026 23:59", "2026-11-21T23:59:00Z"),
    ("2026-11-22", "2026-11-22T10:30:00Z"),  # noon is still to come: capped
    ("2026-11-22T10:44:59Z", "2026-11-22T10:30:00Z"),  # a clock that runs ahead: capped
    ("2026-11-22T11:40:00+01:00", "2026-11-22T10:30:00Z"),
]


@pytest.mark.parametrize(("typed", "sent"), FORMS)
def test_forms_that_are_read(typed: str, sent: str) -> None:
    assert read(typed, calendar())[:2] == (sent, None)


TROUBLES = [
    ("soon", "D01"),
    ("20261121", "D01"),
    ("45678", "D01"),
    ("45678.5", "D01"),
    ("11/21/26", "D01"),
    ("21.11.26", "D01"),
    ("2026-11-21T25:00", "D01"),
    ("2026-11-21T10:61", "D01"),
    ("2026-11-21 13:00 PM", "D01"),
    ("2026-11-21T10:00+25:00", "D01"),
    ("2026-11-21T10:00+01:75", "D01"),
    ("2026-11/21", "D01"),
    ("21 Nov 2026", "D01"),
    ("２０２６-11-21", "D01"),
    ("2026-02-30", "D02"),
    ("2026-13-01", "D02"),
    ("2026-00-10", "D02"),
    ("13/13/2026", "D02"),
    ("12.13.2026", "D02"),
    ("31/04/2026", "D02"),
    ("0001-01-01", "D02"),
    ("9999-12-31", "D02"),
    ("2026-11-23", "D03"),
    ("2026-11-22T10:45:01Z", "D03"),
    ("2026-11-22T10:45:01+01:00", None),
    ("2027-01-01", "D03"),
    ("2026-10-23T10:29:59Z", "D05"),
    ("2026-10-23T10:30:00Z", None),
    ("1970-01-01", "D05"),
    ("03/04/2026", "D06"),
    ("3-4-2026", "D06"),
    ("12/11/2026 10:00", "D06"),
]


@pytest.mark.parametrize(("typed", "code"), TROUBLES)
def test_troubles(typed: str, code: str | None) -> None:
    came = read(typed, calendar())
    assert (came.trouble[0] if came.trouble else None) == code
    assert bool(came.moment) is (code in (None, "D05"))


ANCIENT = ["1970-01-01", "1900-01-01", "01.01.1900", "2000-01-01", "2025-11-20", "1970-01-01T00:00:00Z", "1899-12-30"]


@pytest.mark.parametrize("typed", ANCIENT)
def test_a_date_of_more_than_a_year_ago_is_an_error(typed: str) -> None:
    came = judged(row(ship_date=typed))
    assert came.verdicts.tolist() == ["rejected"]
    assert came.issues["code"].tolist() == ["D02" if typed.startswith("18") else "D05"]


@pytest.mark.parametrize(("typed", "verdict"), [("2025-11-22", "queued"), ("2026-10-01", "queued")])
def test_a_date_of_the_last_year_is_only_worth_a_warning(typed: str, verdict: str) -> None:
    came = judged(row(ship_date=typed))
    assert (came.verdicts.tolist(), came.issues["code"].tolist()) == ([verdict], ["D05"])


def test_a_future_day_names_the_zone_that_it_was_read_in() -> None:
    came = one(row(ship_date="2026-11-24"), time_zone="Europe/Berlin")
    assert "your time zone, Europe/Berlin" in came.issues[0].message
    assert "time_zone" in came.issues[0].remedy
    assert "zone" not in one(row(ship_date="2026-11-24T10:00:00+09:00")).issues[0].message


@pytest.mark.parametrize(
    ("typed", "order", "sent"),
    [
        ("03/11/2026", DAY, "2026-11-03T12:00:00Z"),
        ("11/03/2026", MONTH, "2026-11-03T12:00:00Z"),
        ("21/11/2026", MONTH, "2026-11-21T12:00:00Z"),
        ("11/21/2026", DAY, "2026-11-21T12:00:00Z"),
        ("03.11.2026", MONTH, "2026-11-03T12:00:00Z"),
        ("2026/11/03", DAY, "2026-11-03T12:00:00Z"),
    ],
)
def test_the_sellers_setting_decides_only_what_could_be_either(typed: str, order: DateOrder, sent: str) -> None:
    assert read(typed, calendar(order=order)).moment == sent


ZONES = [
    ("2026-11-21", "Europe/Berlin", "2026-11-21T12:00:00+01:00"),
    ("2026-11-21", "America/Los_Angeles", "2026-11-21T12:00:00-08:00"),
    ("2026-11-21", "Asia/Kolkata", "2026-11-21T12:00:00+05:30"),
    ("2026-11-21 08:00", "Asia/Tokyo", "2026-11-21T08:00:00+09:00"),
    ("2026-11-21T08:00Z", "Asia/Tokyo", "2026-11-21T08:00:00Z"),
    ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T03:30:00+02:00"),  # skipped by the clocks
    ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),  # twice: the first
    ("2026-11-22", "Asia/Tokyo", "2026-11-22T12:00:00+09:00"),
    ("2026-11-22", "America/Los_Angeles", "2026-11-22T02:30:00-08:00"),
    ("1900-01-01", "Europe/Amsterdam", "1900-01-01T11:40:28Z"),  # a zone that XML cannot write
]


@pytest.mark.parametrize(("typed", "zone", "sent"), ZONES)
def test_a_date_is_read_in_the_sellers_zone(typed: str, zone: str, sent: str) -> None:
    came = read(typed, calendar(zone))
    # Amsterdam's old local time depends on the edition of the zone tables.
    assert came.moment == sent or (zone == "Europe/Amsterdam" and came.moment.startswith("1900-01-01T11:"))


def test_today_is_the_sellers_today() -> None:
    evening = datetime(2026, 11, 22, 20, tzinfo=UTC)  # the 23rd in Tokyo
    assert read("2026-11-23", calendar("Asia/Tokyo", now=evening)).moment == "2026-11-23T05:00:00+09:00"
    assert read("2026-11-23", calendar("UTC", now=evening)).trouble == ("D03", "")


def test_a_missing_date_is_the_moment_of_arrival_unless_the_format_needs_one() -> None:
    with_column, without = row(status="shipped", ship_date=""), row(status="shipped")
    del without["ship-date"]
    for cells in (with_column, without):
        came = judged(cells, required=FILLZ, time_zone="Europe/Berlin")
        assert came.shipments["fulfillment-date"].tolist() == ["2026-11-22T11:30:00+01:00"]
        assert judged(cells).issues["code"].tolist() == ["D01"]


TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 2:30 o'clock in Berlin


@FEW
@given(st.integers(1, 3_500_000_000), st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin"]))
@example(int((NOW - TWICE[0]).total_seconds()), "Europe/Berlin")
@example(int((NOW - TWICE[1]).total_seconds()), "Europe/Berlin")
def test_any_past_moment_is_sent_as_itself(seconds: int, zone: str) -> None:
    aware = (NOW - timedelta(seconds=seconds)).astimezone(ZoneInfo(zone))
    typed = aware.astimezone(UTC).isoformat()
    sent = read(typed, calendar(zone)).moment
    # In UTC: in an hour that comes twice, moments of two zones are never equal (PEP 495).
    there = (datetime.fromisoformat(text).astimezone(UTC) for text in (sent, written(aware)))
    assert list(there) == [aware.astimezone(UTC)] * 2


@FEW
@given(st.text(st.sampled_from("0123456789-/.: TZ+AMP"), max_size=30), st.sampled_from([None, DAY, MONTH]))
def test_any_text_comes_to_a_moment_or_a_trouble(typed: str, order: DateOrder | None) -> None:
    came = read(typed, calendar("Europe/Berlin", order))
    if came.moment:
        assert datetime.fromisoformat(came.moment) <= NOW
    else:
        assert came.trouble is not None
