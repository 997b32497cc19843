"""What a person decides about uploads that were set aside, by commands and by the pages alike; and written down."""

from __future__ import annotations

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.pipeline.deciding import Impossible
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import deeds, uploads
from cws_filedrop.store.deeds import Who
from cws_filedrop.store.uploads import Upload

LOG = log.get(__name__)


def release(desk: Desk, upload_id: str, *, who: Who) -> None:
    """Take an upload that was set aside after all: it is read again, as it is. Raises: Impossible."""
    upload = _aside(desk, upload_id, "released")
    try:
        desk.spool.data_path(upload_id)
    except FileNotFoundError:
        words = f"the bytes of {upload_id} never arrived whole; the file has to be dropped again"
        raise Impossible(words) from None
    evidence = f"{upload.evidence}; released by an operator".lstrip("; ")
    with desk.db.write() as connection:
        done = uploads.read_again_in(connection, upload_id, evidence=evidence)
        _decided(desk, connection, upload, done, "upload.release", str(upload.state), who)


def reject(desk: Desk, upload_id: str, why: str, *, who: Who) -> None:
    """Refuse an upload that was set aside: nothing of it is sent, and its seller is told why. Raises: Impossible."""
    upload, why = _aside(desk, upload_id, "rejected"), " ".join(why.split())
    if not why:
        raise Impossible("the seller has to be told why")
    with desk.db.write() as connection:
        done = uploads.refuse_in(connection, upload_id, why=why)
        _decided(desk, connection, upload, done, "upload.reject", why, who)


def _aside(desk: Desk, upload_id: str, what: str) -> Upload:
    upload = uploads.get(desk.db, upload_id)
    if upload is None:
        raise Impossible(f"there is no upload {upload_id}")
    if upload.state not in uploads.ASIDE:
        raise Impossible(f"upload {upload_id} is {upload.state}; only what is held, cut or failed can be {what}")
    return upload


def _decided(
    desk: Desk, connection: sa.Connection, upload: Upload, done: bool, what: str, detail: str, who: Who
) -> None:
    if not done:
        raise Impossible(f"{upload.id} has just changed; look at it again")
    deeds.add_in(connection, who, what=what, about=upload.id, detail=detail, now=desk.clock())
    LOG.info("upload.decided", upload=upload.id, what=what, who=who.name)
