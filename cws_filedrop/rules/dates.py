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
import pandas as pd

from cws_filedrop.errors import expected
from cws_filedrop.model import DateOrder, JudgementContext
from cws_filedrop.rules.columns import Mask, Sheet, Spread, constant
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.rules.spreadsheets.values import is_error

SKEW: Final = timedelta(minutes=15)
LONG_AGO: Final = timedelta(days=30)
TOO_LONG_AGO: Final = timedelta(days=366)
WIDEST_ZONE: Final = timedelta(hours=14)  # of xsd:dateTime
YEARS: Final = range(1900, 3000)
NOON: Final = time(12)
MIDNIGHT: Final = time()
PROVABLE: Final = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)  # as in ProvenOrders
_OTHER: Final = {PROVABLE[0]: PROVABLE[1], PROVABLE[1]: PROVABLE[0]}

CLOCK: Final = (
    r"(?:(?:[Tt]|[ ]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?:[ ]?(?P<half>[AaPp])\.?[Mm]\.?)?(?:[ ]?(?P<zone>[Zz]|[A-Z]{3,4}|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
# Names of zones in which Amazon's reports give moments, in hours; those that mean several zones are left out.
ZONES: Final = {"UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2}
ZONES_FAR: Final = {"JST": 9, "EST": -5, "EDT": -4, "MDT": -6, "PST": -8, "PDT": -7, "AEST": 10, "AEDT": 11}
YEAR_FIRST: Final = re.compile(r"(?P<a>[0-9]{4})(?P<mark>[-/])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{1,2})" + CLOCK)
YEAR_LAST: Final = re.compile(r"(?P<a>[0-9]{1,2})(?P<mark>[-/.])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{4})" + CLOCK)
SERIAL: Final = re.compile(r"[0-9]{5}([.,][0-9]+)?")
OWN_ZONE: Final = re.compile(r":[0-9.,]+ ?(?:[Zz]|[A-Z]{3,4}|[+-][0-9:]+)$")
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


class ProvenOrders(NamedTuple):
    """The first line of a file that only makes sense day first, and the first that only does month first (0 = none)."""

    day_first: int = 0
    month_first: int = 0

    def line(self, order: DateOrder) -> int:
        """The line that proves an order; 0 if none does."""
        return self.day_first if order is DateOrder.DAY_FIRST else self.month_first

    def joined(self, other: ProvenOrders) -> ProvenOrders:
        """The first lines of both."""
        first = (min(filter(None, pair), default=0) for pair in zip(self, other, strict=True))
        return ProvenOrders(*first)


NOTHING_PROVEN: Final = ProvenOrders()


@dataclass(frozen=True)
class Calendar:
    """The day and the moment a file arrived, as its seller sees them; and what the file proves of its own dates."""

    now: datetime
    zone: tzinfo
    order: DateOrder | None
    proven: ProvenOrders = NOTHING_PROVEN

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
    def ancient(self) -> datetime:
        """No parcel of an order that waits for its confirmation was sent before this."""
        return self.now - TOO_LONG_AGO

    @cached_property
    def example(self) -> str:
        """Today as the seller should type it."""
        return self.here.date().isoformat()

    @cached_property
    def arrival(self) -> str:
        """Now, as FulfillmentDate."""
        return written(self.here)


def calendar(context: JudgementContext, proven: ProvenOrders | None = None) -> Calendar:
    """The calendar of a context."""
    zone = ZoneInfo(context.policy.time_zone)
    return Calendar(context.now, zone, context.policy.date_order, proven or NOTHING_PROVEN)


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
        hours = 0 if text in "Zz" else (ZONES | ZONES_FAR).get(text)
        if hours is None:
            raise ValueError("name of a zone")
        return timezone(timedelta(hours=hours)) if hours else UTC
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
    trouble = ("D05", "year" if moment < known.ancient else "") if moment < known.oldest else None
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
    named = _contradicted(text, known) or when(text, known)
    if not isinstance(named, NamedMoment):
        return DateReading("", named)
    if named.is_day:
        day = _placed(named.moment, named.moment.date() > known.here.date(), known)
        return day._replace(at=named.moment, is_day=True)
    reading = _placed(named.moment, named.moment > known.latest, known)
    return reading._replace(is_day=named.moment.time() == MIDNIGHT)  # as programs write a day


# A file proves its own order of day and month by days that make sense in one order only. Where that is not the seller's
# setting, what could be either is not sent; unless other lines prove the setting: then those are right.


def order_of(text: str) -> DateOrder | None:
    """The only order in which a day with slashes or hyphens makes sense; None for every other text."""
    found = YEAR_LAST.fullmatch(text)
    if found is None or found["mark"] == ".":
        return None
    first, second, _ = _numbers(found)
    if (first > 12) == (second > 12) or max(first, second) > 31:
        return None
    return DateOrder.DAY_FIRST if first > 12 else DateOrder.MONTH_FIRST


def orders_in(lines: pd.DataFrame) -> ProvenOrders:
    """The first of some lines that prove an order of day and month."""
    typed = Sheet(lines)["ship-date"].distinct
    orders = [order_of(text) for text in typed.texts]
    found = (np.flatnonzero(np.array([one is order for one in orders])[typed.codes]) for order in PROVABLE)
    return ProvenOrders(*(int(lines.index[rows[0]]) if len(rows) else 0 for rows in found))


def _contradicted(text: str, known: Calendar) -> Trouble | None:
    """What is wrong with a day that other lines of the file contradict."""
    if known.order is None:
        return None
    against = known.proven.line(_OTHER[known.order])
    if not against:
        return None
    if known.proven.line(known.order):
        wrong = order_of(text) is _OTHER[known.order]
        return ("D06", f"against=line {known.proven.line(known.order)}") if wrong else None
    return ("D06", f"disproved=line {against}") if _is_ambiguous(text) else None


def _is_ambiguous(text: str) -> bool:
    try:
        _day(text, None)
    except Ambiguous:
        return True
    except ValueError:
        return False
    return False


def check(sheet: Sheet, findings: Findings, shipped: Mask, known: Calendar, *, required: bool) -> Dates:
    """FulfillmentDate of each row; where there is no date and none is required, the moment the file arrived."""
    missing = (
        DateReading("", ("D01", f"missing={known.example}"))
        if required
        else DateReading(known.arrival, None, known.now)
    )
    if "ship-date" not in sheet and not required:
        return Dates(constant(known.arrival, sheet.size), [missing])
    typed = sheet["ship-date"].distinct
    readings = [read(text, known) if text else missing for text in typed.texts]
    troubles = [_named(reading.trouble, text, known) for reading, text in zip(readings, typed.texts, strict=True)]
    findings.add_troubles("ship-date", typed, troubles, np.asarray(shipped))
    return Dates(Spread(typed.codes, [reading.moment for reading in readings]), readings)


def _named(trouble: Trouble | None, text: str, known: Calendar) -> Trouble | None:
    """What is wrong with a text; of a future day without a zone of its own, in which zone it was read."""
    own = OWN_ZONE.search(text)
    if trouble == ("D03", "") and own is None:
        return ("D03", f"zone={known.zone}")
    return ("D01", "error") if trouble and trouble[0] == "D01" and is_error(text) else trouble
