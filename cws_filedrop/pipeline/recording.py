"""What was read of uploads -> the database. Each function may run twice and then changes nothing.

Small files are recorded many in a transaction: a commit costs more than a file. A large one is read and recorded piece
by piece, in a process of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.convert import digest, rejected_rows
from cws_filedrop.drop import disk
from cws_filedrop.drop.claims import Cause
from cws_filedrop.examine import Examination, Outcome, Piece
from cws_filedrop.model import Grade, Issue, Seller, UploadState, Verdict
from cws_filedrop.pipeline import reading
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.reading import Prepared, Task
from cws_filedrop.reports import rejected
from cws_filedrop.rules import catalogue
from cws_filedrop.store import lines, sellers, uploads
from cws_filedrop.store.database import moment
from cws_filedrop.store.uploads import Upload

LOG: Final = log.get(__name__)
REJECTED_FILE: Final = "rejected.txt"
REHEARSAL_DIR: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class Read:
    """An upload, whose it is, and what reading it found."""

    upload: Upload
    seller: Seller
    prepared: Prepared


def task(desk: Desk, upload: Upload, seller: Seller) -> Task:
    """What reading an upload needs to know. Raises: FileNotFoundError when its bytes are gone."""
    return Task(
        upload.id,
        desk.spool.data_path(upload.id),
        upload.name,
        upload.grade,
        upload.evidence,
        desk.context(seller.policy, moment(upload.arrived_at)),
        seller.account.merchant_id,
        desk.work_dir(upload.id) / REHEARSAL_DIR if upload.rehearsal else None,
    )


def unreadable(desk: Desk, upload: Upload) -> Prepared | None:
    """What is said of an upload of which there is nothing to read: it was cut, or grew too large."""
    if upload.grade != Grade.CUT:
        return None
    if desk.spool.claim_of(upload.id).cause is Cause.TOO_LARGE:
        return Prepared(state=UploadState.REJECTED, issues=(catalogue.issue("F05", detail=upload.evidence),))
    return Prepared(state=UploadState.CUT, issues=(catalogue.issue("F07", detail=upload.evidence),))


def keep(desk: Desk, read: Sequence[Read]) -> list[Upload]:
    """Record small files that were read; the uploads as they are afterwards.

    One that cannot be recorded is set aside as failed, and does not keep the others from it.
    Raises: OSError, OperationalError when disk or database do not work at all.
    """
    try:
        return _keep(desk, read)
    except (OSError, sa.exc.OperationalError):
        raise
    except Exception as error:
        if len(read) > 1:
            return [upload for one in read for upload in keep(desk, [one])]
        LOG.exception("upload.failed", upload=read[0].upload.id)
        return _keep(desk, [replace(read[0], prepared=reading.failed(error))])


def _keep(desk: Desk, read: Sequence[Read]) -> list[Upload]:
    for one in read:
        if one.prepared.rejected:
            disk.write(desk.work_dir(one.upload.id) / REJECTED_FILE, [one.prepared.rejected])
    kept = {}
    with desk.db.write() as connection:
        unread = uploads.unread_in(connection, [one.upload.id for one in read])
        for one in read:
            if one.upload.id in unread:
                kept[one.upload.id] = _keep_in(connection, one)
                uploads.keep_in(connection, [kept[one.upload.id]])
                _replace_in(connection, kept[one.upload.id])
    for upload in kept.values():
        LOG.info("upload.read", upload=upload.id, state=upload.state, **upload.outcome.get("counts", {}))
    # Somebody else was quicker with the others: after a crash an upload may be taken up twice.
    others = uploads.some(desk.db, [one.upload.id for one in read if one.upload.id not in kept])
    return [*kept.values(), *others]


def _keep_in(connection: sa.Connection, one: Read) -> Upload:
    upload, prepared = replace(one.upload, sha256=one.prepared.sha256), one.prepared
    if prepared.state is not None:
        read = _aside(upload, prepared)
        if read.state is UploadState.FAILED:  # a large one may have failed in the middle
            lines.forget_in(connection, upload.id)
    elif upload.rehearsal:
        read = _rehearsal(upload, prepared)
    else:
        counts = lines.record_in(connection, upload_id=upload.id, account_id=upload.account_id, rows=prepared.rows)
        read = _ending(upload, one.seller, prepared.outcome, counts, _remarks(connection, upload))
        if read.state is UploadState.HELD:
            lines.hold_in(connection, upload.id)
    return read


def read_large(desk: Desk, upload: Upload) -> Upload:
    """Read, check and record a file of any size piece by piece; the upload as it is afterwards."""
    seller = sellers.by_id(desk.db, upload.seller_id)
    given = task(desk, upload, seller)
    with given.path.open("rb") as source:
        sha256, _ = digest(source)
        found = reading.opened(given, source, sha256)
        if isinstance(found, Examination) and upload.rehearsal:
            found = reading.rehearsed(given, source, sha256)
        if isinstance(found, Prepared):
            return _keep(desk, [Read(upload, seller, found)])[0]
        return _record(desk, replace(upload, sha256=sha256), seller, found)


def _record(desk: Desk, upload: Upload, seller: Seller, examination: Examination) -> Upload:
    """Record a large file; nothing of it is sent before the upload's state says so."""
    outcome, counts = Outcome(examination.facts), Counter[str]()
    for piece in _with_rejected_file(desk.work_dir(upload.id) / REJECTED_FILE, examination, outcome):
        rows = reading.rows(piece)
        counts.update(lines.record(desk.db, upload_id=upload.id, account_id=upload.account_id, rows=rows, pause=True))
    with desk.db.write() as connection:
        read = _ending(upload, seller, outcome.as_json(), dict(counts), _remarks(connection, upload))
        if read.state is UploadState.HELD:
            lines.hold_in(connection, read.id)
        uploads.keep_in(connection, [read])
        _replace_in(connection, read)
    LOG.info("upload.read", upload=read.id, state=read.state, **counts)
    return read


def _with_rejected_file(path: Path, examination: Examination, outcome: Outcome) -> Iterator[Piece]:
    """Pass the pieces on, and write the rejected lines of each to a file beside the upload."""
    facts = examination.facts
    with path.open("wb") as file:
        file.write(rejected.header(facts.headings, facts.delimiter))
        for piece in examination.pieces():
            outcome.add(piece)
            if piece.raw:
                file.write(rejected_rows(piece, examination))
            yield piece
        file.flush()
        disk.sync_file(file.fileno())


def _replace_in(connection: sa.Connection, read: Upload) -> None:
    if read.state in (UploadState.WAITING, UploadState.DONE):
        uploads.replace_in(connection, read)


def _remarks(connection: sa.Connection, upload: Upload) -> list[Issue]:
    earlier = uploads.same_content(connection, upload)
    return [catalogue.issue("F08", value=upload.name, detail=earlier)] if earlier else []


def _aside(upload: Upload, prepared: Prepared) -> Upload:
    assert prepared.state is not None
    outcome: dict[str, Any] = {"file_issues": [issue.as_json() for issue in prepared.issues]}
    if prepared.failure:
        outcome = {"failure": prepared.failure}
    done_at = upload.arrived_at if prepared.state is UploadState.REJECTED else None
    return replace(upload, state=prepared.state, outcome=outcome, done_at=done_at)


def _rehearsal(upload: Upload, prepared: Prepared) -> Upload:
    done = replace(upload, state=UploadState.DONE, outcome=prepared.outcome, line_count=prepared.line_count)
    return replace(done, done_at=upload.arrived_at)


def _ending(
    upload: Upload, seller: Seller, outcome: Mapping[str, Any], counts: dict[str, int], remarks: list[Issue]
) -> Upload:
    """The upload once its lines are recorded."""
    waiting = counts.get(Verdict.QUEUED, 0)
    state = UploadState.WAITING if waiting else UploadState.DONE
    shown = dict(counts)
    if waiting and counts.get(Verdict.REJECTED, 0) and seller.policy.on_error == "hold-file":
        shown[str(Verdict.HELD)] = shown.pop(str(Verdict.QUEUED))
        state, waiting = UploadState.HELD, 0
    found_out = {**outcome, "counts": shown, "remarks": [remark.as_json() for remark in remarks]}
    done_at = upload.arrived_at if state is UploadState.DONE else None
    total = sum(counts.values())
    return replace(upload, state=state, outcome=found_out, line_count=total, waiting=waiting, done_at=done_at)
