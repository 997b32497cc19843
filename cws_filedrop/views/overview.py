"""How everything stands at one moment: for `watch`, the page Now and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop.drop.spool import arrival_stamp
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.doors import connections
from cws_filedrop.store.doors.connections import ConnectionRow
from cws_filedrop.store.lists import searching, stages, work_lists
from cws_filedrop.store.lists.searching import UploadSearch, UploadSummary
from cws_filedrop.store.lists.stages import DueOrder, StageCount, StageCounts
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import Alarm

MOST_UPLOADS: Final = 40
MOST_LATE: Final = 1_000
OVERDUE_DAYS: Final = 14  # for which an order that was not shipped in time is shown


@dataclass(frozen=True, slots=True)
class Overview:
    """How everything stands. `alive` says of each process whether it gave a sign of life lately; `unread` uploads
    may be in the spool only; `unconfirmed` lines wait for a person, and so do `late` orders."""

    at: datetime
    stages: StageCounts
    unread: StageCount
    alarms: Sequence[Alarm]
    unconfirmed: int
    connected: Sequence[ConnectionRow]
    late: Sequence[DueOrder]
    uploads: Sequence[UploadSummary]
    alive: Mapping[str, bool]


def look(context: ServiceContext) -> Overview:
    """Look at everything; takes some ten milliseconds, however large the history."""
    at, db = context.clock(), context.db
    counts = stages.look(db, now=at)
    soon, since = timedelta(hours=context.settings.orders.late_hours), timedelta(days=OVERDUE_DAYS)
    return Overview(
        at,
        counts,
        unread=_unread(context, counts),
        alarms=alarms.listing(db),
        unconfirmed=work_lists.unconfirmed_count(db),
        connected=connections.listing(db),
        late=stages.late(db, now=at, before=soon, since=since, limit=MOST_LATE),
        uploads=searching.uploads(db, UploadSearch(), limit=MOST_UPLOADS),
        alive=_alive(context, at),
    )


def _unread(context: ServiceContext, counts: StageCounts) -> StageCount:
    """Uploads that nobody has read: those in the spool, and those that are recorded."""
    ids, recorded = context.spool.unrecorded(), counts.upload("arrived")
    oldest = [recorded.oldest] if recorded.oldest else []
    oldest += [arrival_stamp(ids[0])] if ids else []
    return StageCount(recorded.number + len(ids), 0, min(oldest, default=""))


def _alive(context: ServiceContext, at: datetime) -> dict[str, bool]:
    most = context.settings.alarms.beat_seconds
    beats = sorted(alarms.beats(context.db).items())
    return {who.partition(" ")[0]: (at - moment(beat)).total_seconds() <= most for who, beat in beats}
