"""What is sent to Amazon and what it answers is kept; a disk that does not take it neither loses nor doubles a feed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.trade import UNKNOWN_TO_AMAZON, Trade, cancelled, shipped, trading

from cws_filedrop import retention
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.drop.archive import ArchivedName, FeedFileKind
from cws_filedrop.model import FeedState, Policy
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.users.decisions import Who


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path, Policy(cancel_at_amazon=True)) as trade:
        yield trade


def kept(trade: Trade, feed: FeedRow) -> tuple[bytes, bytes]:
    archive = trade.context.archive
    hashes = {FeedFileKind.DOCUMENT: feed.document_sha256, FeedFileKind.REPORT: feed.report_sha256}
    document, report = (archive.read(ArchivedName(feed.day, feed.no, kind, value)) for kind, value in hashes.items())
    return document, report


def test_the_document_and_the_report_are_kept_as_they_went_over_the_wire(trade: Trade) -> None:
    trade.drop(shipped(), shipped(UNKNOWN_TO_AMAZON))
    feed = trade.send()
    document, report = kept(trade, feed)
    assert [document] == trade.wire.sent
    assert [report] == trade.wire.read
    assert b"<MessageType>OrderFulfillment</MessageType>" in document
    assert b"<ResultMessageCode>" in report


def test_so_are_those_of_cancellations(trade: Trade) -> None:
    trade.knows("026-1520163-6049104")
    trade.drop(cancelled())
    document, report = kept(trade, trade.send())
    assert ([document], [report]) == (trade.wire.sent, trade.wire.read)
    assert b"<MessageType>OrderAcknowledgement</MessageType>" in document


def test_the_document_is_kept_before_anything_is_sent(trade: Trade) -> None:
    trade.drop(shipped())
    trade.market.fault("createFeedDocument", "fail")
    feed_no = trade.begin()
    assert trade.submit(feed_no).again_seconds
    (path,) = trade.context.archive.root.glob(f"*/{feed_no}.document.*")
    assert trade.wire.sent == []
    assert trade.submit(feed_no, 2).done
    assert list(trade.context.archive.root.glob(f"*/{feed_no}.*")) == [path], "the same bytes are one file"
    assert trade.feed(feed_no).document_sha256 in path.name


def test_a_feed_whose_answer_was_lost_is_found_with_its_document(trade: Trade) -> None:
    trade.drop(shipped())
    trade.market.fault("createFeed", "drop")
    feed_no = trade.begin()
    assert trade.submit(feed_no).again_seconds
    assert trade.feed(feed_no).state is FeedState.INTENDED
    trade.market.clock.now += 60
    assert trade.resolve(feed_no).done
    trade.look(feed_no)
    trade.settle(feed_no)
    assert [kept(trade, trade.feed(feed_no))[0]] == trade.wire.sent


def test_nothing_is_sent_that_the_disk_does_not_take_and_it_goes_once_it_does(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    feed_no = trade.begin()
    trade.context.archive.root.write_bytes(b"in the way")
    for attempt in (1, 2):
        step = trade.submit(feed_no, attempt)
        assert 0 < step.again_seconds <= AMAZON_FAILED.seconds(attempt) * 2
        assert "cannot be kept on our disk" in step.note
    feed = trade.feed(feed_no)
    assert (feed.state, feed.note) == (FeedState.FILLED, step.note)
    assert trade.wire.sent == []
    assert trade.market.client().get_feeds(trade.market.since()) == []
    trade.context.archive.root.unlink()
    assert trade.submit(feed_no, 3).done
    trade.look(feed_no)
    trade.settle(feed_no)
    assert trade.told(upload_id) == [("confirmed", "")]
    assert len(trade.market.ledger()) == 1


def test_no_line_is_answered_before_the_report_is_kept(trade: Trade) -> None:
    upload_id = trade.drop(shipped(), shipped(UNKNOWN_TO_AMAZON))
    feed_no = trade.begin()
    assert trade.submit(feed_no).done
    trade.look(feed_no)
    root = trade.context.archive.root
    root.rename(root.with_name("aside"))
    root.write_bytes(b"in the way")
    step = trade.settle(feed_no)
    assert step.again_seconds > 0
    assert "cannot be kept on our disk: [Errno 17] File exists" in trade.feed(feed_no).note
    assert trade.told(upload_id) == [("sent", ""), ("sent", "")]
    root.unlink()
    root.with_name("aside").rename(root)
    assert trade.settle(feed_no).done
    assert [verdict for verdict, _ in trade.told(upload_id)] == ["confirmed", "unconfirmed"]
    assert kept(trade, trade.feed(feed_no))[1] == trade.wire.read[-1]
    assert len(trade.wire.sent) == 1


def test_a_feed_that_ended_fatal_stays_so_while_its_settling_waits(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    trade.market.fault("createFeed", "fatal")
    feed_no = trade.begin()
    assert trade.submit(feed_no).done
    trade.look(feed_no)
    document = trade.market.settled(trade.market.client(), trade.wire.sent[0]).result_document_id
    feeds.change(trade.context.db, feed_no, report_document_id=document)  # Amazon may give one, for all that
    trade.market.fault("getFeedDocument", "fail")
    assert trade.settle(feed_no).again_seconds
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("unknown", "")]


def test_a_feed_that_ended_fatal_stays_so_when_it_is_stopped_and_retried(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    trade.market.fault("createFeed", "fatal")
    feed_no = trade.begin()
    assert trade.submit(feed_no).done
    trade.look(feed_no)
    document = trade.market.settled(trade.market.client(), trade.wire.sent[0]).result_document_id
    feeds.change(trade.context.db, feed_no, report_document_id=document, state=FeedState.STOPPED, note="KeyError: 'x'")
    orders_and_feeds.retry_feed(trade.context, feed_no, who=Who("olga"))
    assert trade.feed(feed_no).note == ""
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("unknown", "")]


def test_a_feed_that_is_adopted_is_not_judged_by_the_end_of_another(trade: Trade) -> None:
    trade.drop(shipped())
    trade.market.fault("createFeed", "fatal")
    feed_no = trade.begin()
    assert trade.submit(feed_no).done
    trade.look(feed_no)
    assert (trade.feed(feed_no).ended, trade.feed(feed_no).report_document_id) == ("FATAL", "-")
    feeds.change(trade.context.db, feed_no, state=FeedState.STOPPED)
    orders_and_feeds.adopt_feed(trade.context, feed_no, "50000000099", who=Who("olga"))
    feed = trade.feed(feed_no)
    assert (feed.state, feed.amazon_feed_id, feed.ended, feed.report_document_id) == (
        "submitted",
        "50000000099",
        "",
        "",
    )


def test_a_lost_report_leaves_none(trade: Trade) -> None:
    trade.drop(shipped())
    trade.market.fault("createFeed", "fatal")
    feed = trade.send()
    assert (len(feed.document_sha256), feed.report_sha256) == (64, "")


def test_they_are_removed_when_no_dispute_can_come_any_more(trade: Trade) -> None:
    trade.drop(shipped())
    feed = trade.send()
    days = trade.context.settings.service.keep_documents_days
    for after, there in ((days - 1, 2), (days + 1, 0)):
        later = trade.context.clock() + timedelta(days=after)
        retention.sweep(replace(trade.context, clock=lambda later=later: later))
        found = [name for _, _, names in os.walk(trade.context.archive.root) for name in names]
        assert len(found) == there
    assert trade.feed(feed.no).document_sha256, "it is still known what it was"
    shutil.rmtree(trade.context.archive.root)
    retention.sweep(trade.context)
