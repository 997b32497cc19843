"""What became of everything so far, in a few numbers: for metrics, which do not look at single uploads.

What has ended is counted once and remembered: each call reads only what was added since, however much there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState, UploadState
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import AUDIT, BUCKETS, FEEDS, UPLOADS, VERDICT_COUNTS


class TimedStep(StrEnum):
    """The steps whose duration is measured."""

    RECEIPT = "receipt"
    SUBMISSION = "submission"  # of a feed
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class LatencyCounts:
    """How many took at most as long as each limit; how many there are, and their seconds in total."""

    below: Sequence[int]
    number: int
    total: float


Numbers = Counter[Hashable]
_Count = Callable[[sa.Connection, sa.ColumnElement[bool]], Mapping[Hashable, float]]


LONG_AGO: Final = timedelta(hours=1)
FAR_BEHIND: Final = 1_000  # entries of the trail; those of several processes may become visible out of order
_IN_WORK: Final = (UploadState.ARRIVED, UploadState.WAITING)
_UNDER_WAY: Final = tuple(
    one for one in FeedState if one not in (FeedState.SUBMITTED, FeedState.SETTLED, FeedState.EMPTY)
)
_LAST_UPLOAD: Final = sa.select(sa.func.max(UPLOADS.c.id))
_LAST_FEED: Final = sa.select(sa.func.max(FEEDS.c.no))
_ARRIVED: Final = sa.select(sa.func.min(UPLOADS.c.id)).where(UPLOADS.c.state.in_([str(one) for one in _IN_WORK]))
_OPEN: Final = sa.select(sa.func.min(FEEDS.c.no)).where(FEEDS.c.state.in_([str(one) for one in _UNDER_WAY]))
_FIRST_UPLOAD: Final = sa.select(sa.func.coalesce(_ARRIVED.scalar_subquery(), _LAST_UPLOAD.scalar_subquery()))
_FIRST_FEED: Final = sa.select(sa.func.coalesce(_OPEN.scalar_subquery(), _LAST_FEED.scalar_subquery()))


class OutcomeFigures:
    """The numbers of one database. To be used by one thread at a time.

    Upload ids, feed numbers and entries of the trail only grow; below a mark all have ended, and are counted already.
    The mark keeps a distance, since what was just recorded may be answered, or even become visible, a little later.
    """

    def __init__(self, db: Database, limits: Sequence[float], clock: Callable[[], datetime]) -> None:
        """`limits` are the durations, in seconds, by which steps are counted."""
        self._db = db
        self._clock = clock
        self._limits = tuple(limits)
        self._kept: dict[str, tuple[Any, Numbers]] = {}

    def lines(self) -> dict[str, int]:
        """Lines by verdict, of all uploads that were answered."""
        return {str(verdict): int(n) for verdict, n in self._ended("lines", VERDICT_COUNTS.c.upload_id, _lines).items()}

    def uploads(self) -> dict[str, int]:
        """Uploads by door."""
        return {str(door): int(n) for door, n in self._ended("uploads", UPLOADS.c.id, _doors_of_uploads).items()}

    def seconds(self, step: TimedStep) -> LatencyCounts:
        """How long that step took, for every upload or feed so far."""
        column = FEEDS.c.no if step is TimedStep.SUBMISSION else UPLOADS.c.id
        counts = self._ended(step, column, lambda connection, some: self._took(connection, step, some))
        below = [int(counts[limit]) for limit in self._limits]
        return LatencyCounts(below, int(counts["number"]), float(counts["total"]))

    def doors(self) -> dict[tuple[str, str], int]:
        """What happened at the doors, by (door, event), since the trail began or this process did."""
        counts = self._ended("doors", AUDIT.c.id, _doors)
        return {(str(key[0]), str(key[1])): int(n) for key, n in counts.items() if isinstance(key, tuple)}

    def _ended(self, name: str, column: sa.Column[Any], count: _Count) -> Numbers:
        below, numbers = self._kept.get(name, (None, Counter()))
        with self._db.read() as connection:
            mark = self._mark(connection, column)
            if mark is not None and (below is None or mark > below):
                numbers = numbers + Counter(count(connection, _between(column, below, mark)))
                below = mark
                self._kept[name] = (below, numbers)
            return numbers + Counter(count(connection, _between(column, below, None)))

    def _mark(self, connection: sa.Connection, column: sa.Column[Any]) -> Any:
        """The value below which nothing changes any more; None when there are no rows."""
        if column.table is AUDIT:
            last = connection.execute(sa.select(sa.func.max(column))).scalar()
            return None if last is None else last - FAR_BEHIND
        if column.table is FEEDS:
            return connection.execute(_FIRST_FEED).scalar()
        first = connection.execute(_FIRST_UPLOAD).scalar()
        return None if first is None else min(first, f"{self._clock() - LONG_AGO:%Y%m%d-%H%M%S}")

    def _took(
        self, connection: sa.Connection, step: TimedStep, some: sa.ColumnElement[bool]
    ) -> Mapping[Hashable, float]:
        begun, ended, where = _times(step)
        took: sa.ColumnElement[Any] = _lasting(self._db, begun, ended)
        counts = [sa.func.sum(sa.case((took <= limit, 1), else_=0)) for limit in self._limits]
        query = sa.select(sa.func.count(), sa.func.sum(took), *counts).where(some, where)
        number, total, *below = connection.execute(query).one()
        by_limit: dict[Hashable, float] = {limit: int(n or 0) for limit, n in zip(self._limits, below, strict=True)}
        return by_limit | {"number": int(number), "total": float(total or 0.0)}


def _between(column: sa.Column[Any], low: Any, high: Any) -> sa.ColumnElement[bool]:
    """At least `low` and below `high`; None = no bound."""
    bounds = [column >= low] if low is not None else []
    return sa.and_(sa.true(), *bounds, *([column < high] if high is not None else []))


def _lines(connection: sa.Connection, some: sa.ColumnElement[bool]) -> Mapping[Hashable, float]:
    query = (
        sa.select(VERDICT_COUNTS.c.verdict, sa.func.sum(VERDICT_COUNTS.c.line_count))
        .where(some, VERDICT_COUNTS.c.line_count > 0)
        .group_by(VERDICT_COUNTS.c.verdict)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _doors_of_uploads(connection: sa.Connection, some: sa.ColumnElement[bool]) -> Mapping[Hashable, float]:
    query = sa.select(UPLOADS.c.door, sa.func.count()).where(some).group_by(UPLOADS.c.door)
    return {row[0]: row[1] for row in connection.execute(query)}


def _doors(connection: sa.Connection, some: sa.ColumnElement[bool]) -> Mapping[Hashable, float]:
    query = sa.select(AUDIT.c.door, AUDIT.c.event, sa.func.sum(AUDIT.c.times)).where(some)
    rows = connection.execute(query.group_by(AUDIT.c.door, AUDIT.c.event))
    return {(row[0], row[1]): int(row[2]) for row in rows}


def _times(step: TimedStep) -> tuple[Any, Any, sa.ColumnElement[bool]]:
    columns = UPLOADS.c
    match step:
        case TimedStep.RECEIPT:
            return columns.arrived_at, columns.answered_at, columns.answered_at.is_not(None)
        case TimedStep.SUBMISSION:
            return FEEDS.c.opened_at, FEEDS.c.submitted_at, FEEDS.c.submitted_at.is_not(None)
        case TimedStep.ANSWER:  # an upload that Amazon was not asked about is done when it arrives, and not counted
            return columns.arrived_at, columns.done_at, columns.done_at > columns.arrived_at


def _lasting(db: Database, begun: Any, ended: Any) -> sa.ColumnElement[Any]:
    if db.is_sqlite:
        return (sa.func.julianday(ended) - sa.func.julianday(begun)) * 86_400.0
    moments = (sa.cast(one, sa.DateTime(timezone=True)) for one in (ended, begun))
    later, earlier = moments
    return sa.func.extract("epoch", later - earlier)


def arrivals(db: Database, operation: str) -> Mapping[int, float]:
    """The theoretical arrival times of accounts' token buckets (GCRA), in seconds since 1970."""
    query = sa.select(BUCKETS.c.account_id, BUCKETS.c.arrival).where(BUCKETS.c.operation == operation)
    with db.read() as connection:
        return {row.account_id: row.arrival for row in connection.execute(query)}
