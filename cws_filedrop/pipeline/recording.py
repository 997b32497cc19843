"""What was read of uploads -> the database. Running any of these functions again changes nothing.

Many small files are recorded in one transaction: a commit costs more than a file. Large ones are recorded by `large`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop import disk
from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.names import is_release, is_released_by
from cws_filedrop.errors import expected
from cws_filedrop.model import Grade, Issue, Seller, UploadState, Verdict
from cws_filedrop.pipeline import reading
from cws_filedrop.pipeline.reading import BulkChangeLimit, PreparedUpload, ReadingTask
from cws_filedrop.rules import catalogue
from cws_filedrop.rules.book import Effect
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection, DatabaseUnavailable, moment, stamp
from cws_filedrop.store.orders import effects, undoing
from cws_filedrop.store.orders.effects import ChangedOrder
from cws_filedrop.store.sellers import carrier_names, sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.upload_outcome import UploadOutcome

LOG: Final = log.get(__name__)
REJECTED_FILE: Final = "rejected.txt"
REHEARSAL_DIR: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class ReadUpload:
    """An upload, its seller, and what reading it found."""

    upload: Upload
    seller: Seller
    prepared: PreparedUpload


def task(context: ServiceContext, upload: Upload, seller: Seller) -> ReadingTask:
    """The task of reading an upload. Raises: FileNotFoundError when its bytes are gone.

    What was released by a person is neither held again nor checked for bulk changes or later ones: it has been seen.
    """
    orders = context.settings.orders
    policy = replace(seller.policy, on_error="continue") if upload.releases else seller.policy
    if shared := carrier_names.aliases(context.db):  # of two for one name the last one counts: the seller's own
        policy = replace(policy, carrier_aliases=(*shared, *policy.carrier_aliases))
    return ReadingTask(
        upload.id,
        upload.account_id,
        context.spool.data_path(upload.id),
        upload.name,
        upload.grade,
        upload.evidence,
        context.judging(policy, moment(upload.arrived_at), seller.profiles),
        seller.account.merchant_id,
        context.work_dir(upload.id) / REHEARSAL_DIR if upload.rehearsal else None,
        BulkChangeLimit()
        if upload.rehearsal or upload.releases
        else BulkChangeLimit(orders.brake_orders, orders.brake_cancellations),
        None if upload.releases else context.spool.claim_of(upload.id).kept_file,
        upload.door,
    )


def without_reading(context: ServiceContext, upload: Upload) -> PreparedUpload | None:
    """The result for an upload with nothing to read: it was refused, was cut, grew too large, or releases another."""
    if refused := upload.outcome.refused:
        return PreparedUpload(state=UploadState.REJECTED, issues=(catalogue.issue("F12", detail=refused),))
    if upload.grade != Grade.CUT:
        return PreparedUpload(state=UploadState.DONE) if is_release(upload.name) else None
    if context.spool.claim_of(upload.id).cause is Cause.TOO_LARGE:
        return PreparedUpload(state=UploadState.REJECTED, issues=(catalogue.issue("F05", detail=upload.evidence),))
    return PreparedUpload(state=UploadState.CUT, issues=(catalogue.issue("F07", detail=upload.evidence),))


def keep(context: ServiceContext, read: Sequence[ReadUpload]) -> list[Upload]:
    """Record small files that were read. Returns the uploads as they are afterwards, without those that have to be
    judged again because their orders have changed.

    One that cannot be recorded is set aside as failed, and does not keep the others from being recorded.
    Raises: OSError, DatabaseUnavailable when disk or database do not work at all.
    """
    try:
        return _keep(context, read)
    except (OSError, DatabaseUnavailable):
        raise
    except Exception as error:
        if len(read) > 1:  # one by one, to find the one at fault
            return [upload for item in read for upload in keep(context, [item])]
        LOG.exception("upload.failed", upload=read[0].upload.id, seller=read[0].seller.name)
        return _keep(context, [replace(read[0], prepared=reading.failed(error))])


def _keep(context: ServiceContext, read: Sequence[ReadUpload]) -> list[Upload]:
    for item in read:
        if item.prepared.rejected:
            disk.write(context.work_dir(item.upload.id) / REJECTED_FILE, [item.prepared.rejected])
    kept, stale = {}, set()
    with context.db.write() as connection:
        unread = uploads.unread_in(connection, [item.upload.id for item in read])
        # In order of arrival (ids begin with the moment), since a file may change the orders that the next one names.
        for item in sorted(read, key=lambda item: item.upload.id):
            if item.upload.id in unread:
                try:
                    kept[item.upload.id] = _keep_in(connection, item, stamp(context.clock()))
                except effects.Stale as error:
                    LOG.info("upload.judged_again", upload=item.upload.id, seller=item.seller.name, order=str(error))
                    stale.add(item.upload.id)
                    continue
                uploads.keep_in(connection, [kept[item.upload.id]])
                replace_in(connection, kept[item.upload.id])
    for upload in kept.values():
        LOG.info("upload.read", upload=upload.id, seller=upload.seller, state=upload.state, **upload.outcome.counts)
    # The others were recorded by somebody quicker: after a crash an upload may be taken up twice.
    others = uploads.some(context.db, [item.upload.id for item in read if item.upload.id not in {*kept, *stale}])
    return [*kept.values(), *others]


def _keep_in(connection: Connection, item: ReadUpload, now: str) -> Upload:
    """Record one upload. Raises: effects.Stale, and then nothing was recorded."""
    upload, prepared = replace(item.upload, sha256=item.prepared.sha256), item.prepared
    if prepared.state is UploadState.DONE:
        read = _release_in(connection, upload)
    elif prepared.state is not None:
        read = _aside(upload, prepared)
        # Lines may be there already: a large file failed or changed halfway, or a released one was recorded when held.
        if read.state in (UploadState.FAILED, UploadState.CUT) or upload.releases:
            forget_in(connection, upload.id)
    elif upload.rehearsal:
        read = _rehearsal(upload, prepared)
    else:
        if upload.releases:  # its lines may have been recorded as held
            lines.forget_in(connection, upload.id)
        held = is_held(upload, item.seller, Counter(prepared.rows["verdict"]))
        counts, _ = record_in(connection, upload, prepared.rows, prepared.effects, held=held, now=now)
        read = ending(upload, prepared.outcome, counts, remarks(connection, upload), held=held)
    return read


def _release_in(connection: Connection, release: Upload) -> Upload:
    """Let the held file that `release` names be read as it is; `release` as it is afterwards."""
    meant = [upload for upload in uploads.held_in(connection, release) if is_released_by(upload.name, release.name)]
    if not meant:
        refused = PreparedUpload(state=UploadState.REJECTED, issues=(catalogue.issue("F11", value=release.name),))
        return _aside(release, refused)
    held = meant[0]
    evidence = f"{held.evidence}; released by the seller ({release.id})".lstrip("; ")
    uploads.read_again_in(connection, held.id, evidence=evidence)
    sellers.remember_headings_in(connection, held.seller_id, held.outcome.file_issues)
    released = PreparedUpload(
        state=UploadState.DONE, issues=(catalogue.issue("F11", value=held.name, detail=f"released={held.id}"),)
    )
    return _aside(release, released)


def forget_in(connection: Connection, upload_id: str) -> None:
    """Undo all that reading an upload did, as if it had never been read."""
    undoing.undo_in(connection, upload_id)
    lines.forget_in(connection, upload_id)


def is_held(upload: Upload, seller: Seller, counts: Mapping[str, int]) -> bool:
    """Is the whole file held because some of its lines were rejected?"""
    waits = sum(counts.get(verdict, 0) for verdict in (Verdict.QUEUED, Verdict.UPDATED, Verdict.HELD))
    bad = counts.get(Verdict.REJECTED, 0)
    return bool(waits and bad) and seller.policy.on_error == "hold-file" and not upload.releases


def record_in(
    connection: Connection, upload: Upload, rows: lines.Rows, on_orders: Sequence[Effect], *, held: bool, now: str
) -> tuple[dict[str, int], dict[str, ChangedOrder]]:
    """Record some lines and apply their effects `on_orders`. Returns lines by verdict, and the changed orders.

    Raises: effects.Stale, and then nothing was recorded.
    """
    changed: dict[str, ChangedOrder] = {}
    if held:
        rows = lines.held(rows)
    elif on_orders:
        # Before the lines: it locks the orders, and raises Stale while nothing has been written yet.
        changed = effects.apply_in(connection, upload.account_id, upload.id, on_orders, now=now)
    return lines.record_in(connection, upload_id=upload.id, account_id=upload.account_id, rows=rows), changed


def replace_in(connection: Connection, read: Upload) -> None:
    """A file that was read as a whole replaces those of its name that were set aside."""
    if read.state in (UploadState.WAITING, UploadState.DONE):
        uploads.replace_in(connection, read)


def remarks(connection: Connection, upload: Upload) -> list[Issue]:
    """Issues of a file that show only beside earlier uploads: the same content was dropped before (F08)."""
    earlier = uploads.same_content(connection, upload)
    return [catalogue.issue("F08", value=upload.name, detail=earlier)] if earlier else []


def _aside(upload: Upload, prepared: PreparedUpload) -> Upload:
    state = expected(prepared.state, "state of what is set aside")
    outcome = UploadOutcome(failure=prepared.failure, file_issues=prepared.issues)
    done_at = upload.arrived_at if state in uploads.FINISHED else None
    return replace(upload, state=state, outcome=outcome, done_at=done_at)


def _rehearsal(upload: Upload, prepared: PreparedUpload) -> Upload:
    done = replace(upload, state=UploadState.DONE, outcome=prepared.outcome, line_count=prepared.line_count)
    return replace(done, done_at=upload.arrived_at)


def ending(
    upload: Upload, outcome: UploadOutcome, counts: dict[str, int], remarks: list[Issue], *, held: bool
) -> Upload:
    """The upload once its lines are recorded."""
    in_wait = 0 if held else counts.get(Verdict.HELD, 0)  # lines that wait until an earlier one is answered
    waiting = counts.get(Verdict.QUEUED, 0) + in_wait
    state = UploadState.WAITING if waiting else UploadState.DONE
    found_out = replace(outcome, counts=counts, remarks=tuple(remarks))
    done_at = upload.arrived_at if state is UploadState.DONE else None
    total = sum(counts.values())
    read = replace(upload, state=state, outcome=found_out, line_count=total, waiting=waiting, done_at=done_at)
    return replace(read, state=UploadState.HELD, done_at=None) if held else read
