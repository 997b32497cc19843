"""What happened to an upload, step by step, out of what many tables keep of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.deeds import Event
from cws_filedrop.model import UploadState
from cws_filedrop.pipeline import papers
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.papers import Kept
from cws_filedrop.store import deeds, upload_story, uploads
from cws_filedrop.store.deeds import Did
from cws_filedrop.store.feeds import FeedRow
from cws_filedrop.store.uploads import Upload
from cws_filedrop.upload_outcome import UploadOutcome


@dataclass(frozen=True, slots=True)
class Step:
    """One of them; `at` is a stamp, `tone` is good, bad, odd or plain, `path` leads to more."""

    at: str
    what: str
    detail: str = ""
    tone: str = "plain"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The steps in order, the feeds with the lines they carried and what is kept of each, the mails, and what people
    did."""

    steps: list[Step]
    feeds: list[tuple[FeedRow, int, list[Kept]]]
    mails: list[upload_story.Mailed]
    deeds: list[Did]


def find(desk: Desk, upload_id: str) -> tuple[Upload, bool] | None:
    """An upload, and whether it is recorded: one that has just come lies in the spool alone."""
    recorded = uploads.get(desk.db, upload_id)
    if recorded is not None:
        return recorded, True
    claim = desk.spool.seen(upload_id)
    if claim is None:
        return None
    recorded = uploads.get(desk.db, upload_id)  # it may have been recorded this moment
    return (recorded, True) if recorded is not None else (_unrecorded(claim), False)


def _unrecorded(claim: Claim) -> Upload:
    """What is known before anybody has recorded it; ids of the database are 0."""
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


def of(desk: Desk, upload: Upload) -> Story:
    """The story of an upload."""
    feeds = upload_story.feeds(desk.db, upload.id)
    mails = upload_story.mails(desk.db, upload.id)
    done = deeds.listing(desk.db, about=upload.id)
    steps = [*_began(desk, upload), *_fed(feeds), *_mailed(mails), *_ended(upload)]
    steps += [Step(one.at, f"{one.who}: {one.what}", one.detail, "odd") for one in done]
    steps.sort(key=lambda step: step.at)
    kept = [(feed, lines, papers.of_feed(desk, feed)) for feed, lines in feeds]
    return Story(steps, kept, mails, done)


def _began(desk: Desk, upload: Upload) -> Iterator[Step]:
    seen = upload_story.at_the_doors(desk.db, upload.id)
    for one in seen:
        client = " ".join(filter(None, (one.address, one.client)))
        yield Step(one.at, f"{one.event} at {one.door}", " · ".join(filter(None, (client, one.detail))))
    if not seen:
        yield Step(
            upload.arrived_at, f"came by {upload.door}", " · ".join(filter(None, (upload.client, upload.evidence)))
        )
    if upload.grade:
        graded = {"whole": "good", "doubtful": "odd", "cut": "bad"}.get(upload.grade, "plain")
        came = max([upload.arrived_at, *(one.at for one in seen if one.event == Event.UPLOAD)])
        yield Step(came, f"graded {upload.grade}", upload.evidence, graded)
    if upload.answered_at:
        yield Step(upload.answered_at, "receipt delivered", "", "good")


def _fed(feeds: list[tuple[FeedRow, int]]) -> Iterator[Step]:
    for feed, lines in feeds:
        told = f"{lines} of its lines"
        yield Step(feed.opened_at, f"feed {feed.no} opened", told, path="/feeds")
        if feed.submitted_at:
            yield Step(
                feed.submitted_at, "given to Amazon", f"feed {feed.no} is Amazon's {feed.amazon_feed_id}", "good"
            )
        if feed.settled_at:
            yield Step(feed.settled_at, "Amazon answered", f"feed {feed.no}", "good")
        if feed.note:
            yield Step(feed.settled_at or feed.submitted_at or feed.opened_at, f"feed {feed.no}", feed.note, "odd")


def _mailed(mails: list[upload_story.Mailed]) -> Iterator[Step]:
    for mail in mails:
        yield Step(mail.sent_at or mail.created_at, f"mail {mail.state}", f"{mail.subject} ({mail.recipient})")


def _ended(upload: Upload) -> Iterator[Step]:
    if upload.done_at:
        yield Step(max(upload.done_at, upload.answered_at or ""), "every line has its answer", "", "good")
