"""Rows of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import AUDIT, AUDIT_EXPORTS


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry; `times` is how often the same happened in succession, from `at` on."""

    at: str
    event: str
    seller: str
    address: str
    door: str
    client: str
    name: str
    upload_id: str
    size: int | None
    detail: str
    times: int


def add(db: Database, rows: Sequence[AuditRow]) -> None:
    """Add entries, in this order."""
    with db.write() as connection:
        add_in(connection, rows)


def add_in(connection: sa.Connection, rows: Sequence[AuditRow]) -> None:
    """`add`, in a transaction."""
    if rows:
        connection.execute(AUDIT.insert(), [{name: getattr(row, name) for name in AuditRow.__slots__} for row in rows])


_SAME: Final = ("at", "event", "seller", "address", "door", "detail")


def add_up_in(connection: sa.Connection, rows: Sequence[AuditRow]) -> None:
    """Add what was counted to the entries of the same minute, or as new ones; to none that was exported already."""
    exported = sa.select(sa.func.coalesce(sa.func.max(AUDIT_EXPORTS.c.last_id), 0)).scalar_subquery()
    for row in rows:
        same = [AUDIT.c[name] == getattr(row, name) for name in _SAME]
        more = AUDIT.update().where(*same, AUDIT.c.id > exported).values(times=AUDIT.c.times + row.times)
        if not connection.execute(more).rowcount:
            add_in(connection, [row])


def listing(
    db: Database, *, seller: str = "", address: str = "", event: str = "", since: str = "", limit: int = 100
) -> list[AuditRow]:
    """At most `limit` entries, newest first; "" means any."""
    wanted: dict[Any, str] = {AUDIT.c.seller: seller.lower(), AUDIT.c.address: address, AUDIT.c.event: event}
    query = sa.select(*(AUDIT.c[name] for name in AuditRow.__slots__)).where(AUDIT.c.at >= since)
    query = query.where(*(column == value for column, value in wanted.items() if value))
    with db.read() as connection:
        return [AuditRow(*row) for row in connection.execute(query.order_by(AUDIT.c.id.desc()).limit(limit))]


def login_before(db: Database, last: AuditRow) -> AuditRow | None:
    """The login that allowed an event: the last one of the same seller, address and door before it."""
    same = (AUDIT.c[name] == getattr(last, name) for name in ("seller", "address", "door"))
    query = sa.select(*(AUDIT.c[name] for name in AuditRow.__slots__)).where(*same, AUDIT.c.event == "login")
    with db.read() as connection:
        row = connection.execute(query.where(AUDIT.c.at <= last.at).order_by(AUDIT.c.id.desc()).limit(1)).first()
    return None if row is None else AuditRow(*row)


def forget(db: Database, *, before: datetime) -> int:
    """Remove older entries. Returns how many."""
    with db.write() as connection:
        return connection.execute(AUDIT.delete().where(AUDIT.c.at < stamp(before))).rowcount
