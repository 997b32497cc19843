"""D01, D02, D03, D05, D06: a ship-date as typed -> FulfillmentDate (docs/domain.md#4-shipments).

Works on one text at a time, on each distinct text of a file once. Knows the seller's time zone and the moment the file
arrived; may not look at a clock. Amazon wants xsd:dateTime with a zone (docs/amazon.md#1-fulfillment).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cached_property
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from cws_filedrop.errors import expected
from cws_filedrop.model import DateOrder, JudgementContext
from cws_filedrop.rules.columns import Mask, Sheet, Spread, constant
from cws_filedrop.rules.findings import Findings, Trouble

SKEW: Final = timedelta(minutes=15)
LONG_AGO: Final = timedelta(days=30)
WIDEST_ZONE: Final = timedelta(hours=14)  # of xsd:dateTime
YEARS: Final = range(1900, 3000)
NOON: Final = time(12)

CLOCK: Final = (
    r"(?:(?:[Tt]|[ ]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?:[ ]?(?P<half>[AaPp])\.?[Mm]\.?)?(?:[ ]?(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
YEAR_FIRST: Final = re.compile(r"(?P<a>[0-9]{4})(?P<mark>[-/])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{1,2})" + CLOCK)
YEAR_LAST: Final = re.compile(r"(?P<a>[0-9]{1,2})(?P<mark>[-/.])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{4})" + CLOCK)
SERIAL: Final = re.compile(r"[0-9]{5}([.,][0-9]+)?")
SHORT_YEAR: Final = re.compile(r"([0-9]{1,2}[-/.]){2}[0-9]{2}(?![0-9]).*")
MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


class DateReading(NamedTuple):
    """How a text was read: FulfillmentDate or "", what is wrong with it if anything, and the moment that it names.

    `is_day` if the text names a day only.
    """

    moment: str
    trouble: Trouble | None = None
    at: datetime | None = None
    is_day: bool = False


class NamedMoment(NamedTuple):
    """A moment that a text names; `is_day` if it names a day only."""

    moment: datetime
    is_day: bool


class Ambiguous(Exception):
    """The text could be two different days."""


@dataclass(frozen=True)
class Dates:
    """FulfillmentDate of each row, and the reading of each distinct text (that of a row: `reads[cells.codes[row]]`)."""

    cells: Spread
    reads: Sequence[DateReading]


@dataclass(frozen=True)
class Calendar:
    """The day and the moment a file arrived, as its seller sees them."""

    now: datetime
    zone: tzinfo
    order: DateOrder | None

    @cached_property
    def here(self) -> datetime:
        """Now, in the seller's zone."""
        return self.now.astimezone(self.zone)

    @cached_property
    def latest(self) -> datetime:
        """The last moment that a clock running fast can explain."""
        return self.now + SKEW

    @cached_property
    def oldest(self) -> datetime:
        """Any date before this is suspiciously old."""
        return self.now - LONG_AGO

    @cached_property
    def example(self) -> str:
        """Today as the seller should type it."""
        return self.here.date().isoformat()

    @cached_property
    def arrival(self) -> str:
        """Now, as FulfillmentDate."""
        return written(self.here)


def calendar(context: JudgementContext) -> Calendar:
    """The calendar of a context."""
    return Calendar(context.now, ZoneInfo(context.policy.time_zone), context.policy.date_order)


def written(moment: datetime) -> str:
    """A moment as xsd:dateTime to the second; in UTC if its offset is one that xsd:dateTime cannot express."""
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return moment.isoformat()[:19] + "Z"
    if offset.total_seconds() % 60 or abs(offset) > WIDEST_ZONE:
        return written(moment.astimezone(UTC))
    return moment.isoformat(timespec="seconds")


def stamped(moment: datetime) -> str:
    """A moment as the database keeps it: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _numbers(found: re.Match[str]) -> tuple[int, int, int]:
    return int(found["a"]), int(found["b"]), int(found["c"])


def _day_and_month(first: int, second: int, order: DateOrder | None) -> tuple[int, int]:
    """Day and month from two numbers in either order. Raises: Ambiguous when both orders make sense."""
    if first > 12 or first == second:
        return first, second
    if second > 12:
        return second, first
    if order is None:
        raise Ambiguous
    return (first, second) if order is DateOrder.DAY_FIRST else (second, first)


def _day(text: str, order: DateOrder | None) -> tuple[date, re.Match[str]] | None:
    """The day in a text and the match that has its clock part; None if the text is in no form that we read.

    Raises: ValueError if there is no such day, Ambiguous.
    """
    if found := YEAR_FIRST.fullmatch(text):
        year, month, day = _numbers(found)
    elif found := YEAR_LAST.fullmatch(text):
        first, second, year = _numbers(found)
        day, month = (first, second) if found["mark"] == "." else _day_and_month(first, second, order)
    else:
        return None
    if year not in YEARS:
        raise ValueError(f"year {year}")
    return date(year, month, day), found


def _hour(found: re.Match[str]) -> int:
    hour, half = int(found["hour"]), found["half"]
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("hour of a half day")
    return hour % 12 + (12 if half in "Pp" else 0)


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if minutes > 59:
        raise ValueError("minutes of a zone")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if text[0] == "-" else ahead)


def _existing(moment: datetime) -> datetime:
    """The moment as a local time that exists: in spring the clocks skip an hour, and a time typed within it moves."""
    return moment.astimezone(UTC).astimezone(moment.tzinfo)


def _clock(found: re.Match[str], day: date, zone: tzinfo) -> datetime:
    """The moment of a day and its clock part. Raises: ValueError if there is no such time."""
    at = time(_hour(found), int(found["minute"]), int(found["second"] or 0))
    if found["zone"]:
        return datetime.combine(day, at, _zone(found["zone"]))
    return _existing(datetime.combine(day, at, zone))


def _iso(text: str, zone: tzinfo) -> datetime | None:
    """The moment of a plain ISO date-time, the form that programs write; None for every other text."""
    if len(text) < 19 or text[4:17:3] not in ("--T::", "-- ::"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else _existing(moment.replace(tzinfo=zone))


def _unread(text: str, example: str) -> Trouble:
    if SERIAL.fullmatch(text):
        return ("D01", f"number={example}")
    if SHORT_YEAR.fullmatch(text):
        return ("D01", f"short-year={example}")
    return ("D01", example)


def _both_ways(text: str) -> str:
    first, second, year = _numbers(expected(YEAR_LAST.fullmatch(text), "year at the end of an ambiguous day"))
    return f"{first} {MONTHS[second - 1]} {year} or {second} {MONTHS[first - 1]} {year}"


def _placed(moment: datetime, late: bool, known: Calendar) -> DateReading:
    """A moment judged against now; `late` says that it is further ahead than a wrong clock can explain."""
    if late:
        return DateReading("", ("D03", ""))
    # A little ahead: the seller's clock runs fast, or today was read as noon and the file came in the morning. Nothing
    # is sent as shipped in the future (our own rule, docs/amazon.md#1-fulfillment), so the moment of arrival is sent.
    if moment > known.now:
        return DateReading(known.arrival, None, known.now)
    trouble = ("D05", "") if moment < known.oldest else None
    return DateReading(written(moment), trouble, moment)


def when(text: str, known: Calendar, *, of_day: time = NOON) -> NamedMoment | Trouble:
    """The moment that a non-empty text names; `of_day` is the time taken for one that names a day only."""
    iso = _iso(text, known.zone)
    if iso is not None:
        return NamedMoment(iso, is_day=False)
    try:
        dated = _day(text, known.order)
    except ValueError:
        return ("D02", known.example)
    except Ambiguous:
        return ("D06", _both_ways(text))
    if dated is None:
        return _unread(text, known.example)
    day, match = dated
    if match["hour"] is None:
        return NamedMoment(_existing(datetime.combine(day, of_day, known.zone)), is_day=True)
    try:
        return NamedMoment(_clock(match, day, known.zone), is_day=False)
    except ValueError:
        return ("D01", known.example)


def read(text: str, known: Calendar) -> DateReading:
    """The reading of one non-empty ship-date."""
    named = when(text, known)
    if not isinstance(named, NamedMoment):
        return DateReading("", named)
    if named.is_day:
        day = _placed(named.moment, named.moment.date() > known.here.date(), known)
        return day._replace(at=named.moment, is_day=True)
    return _placed(named.moment, named.moment > known.latest, known)


def check(sheet: Sheet, findings: Findings, shipped: Mask, *, required: bool, context: JudgementContext) -> Dates:
    """FulfillmentDate of each row; where there is no date and none is required, the moment the file arrived."""
    known = calendar(context)
    missing = (
        DateReading("", ("D01", f"missing={known.example}"))
        if required
        else DateReading(known.arrival, None, known.now)
    )
    if "ship-date" not in sheet and not required:
        return Dates(constant(known.arrival, sheet.size), [missing])
    typed = sheet["ship-date"].distinct
    readings = [read(text, known) if text else missing for text in typed.texts]
    findings.add_troubles("ship-date", typed, [reading.trouble for reading in readings], np.asarray(shipped))
    return Dates(Spread(typed.codes, [reading.moment for reading in readings]), readings)
