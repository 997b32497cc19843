"""What a person decides about uploads that were set aside, by commands and by the pages alike; and written down."""

from __future__ import annotations

from cws_filedrop import log
from cws_filedrop.pipeline.deciding import Impossible, Who
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import deeds, uploads

LOG = log.get(__name__)


def release(desk: Desk, upload_id: str, *, who: Who) -> None:
    """Take an upload that was set aside after all: it is read again, as it is. Raises: Impossible."""
    upload = uploads.get(desk.db, upload_id)
    if upload is None:
        raise Impossible(f"there is no upload {upload_id}")
    if upload.state not in uploads.ASIDE:
        raise Impossible(f"upload {upload_id} is {upload.state}; only what is held, cut or failed can be released")
    try:
        desk.spool.data_path(upload_id)
    except FileNotFoundError:
        words = f"the bytes of {upload_id} never arrived whole; the file has to be dropped again"
        raise Impossible(words) from None
    evidence = f"{upload.evidence}; released by an operator".lstrip("; ")
    with desk.db.write() as connection:
        if not uploads.read_again_in(connection, upload_id, evidence=evidence):
            raise Impossible(f"{upload_id} has just changed; look at it again")
        deeds.add_in(
            connection,
            who=who.name,
            address=who.address,
            what="upload.release",
            about=upload_id,
            detail=str(upload.state),
            now=desk.clock(),
        )
    LOG.info("upload.released", upload=upload_id, who=who.name)
