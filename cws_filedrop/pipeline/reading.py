"""Bytes in the spool -> lines with verdicts in the database. Each function may run twice and then changes nothing.

A large file is read in a process of its own (`heavy`), by the very same function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from cws_filedrop import log
from cws_filedrop.convert import Conversion, convert, digest, first_issues, rejected_rows
from cws_filedrop.errors import FileRejected
from cws_filedrop.examine import Examination, Outcome, Piece, examine
from cws_filedrop.model import Context, Grade, Issue, Seller, Verdict
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.reports import rejected
from cws_filedrop.rules import catalogue
from cws_filedrop.store import lines, sellers, uploads
from cws_filedrop.store.database import moment
from cws_filedrop.store.uploads import Upload, UploadState
from cws_filedrop.tables import arrow

LOG: Final = log.get(__name__)
REJECTED_FILE: Final = "rejected.txt"
REHEARSAL_DIR: Final = "rehearsal"


def read(desk: Desk, upload: Upload) -> Upload:
    """Read, check and record an upload; the upload as it is afterwards."""
    if upload.state is not UploadState.ARRIVED:
        return upload
    seller = sellers.by_id(desk.db, upload.seller_id)
    if upload.grade == Grade.CUT:
        return _aside(desk, upload, UploadState.CUT, catalogue.issue("F07", detail=upload.evidence))
    with desk.spool.data_path(upload.id).open("rb") as source:
        return _read(desk, upload, seller, source)


def _read(desk: Desk, upload: Upload, seller: Seller, source: BinaryIO) -> Upload:
    sha256, _ = digest(source)
    upload = replace(upload, sha256=sha256)
    context = desk.context(seller.policy, moment(upload.arrived_at))
    try:
        examination = examine(source, file_name=upload.name, context=context)
        if (aside := _doubts(upload, seller, examination)) is not None:
            return _aside(desk, upload, *aside)
        remarks = _remarks(desk, upload)
        if upload.rehearsal:
            return _rehearse(desk, upload, seller, (source, context))
        return _record(desk, upload, seller, (examination, remarks))
    except FileRejected as error:
        return _aside(desk, upload, UploadState.REJECTED, *error.issues)


def _doubts(upload: Upload, seller: Seller, examination: Examination) -> tuple[UploadState, Issue] | None:
    """A doubtful upload is judged by its content (DOMAIN 8)."""
    if upload.grade != Grade.DOUBTFUL:
        return None
    if not examination.facts.ended:
        return UploadState.CUT, catalogue.issue("F07", detail="the last line has no end")
    if seller.policy.doubtful == "hold":
        return UploadState.HELD, catalogue.issue("F07", detail=upload.evidence)
    return None


def _remarks(desk: Desk, upload: Upload) -> list[Issue]:
    earlier = uploads.same_content(desk.db, upload, upload.sha256)
    return [catalogue.issue("F08", value=upload.name, detail=earlier)] if earlier else []


def _aside(desk: Desk, upload: Upload, state: UploadState, *issues: Issue) -> Upload:
    outcome = {"file_issues": [issue.as_json() for issue in issues]}
    done_at = upload.arrived_at if state is UploadState.REJECTED else None
    LOG.info("upload.set_aside", upload=upload.id, state=state, codes=[issue.code for issue in issues])
    return uploads.keep(desk.db, replace(upload, state=state, outcome=outcome, done_at=done_at))


def _record(desk: Desk, upload: Upload, seller: Seller, found: tuple[Examination, list[Issue]]) -> Upload:
    examination, remarks = found
    outcome = Outcome(examination.facts)
    pieces = _with_rejected_file(desk.work_dir(upload.id) / REJECTED_FILE, examination, outcome)
    first, second = next(pieces, None), next(pieces, None)
    may_hold = seller.policy.on_error == "hold-file"
    if first is not None and second is None and len(first.keys) <= lines.BATCH and not may_hold:
        rows = _rows(first)
        with desk.db.write() as connection:
            counts = lines.record_in(connection, upload_id=upload.id, account_id=upload.account_id, rows=rows)
            read = _ending(upload, seller, outcome, counts, remarks)
            uploads.keep_in(connection, read)
    else:
        counts = _record_pieces(desk, upload, [piece for piece in (first, second) if piece is not None], pieces)
        read = _ending(upload, seller, outcome, counts, remarks)
        if read.state is UploadState.HELD:
            lines.hold(desk.db, upload.id)
        uploads.keep(desk.db, read)
    LOG.info("upload.read", upload=upload.id, state=read.state, **counts)
    return read


def _record_pieces(desk: Desk, upload: Upload, begun: list[Piece], rest: Iterator[Piece]) -> dict[str, int]:
    """Record a file of several pieces; nothing of it is sent before its state says so."""
    counts: Counter[str] = Counter()
    pause = upload.size > desk.settings.service.heavy_bytes
    for piece in chain(begun, rest):
        counts.update(
            lines.record(desk.db, upload_id=upload.id, account_id=upload.account_id, rows=_rows(piece), pause=pause)
        )
    return dict(counts)


def _ending(upload: Upload, seller: Seller, outcome: Outcome, counts: dict[str, int], remarks: list[Issue]) -> Upload:
    """The upload once its lines are recorded."""
    waiting = counts.get(Verdict.QUEUED, 0)
    state = UploadState.WAITING if waiting else UploadState.DONE
    shown = dict(counts)
    if waiting and counts.get(Verdict.REJECTED, 0) and seller.policy.on_error == "hold-file":
        shown[str(Verdict.HELD)] = shown.pop(str(Verdict.QUEUED))
        state, waiting = UploadState.HELD, 0
    found_out = outcome.as_json() | {"counts": shown, "remarks": [remark.as_json() for remark in remarks]}
    done_at = upload.arrived_at if state is UploadState.DONE else None
    total = sum(counts.values())
    return replace(upload, state=state, outcome=found_out, line_count=total, waiting=waiting, done_at=done_at)


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


def _rows(piece: Piece) -> lines.Rows:
    """The piece as columns of `lines`, one cell a line."""
    codes, messages = first_issues(piece)
    numbers = piece.keys.index.to_list()
    names = {"order_id": "order-id", "order_item_id": "order-item-id", "tracking": "tracking"}
    rows: lines.Rows = {"line": numbers}
    rows |= {name: arrow(piece.keys[column]).to_pylist() for name, column in names.items()}
    rows["verdict"] = arrow(piece.verdicts).to_pylist()
    rows |= {"code": codes, "message": messages, "shipment": [None] * len(numbers), "key": [None] * len(numbers)}
    place = {line: at for at, line in enumerate(numbers)}
    packed, keys = lines.pack(piece.shipments).to_pylist(), lines.claim_keys(piece.shipments).to_pylist()
    for line, shipment, key in zip(piece.shipments.index.to_list(), packed, keys, strict=True):
        rows["shipment"][place[line]], rows["key"][place[line]] = shipment, key
    return rows


def _rehearse(desk: Desk, upload: Upload, seller: Seller, given: tuple[BinaryIO, Context]) -> Upload:
    source, context = given
    source.seek(0)
    how = Conversion(seller.account.merchant_id, context)
    made = convert(source, desk.work_dir(upload.id) / REHEARSAL_DIR, file_name=upload.name, how=how)
    done = replace(upload, state=UploadState.DONE, outcome=made.outcome, line_count=made.line_count)
    return uploads.keep(desk.db, replace(done, done_at=upload.arrived_at))
