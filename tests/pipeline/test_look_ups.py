"""Whether a feed is sent again is said by createFeed itself, and by a list of feeds that was read; by nothing else.

Each call of the sender fails here in every way that a call can fail; the sandbox's own ledger says what Amazon got.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from marketplaces.market_kit import IMPATIENT
from pipeline.fragile import Crash, Fragile
from pipeline.trade import Overheard, Trade, shipped, trading

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.marketplaces.amazon import FeedsClient
from cws_filedrop.model import FeedKind, FeedState
from cws_filedrop.pipeline.steps import StepResult
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.users.decisions import Who

LATER = 3600.0  # seconds: the answer is looked up, and a token taken before has ended


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path) as trade:
        yield trade


# What can go wrong with a call: each gives the client that meets it.


def by_fault(kind: str, **values: object) -> Callable[[Trade, str], FeedsClient]:
    def prepare(trade: Trade, operation: str) -> FeedsClient:
        trade.market.fault(operation, kind, **values)
        return trade.market.client(clock=trade.market.clock)

    return prepare


def hangs(trade: Trade, operation: str) -> FeedsClient:
    trade.market.fault(operation, "hang")
    return trade.market.client(timeouts=IMPATIENT, clock=trade.market.clock)


def without_token(kind: str, **values: object) -> Callable[[Trade, str], FeedsClient]:
    def prepare(trade: Trade, operation: str) -> FeedsClient:
        trade.market.fault("token", kind, **values)
        return trade.market.client(clock=trade.market.clock)

    return prepare


def nobody_listens(trade: Trade, operation: str) -> FeedsClient:
    return elsewhere(trade, endpoint=dead_address())


def no_token_from_there(trade: Trade, operation: str) -> FeedsClient:
    return elsewhere(trade, token_url=f"{dead_address()}/auth/o2/token")


def without_consent(trade: Trade, operation: str) -> FeedsClient:
    return elsewhere(trade, refresh_token="revoked-M1")


def elsewhere(trade: Trade, **changed: str) -> FeedsClient:
    credentials = replace(trade.market.credentials(), **changed)
    return trade.market.client(credentials=credentials, clock=trade.market.clock)


def dead_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


PASSING = {
    "throttled": by_fault("throttle"),
    "server fault": by_fault("fail"),
    "gateway fault": by_fault("fail", status=503),
    "time-out": hangs,
    "refused connection": nobody_listens,
    "lost answer": by_fault("drop"),
    "half an answer": by_fault("cut"),
    "a page of HTML": by_fault("garbage"),
    "token: throttled": without_token("throttle"),
    "token: server fault": without_token("fail"),
    "token: refused connection": no_token_from_there,
    "token: a page of HTML": without_token("garbage"),
}
FOR_A_PERSON = {
    "bad request": by_fault("refuse"),
    "forbidden": by_fault("refuse", status=403),
    "not found": by_fault("refuse", status=404),
    "token: wrong secret": without_token("refuse", status=401, times=2),
    "token: consent revoked": without_consent,
}
Trouble = Callable[[Trade, str], FeedsClient]


def submit_by(trade: Trade, client: object, feed_no: int, attempt: int) -> StepResult:
    """One attempt by that client instead of the trade's own."""
    usual = trade.sender
    trade.sender = replace(usual, client=lambda account: client)
    try:
        return trade.submit(feed_no, attempt)
    finally:
        trade.sender = usual


def unanswered(trade: Trade) -> tuple[str, int]:
    """An upload whose feed Amazon took, though its answer to createFeed was lost."""
    upload_id = trade.drop(shipped())
    trade.market.fault("createFeed", "drop")
    feed_no = trade.begin()
    assert trade.submit(feed_no).again_seconds
    assert trade.feed(feed_no).state is FeedState.INTENDED
    trade.market.clock.now += LATER
    return upload_id, feed_no


def looked(trade: Trade, feed_no: int, times: int) -> None:
    """So many looks came to nothing before."""
    for attempt in range(2, 2 + times):
        trade.market.fault("getFeeds", "fail")
        assert trade.submit(feed_no, attempt).again_seconds
        assert trade.feed(feed_no).state is FeedState.INTENDED


def is_adopted_and_confirmed(trade: Trade, upload_id: str, feed_no: int) -> None:
    assert trade.submit(feed_no, 9).again_seconds
    assert trade.feed(feed_no).state is FeedState.ADOPTED
    assert trade.told(upload_id) == [("sent", "")]
    assert trade.resolve(feed_no).done
    trade.look(feed_no)
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]
    assert len(trade.wire.sent) == 1
    assert [entry["order_id"] for entry in trade.market.ledger()] == ["026-1520163-6049104"]


@pytest.mark.parametrize("earlier_looks", [0, 2], ids=["first look", "later look"])
@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_a_look_up_that_cannot_be_made_leaves_everything_as_it_was(
    trade: Trade, trouble: Trouble, earlier_looks: int
) -> None:
    upload_id, feed_no = unanswered(trade)
    looked(trade, feed_no, earlier_looks)
    before = trade.feed(feed_no)
    step = submit_by(trade, trouble(trade, "getFeeds"), feed_no, 5)
    after = trade.feed(feed_no)
    assert step.again_seconds > 0
    assert after == replace(before, note=step.note)
    assert after.note.startswith("The sandbox, asked ")
    is_adopted_and_confirmed(trade, upload_id, feed_no)


LOOK_UPS_FOR_A_PERSON = {name: trouble for name, trouble in FOR_A_PERSON.items() if name != "forbidden"}


@pytest.mark.parametrize("earlier_looks", [0, 2], ids=["first look", "later look"])
@pytest.mark.parametrize("trouble", LOOK_UPS_FOR_A_PERSON.values(), ids=LOOK_UPS_FOR_A_PERSON)
def test_a_look_up_that_is_refused_stops_the_account_and_is_made_again_by_a_retry(
    trade: Trade, trouble: Trouble, earlier_looks: int
) -> None:
    upload_id, feed_no = unanswered(trade)
    looked(trade, feed_no, earlier_looks)
    before = trade.feed(feed_no)
    step = submit_by(trade, trouble(trade, "getFeeds"), feed_no, 5)
    assert (step.done, step.again_seconds) == (False, 0.0)
    assert trade.feed(feed_no) == replace(before, state=FeedState.STOPPED, note=step.note)
    assert feeds.stopped_accounts(trade.context.db) == {1: step.note}
    orders_and_feeds.retry_feed(trade.context, feed_no, who=Who("olga"))
    assert trade.feed(feed_no).state is FeedState.INTENDED
    assert feeds.stopped_accounts(trade.context.db) == {}
    is_adopted_and_confirmed(trade, upload_id, feed_no)


@pytest.mark.parametrize("before_commit", [True, False], ids=["undone", "done"])
@pytest.mark.parametrize("transactions", range(5))
def test_a_crash_amid_a_refused_look_up_leads_to_no_second_feed(
    trade: Trade, transactions: int, before_commit: bool
) -> None:
    upload_id, feed_no = unanswered(trade)
    trade.market.fault("getFeeds", "refuse")
    usual, db = trade.sender, Fragile(trade.context.db.url)
    trade.sender = replace(usual, context=replace(trade.context, db=db))
    db.transactions_left, db.before_commit = transactions, before_commit
    with contextlib.suppress(Crash):
        trade.submit(feed_no, 2)
    db.close()
    trade.sender = usual
    trade.market.control.delete(f"{trade.market.server.endpoint}/sandbox/faults")
    if trade.feed(feed_no).state is FeedState.STOPPED:
        orders_and_feeds.retry_feed(trade.context, feed_no, who=Who("olga"))
    is_adopted_and_confirmed(trade, upload_id, feed_no)


# createFeed's own outcome.

NOT_DONE = {
    "throttled": PASSING["throttled"],
    "refused connection": nobody_listens,
    "token: throttled": without_token("throttle"),
    "token: server fault": without_token("fail"),
    "token: refused connection": no_token_from_there,
    "token: a page of HTML": without_token("garbage"),
}
UNKNOWN = {name: PASSING[name] for name in ("server fault", "time-out", "lost answer", "half an answer")}


@dataclass
class Halfway(Overheard):
    """All goes well until createFeed; that is left to another client, which begins without a token."""

    creator: Callable[[], FeedsClient] = NotImplemented

    def create_feed(self, document_id: str, kind: FeedKind) -> str:
        return self.creator().create_feed(document_id, kind)


def halfway(trade: Trade, creator: Callable[[], FeedsClient]) -> Halfway:
    return Halfway(trade.wire.client, trade.wire.sent, trade.wire.read, creator)


def met_by_create_feed(trade: Trade, trouble: Trouble) -> Halfway:
    return halfway(trade, lambda: trouble(trade, "createFeed"))


def a_stranger_sends(trade: Trade) -> None:
    """Another program of the seller has a feed of the same kind processed."""
    client = trade.market.client()
    document_id, url, _ = client.create_feed_document()
    client.upload(url, trade.wire.sent[0].replace(b"026-1520163-6049104", b"026-1520163-0000009"))
    client.create_feed(document_id)


@pytest.mark.parametrize("trouble", NOT_DONE.values(), ids=NOT_DONE)
def test_what_create_feed_did_not_do_is_sent_anew_without_a_look_up(trade: Trade, trouble: Trouble) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    assert submit_by(trade, met_by_create_feed(trade, trouble), feed_no, 1).again_seconds
    feed = trade.feed(feed_no)
    assert (feed.state, feed.intent_at) == (FeedState.FILLED, None)
    a_stranger_sends(trade)
    trade.market.fault("getFeeds", "fail")
    trade.market.clock.now += LATER
    assert trade.submit(feed_no, 2).done
    trade.market.finish()
    sent = [entry["order_id"] for entry in trade.market.ledger()]
    assert sorted(sent) == ["026-1520163-0000009", "026-1520163-6049104"]


@pytest.mark.parametrize("trouble", UNKNOWN.values(), ids=UNKNOWN)
def test_what_create_feed_may_have_done_is_looked_up(trade: Trade, trouble: Trouble) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    assert submit_by(trade, met_by_create_feed(trade, trouble), feed_no, 1).again_seconds
    feed = trade.feed(feed_no)
    assert feed.state is FeedState.INTENDED
    assert feed.intent_at is not None


@pytest.mark.parametrize("trouble", FOR_A_PERSON.values(), ids=FOR_A_PERSON)
def test_a_feed_that_create_feed_refused_is_sent_anew_by_a_retry(trade: Trade, trouble: Trouble) -> None:
    upload_id = trade.drop(shipped())
    feed_no = trade.begin()
    step = submit_by(trade, met_by_create_feed(trade, trouble), feed_no, 1)
    assert (step.done, step.again_seconds) == (False, 0.0)
    feed = trade.feed(feed_no)
    assert (feed.state, feed.intent_at) == (FeedState.STOPPED, None)
    assert feeds.stopped_accounts(trade.context.db) == {1: step.note}
    a_stranger_sends(trade)
    orders_and_feeds.retry_feed(trade.context, feed_no, who=Who("olga"))
    assert trade.feed(feed_no).state is FeedState.FILLED
    trade.market.clock.now += LATER
    assert trade.submit(feed_no, 2).done
    trade.look(feed_no)
    assert trade.settle(feed_no).done
    assert trade.told(upload_id) == [("confirmed", "")]
    assert sorted(entry["order_id"] for entry in trade.market.ledger()) == [
        "026-1520163-0000009",
        "026-1520163-6049104",
    ]


def test_who_sends_create_feed_elsewhere_may_have_done_it(trade: Trade) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    trade.market.fault("createFeed", "refuse", status=307, worked=True)
    step = trade.submit(feed_no)
    assert (step.done, step.again_seconds) == (False, 0.0)
    assert trade.feed(feed_no).state is FeedState.STOPPED
    orders_and_feeds.retry_feed(trade.context, feed_no, who=Who("olga"))
    assert trade.feed(feed_no).state is FeedState.INTENDED


def test_a_token_that_was_refused_and_cannot_be_replaced_means_that_nothing_was_done(trade: Trade) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    client = trade.market.client(clock=trade.market.clock)
    client.create_feed_document()  # it has a token now
    trade.market.clock.now += 60  # old enough for another one to be better

    def creator() -> FeedsClient:
        trade.market.fault("createFeed", "refuse", status=403)
        trade.market.fault("token", "fail")
        return client

    assert submit_by(trade, halfway(trade, creator), feed_no, 1).again_seconds
    assert trade.market.control.get(f"{trade.market.server.endpoint}/sandbox/faults").json() == {"faults": []}
    assert (trade.feed(feed_no).state, trade.feed(feed_no).intent_at) == (FeedState.FILLED, None)


@pytest.mark.parametrize("operation", ["createFeedDocument", "upload"])
@pytest.mark.parametrize("kind", ["throttle", "fail", "hang", "drop"])
def test_before_create_feed_nothing_is_intended(trade: Trade, operation: str, kind: str) -> None:
    trade.drop(shipped())
    feed_no = trade.begin()
    trade.market.fault(operation, kind)
    client = Overheard(trade.market.client(timeouts=IMPATIENT, clock=trade.market.clock))
    assert submit_by(trade, client, feed_no, 1).again_seconds
    assert (trade.feed(feed_no).state, trade.feed(feed_no).intent_at) == (FeedState.FILLED, None)
    assert trade.submit(feed_no, 2).done
    trade.market.finish()
    assert len(trade.market.ledger()) == 1
