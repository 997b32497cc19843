"""What the seller finds: receipts, results, the status file. Repeating a delivery changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.drop.home import deliver_all, result_name
from cws_filedrop.drop.names import is_release
from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.formats import profile
from cws_filedrop.formats.file import open_file
from cws_filedrop.model import Issue, Profile, Seller, Severity, UploadState, Verdict
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.pipeline import standing
from cws_filedrop.pipeline.recording import REHEARSAL_DIR, REJECTED_FILE
from cws_filedrop.reports import receipt, rejected, result, status, table
from cws_filedrop.rules import catalogue
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads, verdict_counts, waiting_lines
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
BLOCK: Final = 1 << 20
Delivery = tuple[Path, Iterable[bytes]]


def answer(context: ServiceContext, batch: Sequence[Upload]) -> list[str]:
    """Deliver receipts and rejected lines; and the result, when nothing waits for Amazon. Deliver the results of
    earlier uploads, too, that wait for nothing any more because lines of these took the place of theirs.

    Returns the ids of uploads whose answers could not be delivered, to be tried again: a full disk or a damaged outbox
    must not lose them.
    """
    late = _deliver(context, batch, _answers, (notes.answered, events.answered))
    with context.db.read() as connection:
        replaced = waiting_lines.finished_by(connection, [upload.id for upload in batch])
    return late + publish(context, uploads.some(context.db, replaced)) if replaced else late


def publish(context: ServiceContext, batch: Sequence[Upload]) -> list[str]:
    """Deliver results, and the lines that Amazon refused; the ids of uploads whose results could not be delivered."""
    return _deliver(context, batch, _results, (notes.finished, events.finished))


def publish_again(context: ServiceContext, batch: Sequence[Upload]) -> list[str]:
    """Rewrite results that have more to say now, unless the seller has removed them, and count their lines anew; the
    ids of uploads whose results could not be rewritten."""
    there = [
        upload for upload in batch if upload.state is UploadState.DONE and _named(context, upload, "result").exists()
    ]
    late = _deliver(context, there, _results, ())  # without mails and hooks: the outcome is the same as before
    for upload in there:
        if upload.id not in late and not lines.verdict_counts(context.db, upload.id).get(Verdict.UNCONFIRMED, 0):
            _named(context, upload, "unconfirmed").unlink(missing_ok=True)  # nothing of it is refused any more
    others = [upload.id for upload in batch if upload not in there]
    verdict_counts.renew(context.db, others, at=stamp(context.clock()))
    for upload in batch:
        STATUS_DUE.add(upload.seller)
    if late:
        LOG.warning("outbox.not_renewed", uploads=late)
    return late


def _deliver(
    context: ServiceContext,
    batch: Sequence[Upload],
    files: Callable[[ServiceContext, Upload], Iterator[Delivery]],
    tell: Sequence[Callable[[ServiceContext, Sequence[Upload]], None]],
) -> list[str]:
    try:
        deliver_all(file for upload in batch for file in files(context, upload))
        waiting = [upload.id for upload in batch if upload.state is UploadState.WAITING]
        at = stamp(context.clock())
        verdict_counts.answered(context.db, [upload.id for upload in batch], at=at, waiting=waiting)
        for note in tell:
            note(context, batch)
    except Exception as error:
        if len(batch) > 1:  # one by one, so that one seller's full outbox does not hold up the others
            return [late for upload in batch for late in _deliver(context, [upload], files, tell)]
        ours = not isinstance(error, OSError)
        only = batch[0]
        LOG.error("outbox.not_delivered", upload=only.id, seller=only.seller, error=str(error), exc_info=ours)
        return [only.id]
    for upload in batch:
        STATUS_DUE.add(upload.seller)
    return []


def _answers(context: ServiceContext, upload: Upload) -> Iterator[Delivery]:
    if upload.outcome.counts.get(Verdict.REJECTED, 0):
        yield _named(context, upload, "rejected"), _file(_rejected_path(context, upload))
    if upload.state in (UploadState.DONE, UploadState.REJECTED):
        yield from _results(context, upload)
    # The receipt last: who sees it finds everything that it speaks of.
    yield _named(context, upload, "receipt"), [_receipt(context, upload).encode()]


def _results(context: ServiceContext, upload: Upload) -> Iterator[Delivery]:
    if upload.state is UploadState.DONE and is_release(upload.name):
        return  # a file that releases another has no lines; the released one has results of its own
    if upload.rehearsal and upload.state is UploadState.DONE:
        yield from _rehearsal(context, upload)
    elif upload.state is UploadState.REJECTED:
        whole = result.whole_file(upload.outcome.file_issues[0])
        yield _named(context, upload, "result"), [result.header(), whole]
    else:
        pieces = lines.of_upload(context.db, upload.id)
        first = next(pieces, [])
        if _how_many(context, upload, first, Verdict.UNCONFIRMED):
            yield _named(context, upload, "unconfirmed"), _unconfirmed(context, upload)
        before = upload.outcome.counts.get(Verdict.REJECTED, 0)
        if _how_many(context, upload, first, Verdict.REJECTED) > before:
            yield _named(context, upload, "rejected"), _rejected(context, upload, before)
        rows = map(table.plain_rows, chain([first], pieces))
        yield _named(context, upload, "result"), chain([result.header()], rows)


def _named(context: ServiceContext, upload: Upload, kind: str, *, suffix: str = "txt") -> Path:
    name = result_name(upload.name, upload.id, kind)
    if suffix != "txt":
        name = name.removesuffix("txt") + suffix
    return context.home(upload.seller).path / "outbox" / name


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _rejected_path(context: ServiceContext, upload: Upload) -> Path:
    folder = context.work_dir(upload.id)
    return (folder / REHEARSAL_DIR if upload.rehearsal else folder) / REJECTED_FILE


def _receipt(context: ServiceContext, upload: Upload) -> str:
    state = "rehearsal" if upload.rehearsal and upload.state is UploadState.DONE else str(upload.state)
    return receipt.text(
        receipt.Receipt(
            name=upload.name,
            upload_id=upload.id,
            arrived_at=upload.arrived_at,
            door=upload.door,
            size=upload.size,
            sha256=upload.sha256,
            grade=upload.grade,
            evidence=upload.evidence,
            state=state,
            line_count=upload.line_count,
            outcome=upload.outcome,
            marketplace=context.marketplace,
        )
    )


def _how_many(context: ServiceContext, upload: Upload, first: Sequence[Any], verdict: Verdict) -> int:
    if len(first) == upload.line_count:
        return sum(row.verdict == verdict for row in first)
    return lines.verdict_counts(context.db, upload.id).get(verdict, 0)


def _rejected(context: ServiceContext, upload: Upload, before: int) -> Iterator[bytes]:
    """The rejected lines: those that were rejected `before`, and those that were when their wait ended."""
    late = {row.line: _last_said(row) for row in lines.rejected_late(context.db, upload.id)}
    pieces = in_own_columns(context, upload, late)
    if before:
        next(pieces)  # the headings, which are there already
        yield from _file(_rejected_path(context, upload))
    yield from pieces


def _last_said(row: Any) -> Issue:
    """Why a line was rejected that waited: what is said of it last."""
    code, message = row.code.rpartition(" | ")[2], row.message.rpartition(" | ")[2]
    return catalogue.of_message(code, message, column="quantity")


def _unconfirmed(context: ServiceContext, upload: Upload) -> Iterator[bytes]:
    """The refused lines as the seller typed them, with Amazon's reason."""
    refused = {
        row.line: Issue(row.code, Severity.ERROR, "", "", row.message, explain(_amazons(row.code)))
        for piece in lines.of_upload(context.db, upload.id, verdict=Verdict.UNCONFIRMED)
        for row in piece
    }
    yield from in_own_columns(context, upload, refused)


def in_own_columns(context: ServiceContext, upload: Upload, refused: Mapping[int, Issue]) -> Iterator[bytes]:
    """Lines of an upload (by number) as the seller typed them, each with its issue: a file to correct and drop again.

    Raises: FileNotFoundError when the upload's bytes are not kept any more.
    """
    seller = sellers.by_id(context.db, upload.seller_id)
    limits = context.judging(seller.policy, context.clock()).limits
    with context.spool.data_path(upload.id).open("rb") as source:
        file = open_file(source, file_name=upload.name, limits=limits, profiles=profiles_of(upload))
        facts = file.facts
        yield rejected.header(facts.headings, facts.delimiter)
        for chunk in file.chunks():
            here = [line for line in chunk.lines.index.to_list() if line in refused]
            raw = dict(zip(here, chunk.raw(here), strict=True))
            yield rejected.rows(raw, ((line, refused[line]) for line in here), facts.delimiter, facts.headings)


def profiles_of(upload: Upload) -> tuple[Profile, ...]:
    """The profile by which the upload was read, as it was then: the seller may have changed it since."""
    used = upload.outcome.profile
    return (profile.parse(used.text, used.name),) if used else ()


def _amazons(codes: str) -> str:
    """The first of Amazon's codes among a line's codes."""
    return re.split(r"[, |]", codes.removeprefix("A-"), maxsplit=1)[0]


def _rehearsal(context: ServiceContext, upload: Upload) -> Iterator[Delivery]:
    made = context.work_dir(upload.id) / REHEARSAL_DIR
    for number, path in enumerate(sorted(made.glob("feed-*.xml")), 1):
        yield _named(context, upload, f"feed-{number:04d}", suffix="xml"), _file(path)
    yield _named(context, upload, "result"), _file(made / "result.txt")


def write_statuses(context: ServiceContext, names: Iterable[str]) -> None:
    """Rewrite STATUS.txt and STATUS.json of these sellers; those that cannot be written now are tried again later."""
    for name, seller in sellers.by_name(context.db, names).items():
        try:
            _write_status(context, seller)
        except OSError as error:
            LOG.error("outbox.status_not_written", seller=name, error=str(error))
            STATUS_DUE.add(name)


def _write_status(context: ServiceContext, seller: Seller) -> None:
    home, now = context.home(seller.name).path, standing.of(context, seller)
    files = {"STATUS.txt": status.text(now).encode(), "STATUS.json": status.as_json(now)}
    deliver_all((home / name, [content]) for name, content in files.items())
