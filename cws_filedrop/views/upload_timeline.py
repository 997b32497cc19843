"""What happened to an upload, step by step, from what many tables keep of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.drop.claims import Claim
from cws_filedrop.model import UploadState
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.lists import upload_events
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Decision
from cws_filedrop.upload_outcome import UploadOutcome
from cws_filedrop.views import feed_documents
from cws_filedrop.views.feed_documents import StoredDocument


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step; `at` is a stamp, `tone` is good, bad, odd or plain, `path` leads to the page with more."""

    at: str
    what: str
    detail: str = ""
    tone: str = "plain"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps in order; the feeds with the number of lines they carried and what is kept of each; the mails; and what
    people decided."""

    steps: list[TimelineStep]
    feeds: list[tuple[FeedRow, int, list[StoredDocument]]]
    mails: list[upload_events.TimelineMail]
    decisions: list[Decision]


def find(context: ServiceContext, upload_id: str) -> tuple[Upload, bool] | None:
    """An upload, and whether it is recorded: one that has just come lies in the spool alone."""
    recorded = uploads.get(context.db, upload_id)
    if recorded is not None:
        return recorded, True
    claim = context.spool.seen(upload_id)
    if claim is None:
        return None
    recorded = uploads.get(context.db, upload_id)  # it may have been recorded this moment
    return (recorded, True) if recorded is not None else (_unrecorded(claim), False)


def _unrecorded(claim: Claim) -> Upload:
    """What is known before the worker has recorded it; ids of the database are 0."""
    return Upload(
        id=claim.upload_id,
        seller_id=0,
        seller=claim.seller,
        account_id=0,
        folder=str(claim.folder),
        name=claim.name,
        door=str(claim.door),
        client=claim.client,
        grade=str(claim.grade or ""),
        evidence=claim.evidence,
        arrived_at=claim.arrived_at,
        size=claim.size,
        state=UploadState.ARRIVED,
        sha256="",
        outcome=UploadOutcome(),
        line_count=0,
        waiting=0,
        answered_at=None,
        done_at=None,
        releases=0,
    )


def of(context: ServiceContext, upload: Upload) -> Timeline:
    """The timeline of an upload, as far as it has come."""
    feeds = upload_events.feeds(context.db, upload.id)
    mails = upload_events.mails(context.db, upload.id)
    made = decisions.listing(context.db, about=upload.id)
    steps = [*_began(context, upload), *_fed(feeds), *_mailed(mails), *_ended(upload)]
    steps += [TimelineStep(one.at, f"{one.who}: {one.what}", one.detail, "odd") for one in made]
    steps.sort(key=lambda step: step.at)
    kept = [(feed, lines, feed_documents.of_feed(context, feed)) for feed, lines in feeds]
    return Timeline(steps, kept, mails, made)


def _began(context: ServiceContext, upload: Upload) -> Iterator[TimelineStep]:
    seen = upload_events.at_the_doors(context.db, upload.id)
    for event in seen:
        client = " ".join(filter(None, (event.address, event.client)))
        yield TimelineStep(event.at, f"{event.event} at {event.door}", " · ".join(filter(None, (client, event.detail))))
    if not seen:
        yield TimelineStep(
            upload.arrived_at, f"came by {upload.door}", " · ".join(filter(None, (upload.client, upload.evidence)))
        )
    if upload.grade:
        graded = {"whole": "good", "doubtful": "odd", "cut": "bad"}.get(upload.grade, "plain")
        came = max([upload.arrived_at, *(event.at for event in seen if event.event == AuditEventKind.UPLOAD)])
        yield TimelineStep(came, f"graded {upload.grade}", upload.evidence, graded)
    if upload.answered_at:
        yield TimelineStep(upload.answered_at, "receipt delivered", "", "good")


def _fed(feeds: list[tuple[FeedRow, int]]) -> Iterator[TimelineStep]:
    for feed, lines in feeds:
        carried = f"{lines} of its lines"
        yield TimelineStep(feed.opened_at, f"feed {feed.no} opened", carried, path="/feeds")
        if feed.submitted_at:
            yield TimelineStep(
                feed.submitted_at, "given to Amazon", f"feed {feed.no} is Amazon's {feed.amazon_feed_id}", "good"
            )
        if feed.settled_at:
            yield TimelineStep(feed.settled_at, "Amazon answered", f"feed {feed.no}", "good")
        if feed.note:
            yield TimelineStep(
                feed.settled_at or feed.submitted_at or feed.opened_at, f"feed {feed.no}", feed.note, "odd"
            )


def _mailed(mails: list[upload_events.TimelineMail]) -> Iterator[TimelineStep]:
    for mail in mails:
        yield TimelineStep(mail.sent_at or mail.created_at, f"mail {mail.state}", f"{mail.subject} ({mail.recipient})")


def _ended(upload: Upload) -> Iterator[TimelineStep]:
    if upload.done_at:
        yield TimelineStep(max(upload.done_at, upload.answered_at or ""), "every line has its answer", "", "good")
