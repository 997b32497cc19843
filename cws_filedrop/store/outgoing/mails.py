"""Mails, and events that a mail may have to report: rows in and out.

A mail never leaves twice by itself. Its key names the event and the recipient; it is `sending` from the moment before
its text leaves, and what a crash left there becomes `unsure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import MailKind, MailState
from cws_filedrop.store.database import BulkQuery, Database, insert_new, stamp
from cws_filedrop.store.schema import MAIL_NOTES, MAILS, ORDER_PEOPLE

AT_ONCE: Final = 200
LOST: Final = "the service ended while it was being sent; the SMTP server may have it"
FORGOTTEN: Final = "the buyer has been forgotten"
_ENDED: Final = (MailState.SENT, MailState.FAILED, MailState.UNSURE)
_NOTE_COLUMNS: Final = ("key", "topic", "about", "detail", "noted_at")


@dataclass(frozen=True, slots=True)
class Note:
    """An event. `key` identifies it; `about` is an upload's id or a feed's number."""

    key: str
    topic: str
    about: str
    detail: str = ""
    noted_at: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be queued. `key` names the event and the recipient."""

    key: str
    kind: MailKind
    recipient: str
    subject: str
    text: str
    html: str
    seller_id: int | None = None
    order_no: int | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A row of `mails`; moments are stamps."""

    no: int
    key: str
    kind: MailKind
    seller_id: int | None
    recipient: str
    subject: str
    text: str
    html: str
    state: MailState
    attempts: int
    next_at: str
    error: str
    created_at: str
    sent_at: str | None


# What happened.


def note(db: Database, notes: Sequence[Note], *, now: datetime) -> None:
    """Keep events; noting one again changes nothing, even after it was reported."""
    if notes:
        with db.write() as connection:
            note_in(connection, notes, now=now)


def note_in(connection: sa.Connection, notes: Sequence[Note], *, now: datetime) -> None:
    """`note`, in a transaction."""
    rows = [(one.key, one.topic, one.about, one.detail, stamp(now)) for one in notes]
    insert_new(connection, MAIL_NOTES, _NOTE_COLUMNS, rows)


_UNTOLD: Final = (
    sa.select(*(MAIL_NOTES.c[name] for name in _NOTE_COLUMNS))
    .where(MAIL_NOTES.c.topic == sa.bindparam("topic"), MAIL_NOTES.c.told_at.is_(None))
    .order_by(MAIL_NOTES.c.noted_at, MAIL_NOTES.c.key)
    .limit(AT_ONCE)
)


def untold(db: Database, topic: str) -> list[Note]:
    """Events of a topic that were not dealt with yet, oldest first, as many as are reported at once."""
    with db.read() as connection:
        return [Note(*row) for row in connection.execute(_UNTOLD, {"topic": topic})]


def tell(db: Database, notes: Sequence[Note], drafts: Iterable[Draft], *, now: datetime) -> int:
    """Queue the mails about some notes and mark the notes as dealt with, both or neither. Returns how many are new."""
    with db.write() as connection:
        queued = queue_in(connection, drafts, now=now)
        told = MAIL_NOTES.update().where(MAIL_NOTES.c.key == sa.bindparam("b_key"))
        if notes:
            connection.execute(told, [{"b_key": one.key, "told_at": stamp(now)} for one in notes])
    return queued


_DRAFT: Final = ("key", "kind", "seller_id", "order_no", "recipient", "subject", "text", "html")


def queue_in(connection: sa.Connection, drafts: Iterable[Draft], *, now: datetime) -> int:
    """Queue mails; one whose key exists already stays as it is. Returns how many are new."""
    rows = [
        (*(getattr(draft, name) for name in _DRAFT), str(MailState.QUEUED), stamp(now), stamp(now)) for draft in drafts
    ]
    names = (*_DRAFT, "state", "next_at", "created_at")
    return insert_new(connection, MAILS, names, rows) if rows else 0


_KNOWN: Final = BulkQuery(lambda among: sa.select(MAILS.c.key).where(among(MAILS.c.key)))


def known(db: Database, keys: Iterable[str]) -> set[str]:
    """Those of the keys for which there is a mail."""
    with db.read() as connection:
        return {row.key for row in _KNOWN(connection, keys)}


def last_at(db: Database, kind: MailKind, seller_id: int | None = None) -> str:
    """When the last mail of a kind was written ("" = never)."""
    query = sa.select(sa.func.max(MAILS.c.created_at)).where(MAILS.c.kind == kind)
    if seller_id is not None:
        query = query.where(MAILS.c.seller_id == seller_id)
    with db.read() as connection:
        return connection.execute(query).scalar() or ""


# On their way.

_COLUMNS: Final = tuple(MAILS.c[name] for name in Mail.__slots__)
_DUE: Final = (
    sa.select(*_COLUMNS)
    .where(MAILS.c.state == MailState.QUEUED, MAILS.c.next_at <= sa.bindparam("now"))
    .order_by(MAILS.c.kind == MailKind.BUYER, MAILS.c.next_at, MAILS.c.no)  # mails to buyers are many, and go last
    .limit(sa.bindparam("most"))
)


def due(db: Database, *, now: datetime, limit: int = AT_ONCE) -> list[Mail]:
    """Mails that may leave now, longest waiting first; those to buyers after all others."""
    with db.read() as connection:
        return [_mail(row) for row in connection.execute(_DUE, {"now": stamp(now), "most": limit})]


def begin(db: Database, no: int) -> bool:
    """Note that a mail's text leaves now; false when somebody else has begun to send it, or its buyer was forgotten."""
    mine = (MAILS.c.no == no, MAILS.c.state == MailState.QUEUED)
    values = {"state": str(MailState.SENDING), "attempts": MAILS.c.attempts + 1}
    with db.write() as connection:
        return connection.execute(MAILS.update().where(*mine).values(values)).rowcount > 0


def sent(db: Database, no: int, *, now: datetime) -> None:
    """The SMTP server has it."""
    _set(db, no, state=MailState.SENT, sent_at=stamp(now), error="")


def postponed(db: Database, mail: Mail, *, error: str, next_at: datetime) -> None:
    """The SMTP server does not have it; it is tried again."""
    attempts = mail.attempts + 1
    _set(db, mail.no, state=MailState.QUEUED, error=error, next_at=stamp(next_at), attempts=attempts)


def failed(db: Database, mail: Mail, *, error: str) -> None:
    """The SMTP server does not have it, and it is not tried again."""
    _set(db, mail.no, state=MailState.FAILED, error=error, attempts=mail.attempts + 1)


def unsure(db: Database, no: int, *, error: str) -> None:
    """The SMTP server may have it."""
    _set(db, no, state=MailState.UNSURE, error=error)


def troubled(db: Database, no: int, *, error: str) -> None:
    """Keep why a mail still waits, without counting it as an attempt: the cause is not this mail."""
    _set(db, no, error=error)


def _set(db: Database, no: int, **values: object) -> None:
    plain = {name: str(value) if isinstance(value, MailState) else value for name, value in values.items()}
    with db.write() as connection:
        connection.execute(MAILS.update().where(MAILS.c.no == no).values(plain))


def left_behind(db: Database) -> int:
    """Mark what was being sent when an earlier process ended as unsure. Returns how many mails."""
    values = {"state": str(MailState.UNSURE), "error": LOST}
    with db.write() as connection:
        return connection.execute(MAILS.update().where(MAILS.c.state == MailState.SENDING).values(values)).rowcount


# What an operator sees and does.


def listing(
    db: Database, *, states: Iterable[MailState] = (), kind: MailKind | None = None, limit: int = 50
) -> list[Mail]:
    """Mails, newest first."""
    query = sa.select(*_COLUMNS).order_by(MAILS.c.no.desc()).limit(limit)
    if wanted := list(states):
        query = query.where(MAILS.c.state.in_(wanted))
    if kind is not None:
        query = query.where(MAILS.c.kind == kind)
    with db.read() as connection:
        return [_mail(row) for row in connection.execute(query)]


def counts(db: Database) -> dict[str, int]:
    """How many mails stand in each state."""
    query = sa.select(MAILS.c.state, sa.func.count()).group_by(MAILS.c.state)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def waiting_since(db: Database) -> str:
    """Since when the oldest mail waits that has not left ("" = none does)."""
    query = sa.select(sa.func.min(MAILS.c.created_at)).where(MAILS.c.state.in_([MailState.QUEUED, MailState.SENDING]))
    with db.read() as connection:
        return connection.execute(query).scalar() or ""


def find(db: Database, no: int) -> Mail | None:
    """The mail with that number, if there is one."""
    with db.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(MAILS.c.no == no)).first()
    return None if row is None else _mail(row)


def retry(db: Database, no: int, *, now: datetime) -> bool:
    """Send a mail again that failed or is unsure; false when it is neither, or empty."""
    able = (MAILS.c.state.in_((MailState.FAILED, MailState.UNSURE)), MAILS.c.recipient != "")
    # Its age counts from now on, or it would be given up at once as too old.
    values = {"state": str(MailState.QUEUED), "next_at": stamp(now), "attempts": 0, "created_at": stamp(now)}
    with db.write() as connection:
        return connection.execute(MAILS.update().where(MAILS.c.no == no, *able).values(values)).rowcount > 0


def _mail(row: Any) -> Mail:
    values = dict(row._mapping)
    return Mail(**(values | {"kind": MailKind(row.kind), "state": MailState(row.state)}))


# What is removed.


def forget(db: Database, *, before: datetime) -> int:
    """Remove mails and notes that were finished before a moment. Returns how many mails."""
    told = (MAIL_NOTES.c.noted_at < stamp(before), MAIL_NOTES.c.told_at.is_not(None))
    ended = (MAILS.c.created_at < stamp(before), MAILS.c.state.in_(_ENDED))
    with db.write() as connection:
        connection.execute(MAIL_NOTES.delete().where(*told))
        return connection.execute(MAILS.delete().where(*ended)).rowcount


def forget_buyers(db: Database) -> int:
    """Empty the mails to buyers whose data the order book has removed. Returns how many.

    Those that were not sent by then are never sent.
    """
    kept = sa.exists().where(ORDER_PEOPLE.c.order_no == MAILS.c.order_no)
    gone = (MAILS.c.kind == MailKind.BUYER, MAILS.c.recipient != "", MAILS.c.state != MailState.SENDING, ~kept)
    waits = MAILS.c.state == MailState.QUEUED
    values = {
        "recipient": "",
        "subject": "",
        "text": "",
        "html": "",
        "state": sa.case((waits, str(MailState.FAILED)), else_=MAILS.c.state),
        "error": sa.case((waits, FORGOTTEN), else_=MAILS.c.error),
    }
    with db.write() as connection:
        return connection.execute(MAILS.update().where(*gone).values(values)).rowcount
