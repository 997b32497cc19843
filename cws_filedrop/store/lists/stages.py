"""How much is in each stage at this moment, and how old the oldest of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState, OrderState, UploadState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds.unseen import WHY_STOPPED
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.schema import (
    ACCOUNTS,
    FEEDS,
    LINES,
    OPEN_SOON,
    ORDERS,
    SELLERS,
    TO_SEND,
    UPLOADS,
    VERDICT_COUNTS,
)

IN_WORK: Final = tuple(str(one) for one in UploadState if one not in ("done", "rejected", "replaced"))
UNDER_WAY: Final = tuple(one for one in FeedState if one not in (FeedState.SETTLED, FeedState.EMPTY))


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many there are, with how many lines, and since when the oldest is there (a stamp; "" = there is none)."""

    number: int = 0
    lines: int = 0
    oldest: str = ""


NONE: Final = StageCount()


@dataclass(frozen=True, slots=True)
class StageCounts:
    """Uploads by state; feeds by state; lines by verdict of the uploads of the last 24 hours; accounts that are stopped
    (seller's account id, why); since when the oldest line waits that no feed carries (a stamp; "" = there is none)."""

    uploads: Mapping[str, StageCount]
    feeds: Mapping[str, StageCount]
    day: Mapping[str, int]
    stopped: Mapping[str, str]
    queued_since: str = ""

    @property
    def to_send(self) -> StageCount:
        """What is still to be sent: the uploads that wait for Amazon, and their lines that it does not have yet."""
        waiting, sent, stopped = (
            self.upload("waiting"),
            self.feed("submitted", "intended", "adopted"),
            self.feed("stopped"),
        )
        lines = max(0, waiting.lines - sent.lines - stopped.lines)
        since = [one for one in (self.queued_since, self.feed("open", "filled", "waiting").oldest) if one]
        return StageCount(waiting.number if lines else 0, lines, min(since, default="") if lines else "")

    def upload(self, *states: str) -> StageCount:
        """Uploads in one of some states."""
        return _together([self.uploads[state] for state in states if state in self.uploads])

    def feed(self, *states: str) -> StageCount:
        """Feeds in one of some states."""
        return _together([self.feeds[state] for state in states if state in self.feeds])


def _together(stages: list[StageCount]) -> StageCount:
    oldest = min((one.oldest for one in stages if one.oldest), default="")
    return StageCount(sum(one.number for one in stages), sum(one.lines for one in stages), oldest)


def look(db: Database, *, now: datetime) -> StageCounts:
    """Count all of it; takes a few milliseconds, however long the history is."""
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
        sa.select(VERDICT_COUNTS.c.verdict, sa.func.sum(VERDICT_COUNTS.c.line_count))
        .where(VERDICT_COUNTS.c.upload_id >= f"{now - timedelta(days=1):%Y%m%d-%H%M%S}")
        .where(VERDICT_COUNTS.c.line_count > 0)
        .group_by(VERDICT_COUNTS.c.verdict)
    )
    stopped = sa.select(ACCOUNTS.c.merchant_id, WHY_STOPPED).where(WHY_STOPPED != "")
    first = sa.select(sa.func.min(LINES.c.upload_id)).where(LINES.c.account_id == ACCOUNTS.c.id, TO_SEND)
    queued = sa.select(sa.func.min(UPLOADS.c.arrived_at)).where(
        UPLOADS.c.state == "waiting", UPLOADS.c.id.in_(sa.select(first.scalar_subquery()).select_from(ACCOUNTS))
    )
    with db.read() as connection:
        return StageCounts(
            {row[0]: StageCount(row[1], int(row[2] or 0), row[3]) for row in connection.execute(uploads)},
            {row[0]: StageCount(row[1], int(row[2] or 0), row[3]) for row in connection.execute(feeds)},
            {row[0]: int(row[1]) for row in connection.execute(day)},
            {row[0]: row[1] for row in connection.execute(stopped)},
            connection.execute(queued).scalar() or "",
        )


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order that is to be shipped soon, or should have been, and is not confirmed."""

    seller: str
    account_id: int
    amazon_order_id: str
    state: str
    ship_by: str
    open: str = ""  # what is not confirmed, in words


def late(db: Database, *, now: datetime, before: timedelta, since: timedelta, limit: int) -> list[DueOrder]:
    """Orders of all sellers that are due and not confirmed, most urgent first; none overdue by more than `since`."""
    deadline = ORDERS.c.latest_ship_date
    names = sa.select(sa.func.min(SELLERS.c.name)).where(SELLERS.c.account_id == ORDERS.c.account_id)
    query = (
        sa.select(names.scalar_subquery().label("seller"), ORDERS.c.account_id, ORDERS.c.amazon_order_id)
        .add_columns(ORDERS.c.state, deadline.label("ship_by"))
        .where(OPEN_SOON, deadline < stamp(now + before), deadline >= stamp(now - since))
        .order_by(deadline)
        .limit(limit)
    )
    with db.read() as connection:
        found = [DueOrder(**row) for row in connection.execute(query).mappings()]
    told = [(one.account_id, one.amazon_order_id) for one in found if one.state != OrderState.NEW]
    said = ledgers.words(db, told)
    return [replace(one, open=said.get((one.account_id, one.amazon_order_id), "")) for one in found]
