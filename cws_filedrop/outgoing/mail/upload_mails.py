"""Mails to sellers about one upload: whether one is written, and what it says.

Nothing of a file's cells goes into a mail, since a wrong file may hold anything; they are in the outbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.drop.names import result_name
from cws_filedrop.feeds.processing_report import BETWEEN_MESSAGES, explain
from cws_filedrop.model import Issue, MailEvent, MailKind, Severity, UploadState, Verdict
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.outgoing.mail.notes import Topic, wants_each
from cws_filedrop.rules import catalogue
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft, Note
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.upload_outcome import WHOLE

LOG: Final = log.get(__name__)
SHOWN: Final = 20
QUOTED: Final = re.compile(r'"([^"]*)"')
BAD: Final = (Verdict.UNCONFIRMED, Verdict.UNKNOWN)
BY_STATE: Final = {
    UploadState.REJECTED: (
        "not usable, the whole file was rejected",
        "Nothing was sent. Correct the file and drop it again.",
    ),
    UploadState.CUT: ("not complete, it looks cut off in transfer", "Nothing of it was sent. Upload it again, whole."),
    UploadState.HELD: ("held", "Nothing of it is sent until you or the operator say so."),
    UploadState.FAILED: (
        "received, not read yet",
        "Something went wrong on our side. Your file is safe, the operator is informed; do not drop it again.",
    ),
}


def write(context: ServiceContext) -> int:
    """Queue the mails about uploads that were answered or finished; how many."""
    queued = 0
    for topic in (Topic.ANSWERED, Topic.FINISHED):
        while notes := mails.untold(context.db, topic):
            drafts = [draft for note in notes for draft in _guarded(context, note)]
            queued += mails.tell(context.db, notes, drafts, now=context.clock())
    return queued


def _guarded(context: ServiceContext, note: Note) -> list[Draft]:
    try:
        return list(_drafts(context, note))
    except DatabaseUnavailable:
        raise
    except Exception:  # one upload that cannot be described is no reason to be silent about the others
        LOG.exception("mail.not_written", note=note.key)
        return []


def _drafts(context: ServiceContext, note: Note) -> Iterator[Draft]:
    upload = uploads.get(context.db, note.about)
    if upload is None or upload.state in (UploadState.REPLACED, UploadState.ARRIVED):
        return  # it was released meanwhile: its next answer is what counts
    seller = sellers.by_id(context.db, upload.seller_id)
    finished = note.topic == Topic.FINISHED
    counts = lines.verdict_counts(context.db, upload.id) if finished else upload.outcome.counts
    event = event_of(upload, counts)
    if not wants_each(seller) or event not in seller.mailing.events:
        return
    values = _values(context, upload, event, counts, finished=finished)
    written = letter("upload", values, context.marketplace)
    for address in seller.mailing.addresses:
        key = f"{note.key}:{address}"
        yield Draft(key, MailKind.UPLOAD, address, written.subject, written.text, written.html, seller.id)


def event_of(upload: Upload, counts: Mapping[str, int]) -> MailEvent:
    """Which kind of news an upload's answer is to its seller; `counts` are its lines by verdict."""
    confirmed = counts.get(Verdict.CONFIRMED, 0) + counts.get(Verdict.CONFIRMED_WARNING, 0)
    if upload.state in BY_STATE or any(counts.get(verdict, 0) for verdict in BAD):
        return MailEvent.ERRORS
    if counts.get(Verdict.REJECTED, 0) and not confirmed:  # else the receipt's mail has told of rejected lines already
        return MailEvent.ERRORS
    warned = any(issue.severity is Severity.WARNING for _, issue in upload.outcome.all_issues)
    if warned or counts.get(Verdict.CONFIRMED_WARNING, 0):
        return MailEvent.WARNINGS
    return MailEvent.SUCCESS


def _values(
    context: ServiceContext, upload: Upload, event: MailEvent, counts: Mapping[str, int], *, finished: bool
) -> dict[str, Any]:
    headline, following = _headline(upload, event, counts, finished=finished)
    problems, more = _refused(context, upload, counts) if finished else ([], 0)
    if not problems:
        problems, more = _issues(upload, event, counts)
    return {
        "file": upload.name,
        "upload_id": upload.id,
        "arrived": f"{upload.arrived_at[:19].replace('T', ' ')} UTC",
        "headline": context.marketplace.said(headline),
        "counts": sorted(counts.items(), key=lambda item: -item[1]),
        "heading": "What to look at",
        "problems": problems,
        "more": more,
        "next": context.marketplace.said(following),
        "files": list(_files(upload, counts, finished=finished)),
        "base_url": context.settings.mail.base_url,
    }


def _headline(upload: Upload, event: MailEvent, counts: Mapping[str, int], *, finished: bool) -> tuple[str, str]:
    if upload.state in BY_STATE:
        return BY_STATE[upload.state]
    following = "Every line has its answer; the result is complete."
    if upload.rehearsal:
        following = "This was a rehearsal: nothing was sent, nothing was changed."
    elif not finished and counts.get(Verdict.QUEUED, 0):
        following = "The good lines go to Amazon; the result follows when Amazon has answered for the last one."
    bad = sum(counts.get(verdict, 0) for verdict in BAD)
    confirmed = counts.get(Verdict.CONFIRMED, 0) + counts.get(Verdict.CONFIRMED_WARNING, 0)
    if bad:
        return f"{_lines(bad)} not confirmed by Amazon", following
    if event is MailEvent.ERRORS:
        return f"{_lines(counts.get(Verdict.REJECTED, 0))} rejected", following
    good = f"{_lines(confirmed)} confirmed by Amazon" if confirmed else "read, and nothing waits for Amazon"
    return good + (", with warnings" if event is MailEvent.WARNINGS else ""), following


def _lines(number: int) -> str:
    return f"{number:,} {'line' if number == 1 else 'lines'}"


def _issues(upload: Upload, event: MailEvent, counts: Mapping[str, int]) -> tuple[list[dict[str, Any]], int]:
    """The issues of the file that matter for the event; and how many more lines have some."""
    wanted = (Severity.ERROR, Severity.HELD) if event is MailEvent.ERRORS else (Severity.WARNING,)
    chosen = [(line, issue) for line, issue in upload.outcome.all_issues if issue.severity in wanted][:SHOWN]
    shown = len({line for line, _ in chosen if line != WHOLE})
    more = counts.get(Verdict.REJECTED, 0) - shown if event is MailEvent.ERRORS else 0
    return [_without_cells(line, issue) for line, issue in chosen], max(more, 0)


def _without_cells(line: int, issue: Issue) -> dict[str, Any]:
    message, remedy = (words if line == WHOLE else _masked(words, issue) for words in (issue.message, issue.remedy))
    return {"line": line, "column": issue.column, "code": issue.code, "message": message, "remedy": remedy}


def _masked(words: str, issue: Issue) -> str:
    """A sentence about a line, without what was typed there: that is between quotes, or is a quantity."""
    for value in (issue.value, catalogue.shown(issue.value)):
        if value:
            words = words.replace(f'"{value}"', "“…”")
    return QUOTED.sub(lambda quoted: quoted[0] if quoted[1] == issue.column else "“…”", words)


def _refused(context: ServiceContext, upload: Upload, counts: Mapping[str, int]) -> tuple[list[dict[str, Any]], int]:
    """The first lines that Amazon did not confirm, with Amazon's words; and how many more there are."""
    bad = [verdict for verdict in BAD if counts.get(verdict, 0)]
    rows: list[Any] = []
    for verdict in bad:
        rows += next(lines.of_upload(context.db, upload.id, verdict=verdict), [])[: SHOWN - len(rows)]
    return [_amazons(row) for row in rows], sum(counts[verdict] for verdict in bad) - len(rows)


def _amazons(row: Any) -> dict[str, Any]:
    code, message = (text.partition(BETWEEN_MESSAGES)[0] for text in (row.code, row.message))  # ours stand beside them
    return {"line": row.line, "column": "", "code": code, "message": message, "remedy": explain(code)}


def _files(upload: Upload, counts: Mapping[str, int], *, finished: bool) -> Iterator[str]:
    kinds: Sequence[tuple[str, bool]] = (
        ("receipt", not finished),
        ("rejected", counts.get(Verdict.REJECTED, 0) > 0),
        ("unconfirmed", counts.get(Verdict.UNCONFIRMED, 0) > 0),
        ("result", finished or upload.state in (UploadState.DONE, UploadState.REJECTED)),
    )
    yield from (result_name(upload.name, upload.id, kind) for kind, there in kinds if there)
