"""Alarms, open and over; and the heartbeats of processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import AlarmKind
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ALARMS, BEATS


@dataclass(frozen=True, slots=True)
class AlarmFinding:
    """Something that is wrong at this moment; `key` identifies the cause, so that it is reported once."""

    key: str
    kind: AlarmKind
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A row of `alarms`. Moments are stamps; `recovered_at` is None while it lasts."""

    no: int
    key: str
    kind: AlarmKind
    text: str
    remedy: str
    since: str
    recovered_at: str | None


def renew(db: Database, findings: Iterable[AlarmFinding], *, now: datetime) -> None:
    """Keep what is wrong now. Known alarms keep their beginning; those that are not found any more are over."""
    wrong = {one.key: one for one in findings}
    with db.write() as connection:
        known = {row.key: row.no for row in connection.execute(_OPEN)}
        for key, one in wrong.items():
            texts: dict[str, Any] = {"text": one.text, "remedy": one.remedy}
            if key in known:
                connection.execute(ALARMS.update().where(ALARMS.c.no == known[key]).values(texts))
            else:
                row = {"key": key, "kind": str(one.kind), "since": stamp(now), **texts}
                connection.execute(ALARMS.insert().values(row))
        over = [no for key, no in known.items() if key not in wrong]
        if over:
            connection.execute(ALARMS.update().where(ALARMS.c.no.in_(over)).values(recovered_at=stamp(now)))


def untold(db: Database) -> list[Alarm]:
    """Alarms that were not reported yet, or whose end was not; oldest first."""
    fresh = ALARMS.c.told == 0
    over = (ALARMS.c.told < 2) & ALARMS.c.recovered_at.is_not(None)
    with db.read() as connection:
        query = sa.select(*_COLUMNS).where(fresh | over).order_by(ALARMS.c.no)
        return [_alarm(row) for row in connection.execute(query)]


def told(db: Database, alarm: Alarm) -> None:
    """Note that an alarm was reported as it is in that row."""
    with db.write() as connection:
        what = 1 if alarm.recovered_at is None else 2
        connection.execute(ALARMS.update().where(ALARMS.c.no == alarm.no).values(told=what))


def listing(db: Database, *, open_only: bool = True, before: int | None = None, limit: int = 200) -> list[Alarm]:
    """At most `limit` alarms, newest first; `before` is the number to continue from."""
    query = _OPEN if open_only else sa.select(*_COLUMNS)
    query = query.where(ALARMS.c.no < before) if before is not None else query
    with db.read() as connection:
        return [_alarm(row) for row in connection.execute(query.order_by(ALARMS.c.no.desc()).limit(limit))]


def forget(db: Database, *, before: datetime) -> int:
    """Remove alarms that were over before a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(ALARMS.delete().where(ALARMS.c.recovered_at < stamp(before))).rowcount


def beat(db: Database, who: str, *, now: datetime) -> None:
    """Note that a process is alive."""
    with db.write() as connection:
        if not connection.execute(BEATS.update().where(BEATS.c.who == who).values(at=stamp(now))).rowcount:
            connection.execute(BEATS.insert().values(who=who, at=stamp(now)))


def still(db: Database, who: str) -> None:
    """Note that a process ended as it should, so that its heartbeat is not missed."""
    with db.write() as connection:
        connection.execute(BEATS.delete().where(BEATS.c.who == who))


def beats(db: Database) -> Mapping[str, str]:
    """When each process was last alive (stamps)."""
    with db.read() as connection:
        return {row.who: row.at for row in connection.execute(sa.select(BEATS))}


_COLUMNS: Final = tuple(ALARMS.c[item.name] for item in fields(Alarm))
_OPEN: Final = sa.select(*_COLUMNS).where(ALARMS.c.recovered_at.is_(None))


def _alarm(row: Any) -> Alarm:
    return Alarm(**{**row._mapping, "kind": AlarmKind(row.kind)})
