"""Which worker reads which upload, where there are several.

What a file means depends on the seller's files before it, so all files of a seller that wait to be read are one
worker's at a time. The claim of a worker that was kept out is void.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import UPLOADS, WORKERS

_OTHER: Final = UPLOADS.alias("other")
_LIVING: Final = sa.select(WORKERS.c.no).where(WORKERS.c.ended_at.is_(None))


def _open_to(worker_no: int) -> tuple[sa.ColumnElement[bool], ...]:
    """What waits to be read, and whose seller no other living worker is busy with."""
    others = _OTHER.c.worker_no.in_(_LIVING) & (_OTHER.c.worker_no != worker_no)
    waits = _OTHER.c.state == UploadState.ARRIVED
    busy = sa.exists().where(_OTHER.c.seller_id == UPLOADS.c.seller_id, waits, others).correlate(UPLOADS)
    return UPLOADS.c.state == UploadState.ARRIVED, ~busy


def open_to(db: Database, worker_no: int) -> list[str]:
    """The uploads that a worker may claim, or has claimed, oldest first."""
    query = sa.select(UPLOADS.c.id).where(*_open_to(worker_no)).order_by(UPLOADS.c.id)
    with db.read() as connection:
        return list(connection.execute(query).scalars())


def claim(db: Database, upload_ids: Iterable[str], worker_no: int) -> set[str]:
    """Claim uploads for a worker. Returns those that it has now; the others are read by another, or have been."""
    mine = UPLOADS.update().where(UPLOADS.c.id.in_(list(upload_ids)), *_open_to(worker_no))
    with db.write() as connection:
        return set(connection.execute(mine.values(worker_no=worker_no).returning(UPLOADS.c.id)).scalars())
