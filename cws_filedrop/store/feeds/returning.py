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

from cws_filedrop.model import FeedState, UploadState, Verdict
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import Ended, FeedRow, RateLimit
from cws_filedrop.store.schema import FEEDS, LINES, UPLOADS
from cws_filedrop.store.uploads import claims, verdict_counts

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
        done: dict[str, object] = {"settled_at": stamp(now), "ended": ended}
        if not feeds.move_in(connection, feed.no, FeedEvent.RETURNED, **done, **values):
            return []
        return [_carry_on(connection, feed, portion, place, now) for place, portion in enumerate(portions, 1)]


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
        return feeds.move_in(connection, feed.no, FeedEvent.ITS_TURN, opened_at=stamp(now))


def again_in(connection: sa.Connection, account_id: int, lines: Sequence[tuple[str, int]], *, now: datetime) -> int:
    """Let lines of unknown outcome go again, since Amazon plainly does not have them. Returns how many.

    Only those that are still unknown, and whose feed can run no more. They go together with others that wait for the
    same, and their uploads wait for Amazon once more. Rows of one message stay together.
    """
    found = [row for one in lines if (row := connection.execute(_UNKNOWN, {"u": one[0], "l": one[1]}).first())]
    if not found:
        return 0
    for kind in dict.fromkeys(row.kind for row in found):
        _gather(connection, account_id, [row for row in found if row.kind == kind], now)
    _wait_again(connection, [row.upload_id for row in found])
    return len(found)


def _gather(connection: sa.Connection, account_id: int, found: Sequence[Any], now: datetime) -> None:
    """Let lines of one kind go with a waiting feed."""
    feed_no, used = _gathering(connection, account_id, found[0], now)
    kept = list(dict.fromkeys((row.feed_no, row.message_id) for row in found))
    numbers = {message: used + place for place, message in enumerate(kept, 1)}
    rows = [{"u": row.upload_id, "l": row.line, "m": numbers[row.feed_no, row.message_id]} for row in found]
    line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
    own_code = sa.case((LINES.c.code.like("A-%"), ""), else_=LINES.c.code)  # what Amazon said is of no more interest
    changed = {"feed_no": feed_no, "message_id": sa.bindparam("m"), "verdict": str(Verdict.QUEUED)}
    connection.execute(LINES.update().where(line).values(**changed, code=own_code, message=WAS_UNKNOWN), rows)
    more = {"line_count": FEEDS.c.line_count + len(rows), "message_count": used + len(kept)}
    connection.execute(FEEDS.update().where(FEEDS.c.no == feed_no).values(more))
    for row in found:
        claims.sent_again_in(connection, account_id, row.amazon_order_id, [(row.upload_id, row.line)])


WAS_UNKNOWN: Final = "sent again, since Amazon's own order did not show it"
MOST_TOGETHER: Final = 1000  # messages
_UNKNOWN: Final = (
    sa.select(
        LINES.c.upload_id, LINES.c.line, LINES.c.feed_no, LINES.c.message_id, LINES.c.amazon_order_id, LINES.c.kind
    )
    .join(FEEDS, (FEEDS.c.no == LINES.c.feed_no) & (FEEDS.c.state == FeedState.SETTLED))
    .where(LINES.c.upload_id == sa.bindparam("u"), LINES.c.line == sa.bindparam("l"))
    .where(LINES.c.verdict == Verdict.UNKNOWN, LINES.c.seen_at.is_(None))
)


def _gathering(connection: sa.Connection, account_id: int, line: Any, now: datetime) -> tuple[int, int]:
    """A waiting feed that such a line of unknown outcome goes with, and how many messages it has; a new one where there
    is none."""
    feeds.lock_account(connection, account_id)
    mine = (FEEDS.c.account_id == account_id, FEEDS.c.state == FeedState.WAITING, FEEDS.c.cause.like("unknown:%"))
    room = (FEEDS.c.kind == line.kind, FEEDS.c.message_count < MOST_TOGETHER)
    row = connection.execute(sa.select(FEEDS.c.no, FEEDS.c.message_count).where(*mine, *room).limit(1)).first()
    if row is not None:
        return row.no, row.message_count
    values: dict[str, Any] = {"account_id": account_id, "kind": line.kind, "state": FeedState.WAITING}
    values |= {"cause": f"unknown:{line.feed_no}:{stamp(now)}", "opened_at": stamp(now), "parent": line.feed_no}
    return connection.execute(FEEDS.insert().values(values).returning(FEEDS.c.no)).scalar_one(), 0


def _wait_again(connection: sa.Connection, upload_ids: Sequence[str]) -> None:
    """These uploads wait for Amazon again, once for each time they are named."""
    wait = UPLOADS.update().where(UPLOADS.c.id == sa.bindparam("u"))
    values = {"waiting": UPLOADS.c.waiting + 1, "state": str(UploadState.WAITING), "done_at": None}
    connection.execute(wait.values(values), [{"u": upload_id} for upload_id in upload_ids])
    verdict_counts.expect_in(connection, upload_ids)
