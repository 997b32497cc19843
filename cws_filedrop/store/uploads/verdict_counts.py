"""How many lines of each upload have which verdict and code (table `tallies`): counted when it is answered, so that no
list or chart has to search millions of lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import LINES, UPLOADS, VERDICT_COUNTS

UNDELIVERED: Final = timedelta(days=14)
_COUNT: Final = (
    sa.select(LINES.c.upload_id, LINES.c.verdict, LINES.c.code, sa.func.count().label("line_count"))
    .where(LINES.c.upload_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(LINES.c.upload_id, LINES.c.verdict, LINES.c.code)
)


def answered(db: Database, upload_ids: Sequence[str], *, at: str) -> None:
    """Note when uploads (a few hundred at most) were first answered, and count their lines as they are now.

    Counted before the write begins, since a large upload takes a while; lines that change later are counted again with
    the answer that reports it.
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


def renew(db: Database, upload_ids: Sequence[str], *, at: str) -> None:
    """Count lines anew whose result is not rewritten; not of uploads whose first result is still to be delivered, which
    are known by their former counts."""
    due = UPLOADS.c.id.in_(upload_ids) & (UPLOADS.c.state == UploadState.DONE) & _on_its_way()
    with db.read() as connection:
        first = set(connection.execute(sa.select(UPLOADS.c.id).where(due)).scalars()) if upload_ids else set()
    answered(db, [upload_id for upload_id in upload_ids if upload_id not in first], at=at)


def of_upload(db: Database, upload_id: str) -> Mapping[tuple[str, str], int]:
    """How many lines of an upload have each (verdict, code), as of its last answer."""
    query = sa.select(VERDICT_COUNTS.c.verdict, VERDICT_COUNTS.c.code, VERDICT_COUNTS.c.line_count).where(
        VERDICT_COUNTS.c.upload_id == upload_id
    )
    with db.read() as connection:
        return {(row.verdict, row.code): row.line_count for row in connection.execute(query)}


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
    verdicts = (Verdict.QUEUED, Verdict.SENT, Verdict.HELD)
    return sa.exists().where(VERDICT_COUNTS.c.upload_id == UPLOADS.c.id, VERDICT_COUNTS.c.verdict.in_(verdicts))


def among(codes: sa.ColumnElement[str], code: str) -> sa.ColumnElement[bool]:
    """Whether a code is one of those in a cell: Amazon's and our own stand side by side ("A-18028 | C01")."""
    words = sa.func.replace(sa.func.replace(codes, ",", " "), "|", " ")
    return (" " + words + " ").contains(f" {code} ", autoescape=True)
