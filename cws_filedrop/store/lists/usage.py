"""How sellers use the service: when each last dropped a file, how its lines fared, at which hours its files come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.store.database import Database, moment
from cws_filedrop.store.feeds.unseen import WHY_STOPPED
from cws_filedrop.store.schema import ACCOUNTS, SELLERS, UPLOADS, VERDICT_COUNTS

HOURS: int = 24


@dataclass(frozen=True, slots=True)
class SellerUsage:
    """A seller in a list; `files`, `lines`, `confirmed` and `rejected` count from the given moment on."""

    name: str
    enabled: bool
    merchant_id: str
    stopped: str
    last_drop: str | None
    files: int
    lines: int
    confirmed: int
    rejected: int
    waiting: int
    aside: int


def by_seller(db: Database, *, since: datetime) -> list[SellerUsage]:
    """Every seller, by name."""
    begun = f"{since:%Y%m%d-%H%M%S}"  # ids begin with the second of their arrival
    last = sa.select(sa.func.max(UPLOADS.c.id)).where(UPLOADS.c.seller_id == SELLERS.c.id).scalar_subquery()
    sellers = (
        sa.select(SELLERS.c.id, SELLERS.c.name, SELLERS.c.enabled, ACCOUNTS.c.merchant_id, WHY_STOPPED.label("stopped"))
        .add_columns(last.label("last_id"))
        .select_from(SELLERS.join(ACCOUNTS))
        .where(SELLERS.c.removed_at.is_(None))
        .order_by(SELLERS.c.name)
    )
    counted = sa.select(UPLOADS.c.seller_id, sa.func.count().label("files"), sa.func.sum(UPLOADS.c.line_count))
    counted = counted.where(UPLOADS.c.id >= begun).group_by(UPLOADS.c.seller_id)
    fared = (
        sa.select(UPLOADS.c.seller_id, VERDICT_COUNTS.c.verdict, sa.func.sum(VERDICT_COUNTS.c.line_count))
        .select_from(UPLOADS.join(VERDICT_COUNTS, VERDICT_COUNTS.c.upload_id == UPLOADS.c.id))
        .where(UPLOADS.c.id >= begun)
        .where(VERDICT_COUNTS.c.line_count > 0)
        .group_by(UPLOADS.c.seller_id, VERDICT_COUNTS.c.verdict)
    )
    in_work = (UploadState.WAITING, UploadState.HELD, UploadState.CUT, UploadState.FAILED)
    waiting = sa.select(UPLOADS.c.seller_id, UPLOADS.c.state, sa.func.count(), sa.func.sum(UPLOADS.c.waiting))
    waiting = waiting.where(UPLOADS.c.state.in_(in_work)).group_by(UPLOADS.c.seller_id, UPLOADS.c.state)
    with db.read() as connection:
        rows = connection.execute(sellers).all()
        newest = [row.last_id for row in rows if row.last_id]
        times = connection.execute(sa.select(UPLOADS.c.id, UPLOADS.c.arrived_at).where(UPLOADS.c.id.in_(newest)))
        arrived = {row.id: row.arrived_at for row in times}
        files = {row[0]: (int(row[1]), int(row[2] or 0)) for row in connection.execute(counted)}
        verdicts = {(row[0], row[1]): int(row[2]) for row in connection.execute(fared)}
        now = {(row[0], row[1]): (int(row[2]), int(row[3] or 0)) for row in connection.execute(waiting)}

    def lines(seller_id: int, *wanted: Verdict) -> int:
        return sum(verdicts.get((seller_id, str(one)), 0) for one in wanted)

    return [
        SellerUsage(
            name=row.name,
            enabled=bool(row.enabled),
            merchant_id=row.merchant_id,
            stopped=row.stopped,
            last_drop=arrived.get(row.last_id),
            files=files.get(row.id, (0, 0))[0],
            lines=files.get(row.id, (0, 0))[1],
            confirmed=lines(row.id, Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING),
            rejected=lines(row.id, Verdict.REJECTED, Verdict.UNCONFIRMED),
            waiting=now.get((row.id, str(UploadState.WAITING)), (0, 0))[1],
            aside=sum(now.get((row.id, str(state)), (0, 0))[0] for state in in_work[1:]),
        )
        for row in rows
    ]


def uploads_since(db: Database, seller_id: int, *, since: datetime) -> int:
    """How many files a seller dropped."""
    query = sa.select(sa.func.count()).where(UPLOADS.c.seller_id == seller_id)
    with db.read() as connection:
        return connection.execute(query.where(UPLOADS.c.id >= f"{since:%Y%m%d-%H%M%S}")).scalar_one()


def arrivals(db: Database, seller_id: int, *, since: datetime) -> list[datetime]:
    """When a seller's files arrived, oldest first."""
    query = sa.select(UPLOADS.c.arrived_at).where(UPLOADS.c.seller_id == seller_id)
    query = query.where(UPLOADS.c.id >= f"{since:%Y%m%d-%H%M%S}").order_by(UPLOADS.c.id)
    with db.read() as connection:
        return [moment(at) for at in connection.execute(query).scalars()]


def rhythm(db: Database, seller_id: int, *, since: datetime) -> list[list[int]]:
    """Files by weekday (Monday first) and hour, in UTC."""
    found = [[0] * HOURS for _ in range(7)]
    for arrived in arrivals(db, seller_id, since=since):
        found[arrived.weekday()][arrived.hour] += 1
    return found
