"""Rows of mails: each event once, each mail once, and what is removed of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from cws_filedrop.model import MailEvent, Mailing, MailKind, MailState
from cws_filedrop.store.database import Database
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft, Mail, Note
from cws_filedrop.store.schema import MAIL_NOTES, ORDER_PEOPLE, ORDERS, SELLERS
from cws_filedrop.store.sellers import sellers

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=100)


def draft(key: str = "k", kind: MailKind = MailKind.UPLOAD, *, order_no: int | None = None) -> Draft:
    return Draft(key, kind, "a@x.com", "subject", "text", "<p>text</p>", order_no=order_no)


def queued(db: Database, *drafts: Draft) -> list[Mail]:
    mails.tell(db, [], drafts or [draft()], now=NOW)
    return mails.due(db, now=NOW)


def states(db: Database) -> dict[str, MailState]:
    return {mail.key: mail.state for mail in mails.listing(db)}


def notes_left(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(MAIL_NOTES)).scalar_one()


def test_what_happened_is_told_once_however_often_it_is_noted(db: Database) -> None:
    note = Note("upload:u:answered", "answered", "u")
    mails.note(db, [note, note], now=NOW)
    mails.note(db, [note], now=LATER)
    (found,) = mails.untold(db, "answered")
    assert (found.key, found.about, found.noted_at) == (note.key, "u", "2026-11-22T12:00:00.000Z")
    assert mails.untold(db, "finished") == []
    assert mails.tell(db, [found], [draft()], now=NOW) == 1
    mails.note(db, [note], now=LATER)
    assert mails.untold(db, "answered") == []


def test_notes_and_mails_are_kept_together_or_not_at_all(db: Database) -> None:
    mails.note(db, [Note("n", "answered", "u")], now=NOW)
    broken = Draft("k", MailKind.UPLOAD, None, "", "", "")  # type: ignore[arg-type]
    with pytest.raises(sa.exc.IntegrityError):
        mails.tell(db, mails.untold(db, "answered"), [draft("good"), broken], now=NOW)
    assert mails.listing(db) == []
    assert [one.key for one in mails.untold(db, "answered")] == ["n"]


def test_a_mail_is_queued_once(db: Database) -> None:
    assert mails.tell(db, [], [draft(), draft("l")], now=NOW) == 2
    assert mails.tell(db, [], [draft(), draft("m")], now=NOW) == 1
    assert mails.known(db, ["k", "x"]) == {"k"}
    assert len(mails.listing(db)) == 3


def test_it_is_begun_by_one_alone(db: Database) -> None:
    (mail,) = queued(db)
    assert mails.begin(db, mail.no)
    assert not mails.begin(db, mail.no)
    assert mails.due(db, now=LATER) == []
    mails.sent(db, mail.no, now=NOW)
    assert not mails.begin(db, mail.no)
    assert mails.counts(db) == {"sent": 1}
    (done,) = mails.listing(db, states=[MailState.SENT])
    assert (done.attempts, done.sent_at) == (1, "2026-11-22T12:00:00.000Z")


def test_what_was_on_its_way_in_a_crash_is_unsure_and_stays_where_it_is(db: Database) -> None:
    first, _ = queued(db, draft(), draft("l"))
    mails.begin(db, first.no)
    assert mails.left_behind(db) == 1
    assert mails.left_behind(db) == 0
    assert states(db) == {"k": MailState.UNSURE, "l": MailState.QUEUED}
    assert [mail.key for mail in mails.due(db, now=LATER)] == ["l"]


def test_what_was_refused_for_now_comes_back_at_its_time(db: Database) -> None:
    (mail,) = queued(db)
    mails.postponed(db, mail, error="450 later", next_at=NOW + timedelta(minutes=5))
    assert mails.due(db, now=NOW + timedelta(minutes=4)) == []
    (again,) = mails.due(db, now=NOW + timedelta(minutes=5))
    assert (again.attempts, again.error) == (1, "450 later")


def test_buyers_come_after_the_others(db: Database) -> None:
    found = queued(db, draft("b", MailKind.BUYER), draft("u"), draft("o", MailKind.OPERATORS))
    assert [mail.key for mail in found] == ["u", "o", "b"]


@pytest.mark.parametrize(
    ("state", "able"),
    [
        (MailState.QUEUED, False),
        (MailState.SENDING, False),
        (MailState.SENT, False),
        (MailState.FAILED, True),
        (MailState.UNSURE, True),
    ],
)
def test_an_operator_may_send_again_what_did_not_go_out_for_certain(db: Database, state: MailState, able: bool) -> None:
    (mail,) = queued(db)
    {
        MailState.QUEUED: lambda: None,
        MailState.SENDING: lambda: mails.begin(db, mail.no),
        MailState.SENT: lambda: mails.sent(db, mail.no, now=NOW),
        MailState.FAILED: lambda: mails.failed(db, mail, error="550 no"),
        MailState.UNSURE: lambda: mails.unsure(db, mail.no, error="lost"),
    }[state]()
    assert mails.retry(db, mail.no, now=LATER) is able
    assert bool(mails.due(db, now=LATER)) is (able or state is MailState.QUEUED)
    assert not mails.retry(db, 4711, now=LATER)


def test_old_ones_are_removed_unless_they_still_wait(db: Database) -> None:
    gone, _, begun = queued(db, draft("gone"), draft("waits"), draft("begun"))
    mails.sent(db, gone.no, now=NOW)
    mails.begin(db, begun.no)
    mails.note(db, [Note("told", "answered", "u"), Note("untold", "answered", "u")], now=NOW)
    mails.tell(db, [Note("told", "answered", "u")], [], now=NOW)
    assert mails.forget(db, before=NOW) == 0
    assert mails.forget(db, before=LATER) == 1
    assert states(db) == {"waits": MailState.QUEUED, "begun": MailState.SENDING}
    assert [note.key for note in mails.untold(db, "answered")] == ["untold"]
    assert notes_left(db) == 1


def test_mails_to_buyers_are_emptied_when_the_order_book_forgets_them(db: Database) -> None:
    with db.write() as connection:
        for name in ("1", "2"):
            order = {"account_id": 1, "amazon_order_id": name, "state": "shipped", "created_at": "", "changed_at": ""}
            connection.execute(ORDERS.insert().values(order))
        connection.execute(ORDER_PEOPLE.insert().values(order_no=2, cells=json.dumps({"buyer-email": "a@x.com"})))
    buyer = MailKind.BUYER
    drafts = [draft("sent", buyer, order_no=1), draft("waits", buyer, order_no=1), draft("kept", buyer, order_no=2)]
    numbers = {mail.key: mail.no for mail in queued(db, *drafts, draft("upload"))}
    mails.sent(db, numbers["sent"], now=NOW)
    assert mails.forget_buyers(db) == 2
    found = {mail.key: mail for mail in mails.listing(db)}
    for key in ("sent", "waits"):
        mail = found[key]
        assert (mail.recipient, mail.subject, mail.text, mail.html) == ("", "", "", "")
    assert found["sent"].state is MailState.SENT
    assert (found["waits"].state, found["waits"].error) == (MailState.FAILED, mails.FORGOTTEN)
    assert (found["kept"].recipient, found["upload"].recipient) == ("a@x.com", "a@x.com")
    assert not mails.retry(db, found["waits"].no, now=NOW)
    assert mails.forget_buyers(db) == 0


def test_what_a_seller_wants_is_kept_and_ends_no_login(db: Database) -> None:
    def version() -> int:
        with db.read() as connection:
            return connection.execute(sa.select(SELLERS.c.version)).scalar_one()

    before = version()
    anna = sellers.find(db, "anna")
    assert anna is not None
    assert anna.mailing == Mailing()
    wanted = Mailing(("a@x.com", "b@x.com"), (MailEvent.ERRORS, MailEvent.DIGEST), True)
    assert sellers.set_mailing(db, "ANNA", wanted)
    anna = sellers.find(db, "anna")
    assert anna is not None
    assert anna.mailing == wanted
    assert version() == before
    assert not sellers.set_mailing(db, "nobody", wanted)
