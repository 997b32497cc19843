"""A month of a seller's days, hour by hour: its silence is found within its hour, and its days off are left alone."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pipeline.contexts import context_on

from cws_filedrop.model import AlarmKind, Policy
from cws_filedrop.outgoing.alarms import rhythm
from cws_filedrop.outgoing.alarms.disks import Disk
from cws_filedrop.outgoing.alarms.watch import AlarmWatch
from cws_filedrop.store.database import stamp
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = date(2026, 10, 5)  # a Monday; summer time ends on 25 October
HOUR = timedelta(hours=1)


def days(number: int) -> list[date]:
    return [BEGIN + timedelta(days=day) for day in range(number)]


def usual_drops(number: int, *, seed: int, skip: frozenset[date] = frozenset()) -> list[datetime]:
    """Working days between 9:00 and 9:30 in the morning and often once more in the afternoon, Berlin's time."""
    chance, found = random.Random(seed), []
    for day in days(number):
        if day.weekday() < 5 and day not in skip:
            found.append(datetime.combine(day, time(9, chance.randrange(30)), BERLIN))
            if chance.random() < 0.6:
                found.append(datetime.combine(day, time(chance.randrange(13, 18), 5), BERLIN))
    return found


def silences(drops: list[datetime], number: int) -> list[tuple[datetime, datetime]]:
    """When silence was first seen, looking each quarter of an hour; and since when it was."""
    found, open_since = [], None
    at = datetime.combine(BEGIN, time(0), BERLIN)
    end = at + timedelta(days=number)
    while at < end:
        since = rhythm.overdue([one for one in drops if one <= at], now=at.astimezone(UTC), zone=BERLIN)
        if since is not None and open_since is None:
            found.append((at, since))
        open_since = since
        at += timedelta(minutes=15)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_a_usual_month_and_its_days_off_raise_nothing(seed: int) -> None:
    assert silences(usual_drops(42, seed=seed), 42) == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("weekday", range(5))
def test_a_missed_day_is_found_within_the_hour_and_once(seed: int, weekday: int) -> None:
    missed = BEGIN + timedelta(weeks=5, days=weekday)
    ((seen, since),) = silences(usual_drops(42, seed=seed, skip=frozenset({missed})), 42)
    assert since.date() == missed
    assert time(9) < since.time() < time(10, 30)
    assert timedelta(0) <= seen - since <= HOUR
    assert seen - datetime.combine(missed, time(9, 30), BERLIN) <= HOUR, "within an hour of the latest it ever came"


def test_nothing_is_expected_of_who_is_new() -> None:
    two_weeks = usual_drops(14, seed=1)
    assert silences(two_weeks, 28) == [], "three weeks of a weekday are needed"


def test_a_weekday_that_was_off_twice_of_four_times_expects_nothing() -> None:
    off = frozenset({BEGIN + timedelta(weeks=week, days=4) for week in (1, 3)})
    friday = BEGIN + timedelta(weeks=4, days=4)
    drops = [one for one in usual_drops(35, seed=2, skip=off) if one.date() < friday]
    assert rhythm.overdue(drops, now=datetime.combine(friday, time(23), BERLIN), zone=BERLIN) is None


def test_one_late_day_does_not_move_what_is_usual() -> None:
    mondays = [BEGIN + timedelta(weeks=week) for week in range(5)]
    drops = [datetime.combine(day, time(9, 10), BERLIN) for day in mondays[:4]]
    drops[1] = datetime.combine(mondays[1], time(17, 40), BERLIN)
    assert rhythm.overdue(drops, now=datetime.combine(mondays[4], time(10, 30), BERLIN), zone=BERLIN) == (
        datetime.combine(mondays[4], time(9, 10), BERLIN) + rhythm.MARGIN
    )


def test_a_seller_that_is_silent_raises_an_alarm_until_it_drops_something(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(time_zone="Europe/Berlin"))
    now = [datetime.combine(BEGIN + timedelta(weeks=5), time(8), BERLIN).astimezone(UTC)]
    context = replace(context, clock=lambda: now[0])
    anna = sellers.find(context.db, "anna")
    assert anna is not None
    watch = AlarmWatch(context, lambda _: now[0], disk=lambda _: Disk(1 << 50, None), skew=lambda: None)

    def drop(at: datetime) -> None:
        row = {"seller_id": anna.id, "account_id": 1, "folder": "inbox", "name": "a.txt", "door": "ftp", "client": ""}
        row |= {"grade": "whole", "evidence": "", "size": 1, "state": "done", "arrived_at": stamp(at)}
        uploads.arrive(context.db, [row | {"id": f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-2222"}])

    for at in usual_drops(35, seed=3):
        drop(at)
    kinds = {}
    for _ in range(14):
        watch.look()
        kinds[now[0].astimezone(BERLIN).hour] = [one.kind for one in alarms.listing(context.db)]
        now[0] += HOUR
    assert kinds[8] == kinds[9] == []
    assert kinds[11] == kinds[21] == [AlarmKind.SILENT_SELLER]
    drop(now[0])
    watch.look()
    assert alarms.listing(context.db) == []
    context.db.close()
