"""Pulls of orders from Amazon: one row per report, kept so that a restart resumes where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cws_filedrop.model import OrderReportState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ACCOUNTS, PULLS


@dataclass(frozen=True, slots=True)
class OrderReportRow:
    """A row of `pulls`; `outcome` counts lines and orders of a report that was read."""

    no: int
    account_id: int
    state: OrderReportState
    asked_at: str
    report_id: str
    next_at: str
    tries: int
    done_at: str | None
    outcome: Mapping[str, int]
    note: str


def _pull(row: Any) -> OrderReportRow:
    values = {name: getattr(row, name) for name in OrderReportRow.__slots__}
    return OrderReportRow(**values | {"state": OrderReportState(row.state), "outcome": json.loads(row.outcome)})


def begin(db: Database, account_id: int, *, now: datetime) -> tuple[int, bool]:
    """Begin a pull of an account's orders, unless one is under way. Returns its number, and whether it is new."""
    with db.write() as connection:
        lock = sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == account_id)
        connection.execute(lock.with_for_update())  # on PostgreSQL; on SQLite the transaction is one already
        under_way = sa.select(PULLS.c.no).where(PULLS.c.account_id == account_id, PULLS.c.done_at.is_(None))
        no = connection.execute(under_way.limit(1)).scalar()
        if no is not None:
            return int(no), False
        values = {
            "account_id": account_id,
            "state": str(OrderReportState.OPEN),
            "asked_at": stamp(now),
            "next_at": stamp(now),
        }
        return int(connection.execute(PULLS.insert().values(values).returning(PULLS.c.no)).scalar_one()), True


def due(db: Database, *, now: datetime) -> list[OrderReportRow]:
    """Pulls under way whose next step is due, oldest first."""
    query = sa.select(PULLS).where(PULLS.c.done_at.is_(None), PULLS.c.next_at <= stamp(now)).order_by(PULLS.c.no)
    with db.read() as connection:
        return [_pull(row) for row in connection.execute(query)]


def latest(db: Database) -> dict[int, OrderReportRow]:
    """The latest pull of every account that has had one, by account."""
    last = sa.select(sa.func.max(PULLS.c.no)).group_by(PULLS.c.account_id)
    with db.read() as connection:
        found = [_pull(row) for row in connection.execute(sa.select(PULLS).where(PULLS.c.no.in_(last)))]
    return {pull.account_id: pull for pull in found}


def listing(db: Database, *, account_id: int | None = None, limit: int = 50) -> list[OrderReportRow]:
    """At most `limit` pulls of an account, or of all, newest first."""
    query = sa.select(PULLS).order_by(PULLS.c.no.desc()).limit(limit)
    if account_id is not None:
        query = query.where(PULLS.c.account_id == account_id)
    with db.read() as connection:
        return [_pull(row) for row in connection.execute(query)]


def change(db: Database, no: int, **values: object) -> None:
    """Set columns of a pull that is under way; one that has ended stays as it is."""
    with db.write() as connection:
        connection.execute(PULLS.update().where(PULLS.c.no == no, PULLS.c.done_at.is_(None)).values(values))


def end(
    db: Database,
    no: int,
    state: OrderReportState,
    *,
    now: datetime,
    note: str,
    outcome: Mapping[str, int] | None = None,
) -> None:
    """Keep how a pull ended."""
    change(db, no, state=str(state), done_at=stamp(now), note=note, outcome=json.dumps(dict(outcome or {})))


def forget(db: Database, *, before: datetime) -> int:
    """Remove pulls that ended before a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(PULLS.delete().where(PULLS.c.done_at < stamp(before))).rowcount
