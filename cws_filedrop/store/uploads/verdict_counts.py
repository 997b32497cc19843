"""How many lines of each upload have which verdict and code (table `tallies`): counted when it is answered, so that no
list or chart has to search millions of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import LINES, UPLOADS, VERDICT_COUNTS

_WAY: Final = (Verdict.QUEUED, Verdict.SENT, Verdict.HELD)
UNDELIVERED: Final = timedelta(days=14)
_COUNT: Final = (
    sa.select(LINES.c.upload_id, LINES.c.verdict, LINES.c.code, sa.func.count().label("line_count"))
    .where(LINES.c.upload_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(LINES.c.upload_id, LINES.c.verdict, LINES.c.code)
)


def answered(db: Database, upload_ids: Sequence[str], *, at: str, waiting: Sequence[str] = ()) -> None:
    """Note when uploads (a few hundred at most) were first answered, and count their lines as they are now.

    Counted before the write begins, since a large upload takes a while; lines that change later are counted again with
    the answer that reports it. Those `waiting` are still to have a result.
    """
    if not upload_ids:
        return
    with db.read() as connection:
        counts = [dict(row) for row in connection.execute(_COUNT, {"ids": list(upload_ids)}).mappings()]
    with db.write() as connection:
        first = UPLOADS.update().where(UPLOADS.c.id.in_(upload_ids), UPLOADS.c.answered_at.is_(None))
        connection.execute(first.values(answered_at=at))
        connection.execute(VERDICT_COUNTS.delete().where(VERDICT_COUNTS.c.upload_id.in_(upload_ids)))
        if counts:
            connection.execute(VERDICT_COUNTS.insert(), counts)
        expect_in(connection, waiting)


def expect_in(connection: sa.Connection, upload_ids: Iterable[str]) -> None:
    """Uploads are still to have a result, or another one: remembered even if no line of theirs is counted as on its way
    (nobody knows of lines of a feed that is not settled), by counting none."""
    for upload_id in dict.fromkeys(upload_ids):
        mine = (VERDICT_COUNTS.c.upload_id == upload_id, VERDICT_COUNTS.c.verdict.in_(_WAY))
        if connection.execute(sa.select(VERDICT_COUNTS.c.code).where(*mine).limit(1)).first() is None:
            none = {"upload_id": upload_id, "verdict": str(Verdict.QUEUED), "code": "", "line_count": 0}
            connection.execute(VERDICT_COUNTS.insert().values(none))


def renew(db: Database, upload_ids: Sequence[str], *, at: str) -> None:
    """Count lines anew whose result is not rewritten; not of uploads whose first result is still to be delivered, which
    are known by their former counts."""
    waits = UPLOADS.c.state == UploadState.WAITING
    query = sa.select(UPLOADS.c.id, waits, _on_its_way()).where(UPLOADS.c.id.in_(upload_ids))
    with db.read() as connection:
        found = [tuple(row) for row in connection.execute(query)] if upload_ids else []
    due = [upload_id for upload_id, waiting, on_its_way in found if waiting or not on_its_way]
    answered(db, due, at=at, waiting=[upload_id for upload_id, waiting, _ in found if waiting])


def of_upload(db: Database, upload_id: str) -> Mapping[tuple[str, str], int]:
    """How many lines of an upload have each (verdict, code), as of its last answer."""
    query = sa.select(VERDICT_COUNTS.c.verdict, VERDICT_COUNTS.c.code, VERDICT_COUNTS.c.line_count).where(
        VERDICT_COUNTS.c.upload_id == upload_id, VERDICT_COUNTS.c.line_count > 0
    )
    with db.read() as connection:
        return {(row.verdict, row.code): row.line_count for row in connection.execute(query)}


def of_uploads(db: Database, upload_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many lines of each upload have each verdict, as of its last answer; most first."""
    number = sa.func.sum(VERDICT_COUNTS.c.line_count).label("line_count")
    query = (
        sa.select(VERDICT_COUNTS.c.upload_id, VERDICT_COUNTS.c.verdict, number)
        .where(VERDICT_COUNTS.c.upload_id.in_(upload_ids), VERDICT_COUNTS.c.line_count > 0)
        .group_by(VERDICT_COUNTS.c.upload_id, VERDICT_COUNTS.c.verdict)
        .order_by(number.desc(), VERDICT_COUNTS.c.verdict)
    )
    counted: dict[str, dict[str, int]] = {}
    with db.read() as connection:
        for row in connection.execute(query):
            counted.setdefault(row.upload_id, {})[row.verdict] = int(row.line_count)
    return counted


def outdated(db: Database, *, since: datetime) -> list[str]:
    """Uploads since a moment that have fewer lines of unknown outcome than when they were counted last."""
    mine = (LINES.c.upload_id == VERDICT_COUNTS.c.upload_id, LINES.c.verdict == Verdict.UNKNOWN)
    now = sa.select(sa.func.count()).select_from(LINES).where(*mine).scalar_subquery()
    counted = sa.func.sum(VERDICT_COUNTS.c.line_count)
    some = (VERDICT_COUNTS.c.upload_id >= f"{since:%Y%m%d-%H%M%S}", VERDICT_COUNTS.c.verdict == Verdict.UNKNOWN)
    query = sa.select(VERDICT_COUNTS.c.upload_id).where(*some).group_by(VERDICT_COUNTS.c.upload_id)
    with db.read() as connection:
        return list(connection.execute(query.having(counted > now)).scalars())


def undelivered(db: Database, *, before: datetime) -> list[tuple[str, str]]:
    """Uploads of the last days that await an `answer` or a `result` of ours since before a moment, oldest first.

    A result was not delivered as long as lines are counted as on their way whose upload is done.
    """
    recent = (UPLOADS.c.id >= f"{before - UNDELIVERED:%Y%m%d-%H%M%S}", UPLOADS.c.state != UploadState.ARRIVED)
    answers = sa.select(UPLOADS.c.id, sa.literal("answer")).where(
        *recent, UPLOADS.c.answered_at.is_(None), UPLOADS.c.arrived_at < stamp(before)
    )
    results = sa.select(UPLOADS.c.id, sa.literal("result")).where(
        *recent, UPLOADS.c.answered_at.is_not(None), UPLOADS.c.state == UploadState.DONE
    )
    late = results.where(UPLOADS.c.done_at < stamp(before), _on_its_way())
    with db.read() as connection:
        return sorted((row[0], row[1]) for query in (answers, late) for row in connection.execute(query))


def _on_its_way() -> sa.ColumnElement[bool]:
    """Were lines on their way when an upload was counted last?"""
    return sa.exists().where(VERDICT_COUNTS.c.upload_id == UPLOADS.c.id, VERDICT_COUNTS.c.verdict.in_(_WAY))


def among(codes: sa.ColumnElement[str], code: str) -> sa.ColumnElement[bool]:
    """Whether a code is one of those in a cell: Amazon's and our own stand side by side ("A-18028 | C01")."""
    words = sa.func.replace(sa.func.replace(codes, ",", " "), "|", " ")
    return (" " + words + " ").contains(f" {code} ", autoescape=True)
