"""A seller's own rhythm, learned by weekday and hour: when should it have dropped something by now?

Of a weekday, the last four are looked at. Where a seller dropped on three of them or more, its first drop is expected
by the latest of the times it came at (an odd day left out when there are four), and a margin. Days on which it usually
does not drop expect nothing. Nothing is expected of who has not been here for three weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEKS: Final = 4
LEAST: Final = 3
MARGIN: Final = timedelta(minutes=45)
ODD_MINUTES: Final = 120  # so much later than all others, a day counts as an exception


def overdue(arrivals: Sequence[datetime], *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Since when the seller is silent against its rhythm; None when it is not. `arrivals` are aware, in any order.

    Once silent, it stays so until it drops something.
    """
    local = sorted(one.astimezone(zone) for one in arrivals if one <= now)
    if not local:
        return None
    last, today = local[-1], now.astimezone(zone).date()
    first_drops = _first_drops(local)
    day = last.date()
    while day <= today:
        expected = _expected(first_drops, day, zone)
        # Not on the day of its last drop: it has dropped something that day, whenever that was.
        if expected is not None and last < expected <= now and day != last.date():
            return expected
        day += timedelta(days=1)
    return None


def _first_drops(local: Sequence[datetime]) -> dict[date, datetime]:
    found: dict[date, datetime] = {}
    for one in local:
        found.setdefault(one.date(), one)
    return found


def _expected(first_drops: dict[date, datetime], day: date, zone: ZoneInfo) -> datetime | None:
    """By when the first drop of a day should have come."""
    earlier = [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    times = sorted(first_drops[one].time() for one in earlier if one in first_drops)
    if len(times) < LEAST:
        return None
    odd = len(times) == WEEKS and _minutes(times[-1]) - _minutes(times[-2]) > ODD_MINUTES
    return datetime.combine(day, times[-2] if odd else times[-1], zone) + MARGIN


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
