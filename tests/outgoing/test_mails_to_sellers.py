"""Sellers hear of their files what they want to hear, once; and nothing of what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from notify.post_office import PostOffice, part
from outgoing.mailing import ALL, HEADINGS, NOW, Shop, shop_with
from pipeline.contexts import context_on, put, read

from cws_filedrop import retention
from cws_filedrop.model import Grade, MailEvent, Mailing, MailState, Policy, Verdict
from cws_filedrop.outgoing.mail import upload_mails
from cws_filedrop.outgoing.mail.digest_mails import last_hour
from cws_filedrop.pipeline import outbox
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.schema import MAIL_NOTES
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads

ORDER, OTHER = "026-1520163-6049104", "026-1520163-0000002"
GOOD = f"{ORDER}\tshipped\t\t\tY0000001K\tYodel"
WARNED = f"{OTHER}\tshipped\t\t\tZ99\tRiver Post of Anna"
BAD = "Mrs Alice Miller\tshipped\t\t\tY0000002K\tYodel"


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, server: PostOffice) -> Shop:
    return shop_with(tmp_path, server)


def test_a_file_with_errors_is_told_of_once_though_the_step_runs_twice(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    upload_id = shop.drop(GOOD, BAD)
    shop.answer(upload_id)
    shop.send()
    shop.answer(upload_id)
    shop.start()
    shop.send()
    (message,) = shop.server.messages()
    assert message["Subject"] == "1.txt: 1 line rejected"
    assert shop.server.recipients == ["anna@example.com"]
    text = part(message, "plain")
    assert f"Upload   {upload_id}\n" in text
    assert "  1 queued\n" in text
    assert "  1 rejected\n" in text
    assert "line 3, order-id: O03" in text
    assert f"1.{upload_id}.rejected.txt" in text
    assert "the result follows when Amazon has answered" in text
    assert shop.mail().state is MailState.SENT


def test_nothing_that_stands_in_a_file_stands_in_a_mail(shop: Shop) -> None:
    shop.wants(*ALL)
    shop.drop(
        GOOD,
        BAD,
        WARNED,
        "026-1520163-0000003\tAlice Miller\t\t\t\t",
        "026-1520163-0000004\tshipped\tAlice\tAlice\tAlice Miller\tAlice",
    )
    shop.settle({1: ("A-18028", "Amazon's words")})
    shop.send()
    assert len(shop.server.taken) == 2
    for message in shop.server.messages():
        for kind in ("plain", "html"):
            assert "Alice" not in part(message, kind)
            assert "Z99" not in part(message, kind)
    told = " ".join(part(message, "plain") for message in shop.server.messages())
    assert "line 3, order-id: O03" in told
    assert "line 5, status: S01 “…” is not a status we know" in told
    assert "line 2: A-18028 Amazon's words" in told


@pytest.mark.parametrize(
    ("event", "subjects"),
    [
        (MailEvent.ERRORS, ["1.txt: 1 line rejected", "4.txt: 1 line not confirmed by Amazon"]),
        (MailEvent.WARNINGS, ["2.txt: 1 line confirmed by Amazon, with warnings"]),
        (
            MailEvent.SUCCESS,
            [
                "5.txt: read, and nothing waits for Amazon",
                "1.txt: 1 line confirmed by Amazon",
                "3.txt: 1 line confirmed by Amazon",
            ],
        ),
    ],
)
def test_each_event_is_told_to_who_wants_it(shop: Shop, event: MailEvent, subjects: list[str]) -> None:
    shop.wants(event)
    orders = [f"026-1520163-000010{n}" for n in range(5)]
    good = [f"{order}\tshipped\t\t\tY000001{n}K\tYodel" for n, order in enumerate(orders)]
    shop.drop(good[0], BAD)
    shop.drop(WARNED)
    shop.drop(good[1])
    shop.drop(good[2])
    shop.drop(f"{orders[3]}\tdeferred\t\t\t\t")
    shop.settle({4: ("A-18028", "no")})
    shop.send()
    shop.send()
    assert sorted(shop.subjects()) == sorted(subjects)


def test_who_has_said_nothing_gets_nothing_and_leaves_no_trace(shop: Shop) -> None:
    shop.drop(GOOD, BAD)
    shop.settle()
    shop.send()
    assert mails.listing(shop.context.db) == []
    with shop.context.db.read() as connection:
        assert connection.execute(MAIL_NOTES.select()).all() == []


def test_without_an_smtp_server_nothing_is_noted(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, b"nothing\n")
    outbox.answer(context, uploads.some(context.db, [upload_id]))
    with context.db.read() as connection:
        assert connection.execute(MAIL_NOTES.select()).all() == []


def test_every_address_gets_its_own_and_one_refusal_keeps_no_other_from_it(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS, to=("gone@example.com", "anna@example.com"))
    shop.server.on_recipient = lambda to: "550 nobody" if to.startswith("gone") else "250 OK"
    shop.drop(BAD)
    shop.send()
    assert shop.server.recipients == ["anna@example.com"]
    assert shop.states() == [MailState.FAILED, MailState.SENT]


def test_what_amazon_refused_is_said_with_its_words_and_ours(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    upload_id = shop.drop(GOOD)
    shop.send()
    assert shop.server.taken == []
    shop.settle({1: ("A-18028", "The data you submitted is incomplete")})
    shop.publish([upload_id])
    shop.send()
    (message,) = shop.server.messages()
    assert message["Subject"] == "1.txt: 1 line not confirmed by Amazon"
    text = part(message, "plain")
    assert "line 2: A-18028 The data you submitted is incomplete Amazon does not know this order" in text
    assert f"1.{upload_id}.unconfirmed.txt" in text
    assert f"1.{upload_id}.result.txt" in text


def test_our_own_warning_does_not_hide_what_amazons_code_means(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    shop.drop(WARNED)
    shop.settle({1: ("A-18028", "The data you submitted is incomplete")})
    shop.send()
    text = part(shop.server.messages()[0], "plain")
    assert "line 2: A-18028 The data you submitted is incomplete Amazon does not know this order" in text


def test_one_that_was_released_meanwhile_is_told_of_by_its_next_answer(tmp_path: Path, server: PostOffice) -> None:
    shop = shop_with(tmp_path, server, Policy(doubtful="hold"))
    shop.wants(*ALL)
    upload_id = put(shop.context, f"{HEADINGS}{GOOD}\n".encode(), grade=Grade.DOUBTFUL)
    shop.answer(upload_id)
    assert uploads.read_again(shop.context.db, upload_id, evidence="")
    shop.send()
    assert shop.server.taken == []
    shop.answer(upload_id)
    shop.settle()
    shop.send()
    assert shop.subjects() == ["a.txt: 1 line confirmed by Amazon"]


def test_lines_of_which_nobody_knows_are_errors(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    shop.drop(GOOD)
    shop.settle(verdict=Verdict.UNKNOWN)
    shop.send()
    assert shop.subjects() == ["1.txt: 1 line not confirmed by Amazon"]


def test_a_file_that_is_of_no_use_or_held_or_cut(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    for number, (content, grade) in enumerate(
        [(b"%PDF-1.7 nothing", Grade.WHOLE), (f"{HEADINGS}{GOOD}".encode(), Grade.DOUBTFUL)]
    ):
        shop.answer(put(shop.context, content, name=f"x{number}.txt", grade=grade))
    shop.send()
    assert sorted(shop.subjects()) == [
        "x0.txt: not usable, the whole file was rejected",
        "x1.txt: not complete, it looks cut off in transfer",
    ]
    told = " ".join(part(message, "plain") for message in shop.server.messages())
    assert "F02 This is a PDF document" in told
    assert "F07" in told


def test_a_held_file_and_its_release_are_two_mails(tmp_path: Path, server: PostOffice) -> None:
    shop = shop_with(tmp_path, server, Policy(on_error="hold-file"))
    shop.wants(MailEvent.ERRORS)
    upload_id = shop.drop(GOOD, BAD)
    shop.send()
    assert uploads.read_again(shop.context.db, upload_id, evidence="")
    shop.answer(upload_id)
    shop.send()
    assert shop.subjects() == ["1.txt: held", "1.txt: 1 line rejected"]


def test_a_rehearsal_is_called_one(shop: Shop) -> None:
    shop.wants(*ALL)
    shop.drop(GOOD, BAD, folder="test")
    shop.send()
    (message,) = shop.server.messages()
    assert message["Subject"] == "1.txt: 1 line rejected"
    assert "This was a rehearsal: nothing was sent" in part(message, "plain")


def test_a_file_s_name_cannot_write_headers(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    upload_id = shop.put(BAD)
    found = uploads.some(shop.context.db, [upload_id])
    with shop.context.db.write() as connection:
        name = "a\r\nBcc: eve@example.com\r\n\r\nhello.txt"
        connection.execute(uploads.UPLOADS.update().values(name=name))
    shop.answer(found[0].id)
    shop.send()
    (message,) = shop.server.messages()
    assert message["Bcc"] is None
    assert message["Subject"] == "a Bcc: eve@example.com hello.txt: 1 line rejected"
    assert shop.server.recipients == ["anna@example.com"]


def test_one_that_cannot_be_written_keeps_the_others_from_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.wants(MailEvent.ERRORS)
    broken = shop.drop(BAD)
    shop.drop(BAD)
    usual = upload_mails.event_of

    def event_of(upload: uploads.Upload, counts: dict[str, int]) -> MailEvent:
        if upload.id == broken:
            raise ZeroDivisionError
        return usual(upload, counts)

    monkeypatch.setattr(upload_mails, "event_of", event_of)
    shop.send()
    assert shop.subjects() == ["2.txt: 1 line rejected"]


def test_what_could_not_be_noted_is_noted_with_the_next_delivery(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.wants(MailEvent.ERRORS)
    upload_id = shop.put(BAD)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    found = [read(shop.context, upload_id)]
    with monkeypatch.context() as patched:
        patched.setattr(mails, "note", broken)
        assert outbox.answer(shop.context, found) == [upload_id]
    assert outbox.answer(shop.context, found) == []
    shop.send()
    assert len(shop.server.taken) == 1


# The daily mail.


def test_a_seller_whose_day_cannot_be_told_keeps_no_other_from_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sellers.add(shop.context.db, replace(shop.anna, id=0, name="zoe"), password_hash="h", now=NOW)
    for name in ("anna", "zoe"):
        wanted = Mailing((f"{name}@example.com",), (MailEvent.DIGEST,))
        sellers.set_mailing(shop.context.db, name, wanted)
    usual = lines.unconfirmed
    asked: list[int] = []

    def unconfirmed(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
        asked.append(1)
        if len(asked) == 1:
            raise ZeroDivisionError
        return usual(*arguments, **options)

    monkeypatch.setattr(lines, "unconfirmed", unconfirmed)
    shop.send()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("now", "zone", "found"),
    [
        ("2026-11-22T12:00+00:00", "UTC", "2026-11-22T07:00+00:00"),
        ("2026-11-22T06:59+00:00", "UTC", "2026-11-21T07:00+00:00"),
        ("2026-11-22T06:00+00:00", "Europe/Berlin", "2026-11-22T07:00+01:00"),
        ("2026-11-22T05:59+00:00", "Europe/Berlin", "2026-11-21T07:00+01:00"),
        ("2026-11-22T12:00+00:00", "America/Los_Angeles", "2026-11-21T07:00-08:00"),
        ("2026-03-29T06:00+00:00", "Europe/Berlin", "2026-03-29T07:00+02:00"),
        ("2026-03-29T04:00+00:00", "Europe/Berlin", "2026-03-28T07:00+01:00"),
    ],
)
def test_the_hour_is_that_of_the_sellers_zone(now: str, zone: str, found: str) -> None:
    assert last_hour(datetime.fromisoformat(now), 7, zone) == datetime.fromisoformat(found)


def arrived(shop: Shop, upload_id: str, at: datetime) -> None:
    """Have an upload arrived at another time."""
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with shop.context.db.write() as connection:
        mine = uploads.UPLOADS.update().where(uploads.UPLOADS.c.id == upload_id)
        connection.execute(mine.values(arrived_at=moment, done_at=moment))


def test_one_mail_a_day_tells_of_all_files_of_the_day(shop: Shop) -> None:
    shop.wants(MailEvent.DIGEST)
    first, second, old = shop.drop(GOOD, BAD), shop.drop(BAD), shop.drop(BAD)
    shop.settle({1: ("A-18028", "no such order")})
    arrived(shop, old, NOW - timedelta(days=3))
    shop.send()
    assert shop.server.taken == [], "files of today are told of tomorrow"
    shop.clock.now = datetime(2026, 11, 23, 6, 59, tzinfo=UTC)
    shop.send()
    assert shop.server.taken == []
    shop.clock.now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    for _ in range(2):
        shop.start()
        shop.send()
        shop.send()
    (message,) = shop.server.messages()
    assert message["Subject"] == "anna: 2 files until 2026-11-23 07:00"
    text = part(message, "plain")
    assert "From 2026-11-22 07:00 to 2026-11-23 07:00 (UTC)\n" in text
    assert f"1.txt ({first}): done; rejected 1, unconfirmed 1\n" in text
    assert second in text
    assert old not in text
    assert f"  - {ORDER} (upload {first}, line 2): A-18028" in text


def test_days_without_a_service_are_in_the_next_one(shop: Shop) -> None:
    shop.wants(MailEvent.DIGEST)
    shop.drop(BAD)
    shop.clock.now = datetime(2026, 11, 23, 7, tzinfo=UTC)
    shop.send()
    late = shop.drop(BAD)
    arrived(shop, late, datetime(2026, 11, 23, 9, tzinfo=UTC))
    shop.clock.now = datetime(2026, 11, 26, 8, tzinfo=UTC)
    shop.send()
    assert len(shop.server.taken) == 2
    text = part(shop.server.messages()[1], "plain")
    assert late in text
    assert "From 2026-11-23 07:00 to 2026-11-26 07:00" in text


def test_a_day_on_which_nothing_happened_is_no_mail(shop: Shop) -> None:
    shop.wants(MailEvent.DIGEST)
    shop.clock.later(days=2)
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_the_day_ends_at_the_hour_that_is_set(tmp_path: Path, server: PostOffice) -> None:
    shop = shop_with(tmp_path, server, Policy(time_zone="Europe/Berlin"), digest_hour=14)
    shop.wants(MailEvent.DIGEST)
    shop.drop(BAD)
    shop.clock.now = datetime(2026, 11, 22, 12, 59, tzinfo=UTC)
    shop.send()
    assert shop.server.taken == []
    shop.clock.later(minutes=1)
    shop.send()
    assert "(Europe/Berlin)" in part(shop.server.messages()[0], "plain")


def test_mail_that_is_old_is_removed_with_the_sweep(shop: Shop) -> None:
    shop.wants(MailEvent.ERRORS)
    shop.drop(BAD)
    shop.send()
    retention.sweep(replace(shop.context, clock=lambda: NOW + timedelta(days=89)))
    assert shop.states() == [MailState.SENT]
    retention.sweep(replace(shop.context, clock=lambda: NOW + timedelta(days=91)))
    assert shop.states() == []
