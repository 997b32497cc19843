"""One mail a day to sellers who want it: what became of their files, and what Amazon refused and nobody has settled."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from cws_filedrop import log
from cws_filedrop.model import MailEvent, MailKind, Seller
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseUnavailable, moment, stamp
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
LONGEST_DAYS: Final = 7  # that a digest reaches back, after a time in which none could be written
SHOWN_FILES: Final = 100
SHOWN_REFUSED: Final = 50
STATES: Final = {
    "arrived": "not read yet",
    "waiting": "waits for Amazon",
    "done": "done",
    "rejected": "not usable",
    "held": "held: waits for you or the operator",
    "cut": "cut off in transfer: upload it again",
    "failed": "the operator looks into it",
    "replaced": "replaced by a later file",
}


class Digests:
    """Which sellers had today's digest, so that the database is asked once a day and not once a minute."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._done: dict[int, datetime] = {}

    def write(self) -> int:
        """Queue the digests that are due; the number of mails."""
        now, queued = self._context.clock(), 0
        for seller in sellers.everyone(self._context.db):
            if not seller.mailing.addresses or MailEvent.DIGEST not in seller.mailing.events:
                continue
            until = last_hour(now, self._context.settings.mail.digest_hour, seller.policy.time_zone)
            if self._done.get(seller.id) != until:
                queued += self._guarded(seller, until)
                self._done[seller.id] = until
        return queued

    def _guarded(self, seller: Seller, until: datetime) -> int:
        try:
            return _write(self._context, seller, until)
        except DatabaseUnavailable:
            raise
        except Exception:  # one seller's trouble is not the others'
            LOG.exception("mail.digest_not_written", seller=seller.name)
            return 0


def last_hour(now: datetime, hour: int, time_zone: str) -> datetime:
    """When it was that hour for the last time, in a zone (an aware moment in it)."""
    here = now.astimezone(ZoneInfo(time_zone))
    today = datetime.combine(here.date(), time(hour), here.tzinfo)
    if today <= here:
        return today
    return datetime.combine(here.date() - timedelta(days=1), time(hour), here.tzinfo)


def _write(context: ServiceContext, seller: Seller, until: datetime) -> int:
    day = f"digest:{seller.id}:{until.date().isoformat()}"
    keys = {address: f"{day}:{address}" for address in seller.mailing.addresses}
    # Asked of the database too, since `_done` is forgotten at a restart.
    if len(mails.known(context.db, keys.values())) == len(keys):
        return 0
    since = _since(context, seller, until)
    received = uploads.between(context.db, seller.id, stamp(since), stamp(until))
    refused = _refused(context, seller, stamp(until))
    if not received and not refused:
        return 0
    written = letter("digest", _values(context, seller, (since, until), received, refused), context.marketplace)
    text = (written.subject, written.text, written.html)
    drafts = [Draft(key, MailKind.DIGEST, address, *text, seller.id) for address, key in keys.items()]
    return mails.tell(context.db, [], drafts, now=context.clock())


def _refused(context: ServiceContext, seller: Seller, until: str) -> list[dict[str, Any]]:
    """Lines of files from before a moment that Amazon refused and nobody has settled; one more than are shown."""
    unconfirmed = lines.unconfirmed(context.db, seller.account.id, limit=SHOWN_REFUSED + 1)
    arrived = {
        upload.id: upload.arrived_at for upload in uploads.some(context.db, [line["upload_id"] for line in unconfirmed])
    }
    return [line for line in unconfirmed if arrived[line["upload_id"]] < until]


def _since(context: ServiceContext, seller: Seller, until: datetime) -> datetime:
    """From where the last digest ended."""
    written = mails.last_at(context.db, MailKind.DIGEST, seller.id)
    usual = until - timedelta(days=1)
    if not written:
        return usual
    ended = last_hour(moment(written), context.settings.mail.digest_hour, seller.policy.time_zone)
    return max(min(ended, usual), until - timedelta(days=LONGEST_DAYS))


def _values(
    context: ServiceContext,
    seller: Seller,
    period: tuple[datetime, datetime],
    received: list[Upload],
    refused: list[dict[str, Any]],
) -> dict[str, Any]:
    since, until = (f"{end:%Y-%m-%d %H:%M}" for end in period)
    return {
        "seller": seller.name,
        "since": since,
        "until": until,
        "time_zone": seller.policy.time_zone,
        "files": [_file(context, upload) for upload in received[:SHOWN_FILES]],
        "more": max(len(received) - SHOWN_FILES, 0),
        "unconfirmed": refused[:SHOWN_REFUSED],
        "unconfirmed_more": len(refused) > SHOWN_REFUSED,
        "base_url": context.settings.mail.base_url,
    }


def _file(context: ServiceContext, upload: Upload) -> dict[str, str]:
    counts = lines.verdict_counts(context.db, upload.id) or upload.outcome.counts
    return {
        "name": upload.name,
        "id": upload.id,
        "state": STATES[upload.state],
        "counts": ", ".join(f"{verdict} {number:,}" for verdict, number in counts.items()),
    }
