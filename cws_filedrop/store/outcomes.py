"""What came of everything so far, in a few numbers: for who counts and does not look at single uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import AUDIT, BUCKETS, FEEDS, TALLIES, UPLOADS


class Step(StrEnum):
    """What is waited for."""

    RECEIPT = "receipt"
    SUBMISSION = "submission"  # of a feed
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many took so long at most, by limit; how many there are, and the seconds of all together."""

    below: Sequence[int]
    number: int
    total: float


def lines(db: Database) -> dict[str, int]:
    """Lines by verdict, of all uploads that were answered."""
    query = sa.select(TALLIES.c.verdict, sa.func.sum(TALLIES.c.line_count)).group_by(TALLIES.c.verdict)
    with db.read() as connection:
        return {row[0]: int(row[1]) for row in connection.execute(query)}


def uploads(db: Database) -> dict[str, int]:
    """Uploads by door."""
    query = sa.select(UPLOADS.c.door, sa.func.count()).group_by(UPLOADS.c.door)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def seconds(db: Database, step: Step, limits: Sequence[float]) -> Counted:
    """How long that took, of every upload or feed that came so far."""
    begun, ended, where = _times(db, step)
    took: sa.ColumnElement[Any] = _between(db, begun, ended)
    counts = [sa.func.sum(sa.case((took <= limit, 1), else_=0)) for limit in limits]
    query = sa.select(sa.func.count(), sa.func.sum(took), *counts).where(*where)
    with db.read() as connection:
        number, total, *below = connection.execute(query).one()
    return Counted([int(one or 0) for one in below], int(number), float(total or 0.0))


def _times(db: Database, step: Step) -> tuple[Any, Any, list[Any]]:
    columns = UPLOADS.c
    match step:
        case Step.RECEIPT:
            return columns.arrived_at, columns.answered_at, [columns.answered_at.is_not(None)]
        case Step.SUBMISSION:
            return FEEDS.c.opened_at, FEEDS.c.submitted_at, [FEEDS.c.submitted_at.is_not(None)]
        case Step.ANSWER:  # what nothing had to be asked for is done when it arrives
            return columns.arrived_at, columns.done_at, [columns.done_at > columns.arrived_at]


def _between(db: Database, begun: Any, ended: Any) -> sa.ColumnElement[Any]:
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


def doors(db: Database) -> dict[tuple[str, str], int]:
    """What happened at the doors, by (door, event), as far back as the trail goes."""
    query = sa.select(AUDIT.c.door, AUDIT.c.event, sa.func.sum(AUDIT.c.times)).group_by(AUDIT.c.door, AUDIT.c.event)
    with db.read() as connection:
        return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
