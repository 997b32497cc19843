"""How far the audit trail has been exported, and what comes next."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.schema import AUDIT, AUDIT_EXPORTS


def position(db: Database, target: str) -> int | None:
    """The id of the last entry that was exported there; None when nothing ever was."""
    query = sa.select(AUDIT_EXPORTS.c.last_id).where(AUDIT_EXPORTS.c.target == target)
    with db.read() as connection:
        return connection.execute(query).scalar()


def keep(db: Database, target: str, last_id: int, *, now: datetime) -> None:
    """Note that everything up to an id was exported there."""
    values = {"last_id": last_id, "exported_at": stamp(now)}
    with db.write() as connection:
        mine = AUDIT_EXPORTS.update().where(AUDIT_EXPORTS.c.target == target)
        if not connection.execute(mine.values(values)).rowcount:
            connection.execute(AUDIT_EXPORTS.insert().values(target=target, **values))


def newest(db: Database) -> int:
    """The id of the latest entry; 0 when there is none."""
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.max(AUDIT.c.id))).scalar() or 0


def entries(db: Database, *, after: int, up_to: int, limit: int) -> list[tuple[int, AuditRow]]:
    """At most `limit` entries with their ids, oldest first."""
    query = sa.select(AUDIT.c.id, *(AUDIT.c[name] for name in AuditRow.__slots__)).order_by(AUDIT.c.id).limit(limit)
    with db.read() as connection:
        rows = connection.execute(query.where(AUDIT.c.id > after, AUDIT.c.id <= up_to)).all()
    return [(row[0], AuditRow(*row[1:])) for row in rows]


def unexported(db: Database, target: str, *, before: datetime) -> int:
    """How many entries from before a moment were not exported there yet; 0 where nothing is exported to."""
    last = position(db, target)
    if last is None:
        return 0
    query = sa.select(sa.func.count()).where(AUDIT.c.id > last, AUDIT.c.at < stamp(before))
    with db.read() as connection:
        return connection.execute(query).scalar_one()
