"""Lines that come back: Amazon took none of a feed's lines, so new feeds carry them, whole or in portions.

Such a feed waits (state `waiting`) until the account's slot is free and others have gone before it. Its lines are its
own from the beginning: no other feed can take them up, so that each line is in at most one feed here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import Ended, FeedRow, RateLimit
from cws_filedrop.store.schema import FEEDS, LINES

PER_HOUR: Final = 6  # feeds with lines that came back, an account


@dataclass(frozen=True, slots=True)
class Portion:
    """Messages of a feed that go on together; `tries` is how often these very ones have come back."""

    messages: Sequence[int]
    tries: int


def messages(db: Database, feed_no: int) -> list[tuple[int, str]]:
    """The messages of a feed, by number, and the order that each is about."""
    query = (
        sa.select(LINES.c.message_id, sa.func.min(LINES.c.amazon_order_id))
        .where(LINES.c.feed_no == feed_no)
        .group_by(LINES.c.message_id)
        .order_by(LINES.c.message_id)
    )
    with db.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def give_back(
    db: Database, feed: FeedRow, portions: Sequence[Portion], *, ended: Ended, now: datetime, **values: object
) -> list[int]:
    """End a feed of which Amazon took nothing, and give its lines to new ones, one a portion. Returns their numbers.

    All in one transaction; once it is done, doing it again changes nothing. `values` are columns of the ended feed.
    """
    with db.write() as connection:
        row = connection.execute(sa.select(FEEDS.c.state).where(FEEDS.c.no == feed.no).with_for_update()).one()
        if row.state == FeedState.SETTLED:
            return []
        made = [_carry_on(connection, feed, portion, place, now) for place, portion in enumerate(portions, 1)]
        done = {"state": FeedState.SETTLED, "settled_at": stamp(now), "ended": ended}
        connection.execute(FEEDS.update().where(FEEDS.c.no == feed.no).values(**done, **values))
    return made


def _carry_on(connection: sa.Connection, feed: FeedRow, portion: Portion, place: int, now: datetime) -> int:
    """A waiting feed with these messages of another, numbered anew in the same order."""
    values: dict[str, Any] = {"account_id": feed.account_id, "kind": str(feed.kind), "state": FeedState.WAITING}
    values |= {"cause": f"again:{feed.no}:{place}", "opened_at": stamp(now), "message_count": len(portion.messages)}
    values |= {"parent": feed.no, "root": feed.root or feed.no, "tries": portion.tries}
    number: int = connection.execute(FEEDS.insert().values(values).returning(FEEDS.c.no)).scalar_one()
    moved = [{"of_message": old, "m": new} for new, old in enumerate(portion.messages, 1)]
    line = (LINES.c.feed_no == feed.no) & (LINES.c.message_id == sa.bindparam("of_message"))
    changed = {"feed_no": number, "message_id": sa.bindparam("m"), "verdict": str(Verdict.QUEUED)}
    connection.execute(LINES.update().where(line).values(changed), moved)
    carried = sa.select(sa.func.count()).select_from(LINES).where(LINES.c.feed_no == number).scalar_subquery()
    connection.execute(FEEDS.update().where(FEEDS.c.no == number).values(line_count=carried))
    return number


def refusals(db: Database, feed: FeedRow) -> int:
    """How many feeds with lines of the same first feed Amazon has refused as a whole."""
    root = feed.root or feed.no
    same = (sa.or_(FEEDS.c.root == root, FEEDS.c.no == root), FEEDS.c.ended == Ended.REFUSED)
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(FEEDS).where(*same)).scalar_one()


def waiting(db: Database) -> list[FeedRow]:
    """The feeds that wait for their turn, oldest first."""
    query = sa.select(FEEDS).where(FEEDS.c.state == FeedState.WAITING).order_by(FEEDS.c.no)
    with db.read() as connection:
        return [feeds.row_of(row) for row in connection.execute(query)]


def take_turn(
    db: Database, feed: FeedRow, *, now: datetime, second_after_seconds: float, rate_limit: RateLimit, hour: timedelta
) -> bool:
    """Let a waiting feed go, if its account's slot is free, a createFeed token is left, and not too many such feeds
    have gone within the `hour`. It then is `filled`, like one that was opened and filled."""
    with db.write() as connection:
        feeds.lock_account(connection, feed.account_id)
        gone = (FEEDS.c.account_id == feed.account_id, FEEDS.c.parent.is_not(None), FEEDS.c.state != FeedState.WAITING)
        lately = sa.select(sa.func.count()).select_from(FEEDS).where(*gone, FEEDS.c.opened_at > stamp(now - hour))
        if connection.execute(lately).scalar_one() >= PER_HOUR:
            return False
        if feeds.slot_in(connection, feed.account_id, now, second_after_seconds, rate_limit) is not None:
            return False
        mine = (FEEDS.c.no == feed.no, FEEDS.c.state == FeedState.WAITING)
        values = {"state": FeedState.FILLED, "opened_at": stamp(now)}
        return connection.execute(FEEDS.update().where(*mine).values(values)).rowcount == 1
