"""Rows of the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries: "" means any; `since` and `until` are days or moments in UTC, the second left out."""

    seller: str = ""
    address: str = ""
    event: str = ""
    since: str = ""
    until: str = ""

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What entries must be like."""
        found = [AUDIT.c[name] == value for name in ("seller", "address", "event") if (value := getattr(self, name))]
        until = [AUDIT.c.at < self.until] if self.until else []
        return [AUDIT.c.at >= self.since, *found, *until]


_ROW: Final = tuple(AUDIT.c[name] for name in AuditRow.__slots__)
_PIECE: Final = 1_000


def gap(at: datetime, entries: int, why: str) -> AuditRow:
    """An entry that says how many are missing."""
    empty = dict.fromkeys(("seller", "address", "door", "client", "name", "upload_id"), "")
    return AuditRow(at=stamp(at), event="gap", size=None, detail=f"entries that were {why}", times=entries, **empty)


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
    return matching(db, AuditQuery(seller.lower(), address, event, since), limit=limit)


def matching(db: Database, query: AuditQuery, *, limit: int) -> list[AuditRow]:
    """At most `limit` entries, newest first."""
    wanted = sa.select(*_ROW).where(*query.conditions()).order_by(AUDIT.c.id.desc()).limit(limit)
    with db.read() as connection:
        return [AuditRow(*row) for row in connection.execute(wanted)]


def everything(db: Database, query: AuditQuery) -> Iterator[tuple[int, AuditRow]]:
    """Every entry with its id, oldest first; piece by piece, so that nothing waits for whoever reads."""
    last = 0
    while True:
        wanted = sa.select(AUDIT.c.id, *_ROW).where(*query.conditions(), AUDIT.c.id > last).order_by(AUDIT.c.id)
        with db.read() as connection:
            rows = connection.execute(wanted.limit(_PIECE)).all()
        if not rows:
            return
        yield from ((row[0], AuditRow(*row[1:])) for row in rows)
        last = rows[-1][0]


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
