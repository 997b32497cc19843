"""A feed whose createFeed answer was lost: which feed at Amazon it is, when it is sent again, and when never.

By the real client on the real sandbox, whose ledger says what Amazon got; its clock is moved by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from marketplaces.market_kit import document, message, submit
from pipeline.shop import ORDER, OTHER
from pipeline.trade import HEADINGS, Overheard, Trade, cancelled, shipped, trading

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.errors import NotPossible, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import DocumentPlace, Feed, FeedsClient, FeedStatus
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.marketplaces.sandbox import report
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.model import FeedKind, FeedState, Policy
from cws_filedrop.pipeline import standing
from cws_filedrop.reports.marketplace import number_of_feed
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users.decisions import Who

pytestmark = pytest.mark.postgres

OLGA = Who("olga")
UNIT = 30.0  # lookup_seconds


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path, Policy(cancel_at_amazon=True)) as trade:
        yield trade


@dataclass
class Lost(Overheard):
    """createFeed is called, and no answer comes; `worked` says whether it was carried out."""

    worked: bool = True
    calls: int = 0

    def create_feed(self, document_id: str, kind: FeedKind = FeedKind.FULFILLMENT) -> str:
        self.calls += 1
        self.document_id = document_id
        if self.worked:
            self.client.create_feed(document_id, kind)
        raise RemoteUnavailable("no answer", ambiguous=True)

    def late(self) -> None:
        """createFeed takes effect now."""
        self.client.create_feed(self.document_id)


def reached_by(trade: Trade, client: object) -> None:
    trade.sender = replace(trade.sender, client=lambda account: client)


def lost(trade: Trade, *rows: str, worked: bool = True) -> tuple[str, int]:
    """An upload whose feed was sent, with no answer."""
    upload_id = trade.drop(*(rows or [shipped()]))
    double, usual = Lost(trade.wire.client, trade.wire.sent, trade.wire.read, worked), trade.sender
    reached_by(trade, double)
    feed_no = trade.begin()
    assert trade.submit(feed_no).again_seconds
    trade.sender = usual
    assert trade.feed(feed_no).state is FeedState.INTENDED
    return upload_id, feed_no


def a_stranger_sends(trade: Trade, *orders: str, account: str = "M1", tracking: str = "") -> str:
    """Another program of the seller has a feed processed; its id."""
    messages = [message(at, order, items=(), tracking=tracking) for at, order in enumerate(orders, 1)]
    return submit(trade.market.client(account, clock=trade.market.clock), document(*messages))


def ledger(trade: Trade) -> list[str]:
    return sorted(entry["order_id"] for entry in trade.market.ledger())


def is_confirmed_once(trade: Trade, upload_id: str, feed_no: int, *others: str) -> None:
    assert trade.resolve(feed_no).done
    trade.look(feed_no)
    assert trade.settle(feed_no).done
    assert [verdict for verdict, _ in trade.told(upload_id)] == ["confirmed"]
    assert ledger(trade) == sorted([ORDER, *others])


# When it is looked for, and when it is believed not to be there.


def test_amazon_is_asked_three_times_over_growing_time_before_a_feed_is_sent_again(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    begun, asked = trade.market.clock.now, []

    @dataclass
    class Counted(Overheard):
        def get_feeds(self, created_since: datetime) -> list[Feed]:
            asked.append((trade.market.clock.now - begun) / UNIT)
            return self.client.get_feeds(created_since)

    reached_by(trade, Counted(trade.wire.client, trade.wire.sent, trade.wire.read))
    is_confirmed_once(trade, upload_id, feed_no)
    assert [round(one) for one in asked] == [1, 4, 20]
    assert len(trade.wire.sent) == 2


def test_the_seller_is_told_meanwhile_why_its_lines_wait(trade: Trade) -> None:
    _, feed_no = lost(trade, worked=False)
    trade.market.clock.now += UNIT
    trade.submit(feed_no, 2)
    (seller,) = sellers.everyone(trade.context.db)
    (one,) = standing.of(trade.context, seller).unresolved
    assert (one["no"], one["lines"], one["since"]) == (feed_no, 1, trade.feed(feed_no).intent_at)
    assert one["why"].startswith("The sandbox does not list it (look 1 of 3)")
    trade.resolve(feed_no)
    assert standing.of(trade.context, seller).unresolved == []


@pytest.mark.parametrize("looks", [1, 2])
def test_create_feed_that_takes_effect_late_is_found_by_a_later_look(trade: Trade, looks: int) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    for attempt in range(2, 2 + looks):
        trade.market.clock.now += trade.submit(feed_no, attempt).again_seconds
        assert trade.submit(feed_no, attempt).again_seconds
    trade.wire.client.create_feed(trade.feed(feed_no).document_id)
    is_confirmed_once(trade, upload_id, feed_no)
    assert len(trade.wire.sent) == 1


@pytest.mark.parametrize("minutes", [-600, -10, -3, 3, 10, 600], ids=lambda minutes: f"{minutes} minutes ahead")
def test_a_clock_of_ours_that_is_wrong_hides_no_feed(trade: Trade, minutes: int) -> None:
    clock = lambda: datetime.fromtimestamp(trade.market.clock.now, UTC) + timedelta(minutes=minutes)  # noqa: E731
    trade.context = replace(trade.context, clock=clock)
    trade.sender = replace(trade.sender, context=trade.context)
    upload_id, feed_no = lost(trade)
    is_confirmed_once(trade, upload_id, feed_no)
    assert len(trade.wire.sent) == 1


def test_a_finished_submit_that_runs_again_sends_nothing(trade: Trade) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    assert trade.submit(feed_no).done
    assert trade.submit(feed_no).done
    trade.look(feed_no)
    assert trade.submit(feed_no).done
    trade.settle(feed_no)
    assert trade.submit(feed_no).done
    assert len(trade.wire.sent) == 1
    assert ledger(trade) == [ORDER]


@pytest.mark.parametrize(("operation", "attempt"), [("createFeedDocument", 1), ("createFeed", 2)])
def test_without_a_token_nothing_is_sent_until_there_is_one(trade: Trade, operation: str, attempt: int) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    trade.sender = replace(trade.sender, rate_scale=1.0)
    limit = trade.sender.rate_limit(operation)
    while not (wait := feeds.reserve(trade.context.db, 1, limit, trade.context.clock())):
        pass
    step = trade.submit(feed_no, attempt)
    assert (step.done, step.again_seconds) == (False, pytest.approx(wait))
    assert (trade.feed(feed_no).state, trade.wire.sent) == (FeedState.FILLED, [])
    trade.market.clock.now += step.again_seconds
    assert trade.submit(feed_no, attempt).done
    assert len(trade.wire.sent) == 1


def test_two_workflows_of_a_feed_send_it_once(trade: Trade) -> None:
    """Whoever records the intent calls createFeed; who comes second leaves it to the first."""
    trade.drop(shipped())
    feed_no, usual = trade.begin(), trade.sender

    @dataclass
    class Overtaken(Overheard):
        def upload(self, url: str, body: bytes) -> None:
            self.client.upload(url, body)
            trade.sender = usual
            assert trade.submit(feed_no).done

    reached_by(trade, Overtaken(trade.wire.client))
    trade.submit(feed_no)
    trade.market.finish()
    assert ledger(trade) == [ORDER]


def test_an_answer_that_comes_after_nobody_believed_in_it_is_taken(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    feed_no, usual = trade.begin(), trade.sender

    @dataclass
    class HeldUp(Overheard):
        def create_feed(self, document_id: str, kind: FeedKind = FeedKind.FULFILLMENT) -> str:
            trade.sender = usual
            for attempt in range(2, 9):
                if trade.feed(feed_no).state is FeedState.FILLED:
                    break
                trade.market.clock.now += trade.submit(feed_no, attempt).again_seconds
            return self.client.create_feed(document_id, kind)

    reached_by(trade, HeldUp(trade.wire.client, trade.wire.sent))
    assert trade.submit(feed_no).done
    assert trade.feed(feed_no).state is FeedState.SUBMITTED
    is_confirmed_once(trade, upload_id, feed_no)


# Which feeds are no candidates.


def test_feeds_that_are_older_or_known_or_of_another_kind_or_account_are_never_it(trade: Trade) -> None:
    trade.knows("026-0000000-0000001", "026-0000000-0000002")
    trade.drop(shipped("026-0000000-0000001"))
    known = trade.begin()
    assert trade.submit(known).done
    before = a_stranger_sends(trade, "026-0000000-0000003")
    trade.market.clock.now += 1300
    trade.look(known)
    upload_id, feed_no = lost(trade, worked=False)
    a_stranger_sends(trade, "026-0000000-0000004", account="M2")
    trade.drop(cancelled("026-0000000-0000002"))
    document_id, url, _ = trade.wire.client.create_feed_document()
    trade.wire.client.upload(url, b"<x/>")
    trade.wire.client.create_feed(document_id, FeedKind.ACKNOWLEDGEMENT)
    while trade.feed(feed_no).state is FeedState.INTENDED:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    assert (trade.feed(feed_no).state, trade.feed(feed_no).amazon_feed_id) == (FeedState.FILLED, None)
    assert before
    is_confirmed_once(trade, upload_id, feed_no, *(f"026-0000000-000000{one}" for one in (1, 3, 4)))


def test_a_feed_of_ours_that_went_seconds_before_is_never_it(trade: Trade) -> None:
    trade.drop(shipped(OTHER))
    sent_at = trade.market.clock.now
    known = trade.send().amazon_feed_id
    trade.market.clock.now = sent_at + 2 - 60  # a drop takes a minute
    upload_id, feed_no = lost(trade, worked=False)
    while trade.feed(feed_no).state is FeedState.INTENDED:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    assert (trade.feed(feed_no).state, trade.feed(feed_no).strangers) == (FeedState.FILLED, "")
    is_confirmed_once(trade, upload_id, feed_no, OTHER)
    assert trade.feed(feed_no).amazon_feed_id != known


def test_a_feed_that_appeared_a_minute_before_our_document_is_never_it(trade: Trade) -> None:
    trade.market.clock.now += 3600
    stranger = a_stranger_sends(trade, OTHER)
    upload_id = trade.drop(shipped())  # a minute later
    usual = trade.sender
    reached_by(trade, Lost(trade.wire.client, trade.wire.sent, trade.wire.read, worked=False))
    feed_no = trade.begin()
    assert trade.submit(feed_no).again_seconds
    trade.sender = usual
    is_confirmed_once(trade, upload_id, feed_no, OTHER)
    assert trade.feed(feed_no).amazon_feed_id != stranger
    assert trade.feed(feed_no).strangers == ""


# Strangers that are candidates.


def adopted(trade: Trade, feed_no: int) -> None:
    while trade.feed(feed_no).state is FeedState.INTENDED:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    assert trade.feed(feed_no).state is FeedState.ADOPTED


@pytest.mark.parametrize(
    "orders", [[OTHER, "026-0000000-0000009"], ["026-0000404-0000003"]], ids=["by its count", "by the orders it names"]
)
def test_a_strangers_feed_is_found_out_by_its_report_and_looking_goes_on(trade: Trade, orders: list[str]) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    stranger = a_stranger_sends(trade, *orders)
    adopted(trade, feed_no)
    assert trade.told(upload_id) == [("sent", "")]
    while trade.feed(feed_no).state is FeedState.ADOPTED:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    feed = trade.feed(feed_no)
    assert (feed.state, feed.amazon_feed_id, feed.strangers) == (FeedState.INTENDED, None, stranger)
    assert trade.told(upload_id) == [("queued", "")]
    is_confirmed_once(trade, upload_id, feed_no, *orders)


def test_two_strangers_are_both_found_out_and_remembered(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    orders = ["026-0000000-0000007", "026-0000000-0000008", "026-0000000-0000009"]
    strangers = [a_stranger_sends(trade, OTHER, orders[0]), a_stranger_sends(trade, *orders[1:])]
    while len(trade.feed(feed_no).not_ours) < 2:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    assert trade.feed(feed_no).not_ours == set(strangers)
    is_confirmed_once(trade, upload_id, feed_no, OTHER, *orders)


def test_a_strangers_feed_whose_report_could_be_ours_makes_nothing_good(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    stranger = a_stranger_sends(trade, OTHER)
    step = trade.resolve(feed_no)
    feed = trade.feed(feed_no)
    assert (feed.state, feed.note, feed.submitted_at) == (FeedState.STOPPED, step.note, None)
    assert f"feed adopt {feed_no} {stranger}" in step.note
    assert trade.told(upload_id) == [("sent", "")]
    orders_and_feeds.send_feed_again(trade.context, feed_no, who=OLGA)
    is_confirmed_once(trade, upload_id, feed_no, OTHER)


def test_an_operator_may_say_that_an_adopted_feed_is_ours(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    adopted(trade, feed_no)
    orders_and_feeds.adopt_feed(trade.context, feed_no, str(trade.feed(feed_no).amazon_feed_id), who=OLGA)
    assert trade.feed(feed_no).state is FeedState.SUBMITTED
    is_confirmed_once(trade, upload_id, feed_no)


@dataclass
class Orders:
    """Orders as Amazon has them, or what is said instead."""

    answer: Callable[[str], AmazonOrder | None]

    def get_order(self, order_id: str) -> AmazonOrder | None:
        return self.answer(order_id)


def no_orders(trade: Trade, status: int = 403) -> None:
    def refused(order_id: str) -> AmazonOrder | None:
        raise RemoteRefused("not yours to read", status=status)

    trade.sender = replace(trade.sender, orders=lambda account: Orders(refused))


def test_without_orders_an_operator_has_to_say_that_an_adopted_feed_is_ours(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    no_orders(trade)
    step = trade.resolve(feed_no)
    assert "its report fits" in step.note
    assert trade.feed(feed_no).state is FeedState.STOPPED
    assert trade.told(upload_id) == [("sent", "")]
    orders_and_feeds.adopt_feed(trade.context, feed_no, str(trade.feed(feed_no).amazon_feed_id), who=OLGA)
    is_confirmed_once(trade, upload_id, feed_no)


NOT_THERE = "026-0000404-0000003"


@dataclass
class TookNothing(Overheard):
    """A feed of another program about our order was cancelled, or refused message by message."""

    stranger: str = ""
    is_cancelled: bool = False

    def get_feed(self, feed_id: str) -> Feed:
        there: Feed = self.client.get_feed(feed_id)
        if feed_id != self.stranger or not self.is_cancelled:
            return there
        return replace(there, status=FeedStatus.CANCELLED, result_document_id="")

    def get_report(self, document_id: str) -> bytes:
        if document_id != self.client.get_feed(self.stranger).result_document_id:
            return self.client.get_report(document_id)
        refused = ReportedResult(1, ResultSeverity.ERROR, "18041", "the carrier is missing", ORDER)
        return report.write(int(number_of_feed(self.stranger)), "M1", 1, [refused])


def test_one_of_which_amazon_refused_all_is_sent_again_and_has_an_answer_of_its_own(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, shipped(NOT_THERE))
    assert trade.resolve(feed_no).done
    assert len(trade.wire.sent) == 2
    trade.look(feed_no)
    trade.settle(feed_no)
    assert trade.told(upload_id) == [("unconfirmed", "A-18028")]


@pytest.mark.parametrize("end", ["refused", "cancelled"])
def test_a_strangers_feed_about_our_orders_of_which_amazon_took_nothing_is_no_answer_to_ours(
    trade: Trade, end: str
) -> None:
    """Another program of the seller tells of the same order in the same place, and is refused for its own mistake."""
    upload_id, feed_no = lost(trade, worked=False)
    stranger = a_stranger_sends(trade, OTHER)
    trade.market.finish()
    reached_by(trade, TookNothing(trade.wire.client, trade.wire.sent, trade.wire.read, stranger, end == "cancelled"))
    assert trade.resolve(feed_no).done
    assert len(trade.wire.sent) == 2
    trade.look(feed_no)
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]


def test_an_adopted_feed_without_tracking_numbers_is_ours_when_all_its_orders_are_shipped(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, f"{ORDER}\tshipped\t01234567890123\t1\t\t\t")
    is_confirmed_once(trade, upload_id, feed_no)


def test_an_adopted_cancellation_is_ours_when_all_its_orders_are_cancelled(trade: Trade) -> None:
    trade.knows(ORDER)
    trade.market.load({"order_id": ORDER, "items": {"01234567890123": 2}})
    upload_id, feed_no = lost(trade, cancelled())
    assert trade.resolve(feed_no).done
    trade.look(feed_no)
    trade.settle(feed_no)
    assert trade.told(upload_id) == [("confirmed", "")]


# Several candidates.


@pytest.mark.parametrize("first", [True, False], ids=["the stranger was first", "the stranger was second"])
def test_of_two_candidates_the_one_whose_report_fits_is_taken(trade: Trade, first: bool) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    sends = [lambda: a_stranger_sends(trade, OTHER, "026-0000000-0000009")]
    ours = lambda: trade.wire.client.create_feed(trade.feed(feed_no).document_id)  # noqa: E731
    made = [send() for send in ([*sends, ours] if first else [ours, *sends])]
    is_confirmed_once(trade, upload_id, feed_no, OTHER, "026-0000000-0000009")
    assert trade.feed(feed_no).amazon_feed_id == made[1 if first else 0]
    assert trade.feed(feed_no).strangers == made[0 if first else 1]
    assert len(trade.wire.sent) == 1


def test_two_candidates_that_both_fit_are_settled_by_the_orders(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    a_stranger_sends(trade, OTHER)
    assert trade.resolve(feed_no).done
    assert trade.feed(feed_no).state is FeedState.SETTLED
    assert trade.told(upload_id) == [("confirmed", "")]
    assert ledger(trade) == sorted([ORDER, OTHER])


def test_two_candidates_that_nothing_tells_apart_wait_for_a_person(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    a_stranger_sends(trade, OTHER)
    no_orders(trade)
    step = trade.resolve(feed_no)
    assert "more than one feed could be this one" in step.note
    assert trade.feed(feed_no).state is FeedState.STOPPED
    assert trade.told(upload_id) == [("unknown", "")]
    assert trade.feed(feed_no).amazon_feed_id is None


# Feeds that cannot be listed.


def forbidden(trade: Trade, *, status: int = 403) -> None:
    trade.market.fault("getFeeds", "refuse", status=status, times=1000)


def test_where_feeds_may_not_be_listed_orders_confirm_what_they_show(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    forbidden(trade)
    trade.market.finish()
    assert trade.resolve(feed_no).done
    feed = trade.feed(feed_no)
    assert (feed.state, feed.amazon_feed_id) == (FeedState.SETTLED, None)
    assert trade.told(upload_id) == [("confirmed", "")]
    assert len(trade.wire.sent) == 1


def test_a_list_that_was_refused_once_is_soon_asked_for_again(trade: Trade) -> None:
    _, feed_no = lost(trade, worked=False)
    trade.market.fault("getFeeds", "refuse", status=403, times=2)  # with a new token, too
    begun = trade.market.clock.now
    assert trade.resolve(feed_no).done
    assert trade.feed(feed_no).state is FeedState.SUBMITTED
    assert trade.market.clock.now - begun < 1000


def is_offered_after_a_day(trade: Trade, upload_id: str, feed_no: int) -> None:
    begun = trade.market.clock.now
    step = trade.resolve(feed_no)
    feed = trade.feed(feed_no)
    assert (feed.state, feed.offered, feed.order_looks) == (FeedState.STOPPED, True, 3)
    assert trade.market.clock.now - begun >= 24 * 3600
    assert f"feed send-again {feed_no}" in step.note
    assert "shipped twice" in step.note
    assert trade.told(upload_id) == [("queued", "")]
    assert len(trade.wire.sent) == 1


def test_what_orders_do_not_show_on_three_looks_over_a_day_is_offered_to_be_sent_again(trade: Trade) -> None:
    upload_id, feed_no = lost(trade, worked=False)
    forbidden(trade)
    is_offered_after_a_day(trade, upload_id, feed_no)
    orders_and_feeds.send_feed_again(trade.context, feed_no, who=OLGA)
    assert not trade.feed(feed_no).offered
    is_confirmed_once(trade, upload_id, feed_no)


def test_where_neither_feeds_nor_orders_may_be_read_the_account_is_stopped(trade: Trade) -> None:
    _, feed_no = lost(trade)
    forbidden(trade)
    no_orders(trade)
    trade.resolve(feed_no)
    assert (trade.feed(feed_no).state, trade.feed(feed_no).offered) == (FeedState.STOPPED, False)
    with pytest.raises(NotPossible, match="not offered"):
        orders_and_feeds.send_feed_again(trade.context, feed_no, who=OLGA)


@pytest.mark.parametrize("worked", [True, False])
def test_a_list_that_fails_for_six_hours_gives_way_to_the_orders(trade: Trade, worked: bool) -> None:
    upload_id, feed_no = lost(trade, worked=worked)
    trade.market.fault("getFeeds", "fail", times=10_000)
    begun = trade.market.clock.now
    if not worked:
        is_offered_after_a_day(trade, upload_id, feed_no)
        return
    assert trade.resolve(feed_no).done
    assert 6 * 3600 <= trade.market.clock.now - begun < 7 * 3600
    assert trade.told(upload_id) == [("confirmed", "")]


@dataclass
class Blind(Overheard):
    """Its list of feeds is always empty."""

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        return []


def test_what_orders_show_is_not_sent_again_though_no_list_names_it(trade: Trade) -> None:
    upload_id, feed_no = lost(trade)
    reached_by(trade, Blind(trade.wire.client, trade.wire.sent, trade.wire.read))
    while trade.feed(feed_no).looks < 3:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    shown = f"The sandbox's order {ORDER} shows what it tells, though no list of feeds names it: it is not sent again"
    assert (trade.feed(feed_no).state, trade.feed(feed_no).note) == (FeedState.INTENDED, shown)
    assert trade.resolve(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]
    assert ledger(trade) == [ORDER]


@pytest.mark.parametrize(
    "told", ["01234567890123\t1", "01234567890123\t", "\t"], ids=["a quantity", "all of an item", "the whole order"]
)
def test_units_that_are_shipped_keep_a_feed_without_tracking_numbers_from_being_sent_again(
    trade: Trade, told: str
) -> None:
    _, feed_no = lost(trade, f"{ORDER}\tshipped\t{told}\t\t\t")
    reached_by(trade, Blind(trade.wire.client, trade.wire.sent, trade.wire.read))
    assert trade.resolve(feed_no).done
    assert ledger(trade) == [ORDER]


# Answers without a date.


@dataclass
class Undated(Overheard):
    """Amazon's answers have no Date."""

    def create_feed_document(self) -> DocumentPlace:
        return self.client.create_feed_document()._replace(answered_at=None)


def lost_undated(trade: Trade, *, worked: bool) -> tuple[str, int]:
    usual = trade.wire.client
    trade.wire.client = Undated(usual)  # type: ignore[assignment]
    found = lost(trade, worked=worked)
    trade.wire.client = usual
    assert trade.feed(found[1]).document_at is None
    return found


def test_without_a_date_nothing_is_adopted_and_orders_decide(trade: Trade) -> None:
    upload_id, feed_no = lost_undated(trade, worked=True)
    assert trade.resolve(feed_no).done
    assert trade.feed(feed_no).amazon_feed_id is None
    assert trade.told(upload_id) == [("confirmed", "")]


def test_without_a_date_an_empty_list_still_counts(trade: Trade) -> None:
    upload_id, feed_no = lost_undated(trade, worked=False)
    is_confirmed_once(trade, upload_id, feed_no)


def test_the_date_of_amazons_answer_is_handed_out(trade: Trade) -> None:
    place = trade.wire.client.create_feed_document()
    assert place.answered_at == datetime.fromtimestamp(int(trade.market.clock.now), UTC)


# Large feeds.


def test_of_a_large_feed_some_orders_are_read_and_a_rate_limit_makes_none_be_read_twice(trade: Trade) -> None:
    orders = [f"026-0000001-{number:07d}" for number in range(60)]
    upload_id = trade.drop(*(shipped(one, f"Y{at:07d}K") for at, one in enumerate(orders)), headings=HEADINGS)
    usual = trade.sender
    reached_by(trade, Lost(trade.wire.client, trade.wire.sent, trade.wire.read, worked=False))
    feed_no = trade.begin()
    trade.submit(feed_no)
    read: list[str] = []
    client = trade.market.orders(clock=trade.market.clock)

    def noted(order_id: str) -> AmazonOrder | None:
        read.append(order_id)
        return client.get_order(order_id)

    trade.sender = replace(usual, orders=lambda account: Orders(noted), rate_scale=1.0)
    while trade.feed(feed_no).looks < 2:
        trade.market.clock.now += trade.submit(feed_no, 2).again_seconds
    for _ in range(28):
        assert not trade_token(trade)
    step = trade.submit(feed_no, 3)
    assert 0 < step.again_seconds < 60
    assert "its orders are to be read" in step.note
    assert (len(read), trade.feed(feed_no).order_place) == (2, 2)
    assert trade.resolve(feed_no).done
    assert (len(read), len(set(read))) == (20, 20)
    assert trade.told(upload_id)[:1] == [("sent", "")]
    assert isinstance(trade.wire.client, FeedsClient)


def trade_token(trade: Trade) -> float:
    """Somebody else takes a token of getOrder; the wait if there is none."""
    return feeds.reserve(trade.context.db, 1, trade.sender.rate_limit("getOrder"), trade.context.clock())
