"""Rows that lead nowhere: there should be none, and each is a trace of something that went wrong."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import CLAIMS, FEEDS, LINES, SELLERS, UPLOADS

_NO_UPLOAD: Final = ~sa.exists().where(UPLOADS.c.id == LINES.c.upload_id)
_NO_FEED: Final = LINES.c.feed_no.is_not(None) & ~sa.exists().where(FEEDS.c.no == LINES.c.feed_no)
_NO_SELLER: Final = ~sa.exists().where(SELLERS.c.id == UPLOADS.c.seller_id)
_NO_LINES: Final = (UPLOADS.c.state == UploadState.WAITING) & ~sa.exists().where(LINES.c.upload_id == UPLOADS.c.id)
KINDS: Final = {
    "lines of no upload": sa.select(sa.func.count()).select_from(LINES).where(_NO_UPLOAD),
    "lines in no feed that there is": sa.select(sa.func.count()).select_from(LINES).where(_NO_FEED),
    "uploads of no seller": sa.select(sa.func.count()).select_from(UPLOADS).where(_NO_SELLER),
    "uploads that wait without a line": sa.select(sa.func.count()).select_from(UPLOADS).where(_NO_LINES),
    "packages of no account": sa.select(sa.func.count())
    .select_from(CLAIMS)
    .where(~sa.exists().where(SELLERS.c.account_id == CLAIMS.c.account_id)),
}


def counted(db: Database) -> dict[str, int]:
    """How many there are of each kind, without those of which there is none."""
    with db.read() as connection:
        found = {name: int(connection.execute(query).scalar_one()) for name, query in KINDS.items()}
    return {name: number for name, number in found.items() if number}
