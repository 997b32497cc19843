"""What a person decides about uploads that were set aside; by commands, pages and API alike, and kept as decisions."""

from __future__ import annotations

from cws_filedrop import log
from cws_filedrop.errors import NotPossible
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who

LOG = log.get(__name__)


def release(context: ServiceContext, upload_id: str, *, who: Who) -> None:
    """Release an upload that was set aside: it is read again, as it is. Raises: NotPossible."""
    upload = _aside(context, upload_id, "released")
    try:
        context.spool.data_path(upload_id)
    except FileNotFoundError:
        words = f"the bytes of {upload_id} never arrived whole; the file has to be dropped again"
        raise NotPossible(words) from None
    evidence = f"{upload.evidence}; released by an operator".lstrip("; ")
    with context.db.write() as connection:
        done = uploads.read_again_in(connection, upload_id, evidence=evidence)
        sellers.remember_headings_in(connection, upload.seller_id, upload.outcome.file_issues)
        _record(context, connection, upload, done, "upload.release", str(upload.state), who)


def reject(context: ServiceContext, upload_id: str, why: str, *, who: Who) -> None:
    """Reject an upload that was set aside: nothing of it is sent, and its seller is told why. Raises: NotPossible."""
    upload, why = _aside(context, upload_id, "rejected"), " ".join(why.split())
    if not why:
        raise NotPossible("the seller has to be told why")
    with context.db.write() as connection:
        done = uploads.refuse_in(connection, upload_id, why=why)
        _record(context, connection, upload, done, "upload.reject", why, who)


def _aside(context: ServiceContext, upload_id: str, what: str) -> Upload:
    upload = uploads.get(context.db, upload_id)
    if upload is None:
        raise NotPossible(f"there is no upload {upload_id}")
    if upload.state not in uploads.ASIDE:
        raise NotPossible(f"upload {upload_id} is {upload.state}; only what is held, cut or failed can be {what}")
    return upload


def _record(
    context: ServiceContext, connection: Connection, upload: Upload, done: bool, what: str, detail: str, who: Who
) -> None:
    if not done:  # rolls the transaction back: somebody else decided between our look and our write
        raise NotPossible(f"{upload.id} has just changed; look at it again")
    decisions.add_in(connection, who, what=what, about=upload.id, detail=detail, now=context.clock())
    LOG.info("upload.decided", upload=upload.id, what=what, who=who.name)
