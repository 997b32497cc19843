"""The lines of one order that Amazon refused, or whose outcome nobody knows; how they are given up, so that they can
be sent again, and settled by what somebody says. Lines that Amazon's own order has shown since are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, FeedState, OrderState, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import FEEDS, LINES
from cws_filedrop.store.uploads import claims


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line; `message` is Amazon's text and ours."""

    upload_id: str
    line: int
    verdict: str
    code: str
    message: str


def last_of_order(db: Database, account_id: int, order_id: str) -> list[RefusedLine]:
    """Such lines of the latest upload that has any, in its order: it already was another try of earlier ones."""
    query = (
        sa.select(*(LINES.c[name] for name in RefusedLine.__slots__))
        .where(LINES.c.account_id == account_id, LINES.c.amazon_order_id == order_id)
        .where(LINES.c.verdict.in_((Verdict.UNCONFIRMED, Verdict.UNKNOWN)), LINES.c.seen_at.is_(None))
        .order_by(LINES.c.upload_id.desc(), LINES.c.line)
    )
    with db.read() as connection:
        found = [RefusedLine(*row) for row in connection.execute(query)]
    return [one for one in found if one.upload_id == found[0].upload_id]


def undecided_in(connection: sa.Connection, account_id: int, order_id: str) -> list[int]:
    """Feeds that carry lines of the order and may still turn out to be at Amazon."""
    query = (
        sa.select(LINES.c.feed_no)
        .distinct()
        .join(FEEDS, FEEDS.c.no == LINES.c.feed_no)
        .where(*_unknown(account_id, order_id), FEEDS.c.state != FeedState.SETTLED)
    )
    return list(connection.execute(query).scalars())


def give_up_in(connection: sa.Connection, account_id: int, order_id: str) -> None:
    """Take back the order's unknown lines: somebody has looked, and Amazon does not have them.

    Only what these lines tell themselves: the same shipment may have been sent again since, and be told by that line.
    """
    query = sa.select(LINES.c.upload_id, LINES.c.line).where(
        *_unknown(account_id, order_id), LINES.c.kind == FeedKind.FULFILLMENT
    )
    found = [(row.upload_id, row.line) for row in connection.execute(query)]
    claims.take_back_in(connection, account_id, order_id, found)


def settle_in(connection: sa.Connection, account_id: int, order_id: str, state: OrderState, *, words: str) -> None:
    """Give the order's unknown lines a final verdict, by what somebody has said of it: good is what agrees with that,
    with a warning, since it is not Amazon's word. Lines of feeds that are still undecided are left to these."""
    told = {FeedKind.FULFILLMENT: OrderState.SHIPPED, FeedKind.ACKNOWLEDGEMENT: OrderState.CANCELLED}
    settled = sa.exists().where(FEEDS.c.no == LINES.c.feed_no, FEEDS.c.state == FeedState.SETTLED)
    message = sa.literal(f"{words} | ") + LINES.c.message
    for kind, good in told.items():
        verdict = Verdict.CONFIRMED_WARNING if state is good else Verdict.UNCONFIRMED
        mine = LINES.update().where(*_unknown(account_id, order_id), LINES.c.kind == kind, settled)
        connection.execute(mine.values(verdict=str(verdict), message=message))


def uploads_of(db: Database, account_id: int, order_id: str) -> list[str]:
    """The uploads that name an order."""
    mine = (LINES.c.account_id == account_id, LINES.c.amazon_order_id == order_id)
    query = sa.select(LINES.c.upload_id).distinct().where(*mine).order_by(LINES.c.upload_id)
    with db.read() as connection:
        return list(connection.execute(query).scalars())


def _unknown(account_id: int, order_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    mine = (LINES.c.account_id == account_id, LINES.c.amazon_order_id == order_id)
    return (*mine, LINES.c.verdict == Verdict.UNKNOWN, LINES.c.seen_at.is_(None))
