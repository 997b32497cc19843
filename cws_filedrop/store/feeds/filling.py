"""Gives a feed its lines: which of them go with it, in which order, in which message.

Filling is one transaction; filling again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from cws_filedrop.errors import Impossible
from cws_filedrop.model import FeedKind, FeedState
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import BulkQuery, Database, stamp
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow, queued
from cws_filedrop.store.schema import FEEDS, LINES, ORDERS
from cws_filedrop.store.uploads.packed_lines import Packed, order_of, unpack, unpack_cancellations


def urgent(db: Database, account_id: int, kind: FeedKind, *, before: datetime, limit: int) -> list[tuple[str, int]]:
    """Queued lines of a kind, of orders that Amazon wants shipped before a moment, most urgent first; none when one
    feed of `limit` lines carries all that is queued, since their order does not matter then."""
    if not limit:
        return []
    deadline = ORDERS.c.latest_ship_date
    orders = (ORDERS.c.account_id == LINES.c.account_id, ORDERS.c.amazon_order_id == LINES.c.amazon_order_id)
    query = queued(account_id, kind).where(*orders).with_only_columns(LINES.c.upload_id, LINES.c.line)
    query = query.where(deadline != "", deadline < stamp(before))
    with db.read() as connection:
        overflow = connection.execute(queued(account_id, kind).offset(limit).limit(1)).first()
        if overflow is None:
            return []
        query = query.order_by(deadline, LINES.c.amazon_order_id, LINES.c.upload_id, LINES.c.line).limit(limit + 1)
        return [(row.upload_id, row.line) for row in connection.execute(query)]


def fill(
    db: Database,
    feed_no: int,
    *,
    limit: int,
    number: Callable[[pd.DataFrame], pd.Series[int]],
    first: Sequence[tuple[str, int]] = (),
) -> int:
    """Give an open feed up to `limit` queued lines of its account, those of `first` before the others. Returns how
    many lines it carries.

    `number` assigns each row of SHIPMENTS (or CANCELLATIONS) to a message (1, 2, ...), indexed by row position; rows
    that it leaves out wait for the next feed. Filling again changes nothing.
    """
    with db.write() as connection:
        feed = feeds.row_of(connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no).with_for_update()).one())
        if feed.state is not FeedState.OPEN:
            return feed.line_count
        query = queued(feed.account_id, feed.kind).order_by(LINES.c.upload_id, LINES.c.line).limit(limit + 1)
        rows = _whole_orders(_ahead(connection, feed, first, connection.execute(query).all()), limit)
        rows, messages = _numbered(feed.kind, rows, number)
        places = [
            {"f": feed_no, "m": message, "u": rows[place].upload_id, "l": rows[place].line}
            for place, message in zip(messages.index.to_list(), messages.to_list(), strict=True)
        ]
        _place(connection, places)
        event = FeedEvent.FILLED if places else FeedEvent.NOTHING_LEFT
        counts = {"line_count": len(places), "message_count": int(messages.max()) if places else 0}
        feeds.move_in(connection, feed_no, event, **counts)
    return len(places)


def _these(kind: FeedKind) -> BulkQuery:
    return BulkQuery(
        lambda among: queued(sa.bindparam("account_id"), kind).where(
            LINES.c.upload_id == sa.bindparam("upload_id"), among(LINES.c.line)
        )
    )


_THESE: Final = {kind: _these(kind) for kind in FeedKind}


def _ahead(
    connection: sa.Connection, feed: FeedRow, first: Sequence[tuple[str, int]], rows: Sequence[Any]
) -> Sequence[Any]:
    """The rows, preceded by those of `first` that are still queued."""
    if not first:
        return rows
    wanted = dict.fromkeys(first)
    numbers: dict[str, list[int]] = {}
    for upload_id, line in wanted:
        numbers.setdefault(upload_id, []).append(line)
    found = {
        (row.upload_id, row.line): row
        for upload_id, some in numbers.items()
        for row in _THESE[feed.kind](connection, some, account_id=feed.account_id, upload_id=upload_id)
    }
    ahead = [found[one] for one in wanted if one in found]
    return [*ahead, *(row for row in rows if (row.upload_id, row.line) not in wanted)]


def _whole_orders(rows: Sequence[Any], limit: int) -> Sequence[Any]:
    """At most `limit` rows, without separating the rows of the last order if that can be avoided.

    The caller reads one row more than fits. Where the feed would end within an order, all of that order waits for the
    next feed: rows of one package must be in one message, and a message cannot be spread over two feeds. Only an order
    that alone is larger than a feed is cut, since it could never be sent otherwise.
    """
    if len(rows) <= limit:
        return rows
    order = order_of(rows[limit])
    kept = limit
    while kept and order_of(rows[kept - 1]) == order:
        kept -= 1
    return rows[: kept or limit]


def _numbered(
    kind: FeedKind, rows: Sequence[Any], number: Callable[[pd.DataFrame], pd.Series[int]]
) -> tuple[Sequence[Any], pd.Series[int]]:
    """The rows that go with the feed, and their messages.

    Orders that cannot be written at all, such as one whose package is larger than a document, go alone: no document can
    be made of them, so their feed is stopped and an operator takes them out. Else they would keep all others back.
    """
    if not rows:
        return rows, _one_each(0)
    try:
        return rows, number(_unpacked(kind, rows))
    except Impossible:
        orders = [list(some) for _, some in groupby(sorted(rows, key=order_of), key=order_of)]
        bad = [row for some in failing(orders, lambda table: number(table), kind) for row in some]
        if not bad:
            raise
        return bad, _one_each(len(bad))


def _one_each(count: int) -> pd.Series[int]:
    numbers: list[int] = list(range(1, count + 1))
    return pd.Series(numbers, dtype="int64")


def failing(orders: Sequence[Sequence[Any]], make: Callable[[pd.DataFrame], object], kind: FeedKind) -> list[Any]:
    """Those orders (each some rows) for which `make` raises Impossible, found by halves."""
    if not orders:
        return []
    try:
        make(_unpacked(kind, [row for order in orders for row in order]))
    except Impossible:
        if len(orders) == 1:
            return list(orders)
        half = len(orders) // 2
        return failing(orders[:half], make, kind) + failing(orders[half:], make, kind)
    return []


def _place(connection: sa.Connection, places: list[dict[str, object]]) -> None:
    if places:
        line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
        values: dict[str, Any] = {"feed_no": sa.bindparam("f"), "message_id": sa.bindparam("m")}
        connection.execute(LINES.update().where(line).values(values), places)


def take_out_others(db: Database, feed_no: int, make: Callable[[pd.DataFrame], object]) -> bool:
    """Of a stopped feed that was never sent, queue the lines again of which `make` can make a document; the orders for
    which it raises Impossible stay in it. False, and nothing is changed, when there are no such orders."""
    feed = feeds.get(db, feed_no)
    query = sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.shipment).where(LINES.c.feed_no == feed_no)
    with db.write() as connection:
        rows = sorted(connection.execute(query).all(), key=order_of)
        orders = [list(some) for _, some in groupby(rows, key=order_of)]
        bad = {(row.upload_id, row.line) for some in failing(orders, make, feed.kind) for row in some}
        if not bad:
            return False
        others = [{"u": row.upload_id, "l": row.line} for row in rows if (row.upload_id, row.line) not in bad]
        if others:
            line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
            connection.execute(LINES.update().where(line).values(feed_no=None, message_id=None), others)
        mine = FEEDS.update().where(FEEDS.c.no == feed_no)
        connection.execute(mine.values(line_count=len(bad), message_count=len(bad)))
    return True


def shipments(db: Database, feed_no: int) -> tuple[pd.DataFrame, pd.Series[int]]:
    """What a filled feed carries, in message order: SHIPMENTS (or CANCELLATIONS, by the feed's kind) and the MessageID
    of each row; always the same."""
    kind = feeds.get(db, feed_no).kind
    query = (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.shipment, LINES.c.message_id)
        .where(LINES.c.feed_no == feed_no)
        .order_by(LINES.c.message_id, LINES.c.upload_id, LINES.c.line)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    return _unpacked(kind, rows), pd.Series([row.message_id for row in rows], dtype="int64")


def _unpacked(kind: FeedKind, rows: Sequence[Packed]) -> pd.DataFrame:
    return unpack(rows) if kind is FeedKind.FULFILLMENT else unpack_cancellations(rows)
