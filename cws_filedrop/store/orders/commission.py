"""Orders of a period, with their history and the prices of their lines. Only reads; nothing about buyers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState
from cws_filedrop.rules.commission import StateChange
from cws_filedrop.store.database import Database, moment, stamp
from cws_filedrop.store.schema import ORDER_HISTORY, ORDER_LINES, ORDERS


@dataclass(frozen=True, slots=True)
class Sold:
    """An order; `at` is its purchase or, if no file has given that, when it came into the order book.

    `history` is oldest first; `prices` are its lines' total prices as files write them, "" where none did.
    """

    number: str
    amazon_order_id: str
    state: OrderState
    at: datetime
    is_purchase: bool
    history: list[StateChange]
    prices: list[str]


_AT: Final = sa.func.coalesce(sa.func.nullif(ORDERS.c.purchase_date, ""), ORDERS.c.created_at)
_NUMBER: Final = sa.func.coalesce(ORDERS.c.number, sa.cast(ORDERS.c.no, sa.Text))


def sold(db: Database, account_id: int, *, since: datetime, until: datetime) -> list[Sold]:
    """The orders of an account from `since` until before `until`, in order of purchase."""
    mine = (ORDERS.c.account_id == account_id, stamp(since) <= _AT, stamp(until) > _AT)
    numbers = sa.select(ORDERS.c.no).where(*mine)
    kept, ordered = ORDER_HISTORY.c, ORDER_LINES.c
    columns = (ORDERS.c.no, _NUMBER, ORDERS.c.amazon_order_id, ORDERS.c.state, _AT, ORDERS.c.purchase_date != "")
    orders = sa.select(*columns).where(*mine).order_by(_AT, ORDERS.c.no)
    events = sa.select(kept.order_no, kept.at, kept.state).where(kept.order_no.in_(numbers)).order_by(kept.id)
    lines = sa.select(ordered.order_no, ordered.total_price).where(ordered.order_no.in_(numbers))
    history: dict[int, list[StateChange]] = defaultdict(list)
    prices: dict[int, list[str]] = defaultdict(list)
    with db.read() as connection:
        rows = connection.execute(orders).all()
        for no, at, state in connection.execute(events):
            history[no].append(StateChange(moment(at), OrderState(state)))
        for no, price in connection.execute(lines):
            prices[no].append(price)
    return [
        Sold(number, name, OrderState(state), moment(at), bool(bought), history[no], prices[no])
        for no, number, name, state, at, bought in rows
    ]
