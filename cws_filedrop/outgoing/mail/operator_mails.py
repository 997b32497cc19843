"""Mails to the operators: what needs them, several events in one mail, and never many mails in a short time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cws_filedrop.model import MailKind
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.outgoing.mail.notes import Topic
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft

FIRST_SECONDS: Final = 10.0  # that the first event of several waits for the others


def write(context: ServiceContext, operators: tuple[str, ...]) -> int:
    """Queue a mail of all that has happened, unless there was one a few minutes ago; how many mails."""
    notes = mails.untold(context.db, Topic.TROUBLE)
    now = context.clock()
    lately = stamp(now - timedelta(minutes=context.settings.mail.collect_minutes))
    if not notes or notes[0].noted_at > stamp(now - timedelta(seconds=FIRST_SECONDS)):
        return 0
    if mails.last_at(context.db, MailKind.OPERATORS) > lately:
        return 0
    events = [{"at": f"{note.noted_at[:16].replace('T', ' ')} UTC", "what": note.detail} for note in notes]
    first = notes[0].detail if len(notes) == 1 else f"{len(notes)} events"
    values = {"events": events, "subject_line": first, "base_url": context.settings.mail.base_url}
    written = letter("operators", values, context.marketplace)
    drafts = [
        Draft(
            f"operators:{notes[0].key}:{address}",
            MailKind.OPERATORS,
            address,
            written.subject,
            written.text,
            written.html,
        )
        for address in operators
    ]
    return mails.tell(context.db, notes, drafts, now=now)
