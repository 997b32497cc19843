"""Bytes in the spool -> what to record about them. Runs in any process; touches only the upload's own files.

A small file is read as one value (`prepare`), a large one piece by piece (`opened`, `rows`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

from cws_filedrop import log
from cws_filedrop.convert import Conversion, convert, digest, first_issues, rejected_rows
from cws_filedrop.drop.kept import KeptFile, kept
from cws_filedrop.errors import FileRejected, expected
from cws_filedrop.examine import Examination, Outcome, Piece, examine
from cws_filedrop.model import Door, FeedKind, Grade, Issue, JudgementContext, UploadState, Verdict
from cws_filedrop.reports import rejected
from cws_filedrop.rules import catalogue
from cws_filedrop.rules.book import CURRENT, Effect, LookUp
from cws_filedrop.store.database import Database, DatabaseUnavailable, stamp
from cws_filedrop.store.orders import order_book, snapshot
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.packed_lines import pack, pack_cancellation
from cws_filedrop.tables import arrow
from cws_filedrop.upload_outcome import UploadOutcome

FAR_MORE: Final = 3
SHOWN_ALARMS: Final = 5
LOG: Final = log.get(__name__)


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """A file to read. `rehearsal` is the folder for the answers when nothing is to be sent (test/)."""

    upload_id: str
    account_id: int
    path: Path
    name: str
    grade: str
    evidence: str
    context: JudgementContext
    merchant_id: str
    rehearsal: Path | None
    limit: BulkChangeLimit
    kept: KeptFile | None = None  # what its bytes must still be; None when a person has said that they are good
    door: str = ""


@dataclass(frozen=True, slots=True)
class BulkChangeLimit:
    """What a file may change at once without a person's consent; 0 = no limit."""

    orders: int = 0  # that share one tracking number
    cancellations: int = 0  # up to here even an unusual number is fine


@dataclass(frozen=True, slots=True)
class PreparedUpload:
    """A file that was read: its lines and outcome; or, with a `state`, why it is set aside."""

    sha256: str = ""
    state: UploadState | None = None
    issues: tuple[Issue, ...] = ()
    failure: str = ""
    rows: lines.Rows = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    line_count: int = 0
    outcome: UploadOutcome = field(default_factory=UploadOutcome)
    rejected: bytes = b""


def prepare(db: Database, tasks: Sequence[ReadingTask]) -> list[PreparedUpload]:
    """Read and judge small files, one after the other; where we fail with one, its place says so.

    Raises: DatabaseUnavailable when the database does not answer.
    """
    prepared = []
    for task in tasks:
        with log.bound(upload=task.upload_id):
            prepared.append(_guarded(db, task))
    return prepared


def _guarded(db: Database, task: ReadingTask) -> PreparedUpload:
    try:
        with task.path.open("rb") as source:
            return _prepared(db, task, source)
    except DatabaseUnavailable:
        raise
    except Exception as error:
        LOG.exception("upload.failed", upload=task.upload_id)
        return failed(error)


def failed(error: Exception) -> PreparedUpload:
    """The result for a file that we failed with; an operator has to look at it."""
    return PreparedUpload(state=UploadState.FAILED, failure=f"{type(error).__name__}: {error}")


def _prepared(db: Database, task: ReadingTask, source: BinaryIO) -> PreparedUpload:
    before = look(source)
    read = _judged(db, task, source)
    return changed_meanwhile(task, source, before, read.sha256) or read


def _judged(db: Database, task: ReadingTask, source: BinaryIO) -> PreparedUpload:
    sha256, _ = digest(source)
    examination = opened(db, task, source, sha256)
    if isinstance(examination, PreparedUpload):
        return examination
    if task.rehearsal is not None:
        return rehearsed(db, task, source, sha256)
    outcome, cells, bad = Outcome(examination.facts), rows(None), b""
    effects: list[Effect] = []
    for piece in examination.pieces():
        outcome.add(piece)
        effects += piece.effects
        for name, more in rows(piece).items():
            cells[name] += more
        bad += rejected_rows(piece, examination) if piece.raw else b""
    heading = rejected.header(examination.facts.headings, examination.facts.delimiter) if bad else b""
    return PreparedUpload(
        sha256,
        rows=cells,
        effects=effects,
        line_count=len(cells["line"]),
        outcome=outcome.so_far(),
        rejected=heading + bad,
    )


def opened(db: Database, task: ReadingTask, source: BinaryIO, sha256: str) -> Examination | PreparedUpload:
    """A file that is ready to be judged; or why it is set aside as a whole."""
    if changed := _changed(task, source, sha256):
        return changed
    try:
        examination = examine(source, file_name=task.name, context=task.context, look_up=_book(db, task))
    except FileRejected as error:
        return PreparedUpload(sha256, UploadState.REJECTED, error.issues)
    aside = _doubts(task, examination, sha256) or _headings(task, examination, sha256)
    return aside or _bulk_change(db, task, examination, sha256) or examination


def _headings(task: ReadingTask, examination: Examination, sha256: str) -> PreparedUpload | None:
    """A file is held in which a column that changes what shipments say may be misspelled (F13)."""
    holding = examination.facts.holding
    state = UploadState.HELD if task.rehearsal is None else UploadState.REJECTED
    return PreparedUpload(sha256, state, holding) if holding else None


def _changed(task: ReadingTask, source: BinaryIO, sha256: str) -> PreparedUpload | None:
    """Bytes that are not those that were taken are never judged (docs/domain.md#8-grading)."""
    return _set_aside(task, sha256, "" if task.kept is None else task.kept.why_not(os.fstat(source.fileno()), sha256))


def look(source: BinaryIO) -> KeptFile:
    """The file before it is read, for `changed_meanwhile`."""
    return replace(kept(os.fstat(source.fileno())), inode=0)  # which may change elsewhere than on a disk


def changed_meanwhile(task: ReadingTask, source: BinaryIO, before: KeptFile, sha256: str) -> PreparedUpload | None:
    """What becomes of a file that changed while it was read: nobody knows which of its bytes were judged."""
    changed = before.why_not(os.fstat(source.fileno()))
    return _set_aside(task, sha256, "a program wrote to it while it was read" if changed else "")


def _set_aside(task: ReadingTask, sha256: str, why: str) -> PreparedUpload | None:
    if not why:
        return None
    LOG.error("upload.changed_after_claim", upload=task.upload_id, why=why)
    return PreparedUpload(sha256, UploadState.CUT, (catalogue.issue("F07", detail=why),))


def _doubts(task: ReadingTask, examination: Examination, sha256: str) -> PreparedUpload | None:
    """A doubtful upload is judged by its content (docs/domain.md#8-grading)."""
    if task.grade != Grade.DOUBTFUL:
        return None
    ended = examination.facts.ended
    if not ended and task.door != Door.FOLDER:  # all of a folder's file is here, whether or not its program was done
        return PreparedUpload(sha256, UploadState.CUT, (catalogue.issue("F07", detail="the last line has no end"),))
    if task.context.policy.doubtful == "hold" or not ended:
        evidence = task.evidence if ended else f"{task.evidence}; the last line has no end"
        return PreparedUpload(sha256, UploadState.HELD, (catalogue.issue("F07", detail=f"doubtful={evidence}"),))
    return None


def _bulk_change(db: Database, task: ReadingTask, examination: Examination, sha256: str) -> PreparedUpload | None:
    """A file that changes far more than usual is held (F09)."""
    limit = task.limit
    if not limit.orders and not limit.cancellations:
        return None
    alarm = examination.alarm(limit.orders)
    issues = [
        catalogue.issue("F09", value=crowd.tracking, detail=f"tracking={crowd.orders} orders") for crowd in alarm.crowds
    ]
    if limit.cancellations and alarm.cancelled > limit.cancellations:
        usual = uploads.most_cancelled(db, task.upload_id)
        if alarm.cancelled > FAR_MORE * usual:
            before = f"at most {usual} at a time in the last {uploads.USUAL_DAYS} days"
            issues.append(catalogue.issue("F09", detail=f"it cancels {alarm.cancelled} orders, {before}"))
    return PreparedUpload(sha256, UploadState.HELD, tuple(issues[:SHOWN_ALARMS])) if issues else None


def _book(db: Database, task: ReadingTask) -> LookUp:
    """The seller's order book; current if orders have come in shortly before the file."""
    since = stamp(task.context.now - CURRENT)
    current = cache(lambda: order_book.has_orders_since(db, task.account_id, since))
    return lambda names: replace(
        snapshot.snapshot(db, task.account_id, names, beside=task.upload_id), current=current()
    )


def rehearsed(db: Database, task: ReadingTask, source: BinaryIO, sha256: str) -> PreparedUpload:
    """What would become of a file in test/; the answers are in the task's folder for them."""
    folder = expected(task.rehearsal, "folder for the answers of a rehearsal")
    source.seek(0)
    how = Conversion(task.merchant_id, task.context, look_up=_book(db, task))
    made = convert(source, folder, file_name=task.name, how=how)
    return PreparedUpload(sha256, line_count=made.line_count, outcome=made.outcome)


def rows(piece: Piece | None) -> lines.Rows:
    """The piece (None: no lines) as columns of `lines`, one cell per line."""
    if piece is None:
        return {name: [] for name in lines.COLUMNS}
    codes, messages = first_issues(piece)
    numbers = piece.keys.index.to_list()
    names = {"order_id": "order-id", "order_item_id": "order-item-id", "tracking": "tracking"}
    cells: lines.Rows = {"line": numbers}
    cells |= {name: arrow(piece.keys[column]).to_pylist() for name, column in names.items()}
    amazons = {effect.line: effect.amazon_order_id for effect in piece.effects}
    cells["amazon_order_id"] = [amazons.get(line, name) for line, name in zip(numbers, cells["order_id"], strict=True)]
    cells["verdict"] = arrow(piece.verdicts).to_pylist()
    cells |= {"code": codes, "message": messages, "shipment": [None] * len(numbers), "key": [None] * len(numbers)}
    cells["quiet"] = [line in piece.quiet for line in numbers] if piece.quiet else [False] * len(numbers)
    cells["kind"] = [str(FeedKind.FULFILLMENT)] * len(numbers)
    place = {line: at for at, line in enumerate(numbers)}
    for line, shipment, key in zip(piece.shipments.index.to_list(), *pack(piece.shipments), strict=True):
        at = place[line]
        cells["shipment"][at], cells["key"][at] = shipment, None if cells["verdict"][at] == Verdict.HELD else key
    for line, cancellation in piece.cancellations.items():
        if line in place:
            cells["shipment"][place[line]] = pack_cancellation(cancellation)
            cells["kind"][place[line]] = str(FeedKind.ACKNOWLEDGEMENT)
    return cells
