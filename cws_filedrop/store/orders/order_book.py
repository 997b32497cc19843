"""The order book: finds and lists orders, and moves them from state to state, keeping the history of every move.

Merging order files into it is done by `merge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ORDER_HISTORY, ORDER_LINES, ORDERS


@dataclass(frozen=True, slots=True)
class Order:
    """A row of the order book. `number` is the service's own number for it; moments are stamps, "" = not known."""

    no: int
    account_id: int
    amazon_order_id: str
    number: str
    reference: str
    state: OrderState
    purchase_date: str
    latest_ship_date: str
    ship_method: str
    tracking_number: str
    changed_at: str
    shipped_at: str
    cancel_request: str  # "yes": the buyer wishes to cancel it


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What was ordered of one item; `quantity` is None where no file has said how many."""

    order_item_id: str
    sku: str
    item_name: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An entry of an order's history: when, who did it, the order's state afterwards, what happened in words."""

    at: str
    who: str
    state: OrderState
    what: str
    upload_id: str
    line: int | None


_NUMBER: Final = sa.func.coalesce(ORDERS.c.number, sa.cast(ORDERS.c.no, sa.Text))
_COLUMNS: Final = (
    ORDERS.c.no,
    ORDERS.c.account_id,
    ORDERS.c.amazon_order_id,
    _NUMBER.label("number"),
    ORDERS.c.reference,
    ORDERS.c.state,
    ORDERS.c.purchase_date,
    ORDERS.c.latest_ship_date,
    ORDERS.c.ship_method,
    ORDERS.c.tracking_number,
    ORDERS.c.changed_at,
    sa.func.coalesce(ORDERS.c.shipped_at, "").label("shipped_at"),
    ORDERS.c.cancel_request,
)


def find(db: Database, account_id: int, name: str) -> list[Order]:
    """The orders that a name means: Amazon's number, the service's own, or the seller's reference; tried in this order.

    Several only when a seller gave them the same reference.
    """
    by_serial = ORDERS.c.number.is_(None) & (ORDERS.c.made_by == "")  # else nobody has been given `no` as a number
    own = by_serial & (ORDERS.c.no == int(name)) if _is_serial(name) else sa.false()
    ways = (ORDERS.c.amazon_order_id == name, (ORDERS.c.number == name) | own, ORDERS.c.reference == name)
    with db.read() as connection:
        for way in ways:
            query = sa.select(*_COLUMNS).where(ORDERS.c.account_id == account_id, way).order_by(ORDERS.c.no)
            if found := [_order(row) for row in connection.execute(query)]:
                return found
    return []


def get_in(connection: sa.Connection, account_id: int, amazon_order_id: str) -> Order | None:
    """The order with that number at Amazon."""
    same = (ORDERS.c.account_id == account_id, ORDERS.c.amazon_order_id == amazon_order_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*same)).first()
    return None if row is None else _order(row)


def _is_serial(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= 18 and not name.startswith("0")


def listing(db: Database, account_id: int, *, state: OrderState | None = None, limit: int = 100) -> list[Order]:
    """At most `limit` orders of an account, most recently changed first."""
    query = sa.select(*_COLUMNS).where(ORDERS.c.account_id == account_id)
    query = query if state is None else query.where(ORDERS.c.state == str(state))
    with db.read() as connection:
        return [
            _order(row)
            for row in connection.execute(query.order_by(ORDERS.c.changed_at.desc(), ORDERS.c.no.desc()).limit(limit))
        ]


def select() -> sa.Select[Any]:
    """A query for orders, to be narrowed down and passed to `found`."""
    return sa.select(*_COLUMNS)


def found(db: Database, query: sa.Select[Any]) -> list[Order]:
    """The orders that a narrowed `select` yields."""
    with db.read() as connection:
        return [_order(row) for row in connection.execute(query)]


def counts(db: Database, account_id: int) -> dict[str, int]:
    """How many orders of an account are in each state."""
    query = sa.select(ORDERS.c.state, sa.func.count()).where(ORDERS.c.account_id == account_id).group_by(ORDERS.c.state)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def lines(db: Database, order_no: int) -> list[OrderLine]:
    """What was ordered."""
    columns = (ORDER_LINES.c.order_item_id, ORDER_LINES.c.sku, ORDER_LINES.c.item_name, ORDER_LINES.c.quantity)
    query = sa.select(*columns).where(ORDER_LINES.c.order_no == order_no).order_by(ORDER_LINES.c.order_item_id)
    with db.read() as connection:
        return [OrderLine(*row) for row in connection.execute(query)]


def history(db: Database, order_no: int) -> list[OrderEvent]:
    """Everything that happened to an order, oldest first."""
    kept = ORDER_HISTORY.c
    query = sa.select(kept.at, kept.who, kept.state, kept.what, kept.upload_id, kept.line)
    with db.read() as connection:
        rows = connection.execute(query.where(kept.order_no == order_no).order_by(kept.id)).all()
    return [OrderEvent(row.at, row.who, OrderState(row.state), row.what, row.upload_id, row.line) for row in rows]


def move(
    connection: sa.Connection,
    order: Order,
    state: OrderState,
    *,
    who: str,
    what: str,
    now: datetime,
    settles: bool = False,
) -> bool:
    """Move an order and note it in the history; false if it has left the state it was seen in meanwhile.

    `settles`: what Amazon has refused of it so far needs nobody's attention any more.
    """
    values: dict[str, Any] = {"state": str(state), "changed_at": stamp(now), "version": ORDERS.c.version + 1}
    if state is OrderState.SHIPPED and not order.shipped_at:
        values["shipped_at"] = stamp(now)
    if settles:
        values["settled_at"] = stamp(now)
    seen = (ORDERS.c.no == order.no, ORDERS.c.state == str(order.state))
    if connection.execute(ORDERS.update().where(*seen).values(values)).rowcount != 1:
        return False
    event = {"order_no": order.no, "at": stamp(now), "who": who, "before": str(order.state), "state": str(state)}
    event["what"] = what
    connection.execute(ORDER_HISTORY.insert().values(event))
    return True


def _order(row: Any) -> Order:
    values = dict(row._mapping)
    return Order(**(values | {"state": OrderState(values["state"])}))


def has_orders_since(db: Database, account_id: int, since: str) -> bool:
    """Did order files bring orders of an account since a moment (a stamp)?"""
    recent = (ORDERS.c.changed_at >= since, ORDERS.c.created_at >= since)  # the first has an index
    query = sa.select(ORDERS.c.no).where(ORDERS.c.account_id == account_id, *recent, ORDERS.c.made_by == "").limit(1)
    with db.read() as connection:
        return connection.execute(query).first() is not None
