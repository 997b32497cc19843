"""Read-backs that do not plainly agree with the order book. Only reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import OrderState, ReadBackState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ORDERS, SIGHTINGS

PIECE: Final = 500


@dataclass(frozen=True, slots=True)
class DoubtfulReadBack:
    """A read-back that does not plainly agree with the order book."""

    account_id: int
    order_id: str
    state: str  # the order's, here
    looked_at: str
    shown: Mapping[str, Any]


def doubtful(
    db: Database, *, since: datetime, until: datetime, account_id: int | None = None
) -> Iterator[list[DoubtfulReadBack]]:
    """Read-backs since a moment of which not both sides say that all is shipped, last looked at first, in pieces; those
    of orders that Amazon answered for after `until` only if it shows what is looked for."""
    same = (ORDERS.c.account_id == SIGHTINGS.c.account_id, ORDERS.c.amazon_order_id == SIGHTINGS.c.amazon_order_id)
    agreed = SIGHTINGS.c.shown.like('%"status": "SHIPPED"%') & (ORDERS.c.state == OrderState.SHIPPED)
    ripe = sa.or_(SIGHTINGS.c.state != ReadBackState.AWAITED, SIGHTINGS.c.since < stamp(until))
    query = (
        sa.select(SIGHTINGS.c.account_id, SIGHTINGS.c.amazon_order_id, ORDERS.c.state, SIGHTINGS.c.looked_at)
        .add_columns(SIGHTINGS.c.shown)
        .select_from(SIGHTINGS.join(ORDERS, sa.and_(*same)))
        .where(SIGHTINGS.c.shown != "", SIGHTINGS.c.since >= stamp(since), ripe, ~agreed)
        .order_by(SIGHTINGS.c.looked_at.desc(), SIGHTINGS.c.amazon_order_id)
    )
    if account_id is not None:
        query = query.where(SIGHTINGS.c.account_id == account_id)
    with db.read() as connection:
        for rows in connection.execute(query).partitions(PIECE):
            yield [
                DoubtfulReadBack(row.account_id, row.amazon_order_id, row.state, row.looked_at, json.loads(row.shown))
                for row in rows
            ]
