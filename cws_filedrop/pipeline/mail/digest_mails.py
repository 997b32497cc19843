"""One mail a day to sellers who want that: what became of their files, and what Amazon refused and nobody settled."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError

from cws_filedrop import log
from cws_filedrop.model import MailEvent, MailKind, Seller
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import lines, mails, sellers, uploads
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.mails import Draft
from cws_filedrop.store.uploads import Upload

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
    """Who was told today, so that the database is asked once a day and not once a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done: dict[int, datetime] = {}

    def write(self) -> int:
        """Queue the digests that are due; how many mails."""
        now, queued = self._desk.clock(), 0
        for seller in sellers.everyone(self._desk.db):
            if not seller.mailing.addresses or MailEvent.DIGEST not in seller.mailing.events:
                continue
            until = last_hour(now, self._desk.settings.mail.digest_hour, seller.policy.time_zone)
            if self._done.get(seller.id) != until:
                queued += self._guarded(seller, until)
                self._done[seller.id] = until
        return queued

    def _guarded(self, seller: Seller, until: datetime) -> int:
        try:
            return _write(self._desk, seller, until)
        except OperationalError:
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


def _write(desk: Desk, seller: Seller, until: datetime) -> int:
    day = f"digest:{seller.id}:{until.date().isoformat()}"
    keys = {address: f"{day}:{address}" for address in seller.mailing.addresses}
    if len(mails.known(desk.db, keys.values())) == len(keys):
        return 0
    since = _since(desk, seller, until)
    found = uploads.between(desk.db, seller.id, stamp(since), stamp(until))
    refused = _refused(desk, seller, stamp(until))
    if not found and not refused:
        return 0
    made = letter("digest", _values(desk, seller, (since, until), found, refused))
    drafts = [
        Draft(key, MailKind.DIGEST, address, made.subject, made.text, made.html, seller.id)
        for address, key in keys.items()
    ]
    return mails.tell(desk.db, [], drafts, now=desk.clock())


def _refused(desk: Desk, seller: Seller, until: str) -> list[dict[str, Any]]:
    """Lines of files from before a moment that Amazon refused and nobody has settled; one more than are shown."""
    found = lines.unconfirmed(desk.db, seller.account.id, limit=SHOWN_REFUSED + 1)
    arrived = {upload.id: upload.arrived_at for upload in uploads.some(desk.db, [one["upload_id"] for one in found])}
    return [one for one in found if arrived[one["upload_id"]] < until]


def _since(desk: Desk, seller: Seller, until: datetime) -> datetime:
    """From where the last digest ended."""
    written = mails.last_at(desk.db, MailKind.DIGEST, seller.id)
    usual = until - timedelta(days=1)
    if not written:
        return usual
    ended = last_hour(moment(written), desk.settings.mail.digest_hour, seller.policy.time_zone)
    return max(min(ended, usual), until - timedelta(days=LONGEST_DAYS))


def _values(
    desk: Desk,
    seller: Seller,
    period: tuple[datetime, datetime],
    found: list[Upload],
    refused: list[dict[str, Any]],
) -> dict[str, Any]:
    since, until = (f"{one:%Y-%m-%d %H:%M}" for one in period)
    return {
        "seller": seller.name,
        "since": since,
        "until": until,
        "time_zone": seller.policy.time_zone,
        "files": [_file(desk, upload) for upload in found[:SHOWN_FILES]],
        "more": max(len(found) - SHOWN_FILES, 0),
        "unconfirmed": refused[:SHOWN_REFUSED],
        "unconfirmed_more": len(refused) > SHOWN_REFUSED,
        "base_url": desk.settings.mail.base_url,
    }


def _file(desk: Desk, upload: Upload) -> dict[str, str]:
    counts = lines.verdict_counts(desk.db, upload.id) or upload.outcome.counts
    return {
        "name": upload.name,
        "id": upload.id,
        "state": STATES[upload.state],
        "counts": ", ".join(f"{verdict} {number:,}" for verdict, number in counts.items()),
    }
