"""What is known of a feed that may be at Amazon: the intent, what looks at feeds and orders showed, and what follows.

A look takes time, and another may have come to its end meanwhile (a step that runs twice). So what follows from a look
is kept only while the feed is still in the attempt that was looked at: the same state, and the same intent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedState, Verdict
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds.feeds import FeedRow, change_verdicts, move_in
from cws_filedrop.store.schema import FEEDS, LINES

_NO_INTENT: Final[dict[str, Any]] = {
    "intent_at": None,
    "document_at": None,
    "amazon_feed_id": None,
    "looks": 0,
    "order_looks": 0,
    "orders_since": None,
    "order_place": 0,
    "strangers": "",
    "offered": False,
    "note": "",
}
_NOT_SENT: Final = (Verdict.QUEUED, Verdict.UNKNOWN)


def intend(
    db: Database, feed: FeedRow, *, document_id: str, document_at: datetime | None, sha256: str, now: datetime
) -> bool:
    """Record, before createFeed is called, that it is; false when somebody else was quicker, who calls it then.

    `document_at` is the Date of Amazon's answer to createFeedDocument, by which the feed is looked for.
    """
    values = _NO_INTENT | {"document_id": document_id, "document_sha256": sha256, "intent_at": stamp(now)}
    values["document_at"] = None if document_at is None else stamp(document_at)
    with db.write() as connection:
        return move_in(connection, feed.no, FeedEvent.INTENDED, **values)


def withdraw(db: Database, feed: FeedRow, event: FeedEvent) -> bool:
    """Amazon does not have the feed, so it may be sent: `event` says how that is known."""
    with db.write() as connection:
        if not _is_still(connection, feed):
            return False
        change_verdicts(connection, feed.no, (Verdict.SENT, Verdict.UNKNOWN), Verdict.QUEUED)
        return move_in(connection, feed.no, event, **_NO_INTENT)


def found(db: Database, feed: FeedRow, amazon_feed_id: str) -> bool:
    """One feed at Amazon may be it. Its lines are `sent`, and no more than that until it is proven."""
    with db.write() as connection:
        if not _is_still(connection, feed):
            return False
        change_verdicts(connection, feed.no, _NOT_SENT, Verdict.SENT)
        values = {"amazon_feed_id": amazon_feed_id, "note": "", "order_looks": 0, "orders_since": None}
        return move_in(connection, feed.no, FeedEvent.FOUND, **values, order_place=0)


def not_ours(db: Database, feed: FeedRow, amazon_feed_ids: Iterable[str]) -> None:
    """Feeds at Amazon are not this one, and never candidates again; if one of them was adopted, that is undone."""
    with db.write() as connection:
        if not _is_still(connection, feed):
            return
        strangers = " ".join(sorted(feed.not_ours | set(amazon_feed_ids)))
        connection.execute(FEEDS.update().where(FEEDS.c.no == feed.no).values(strangers=strangers))
        undone = {"amazon_feed_id": None, "order_looks": 0, "orders_since": None, "order_place": 0, "looks": 0}
        if move_in(connection, feed.no, FeedEvent.NOT_OURS, **undone):
            change_verdicts(connection, feed.no, (Verdict.SENT,), Verdict.QUEUED)


def note(db: Database, feed: FeedRow, **values: object) -> None:
    """Columns of a feed that is still looked up."""
    with db.write() as connection:
        if _is_still(connection, feed):
            connection.execute(FEEDS.update().where(FEEDS.c.no == feed.no).values(values))


def _is_still(connection: sa.Connection, feed: FeedRow) -> bool:
    """Is the feed where it was when the look began?"""
    columns = (FEEDS.c.state, FEEDS.c.intent_at, FEEDS.c.amazon_feed_id)
    row = connection.execute(sa.select(*columns).where(FEEDS.c.no == feed.no).with_for_update()).one()
    return tuple(row) == (feed.state, feed.intent_at, feed.amazon_feed_id)


def unresolved(db: Database, account_id: int) -> list[dict[str, Any]]:
    """Feeds that may be at Amazon and that nobody has proven to be there: what their lines wait for, oldest first."""
    states = (FeedState.INTENDED, FeedState.ADOPTED, FeedState.STOPPED)
    query = (
        sa.select(FEEDS.c.no, FEEDS.c.line_count.label("lines"), FEEDS.c.intent_at.label("since"))
        .add_columns(FEEDS.c.note.label("why"))
        .where(FEEDS.c.account_id == account_id, FEEDS.c.state.in_(states), FEEDS.c.intent_at.is_not(None))
        .where(FEEDS.c.submitted_at.is_(None), FEEDS.c.note != "")
        .order_by(FEEDS.c.no)
    )
    with db.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def messages_of(db: Database, feed_no: int) -> dict[str, list[int]]:
    """The orders that a feed tells of, each with its messages, by the first message of each."""
    query = (
        sa.select(LINES.c.amazon_order_id, LINES.c.message_id)
        .where(LINES.c.feed_no == feed_no)
        .order_by(LINES.c.message_id, LINES.c.upload_id, LINES.c.line)
    )
    orders: dict[str, list[int]] = {}
    with db.read() as connection:
        for row in connection.execute(query):
            orders.setdefault(row.amazon_order_id, []).append(row.message_id)
    return orders
