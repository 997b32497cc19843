"""Lists of uploads, lines and orders in pages, for the API: each page begins after the last row of the one before.

Every query is limited to its owner: another seller's rows are as if they did not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState, UploadState, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.orders.order_book import Order
from cws_filedrop.store.schema import FEEDS, LINES, ORDERS, UPLOADS
from cws_filedrop.store.uploads import uploads, verdict_counts
from cws_filedrop.store.uploads.uploads import Upload

_LINE: Final = ("line", "order_id", "order_item_id", "tracking", "verdict", "code", "message")


def uploads_of(
    db: Database, seller_id: int, *, state: UploadState | None = None, before: str = "", limit: int
) -> list[Upload]:
    """A seller's uploads before the one with the id `before`, newest first."""
    query = uploads.select().where(UPLOADS.c.seller_id == seller_id).order_by(UPLOADS.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(UPLOADS.c.state == str(state))
    if before:
        query = query.where(UPLOADS.c.id < before)
    return uploads.found(db, query)


def lines_of(
    db: Database, upload_id: str, *, verdict: Verdict | None = None, code: str = "", after: int = 0, limit: int
) -> Sequence[Any]:
    """Lines of an upload after the line number `after`: rows of line, order_id, order_item_id, tracking, verdict, code,
    message, amazon_feed_id. `code` matches lines that have it among their codes."""
    columns = [*(LINES.c[name] for name in _LINE), FEEDS.c.amazon_feed_id]
    query = sa.select(*columns).select_from(LINES.outerjoin(FEEDS, FEEDS.c.no == LINES.c.feed_no))
    query = query.where(LINES.c.upload_id == upload_id, LINES.c.line > after).order_by(LINES.c.line).limit(limit)
    if verdict is not None:
        query = query.where(LINES.c.verdict == str(verdict))
    if code:
        query = query.where(verdict_counts.among(LINES.c.code, code))
    with db.read() as connection:
        return connection.execute(query).all()


def orders_of(
    db: Database,
    account_id: int,
    *,
    state: OrderState | None = None,
    before: tuple[str, int] | None = None,
    limit: int,
) -> list[Order]:
    """Orders of an account, most recently changed first, after the one with (changed_at, no) of `before`."""
    query = order_book.select().where(ORDERS.c.account_id == account_id)
    if state is not None:
        query = query.where(ORDERS.c.state == str(state))
    if before is not None:
        changed_at, no = before
        same = (ORDERS.c.changed_at == changed_at) & (ORDERS.c.no < no)
        query = query.where(sa.or_(ORDERS.c.changed_at < changed_at, same))
    return order_book.found(db, query.order_by(ORDERS.c.changed_at.desc(), ORDERS.c.no.desc()).limit(limit))
