"""Numbers over time, from the verdict counts (table `tallies`) and the moments of uploads; none searches `lines`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, moment, stamp
from cws_filedrop.store.schema import FEEDS, UPLOADS, VERDICT_COUNTS

HOUR: Final = 13  # characters of a stamp that name its hour
DAY: Final = 10
_ID_LENGTHS: Final = {HOUR: 11, DAY: 8}  # characters of an id that name the same


def verdicts(
    db: Database, *, since: datetime, until: datetime, by: int, seller_id: int | None = None
) -> dict[tuple[str, str], int]:
    """Lines by (hour or day of their upload's arrival, verdict); `by` is HOUR or DAY."""
    slot = sa.func.substr(VERDICT_COUNTS.c.upload_id, 1, _ID_LENGTHS[by])  # an id begins with the second of its arrival
    query = sa.select(
        slot.label("slot"), VERDICT_COUNTS.c.verdict, sa.func.sum(VERDICT_COUNTS.c.line_count).label("lines")
    )
    query = query.where(*_counted(since, until, seller_id)).group_by(slot, VERDICT_COUNTS.c.verdict)
    with db.read() as connection:
        return {(_spelled(row.slot), row.verdict): int(row.lines) for row in connection.execute(query)}


def lines(db: Database, *, since: datetime, until: datetime) -> int:
    """How many lines arrived."""
    query = sa.select(sa.func.sum(VERDICT_COUNTS.c.line_count)).where(*_counted(since, until, None))
    with db.read() as connection:
        return int(connection.execute(query).scalar() or 0)


def codes(
    db: Database, *, since: datetime, until: datetime, seller_id: int | None = None, verdicts: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Lines by code of issue, most frequent first; of some verdicts, or of all."""
    total = sa.func.sum(VERDICT_COUNTS.c.line_count)
    query = sa.select(VERDICT_COUNTS.c.code, total.label("lines")).where(VERDICT_COUNTS.c.code != "")
    query = query.where(*_counted(since, until, seller_id)).group_by(VERDICT_COUNTS.c.code)
    query = query.where(VERDICT_COUNTS.c.verdict.in_(verdicts)) if verdicts else query
    with db.read() as connection:
        rows = connection.execute(query.order_by(total.desc(), VERDICT_COUNTS.c.code)).all()
    return [(row.code, int(row.lines)) for row in rows]


def seconds(
    db: Database, *, since: datetime, until: datetime, by: int, seller_id: int | None = None
) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """By hour or day: the seconds from drop to receipt and from drop to the last answer of each upload."""
    query = sa.select(UPLOADS.c.arrived_at, UPLOADS.c.answered_at, UPLOADS.c.done_at)
    query = query.where(*_between(since, until, seller_id), UPLOADS.c.answered_at.is_not(None))
    found: dict[str, dict[str, list[float]]] = {}
    with db.read() as connection:
        for row in connection.execute(query):
            begun = moment(row.arrived_at)
            slot = found.setdefault(row.arrived_at[:by], {"receipt": [], "answer": []})
            slot["receipt"].append((moment(row.answered_at) - begun).total_seconds())
            if row.done_at and row.done_at > row.arrived_at:  # equal when Amazon did not have to be asked
                slot["answer"].append((moment(row.done_at) - begun).total_seconds())
    return found


def feeds(db: Database, *, since: datetime, until: datetime) -> dict[int, int]:
    """Feeds submitted to Amazon, by account."""
    query = sa.select(FEEDS.c.account_id, sa.func.count()).group_by(FEEDS.c.account_id)
    query = query.where(FEEDS.c.submitted_at >= stamp(since), FEEDS.c.submitted_at < stamp(until))
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def slots(since: datetime, until: datetime, by: int) -> list[str]:
    """The hours or days of a period, including empty ones."""
    step = timedelta(hours=1) if by == HOUR else timedelta(days=1)
    begin = since.replace(minute=0, second=0, microsecond=0)
    begin = begin if by == HOUR else begin.replace(hour=0)
    found = []
    while begin < until:
        found.append(stamp(begin)[:by])
        begin += step
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _between(since: datetime, until: datetime, seller_id: int | None) -> list[Any]:
    first, last = _ids(since, until)
    given: list[Any] = [UPLOADS.c.id >= first, UPLOADS.c.id < last]
    return [*given, UPLOADS.c.seller_id == seller_id] if seller_id is not None else given


def _counted(since: datetime, until: datetime, seller_id: int | None) -> list[Any]:
    first, last = _ids(since, until)
    given: list[Any] = [VERDICT_COUNTS.c.upload_id >= first, VERDICT_COUNTS.c.upload_id < last]
    if seller_id is not None:
        given.append(VERDICT_COUNTS.c.upload_id.in_(sa.select(UPLOADS.c.id).where(*_between(since, until, seller_id))))
    return given


def _ids(since: datetime, until: datetime) -> tuple[str, str]:
    return f"{since:%Y%m%d-%H%M%S}", f"{until:%Y%m%d-%H%M%S}~"


def _spelled(slot: str) -> str:
    """The hour or day of an id, as it begins a stamp."""
    day = f"{slot[:4]}-{slot[4:6]}-{slot[6:8]}"
    return f"{day}T{slot[9:]}" if len(slot) > 8 else day
