"""Operators hear of what needs them, several events in one mail, and not of the same twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from notify.post_office import PostOffice, part
from outgoing.mailing import HEADINGS, Shop, shop_with
from pipeline.contexts import put

from cws_filedrop.amazon_context import AmazonContext, FeedClient
from cws_filedrop.model import Account, FeedState, Grade, MailState, Verdict
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pipeline import steps
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.uploads import uploads

GOOD = "026-1520163-6049104\tshipped\t\t\tY0000001K\tYodel"


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, server: PostOffice) -> Shop:
    return shop_with(tmp_path, server, operators="ops@example.com, night@example.com", base_url="https://ops.example/")


def cut(shop: Shop, name: str) -> str:
    upload_id = put(shop.context, f"{HEADINGS}{GOOD}".encode(), name=name, grade=Grade.DOUBTFUL)
    shop.answer(upload_id)
    return upload_id


def test_what_happens_at_once_is_one_mail_to_each(shop: Shop) -> None:
    first, second = cut(shop, "a.txt"), cut(shop, "b.txt")
    shop.answer(first)
    shop.send()
    assert shop.server.taken == [], "the others that come at once are waited for"
    shop.clock.later(seconds=11)
    shop.send()
    shop.send()
    assert shop.server.recipients == ["ops@example.com", "night@example.com"]
    message = shop.server.messages()[0]
    assert message["Subject"] == "cws_filedrop needs you: 2 events"
    text = part(message, "plain")
    for upload_id, name in ((first, "a.txt"), (second, "b.txt")):
        assert text.count(f"upload {upload_id} of anna ({name}) looks cut off in transfer F07") == 1
    assert "https://ops.example/" in text


def test_there_is_one_mail_in_a_few_minutes_at_most(shop: Shop) -> None:
    cut(shop, "a.txt")
    shop.clock.later(seconds=11)
    shop.send()
    cut(shop, "b.txt")
    shop.clock.later(minutes=4)
    cut(shop, "c.txt")
    shop.send()
    assert len(shop.server.taken) == 2
    shop.clock.later(minutes=2)
    shop.send()
    assert len(shop.server.taken) == 4
    assert "2 events" in shop.subjects()[2]


def test_a_feed_that_stops_is_told_of_with_the_reason(shop: Shop) -> None:
    shop.drop(GOOD)
    amazon = AmazonContext(shop.context, _no_client, _no_client, 1.0)
    turn = feeds.take_turn(
        shop.context.db,
        1,
        cause="t",
        now=shop.clock(),
        second_after_seconds=0,
        rate_limit=amazon.rate_limit("createFeed"),
    )
    assert turn.feed_no is not None
    steps.stop(amazon, feeds.get(shop.context.db, turn.feed_no), "consent was revoked")
    steps.stop(amazon, feeds.get(shop.context.db, turn.feed_no), "consent was revoked")
    assert feeds.get(shop.context.db, turn.feed_no).state is FeedState.STOPPED
    shop.clock.later(seconds=11)
    shop.send()
    message = shop.server.messages()[0]
    assert message["Subject"].startswith(f"cws_filedrop needs you: feed {turn.feed_no} is stopped: consent was revoked")
    assert part(message, "plain").count("consent was revoked") == 1


def _no_client(_: Account) -> FeedClient:
    raise AssertionError("nothing is asked of Amazon here")


def test_lines_of_which_nobody_knows_are_told_of(shop: Shop) -> None:
    shop.drop(GOOD)
    feed_no = shop.settle(verdict=Verdict.UNKNOWN)
    shop.clock.later(seconds=11)
    shop.send()
    assert f"feed {feed_no}: nobody can say what became of its lines" in part(shop.server.messages()[0], "plain")


def test_what_ends_well_is_no_news(shop: Shop) -> None:
    shop.drop(GOOD)
    shop.settle()
    shop.clock.later(seconds=11)
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_an_upload_that_failed_again_after_its_release_is_told_of_again(shop: Shop) -> None:
    upload_id = cut(shop, "a.txt")
    shop.clock.later(seconds=11)
    shop.send()
    (upload,) = uploads.some(shop.context.db, [upload_id])
    failed = replace(upload, releases=1, state=uploads.UploadState.FAILED)
    notes.answered(shop.context, [failed])
    notes.answered(shop.context, [failed])
    shop.clock.later(minutes=6)
    shop.send()
    assert len(shop.server.taken) == 4
    assert "could not be read, which is our fault" in part(shop.server.messages()[2], "plain")


def test_without_operators_nothing_is_kept_for_them(tmp_path: Path, server: PostOffice) -> None:
    shop = shop_with(tmp_path, server)
    cut(shop, "a.txt")
    assert mails.untold(shop.context.db, "trouble") == []
    assert shop.states() == list[MailState]()
