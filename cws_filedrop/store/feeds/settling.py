"""Settling a feed: Amazon's verdict for every line of it, and what follows for claims, orders and uploads.

All of it is one transaction; settling again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, FeedState, OrderState, Verdict
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import BulkQuery, Database, stamp
from cws_filedrop.store.feeds import read_backs, releasing
from cws_filedrop.store.feeds.feeds import FeedRow, move_in, row_of
from cws_filedrop.store.feeds.read_backs import EVERY, Precedence
from cws_filedrop.store.orders import effects
from cws_filedrop.store.orders.effects import LineRefusal
from cws_filedrop.store.schema import CLAIMS, FEEDS, LINES, ORDERS, UPLOADS
from cws_filedrop.store.uploads import claims, waiting_lines
from cws_filedrop.store.uploads.packed_lines import unpack, unpack_cancellations

ALREADY_SHIPPED: Final = "18021"  # more units than are left to ship (docs/amazon.md#6-processing-reports)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Amazon's answer to a feed: the verdict of most messages, and the exceptions (message id -> verdict, code,
    message); and the SHA-256 of the report ("" = there was none)."""

    verdict: Verdict
    code: str
    message: str
    exceptions: Mapping[int, tuple[Verdict, str, str]]
    report_sha256: str = ""


def _nothing(_connection: sa.Connection, _refused: Sequence[LineRefusal]) -> None:
    """Do nothing besides."""


def settle(
    db: Database,
    feed_no: int,
    settlement: Settlement,
    *,
    now: datetime,
    look_after: timedelta | None = None,
    precedence: Precedence = EVERY,
    beside: Callable[[sa.Connection, Sequence[LineRefusal]], None] = _nothing,
    event: FeedEvent = FeedEvent.SETTLED,
) -> list[str]:
    """Give every line of a feed its verdict. Returns the uploads that have no line waiting any more.

    Settling again changes nothing. The ledger counts what Amazon answered, orders move by their pieces, and lines that
    waited for these answers go on. After `look_after` the orders are read back, by `precedence`; None = never. `beside`
    is called with the refused lines, in the same transaction.
    """
    with db.write() as connection:
        feed = row_of(connection.execute(sa.select(FEEDS).where(FEEDS.c.no == feed_no).with_for_update()).one())
        released: list[str] = []
        if feed.state is not FeedState.SETTLED:
            _verdicts(connection, feed_no, settlement)
            claims.answered_in(connection, feed_no)
            if refused := _refusals(connection, feed):
                beside(connection, refused)
            released = _settle_orders(connection, feed, refused, stamp(now))
            if look_after is not None:
                read_backs.expect_in(connection, feed.no, now=now, look_after=look_after, precedence=precedence)
            _count_down(connection, feed_no, stamp(now))
            kept = {"settled_at": stamp(now), "report_sha256": settlement.report_sha256}
            move_in(connection, feed_no, event, **kept)
        touched = sa.select(LINES.c.upload_id).where(LINES.c.feed_no == feed_no).distinct()
        with_it = (UPLOADS.c.account_id == feed.account_id) & (UPLOADS.c.done_at == (feed.settled_at or ""))
        ours = sa.or_(UPLOADS.c.id.in_(touched), UPLOADS.c.id.in_(released), with_it if feed.settled_at else sa.false())
        done = sa.select(UPLOADS.c.id).where(ours, UPLOADS.c.waiting == 0)
        return list(connection.execute(done.order_by(UPLOADS.c.id)).scalars())


def _verdicts(connection: sa.Connection, feed_no: int, settlement: Settlement) -> None:
    """Write Amazon's verdict for every line; what we noted about a line ourselves is kept behind it."""
    of_feed = LINES.c.feed_no == feed_no
    others = of_feed & LINES.c.message_id.not_in(list(settlement.exceptions))
    usual = {"verdict": str(settlement.verdict), "message": _beside(sa.literal(settlement.message), LINES.c.message)}
    connection.execute(LINES.update().where(others).values(usual))
    rows = [
        {"of_message": message_id, "v": str(verdict), "c": code, "m": message}
        for message_id, (verdict, code, message) in settlement.exceptions.items()
    ]
    if rows:
        update = LINES.update().where(of_feed, LINES.c.message_id == sa.bindparam("of_message"))
        update = update.values(
            verdict=sa.bindparam("v"),
            code=_beside(sa.bindparam("c", type_=sa.Text), LINES.c.code),
            message=_beside(sa.bindparam("m", type_=sa.Text), LINES.c.message),
        )
        connection.execute(update, rows)


def _beside(amazons: Any, own: Any) -> Any:
    """Amazon's text, followed by our own if there is any."""
    return amazons + sa.case((own == "", ""), else_=sa.literal(" | ") + own)


def _refusals(connection: sa.Connection, feed: FeedRow) -> list[LineRefusal]:
    """What Amazon refused; packages that refused lines were to correct stand again."""
    columns = (
        LINES.c.upload_id,
        LINES.c.line,
        LINES.c.amazon_order_id,
        LINES.c.shipment,
        LINES.c.code,
        LINES.c.message,
    )
    of_feed = (LINES.c.feed_no == feed.no, LINES.c.verdict == Verdict.UNCONFIRMED)
    rows = connection.execute(sa.select(*columns).where(*of_feed).order_by(LINES.c.upload_id, LINES.c.line)).all()
    if not rows:
        return []
    if feed.kind is FeedKind.ACKNOWLEDGEMENT:
        orders, known = unpack_cancellations(rows)["amazon-order-id"].to_list(), dict[int, str]()
    else:
        refused = list(zip(claims.keys(unpack(rows)), rows, strict=True))
        orders = [key.order for key, _ in refused]
        known = _told_apart(connection, feed.account_id, refused)
        for place, words in _that_stand(connection, feed.account_id, refused).items():
            known[place] = known.get(place, "") + words
        _add_words(connection, rows, known)
    return [
        LineRefusal(order, row.upload_id, row.line, f"{row.code}: {row.message}{known.get(place, '')}")
        for place, (order, row) in enumerate(zip(orders, rows, strict=True))
    ]


def _settle_orders(connection: sa.Connection, feed: FeedRow, refused: Sequence[LineRefusal], now: str) -> list[str]:
    """Move the orders of a feed by what Amazon answered, and let lines go on that waited for that. Returns the uploads
    of these that are done."""
    if feed.kind is FeedKind.ACKNOWLEDGEMENT:
        effects.refuse_in(connection, feed.account_id, refused, now=now)
        return []
    effects.settle_in(connection, feed.account_id, _with_more(connection, feed), refused, now=now)
    orders = releasing.of_feed(connection, feed.account_id, feed.no)
    return releasing.release_in(connection, feed.account_id, orders, now=now)


def _with_more(connection: sa.Connection, feed: FeedRow) -> list[str]:
    """The orders of a feed that have more to them than packages on their way and confirmed ones: most feeds have
    none."""
    of_feed = LINES.c.feed_no == feed.no
    mine = (ORDERS.c.account_id == LINES.c.account_id, ORDERS.c.amazon_order_id == LINES.c.amazon_order_id)
    states = ORDERS.c.state.in_((OrderState.PARTLY_SHIPPED, OrderState.UNCONFIRMED))
    told = (CLAIMS.c.account_id == LINES.c.account_id, CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id)
    bad = sa.or_(CLAIMS.c.refused > 0, CLAIMS.c.unknown > 0)
    queries = (
        sa.select(LINES.c.amazon_order_id).where(of_feed, sa.exists().where(*mine, states)),
        sa.select(LINES.c.amazon_order_id).where(of_feed, sa.exists().where(*told, bad)),
    )
    return list(dict.fromkeys(name for query in queries for name in connection.execute(query.distinct()).scalars()))


_CONFIRMED: Final = BulkQuery(
    lambda among: (
        sa.select(LINES.c.amazon_order_id, LINES.c.upload_id, LINES.c.line, LINES.c.shipment)
        .where(
            LINES.c.account_id == sa.bindparam("account_id"),
            among(LINES.c.amazon_order_id),
            LINES.c.kind == sa.literal_column(f"'{FeedKind.FULFILLMENT}'"),
            LINES.c.verdict.in_((Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)),
        )
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
)


def _told_apart(
    connection: sa.Connection, account_id: int, refused: Sequence[tuple[claims.ShipmentKey, Any]]
) -> dict[int, str]:
    """For lines refused because their units are shipped already: what our own records know of that, by place."""
    places = {place: key for place, (key, row) in enumerate(refused) if ALREADY_SHIPPED in row.code}
    held = list(_CONFIRMED(connection, {key.order for key in places.values()}, account_id=account_id)) if places else []
    confirmed: dict[tuple[str, str], str] = {}
    whole: dict[str, str] = {}
    for key, row in zip(claims.keys(unpack(held)), held, strict=True):
        words = f"line {row.line} of upload {row.upload_id}, with {key.tracking or 'no tracking number'}"
        confirmed[key.order, key.item] = confirmed[key.order, ""] = words
        if not key.item:
            whole[key.order] = words
    told: dict[int, str] = {}
    for place, key in places.items():
        if found := confirmed.get((key.order, key.item)) or whole.get(key.order):
            told[place] = f" | our records show these units confirmed by {found}"
    return told


def _that_stand(
    connection: sa.Connection, account_id: int, refused: Sequence[tuple[claims.ShipmentKey, Any]]
) -> dict[int, str]:
    """Which packages stand that refused lines were to correct, in words, by place."""
    stand = {
        place: claims.refused_corrections_in(connection, account_id, key.order, (row.upload_id, row.line))
        for place, (key, row) in enumerate(refused)
    }
    return {
        place: f" | the order stays confirmed with {' and '.join(one or 'no tracking number' for one in numbers)}"
        for place, numbers in stand.items()
        if numbers
    }


def _add_words(connection: sa.Connection, rows: Sequence[Any], words: Mapping[int, str]) -> None:
    """Add to the messages of lines, by place."""
    added = [{"u": rows[at].upload_id, "l": rows[at].line, "m": said} for at, said in words.items()]
    if added:
        line = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))
        connection.execute(LINES.update().where(line).values(message=LINES.c.message + sa.bindparam("m")), added)


def _count_down(connection: sa.Connection, feed_no: int, now: str) -> None:
    """Subtract the feed's lines from what their uploads wait for; an upload that waits for no more is done."""
    per_upload = sa.select(LINES.c.upload_id, sa.func.count()).where(LINES.c.feed_no == feed_no)
    answered = {row[0]: row[1] for row in connection.execute(per_upload.group_by(LINES.c.upload_id))}
    waiting_lines.answered_in(connection, answered, now=now)
