"""Mails leave once: what is tried again, what is given up, and what is left to an operator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from notify.post_office import PostOffice
from outgoing.mailing import NOW, Shop, shop_with

from cws_filedrop.model import MailKind, MailState
from cws_filedrop.notify.envelope import message_id
from cws_filedrop.outgoing.mail.delivery import AT_ONCE
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, server: PostOffice) -> Shop:
    return shop_with(tmp_path, server)


def queue(shop: Shop, *keys: str) -> None:
    drafts = [Draft(key, MailKind.UPLOAD, f"{key}@example.com", key, "text\n", "<p>text</p>") for key in keys]
    mails.tell(shop.context.db, [], drafts, now=shop.clock())


def test_it_is_marked_before_its_text_leaves(shop: Shop) -> None:
    queue(shop, "a")
    seen: list[MailState] = []
    shop.server.on_text = lambda _: seen.append(shop.mail().state) or "250 OK"
    shop.send()
    assert seen == [MailState.SENDING]
    assert shop.mail().state is MailState.SENT
    assert message_id("a", "ship@example.com").encode() in shop.server.taken[0]


def test_what_is_refused_for_now_is_tried_again_ever_more_slowly(shop: Shop) -> None:
    queue(shop, "a")
    tries: list[float] = []
    shop.server.on_recipient = lambda _: tries.append((shop.clock.now - NOW).total_seconds()) or "450 later"
    for _ in range(60 * 6):
        shop.send()
        shop.clock.later(minutes=1)
    assert tries == [0, 60, 180, 420, 900, 1860, 3780, 7620, 15300]
    mail = shop.mail()
    assert (mail.state, mail.attempts, mail.error) == (MailState.QUEUED, 9, "450 later")
    shop.server.on_recipient = lambda _: "250 OK"
    shop.clock.later(days=1)
    shop.send()
    assert shop.mail().state is MailState.SENT


def test_after_three_days_it_is_given_up(shop: Shop) -> None:
    queue(shop, "a")
    shop.server.on_recipient = lambda _: "450 later"
    shop.clock.later(days=3)
    shop.send()
    assert shop.mail().state is MailState.FAILED


def test_what_is_refused_for_good_is_not_tried_again_unless_an_operator_says_so(shop: Shop) -> None:
    queue(shop, "a")
    shop.server.on_text = lambda _: "554 spam"
    shop.send()
    shop.clock.later(days=2)
    shop.server.on_text = lambda _: "250 OK"
    shop.send()
    assert shop.server.taken == []
    assert (shop.mail().state, shop.mail().error) == (MailState.FAILED, "554 spam")
    assert mails.retry(shop.context.db, shop.mail().no, now=shop.clock())
    shop.send()
    assert shop.mail().state is MailState.SENT


def test_a_lost_answer_is_never_followed_by_a_second_copy(shop: Shop) -> None:
    queue(shop, "a")
    shop.server.on_text = lambda _: None
    shop.send()
    for _ in range(3):
        shop.clock.later(days=1)
        shop.start()
        shop.send()
    assert len(shop.server.taken) == 1
    assert shop.mail().state is MailState.UNSURE
    assert "no answer to the message" in shop.mail().error


def test_a_crash_between_the_text_and_the_mark_leaves_it_unsure(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(shop, "a", "b")

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(mails, "sent", killed)
        with pytest.raises(Killed):
            shop.send()
    assert shop.states() == [MailState.SENDING, MailState.QUEUED]
    shop.delivery.close()
    shop.start()
    shop.send()
    assert shop.states() == [MailState.UNSURE, MailState.SENT]
    assert [message["Subject"] for message in shop.server.messages()] == ["a", "b"]


def test_a_crash_before_the_text_costs_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(shop, "a")

    def broken(*_: object) -> bool:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(mails, "begin", broken)
        with pytest.raises(OSError, match="the disk is full"):
            shop.send()
    assert shop.server.taken == []
    shop.send()
    assert shop.mail().state is MailState.SENT


def test_while_there_is_no_server_nothing_is_lost_and_little_is_tried(shop: Shop) -> None:
    queue(shop, "a", "b")
    shop.server.shut()
    shop.send()
    first, second = reversed(mails.listing(shop.context.db))
    assert (first.state, first.attempts, second.error) == (MailState.QUEUED, 0, "")
    assert "refused" in first.error
    shop.server.open()
    shop.clock.later(seconds=4)
    shop.send()
    assert shop.server.taken == [], "it rests"
    shop.clock.later(seconds=2)
    shop.send()
    assert shop.states() == [MailState.SENT, MailState.SENT]
    assert [mail.error for mail in mails.listing(shop.context.db)] == ["", ""]


def test_one_that_is_refused_keeps_nothing_back(shop: Shop) -> None:
    queue(shop, "a", "b", "c")
    shop.server.on_recipient = lambda to: "450 later" if to.startswith("a") else "250 OK"
    shop.send()
    assert shop.subjects() == ["b", "c"]


def test_they_leave_at_the_pace_that_is_set(tmp_path: Path, server: PostOffice) -> None:
    shop = shop_with(tmp_path, server, per_minute=30)
    queue(shop, "a", "b", "c")
    waits: list[float | None] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return len(waits) == 2

    assert shop.delivery.send_due(Stopping()) == 2
    assert waits == [2.0, 2.0]
    assert shop.states() == [MailState.SENT, MailState.SENT, MailState.QUEUED]


def test_many_are_brought_away_a_few_at_a_time(shop: Shop) -> None:
    queue(shop, *(f"m{number}" for number in range(AT_ONCE + 3)))
    shop.send()
    assert len(shop.server.taken) == AT_ONCE
    shop.send()
    assert len(shop.server.taken) == AT_ONCE + 3


def test_who_is_told_to_stop_begins_with_no_other(shop: Shop) -> None:
    queue(shop, "a", "b")
    stopping = threading.Event()
    shop.server.on_text = lambda _: stopping.set() or "250 OK"
    shop.delivery.send_due(stopping)
    assert shop.states() == [MailState.SENT, MailState.QUEUED]
