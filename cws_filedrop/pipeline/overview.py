"""How everything stands at one moment, for whoever watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop.drop.spool import arrival_stamp
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import alarms, connections, searching, stages, work_lists
from cws_filedrop.store.alarms import Alarm
from cws_filedrop.store.connections import Connected
from cws_filedrop.store.database import moment
from cws_filedrop.store.searching import Found, Wanted
from cws_filedrop.store.stages import Late, Stage, Stages

MOST_UPLOADS: Final = 40
MOST_LATE: Final = 1_000
OVERDUE_DAYS: Final = 14  # that an order which nobody shipped in time is shown


@dataclass(frozen=True, slots=True)
class Overview:
    """It. `alive` says of each process whether it lately gave a sign of life; `unread` uploads may be
    in the spool only; `unconfirmed` lines wait for somebody, and so do `late` orders."""

    at: datetime
    stages: Stages
    unread: Stage
    alarms: Sequence[Alarm]
    unconfirmed: int
    connected: Sequence[Connected]
    late: Sequence[Late]
    uploads: Sequence[Found]
    alive: Mapping[str, bool]


def look(desk: Desk) -> Overview:
    """Look at everything; some ten milliseconds, whatever there was before."""
    at, db = desk.clock(), desk.db
    found = stages.look(db, now=at)
    soon, since = timedelta(hours=desk.settings.orders.late_hours), timedelta(days=OVERDUE_DAYS)
    return Overview(
        at,
        found,
        unread=_unread(desk, found),
        alarms=alarms.listing(db),
        unconfirmed=work_lists.unconfirmed_count(db),
        connected=connections.listing(db),
        late=stages.late(db, now=at, before=soon, since=since, limit=MOST_LATE),
        uploads=searching.uploads(db, Wanted(), limit=MOST_UPLOADS),
        alive=_alive(desk, at),
    )


def _unread(desk: Desk, found: Stages) -> Stage:
    """Uploads that nobody has read: those in the spool, and those that are recorded."""
    ids, recorded = desk.spool.unrecorded(), found.upload("arrived")
    oldest = [recorded.oldest] if recorded.oldest else []
    oldest += [arrival_stamp(ids[0])] if ids else []
    return Stage(recorded.number + len(ids), 0, min(oldest, default=""))


def _alive(desk: Desk, at: datetime) -> dict[str, bool]:
    most = desk.settings.alarms.beat_seconds
    beats = sorted(alarms.beats(desk.db).items())
    return {who.partition(" ")[0]: (at - moment(beat)).total_seconds() <= most for who, beat in beats}
