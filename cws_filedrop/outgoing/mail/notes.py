"""Notes of what mails may have to tell, made in the step where it happens. No mail is written or sent here.

Noting again changes nothing, so that a step may run twice; and while mail is off it costs nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from cws_filedrop.model import MailEvent, Seller, UploadState, Verdict
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Note
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload


class Topic(StrEnum):
    """What a note is about."""

    ANSWERED = "answered"  # an upload was answered with a receipt
    FINISHED = "finished"  # the last line of an upload has Amazon's answer
    SHIPPED = "shipped"  # Amazon has answered a feed: buyers may hear of it
    TROUBLE = "trouble"  # something needs an operator
    ACCESS = "access"  # a seller's token, web hook or login was changed


def is_on(context: ServiceContext) -> bool:
    """Is there any mail?"""
    return bool(context.settings.mail.host)


def answered(context: ServiceContext, answered_uploads: Sequence[Upload]) -> None:
    """Uploads have been answered with receipts."""
    if not is_on(context) or not answered_uploads:
        return
    owners = sellers.by_ids(context.db, {upload.seller_id for upload in answered_uploads})
    notes = [
        Note(_answer_key(upload), Topic.ANSWERED, upload.id)
        for upload in answered_uploads
        if wants_each(owners[upload.seller_id]) and _has_news(upload)
    ]
    if context.settings.mail.operators:
        notes += [_set_aside(upload) for upload in answered_uploads if upload.state in uploads.ASIDE]
    mails.note(context.db, notes, now=context.clock())


def finished(context: ServiceContext, finished_uploads: Sequence[Upload]) -> None:
    """Amazon's answers have been delivered to sellers."""
    if not is_on(context) or not finished_uploads:
        return
    owners = sellers.by_ids(context.db, {upload.seller_id for upload in finished_uploads})
    notes = [
        Note(f"upload:{upload.id}:finished", Topic.FINISHED, upload.id)
        for upload in finished_uploads
        if wants_each(owners[upload.seller_id])
    ]
    mails.note(context.db, notes, now=context.clock())


def settled(context: ServiceContext, feed_no: int, account_id: int) -> None:
    """The lines of a feed have got their verdicts."""
    if not is_on(context):
        return
    notes = []
    if any(one.mailing.buyers for one in sellers.everyone(context.db) if one.account.id == account_id):
        notes.append(Note(f"feed:{feed_no}:shipped", Topic.SHIPPED, str(feed_no)))
    mails.note(context.db, notes, now=context.clock())
    if context.settings.mail.operators and lines.any_unknown(context.db, feed_no):
        what = f"feed {feed_no}: nobody can say what became of its lines; look them up at Amazon"
        trouble(context, f"feed:{feed_no}:unknown", about=str(feed_no), what=what)


def stopped(context: ServiceContext, feed_no: int, why: str) -> None:
    """A feed waits for an operator."""
    digest = hashlib.sha256(why.encode()).hexdigest()[:8]
    what = f"feed {feed_no} is stopped: {why}; see `cws-filedrop feed list`"
    trouble(context, f"feed:{feed_no}:stopped:{digest}", about=str(feed_no), what=what)


def trouble(context: ServiceContext, key: str, *, about: str, what: str) -> None:
    """Something needs an operator; `what` holds nothing of buyers."""
    if is_on(context) and context.settings.mail.operators:
        mails.note(context.db, [Note(key, Topic.TROUBLE, about, what)], now=context.clock())


def access_in(context: ServiceContext, connection: Connection, seller: Seller, what: str) -> None:
    """A seller's token, web hook or login was changed; part of the transaction that changes it."""
    if is_on(context) and seller.mailing.addresses:
        note = Note(f"access:{uuid.uuid4().hex}", Topic.ACCESS, str(seller.id), what)
        mails.note_in(connection, [note], now=context.clock())


def wants_each(seller: Seller) -> bool:
    """Does a seller want mails about single files?"""
    return bool(seller.mailing.addresses) and any(one is not MailEvent.DIGEST for one in seller.mailing.events)


def _has_news(upload: Upload) -> bool:
    """Is there anything to tell before Amazon has answered? When all lines are good so far, the result tells it."""
    counts = upload.outcome.counts
    waits = counts.get(Verdict.QUEUED, 0) and not upload.rehearsal and upload.state not in uploads.ASIDE
    return not waits or bool(counts.get(Verdict.REJECTED, 0))


def _answer_key(upload: Upload) -> str:
    """One answer of an upload is mailed, and one more once an operator has released it."""
    return f"upload:{upload.id}:{'released' if upload.releases else 'answered'}"


SET_ASIDE: Final = {
    UploadState.HELD: "is held",
    UploadState.CUT: "looks cut off in transfer",
    UploadState.FAILED: "could not be read, which is our fault",
}


def _set_aside(upload: Upload) -> Note:
    codes = " ".join(dict.fromkeys(issue.code for issue in upload.outcome.file_issues))
    what = f"upload {upload.id} of {upload.seller} ({upload.name}) {SET_ASIDE[upload.state]}"
    return Note(f"{_answer_key(upload)}:{upload.state}", Topic.TROUBLE, upload.id, f"{what} {codes}".rstrip())
