"""Mails to sellers about changes of their tokens, web hooks and login, whatever other mails they want.

Several changes are told in one mail; after a mail the next one waits for what else comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from cws_filedrop.model import MailKind
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.outgoing.mail.notes import Topic
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft, Note
from cws_filedrop.store.sellers import sellers


def write(context: ServiceContext) -> int:
    """Queue the mails about changes; how many."""
    by_seller: dict[int, list[Note]] = {}
    for note in mails.untold(context.db, Topic.ACCESS):
        by_seller.setdefault(int(note.about), []).append(note)
    queued = 0
    for seller_id, notes in by_seller.items():
        if not _told_lately(context, seller_id):
            queued += mails.tell(context.db, notes, _drafts(context, seller_id, notes), now=context.clock())
    return queued


def _told_lately(context: ServiceContext, seller_id: int) -> bool:
    lately = stamp(context.clock() - timedelta(minutes=context.settings.mail.collect_minutes))
    return mails.last_at(context.db, MailKind.ACCESS, seller_id) > lately


def _drafts(context: ServiceContext, seller_id: int, notes: Sequence[Note]) -> Iterator[Draft]:
    seller = sellers.by_id(context.db, seller_id)
    changes = [{"at": f"{note.noted_at[:16].replace('T', ' ')} UTC", "what": note.detail} for note in notes]
    values = {"seller": seller.name, "changes": changes, "base_url": context.settings.mail.base_url}
    written = letter("access", values, context.marketplace)
    for address in seller.mailing.addresses:
        key = f"{notes[0].key}:{address}"
        yield Draft(key, MailKind.ACCESS, address, written.subject, written.text, written.html, seller.id)
