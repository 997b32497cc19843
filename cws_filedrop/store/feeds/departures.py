"""What of an account waits to leave for Amazon, and what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.schema import BUCKETS, FEEDS

COUNTED: Final = 1_000  # counting stops here: STATUS asks often, and a file may have a million lines
CREATE_FEED: Final = "createFeed"


@dataclass(frozen=True, slots=True)
class Departure:
    """Lines that wait to leave (at most `COUNTED`), and whether they wait for the feed before; the arrival time of
    createFeed's token bucket (GCRA), seconds since 1970; lines that Amazon has not answered, and since when (a stamp).
    """

    lines: int
    after_feed: bool
    arrival: float | None
    with_amazon: int
    with_amazon_since: str | None


def of_account(db: Database, account_id: int, *, young: datetime) -> Departure:
    """How it is now; feeds that were sent since `young` hold the next one back."""
    some = feeds.queued(account_id).with_only_columns(sa.literal(1)).limit(COUNTED).subquery()
    there = sa.select(sa.func.sum(FEEDS.c.line_count), sa.func.min(FEEDS.c.submitted_at)).where(
        FEEDS.c.account_id == account_id, FEEDS.c.state == FeedState.SUBMITTED
    )
    bucket = sa.select(BUCKETS.c.arrival).where(BUCKETS.c.account_id == account_id, BUCKETS.c.operation == CREATE_FEED)
    with db.read() as connection:
        waiting = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
        number, since = connection.execute(there).one()
        return Departure(
            lines=waiting,
            after_feed=feeds.is_in_flight(connection, account_id, stamp(young)),
            arrival=connection.execute(bucket).scalar(),
            with_amazon=int(number or 0),
            with_amazon_since=since,
        )
