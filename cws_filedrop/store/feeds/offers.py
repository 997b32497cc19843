"""Lines of unknown outcome that may be sent again, since Amazon's own orders plainly lack them: a person decides."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import ReadBackState, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds import returning
from cws_filedrop.store.schema import LINES, SIGHTINGS


def unshipped(db: Database, account_id: int | None = None) -> list[tuple[int, str]]:
    """Orders (account id, order id) whose lines of unknown outcome may be sent again, longest known first."""
    query = sa.select(SIGHTINGS.c.account_id, SIGHTINGS.c.amazon_order_id).order_by(
        SIGHTINGS.c.since, SIGHTINGS.c.amazon_order_id
    )
    some = [SIGHTINGS.c.state == ReadBackState.UNSHIPPED, _still_unknown()]
    if account_id is not None:
        some.append(SIGHTINGS.c.account_id == account_id)
    with db.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(query.where(*some))]


def _still_unknown() -> sa.ColumnElement[bool]:
    return sa.exists().where(*_SAME_SIGHTING, *_OFFERED)


_SAME_SIGHTING: Final = (
    LINES.c.account_id == SIGHTINGS.c.account_id,
    LINES.c.amazon_order_id == SIGHTINGS.c.amazon_order_id,
)
_OFFERED: Final = (LINES.c.verdict == Verdict.UNKNOWN, LINES.c.seen_at.is_(None))


def send_again(db: Database, account_id: int, amazon_order_id: str, *, now: datetime) -> list[tuple[str, int]]:
    """Let an order's lines of unknown outcome go again, if that is offered. Returns them (upload id, line)."""
    mine = (SIGHTINGS.c.account_id == account_id, SIGHTINGS.c.amazon_order_id == amazon_order_id)
    query = (
        sa.select(LINES.c.upload_id, LINES.c.line)
        .select_from(LINES.join(SIGHTINGS, sa.and_(*_SAME_SIGHTING)))
        .where(*mine, SIGHTINGS.c.state == ReadBackState.UNSHIPPED, *_OFFERED)
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
    with db.write() as connection:
        lines = [(row.upload_id, row.line) for row in connection.execute(query)]
        return lines if lines and returning.again_in(connection, account_id, lines, now=now) else []
