"""Bytes in the spool -> lines with verdicts in the database. Each function may run twice and then changes nothing.

A small file is read as one value (`prepare`, in any process) and recorded in one transaction (`keep`). A large one is
read and recorded piece by piece (`read_large`), in a process of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class Task:
    """A small file to be read, wherever there is a process for it."""

    path: Path
    name: str
    grade: str
    evidence: str
    context: Context


@dataclass(frozen=True, slots=True)
class Prepared:
    """A small file, read: its lines and what to say of it; or, with a `state`, why it is set aside."""

    sha256: str
    state: UploadState | None = None
    issues: tuple[Issue, ...] = ()
    rows: lines.Rows = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)
    rejected: bytes = b""


def is_set_aside(desk: Desk, upload: Upload) -> Upload | None:
    """An upload that needs no reading: read before, or cut."""
    if upload.state is not UploadState.ARRIVED:
        return upload
    if upload.grade == Grade.CUT:
        return _aside(desk, upload, UploadState.CUT, catalogue.issue("F07", detail=upload.evidence))
    return None


def task(desk: Desk, upload: Upload) -> Task:
    """What reading an upload needs to know."""
    seller = sellers.by_id(desk.db, upload.seller_id)
    context = desk.context(seller.policy, moment(upload.arrived_at))
    return Task(desk.spool.data_path(upload.id), upload.name, upload.grade, upload.evidence, context)


def prepare(given: Task) -> Prepared:
    """Read and judge a small file. Touches nothing but the file."""
    with given.path.open("rb") as source:
        sha256, _ = digest(source)
        try:
            examination = examine(source, file_name=given.name, context=given.context)
            if (aside := _doubts(given, examination)) is not None:
                return Prepared(sha256, aside[0], (aside[1],))
            return _prepared(sha256, examination)
        except FileRejected as error:
            return Prepared(sha256, UploadState.REJECTED, error.issues)


def _prepared(sha256: str, examination: Examination) -> Prepared:
    outcome, rows, bad = Outcome(examination.facts), _rows(None), b""
    for piece in examination.pieces():
        outcome.add(piece)
        for name, cells in _rows(piece).items():
            rows[name] += cells
        bad += rejected_rows(piece, examination) if piece.raw else b""
    heading = rejected.header(examination.facts.headings, examination.facts.delimiter) if bad else b""
    return Prepared(sha256, rows=rows, outcome=outcome.as_json(), rejected=heading + bad)


def keep(desk: Desk, upload: Upload, prepared: Prepared) -> Upload:
    """Record a small file that was read; the upload as it is afterwards."""
    upload = replace(upload, sha256=prepared.sha256)
    if prepared.state is not None:
        return _aside(desk, upload, prepared.state, *prepared.issues)
    seller = sellers.by_id(desk.db, upload.seller_id)
    remarks = _remarks(desk, upload)
    if upload.rehearsal:
        return _rehearse(desk, upload, seller)
    if prepared.rejected:
        (desk.work_dir(upload.id) / REJECTED_FILE).write_bytes(prepared.rejected)
    if len(prepared.rows["line"]) <= lines.BATCH and seller.policy.on_error != "hold-file":
        with desk.db.write() as connection:
            counts = lines.record_in(connection, upload_id=upload.id, account_id=upload.account_id, rows=prepared.rows)
            read = _ending(upload, seller, prepared.outcome, counts, remarks)
            uploads.keep_in(connection, read)
        LOG.info("upload.read", upload=upload.id, state=read.state, **counts)
        return read
    counts = lines.record(desk.db, upload_id=upload.id, account_id=upload.account_id, rows=prepared.rows, pause=False)
    return _recorded(desk, _ending(upload, seller, prepared.outcome, counts, remarks), counts)


def read_large(desk: Desk, upload: Upload) -> Upload:
    """Read, check and record a file of any size piece by piece; the upload as it is afterwards."""
    seller = sellers.by_id(desk.db, upload.seller_id)
    given = task(desk, upload)
    with given.path.open("rb") as source:
        sha256, _ = digest(source)
        upload = replace(upload, sha256=sha256)
        try:
            examination = examine(source, file_name=upload.name, context=given.context)
            if (aside := _doubts(given, examination)) is not None:
                return _aside(desk, upload, *aside)
            if upload.rehearsal:
                return _rehearse(desk, upload, seller)
            return _record(desk, upload, seller, examination)
        except FileRejected as error:
            return _aside(desk, upload, UploadState.REJECTED, *error.issues)


def _doubts(given: Task, examination: Examination) -> tuple[UploadState, Issue] | None:
    """A doubtful upload is judged by its content (DOMAIN 8)."""
    if given.grade != Grade.DOUBTFUL:
        return None
    if not examination.facts.ended:
        return UploadState.CUT, catalogue.issue("F07", detail="the last line has no end")
    if given.context.policy.doubtful == "hold":
        return UploadState.HELD, catalogue.issue("F07", detail=given.evidence)
    return None


def _remarks(desk: Desk, upload: Upload) -> list[Issue]:
    earlier = uploads.same_content(desk.db, upload, upload.sha256)
    return [catalogue.issue("F08", value=upload.name, detail=earlier)] if earlier else []


def _aside(desk: Desk, upload: Upload, state: UploadState, *issues: Issue) -> Upload:
    outcome = {"file_issues": [issue.as_json() for issue in issues]}
    done_at = upload.arrived_at if state is UploadState.REJECTED else None
    LOG.info("upload.set_aside", upload=upload.id, state=state, codes=[issue.code for issue in issues])
    return uploads.keep(desk.db, replace(upload, state=state, outcome=outcome, done_at=done_at))


def _record(desk: Desk, upload: Upload, seller: Seller, examination: Examination) -> Upload:
    """Record a large file; nothing of it is sent before the upload's state says so."""
    outcome, counts = Outcome(examination.facts), Counter[str]()
    for piece in _with_rejected_file(desk.work_dir(upload.id) / REJECTED_FILE, examination, outcome):
        rows = _rows(piece)
        counts.update(lines.record(desk.db, upload_id=upload.id, account_id=upload.account_id, rows=rows, pause=True))
    return _recorded(desk, _ending(upload, seller, outcome.as_json(), dict(counts), _remarks(desk, upload)), counts)


def _recorded(desk: Desk, read: Upload, counts: Mapping[str, int]) -> Upload:
    if read.state is UploadState.HELD:
        lines.hold(desk.db, read.id)
    LOG.info("upload.read", upload=read.id, state=read.state, **counts)
    return uploads.keep(desk.db, read)


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


def _rows(piece: Piece | None) -> lines.Rows:
    """The piece (or no line at all) as columns of `lines`, one cell a line."""
    if piece is None:
        return {name: [] for name in lines.COLUMNS}
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


def _rehearse(desk: Desk, upload: Upload, seller: Seller) -> Upload:
    how = Conversion(seller.account.merchant_id, desk.context(seller.policy, moment(upload.arrived_at)))
    with desk.spool.data_path(upload.id).open("rb") as source:
        made = convert(source, desk.work_dir(upload.id) / REHEARSAL_DIR, file_name=upload.name, how=how)
    done = replace(upload, state=UploadState.DONE, outcome=made.outcome, line_count=made.line_count)
    return uploads.keep(desk.db, replace(done, done_at=upload.arrived_at))
