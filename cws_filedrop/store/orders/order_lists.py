"""Orders that are not in the sellers' order files yet, or have changed since; and when buyers' data is removed.

An order is listed when its `listed_at` is the same moment as its `changed_at`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.orders.merge import ENDED
from cws_filedrop.store.schema import LINES, ORDER_LINES, ORDER_PEOPLE, ORDERS

MOST: Final = 20_000  # orders in a file
ASKED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An order that belongs in an order file, and the moment of its change."""

    no: int
    changed_at: str


def accounts(db: Database) -> list[int]:
    """Accounts that have unlisted orders."""
    query = sa.select(ORDERS.c.account_id).distinct().where(ORDERS.c.listed_at < ORDERS.c.changed_at)
    with db.read() as connection:
        return [row[0] for row in connection.execute(query)]


def unlisted(db: Database, account_id: int, *, new: bool) -> list[Unlisted]:
    """Unlisted orders, in order of their change: those that never were listed, or those that changed since."""
    kind = ORDERS.c.listed_at == "" if new else (ORDERS.c.listed_at != "")
    waiting = (ORDERS.c.account_id == account_id, kind, ORDERS.c.listed_at < ORDERS.c.changed_at)
    query = sa.select(ORDERS.c.no, ORDERS.c.changed_at).where(*waiting)
    with db.read() as connection:
        ordered = query.order_by(ORDERS.c.changed_at, ORDERS.c.no).limit(MOST)
        return [Unlisted(*row) for row in connection.execute(ordered)]


def late(db: Database, account_id: int, *, before: datetime, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Orders to be shipped between `since` and `before` of which something is not confirmed, most urgent first. Keys:
    order_id, number, ship_by (a stamp), state, open (what is, in words)."""
    deadline = ORDERS.c.latest_ship_date
    of_order = (LINES.c.account_id == ORDERS.c.account_id, LINES.c.amazon_order_id == ORDERS.c.amazon_order_id)
    unanswered = sa.exists().where(*of_order, LINES.c.verdict.in_((Verdict.QUEUED, Verdict.SENT, Verdict.UNKNOWN)))
    open_ = ORDERS.c.state.not_in((OrderState.SHIPPED, OrderState.CANCELLED))
    query = (
        sa.select(
            ORDERS.c.amazon_order_id.label("order_id"),
            sa.func.coalesce(ORDERS.c.number, sa.cast(ORDERS.c.no, sa.Text)).label("number"),
            deadline.label("ship_by"),
            ORDERS.c.state,
        )
        .where(ORDERS.c.account_id == account_id, deadline != "", deadline < stamp(before), deadline >= stamp(since))
        .where(sa.or_(open_, (ORDERS.c.state == OrderState.SHIPPED) & unanswered))
        .order_by(deadline, ORDERS.c.no)
        .limit(limit)
    )
    with db.read() as connection:
        found = [dict(row._mapping) for row in connection.execute(query)]
    said = ledgers.words(db, [(account_id, one["order_id"]) for one in found])
    return [one | {"open": said[account_id, one["order_id"]]} for one in found]


def rows(db: Database, order_nos: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What is known of orders: one row per order line, by rule column (`tables`), those of an order together."""
    for start in range(0, len(order_nos), ASKED_AT_ONCE):
        some = order_nos[start : start + ASKED_AT_ONCE]
        number = sa.func.coalesce(ORDERS.c.number, sa.cast(ORDERS.c.no, sa.Text)).label("own_number")
        query = (
            sa.select(ORDERS, ORDER_LINES, ORDER_PEOPLE.c.cells, number)
            .select_from(ORDERS.join(ORDER_LINES).outerjoin(ORDER_PEOPLE, ORDER_PEOPLE.c.order_no == ORDERS.c.no))
            .where(ORDERS.c.no.in_(some))
            .order_by(ORDERS.c.no, ORDER_LINES.c.order_item_id)
        )
        with db.read() as connection:
            yield from (_row(dict(row)) for row in connection.execute(query).mappings())


def _row(values: dict[str, Any]) -> dict[str, Any]:
    people = json.loads(values["cells"]) if values["cells"] else {}
    named = {name.replace("_", "-"): value for name, value in (values | people).items()}
    own = {"number": values["own_number"], "status": values["state"], "comments": f"Amazon/{values['amazon_order_id']}"}
    return named | own


def listed(db: Database, orders: Sequence[Unlisted]) -> None:
    """Note that orders are in a file now; one that has changed meanwhile stays unlisted, and is written again."""
    if orders:
        same = (ORDERS.c.no == sa.bindparam("b_no"), ORDERS.c.changed_at == sa.bindparam("b_at"))
        values = [{"b_no": order.no, "b_at": order.changed_at, "listed_at": order.changed_at} for order in orders]
        with db.write() as connection:
            connection.execute(ORDERS.update().where(*same), values)


def forget_buyers(db: Database, *, before: datetime) -> int:
    """Remove the data of buyers whose orders were shipped or cancelled before a moment. Returns how many orders."""
    ended = sa.func.coalesce(ORDERS.c.shipped_at, ORDERS.c.changed_at)
    old = sa.select(ORDERS.c.no).where(ORDERS.c.state.in_(ENDED), ended < stamp(before))
    with db.write() as connection:
        return connection.execute(ORDER_PEOPLE.delete().where(ORDER_PEOPLE.c.order_no.in_(old))).rowcount
