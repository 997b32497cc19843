"""Where everything stands at this moment: how much is in each stage, and how old the oldest of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState, UploadState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ACCOUNTS, FEEDS, LINES, ORDERS, SELLERS, TALLIES, UPLOADS

IN_WORK: Final = tuple(str(one) for one in UploadState if one not in ("done", "rejected", "replaced"))
UNDER_WAY: Final = (FeedState.OPEN, FeedState.FILLED, FeedState.INTENDED, FeedState.SUBMITTED, FeedState.STOPPED)


@dataclass(frozen=True, slots=True)
class Stage:
    """How many there are, of how many lines, and since when the oldest is there (a stamp; "" = there is none)."""

    number: int = 0
    lines: int = 0
    oldest: str = ""


NONE: Final = Stage()


@dataclass(frozen=True, slots=True)
class Stages:
    """Uploads by state; feeds by state; lines by verdict of the uploads of the last 24 hours; accounts that are stopped
    (seller's account id, why)."""

    uploads: Mapping[str, Stage]
    feeds: Mapping[str, Stage]
    day: Mapping[str, int]
    stopped: Mapping[str, str]

    def upload(self, *states: str) -> Stage:
        """Uploads in one of some states."""
        return _together([self.uploads[state] for state in states if state in self.uploads])

    def feed(self, *states: str) -> Stage:
        """Feeds in one of some states."""
        return _together([self.feeds[state] for state in states if state in self.feeds])


def _together(stages: list[Stage]) -> Stage:
    oldest = min((one.oldest for one in stages if one.oldest), default="")
    return Stage(sum(one.number for one in stages), sum(one.lines for one in stages), oldest)


def look(db: Database, *, now: datetime) -> Stages:
    """Ask for all of it; a few milliseconds, whatever there was before."""
    uploads = (
        sa.select(UPLOADS.c.state, sa.func.count(), sa.func.sum(UPLOADS.c.waiting), sa.func.min(UPLOADS.c.arrived_at))
        .where(UPLOADS.c.state.in_(IN_WORK))
        .group_by(UPLOADS.c.state)
    )
    since = sa.func.coalesce(FEEDS.c.submitted_at, FEEDS.c.opened_at)
    feeds = (
        sa.select(FEEDS.c.state, sa.func.count(), sa.func.sum(FEEDS.c.line_count), sa.func.min(since))
        .where(FEEDS.c.account_id.in_(sa.select(ACCOUNTS.c.id)), FEEDS.c.state.in_([str(one) for one in UNDER_WAY]))
        .group_by(FEEDS.c.state)
    )
    day = (
        sa.select(TALLIES.c.verdict, sa.func.sum(TALLIES.c.line_count))
        .where(TALLIES.c.upload_id >= f"{now - timedelta(days=1):%Y%m%d-%H%M%S}")
        .group_by(TALLIES.c.verdict)
    )
    stopped = sa.select(ACCOUNTS.c.merchant_id, ACCOUNTS.c.stopped).where(ACCOUNTS.c.stopped != "")
    with db.read() as connection:
        return Stages(
            {row[0]: Stage(row[1], int(row[2] or 0), row[3]) for row in connection.execute(uploads)},
            {row[0]: Stage(row[1], int(row[2] or 0), row[3]) for row in connection.execute(feeds)},
            {row[0]: int(row[1]) for row in connection.execute(day)},
            {row[0]: row[1] for row in connection.execute(stopped)},
        )


def queued(db: Database, found: Stages) -> Stage:
    """Lines that are to be sent and are in no feed yet. They are not counted, there may be millions: what waits for
    Amazon and is in no feed is queued."""
    theirs = (LINES.c.account_id == ACCOUNTS.c.id, LINES.c.verdict == "queued", LINES.c.feed_no.is_(None))
    first = sa.select(sa.func.min(LINES.c.upload_id)).where(*theirs).correlate(ACCOUNTS).scalar_subquery()
    oldest = sa.select(UPLOADS.c.arrived_at).where(UPLOADS.c.id == sa.select(sa.func.min(first)).scalar_subquery())
    with db.read() as connection:
        since = connection.execute(oldest).scalar()
    if since is None:
        return NONE
    in_feeds = found.feed(*UNDER_WAY).lines
    return Stage(0, max(1, found.upload("waiting").lines - in_feeds), since)


@dataclass(frozen=True, slots=True)
class Late:
    """An order that is to be shipped soon, or should have been, and is not."""

    seller: str
    account_id: int
    amazon_order_id: str
    state: str
    ship_by: str


def late(db: Database, *, now: datetime, before: timedelta, since: timedelta, limit: int) -> list[Late]:
    """Orders of all sellers that nobody has shipped, the most pressing first; `since` ago is too late to be shown."""
    deadline = ORDERS.c.latest_ship_date
    some = (deadline != "", deadline < stamp(now + before), deadline >= stamp(now - since))
    names = sa.select(sa.func.min(SELLERS.c.name)).where(SELLERS.c.account_id == ORDERS.c.account_id)
    query = (
        sa.select(names.scalar_subquery().label("seller"), ORDERS.c.account_id, ORDERS.c.amazon_order_id)
        .add_columns(ORDERS.c.state, deadline.label("ship_by"))
        .where(*some, ORDERS.c.state.in_(("new", "packed")))
        .order_by(deadline)
        .limit(limit)
    )
    with db.read() as connection:
        found = []
        for account_id in connection.execute(sa.select(ACCOUNTS.c.id)).scalars().all():  # the index begins with it
            rows = connection.execute(query.where(ORDERS.c.account_id == account_id)).mappings()
            found += [Late(**row) for row in rows]
    return sorted(found, key=lambda one: one.ship_by)[:limit]
