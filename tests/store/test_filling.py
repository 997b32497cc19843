"""Which lines go with a feed: whole orders where that can be, none for ever in the way, none beside another feed's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from kept import arrive
from store.test_feeds import NOW, column, filled, one_message_each, queue, ready, record, rows, turn

from cws_filedrop.errors import Impossible
from cws_filedrop.model import FeedState, UploadState, Verdict
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds import feeds, filling, settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.uploads import claims, uploads

pytestmark = pytest.mark.postgres

RUNS = count()
FINE = Settlement(Verdict.CONFIRMED, "", "ok", {})


@pytest.fixture
def account(db: Database) -> Iterator[int]:
    return queue(db, "u1", ["1", "2"])


def settled(db: Database, feed_no: int) -> None:
    if feeds.get(db, feed_no).submitted_at is None:
        feeds.submitted(db, feed_no, amazon_feed_id=f"F{feed_no}", now=NOW)
    settling.settle(db, feed_no, FINE, now=NOW)


def packages(db: Database, upload_id: str, orders: list[str]) -> int:
    """A package of each order, told apart by its number."""
    arrive(db, upload_id)
    upload = uploads.get(db, upload_id)
    assert upload is not None
    table = rows(orders)
    table["key"] = [claims.ShipmentKey(order, "", f"{upload_id}-{at}", None) for at, order in enumerate(orders)]
    counts = record(db, upload_id=upload_id, account_id=upload.account_id, rows=table)
    uploads.set_state(db, upload_id, UploadState.WAITING, waiting=counts["queued"])
    return upload.account_id


@given(
    files=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=7), min_size=1, max_size=3),
    limit=st.integers(1, 5),
    first=st.booleans(),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_feed_has_lines_however_large_an_order_is_until_all_are_sent(
    db: Database, files: list[list[str]], limit: int, first: bool
) -> None:
    run = next(RUNS)  # another example, other orders; each leaves nothing queued
    ids = [f"{run}-{number}" for number in range(len(files))]
    for upload_id, orders in zip(ids, files, strict=True):
        account = packages(db, upload_id, [f"{run}{order}" for order in orders])
    ahead = [(ids[0], line) for line in range(2, 2 + len(files[0]))] if first else []
    for number in count():
        feed_no = turn(db, account, f"{run}-{number}").feed_no
        if feed_no is None:
            break
        assert 0 < filling.fill(db, feed_no, limit=limit, number=one_message_each, first=ahead) <= limit
        settled(db, feed_no)
    assert {one for upload_id in ids for one in column(db, upload_id, "verdict")} == {"confirmed"}


@pytest.mark.parametrize("state", ["submitted", "stopped"])
def test_other_lines_of_an_order_wait_for_the_feed_that_carries_it(db: Database, account: int, state: str) -> None:
    first = filled(db, account)
    packages(db, "u2", ["2", "3"])
    feeds.submitted(db, first, amazon_feed_id="F1", now=NOW)
    if state == "stopped":
        feeds.move(db, first, FeedEvent.STOPPED, note="why")
        assert turn(db, account, "b", now=NOW + timedelta(days=1)).feed_no is None, "a stopped feed keeps all back"
        feeds.wake(db, first)
    later = NOW + timedelta(hours=1)
    second = turn(db, account, "b", now=later).feed_no
    assert second is not None
    assert filling.fill(db, second, limit=100, number=one_message_each) == 1
    assert filling.shipments(db, second)[0]["amazon-order-id"].to_list() == ["3"]
    feeds.submitted(db, second, amazon_feed_id="F2", now=later)
    much_later = later + timedelta(hours=1)
    assert (ready(db, now=much_later), turn(db, account, "c", now=much_later).feed_no) == ([], None)
    settled(db, first)
    assert ready(db, now=much_later) == [account]
    third = turn(db, account, "c", now=much_later).feed_no
    assert third is not None
    filling.fill(db, third, limit=100, number=one_message_each)
    assert filling.shipments(db, third)[0]["amazon-order-id"].to_list() == ["2"]


def not_b(table: pd.DataFrame) -> pd.Series:
    """Numbers all but order b, of which no document can be made."""
    if "b" in table["amazon-order-id"].to_list():
        raise Impossible("a package is larger than a document")
    return one_message_each(table)


def test_an_order_of_which_no_document_can_be_made_goes_alone_and_keeps_no_other_back(db: Database) -> None:
    account = packages(db, "u1", ["a", "b", "c", "b"])
    bad = turn(db, account, "x").feed_no
    assert bad is not None
    assert filling.fill(db, bad, limit=100, number=not_b) == 2
    assert filling.shipments(db, bad)[0]["amazon-order-id"].to_list() == ["b", "b"]
    feeds.move(db, bad, FeedEvent.STOPPED, note="why")
    gone = Settlement(Verdict.UNCONFIRMED, "", "taken out", {})
    settling.settle(db, bad, gone, now=NOW, event=FeedEvent.TAKEN_OUT)
    good = turn(db, account, "y").feed_no
    assert good is not None
    assert filling.fill(db, good, limit=100, number=not_b) == 2
    settled(db, good)
    assert column(db, "u1", "verdict") == ["confirmed", "unconfirmed", "confirmed", "unconfirmed"]


def test_what_is_wrong_with_all_orders_together_is_said(db: Database) -> None:
    account = packages(db, "u1", ["a", "b"])

    def never_two(table: pd.DataFrame) -> pd.Series:
        if len(table) > 1:
            raise Impossible("more than one")
        return one_message_each(table)

    feed_no = turn(db, account, "x").feed_no
    assert feed_no is not None
    with pytest.raises(Impossible, match="more than one"):
        filling.fill(db, feed_no, limit=100, number=never_two)


def test_of_a_stopped_feed_only_the_orders_that_cannot_be_written_stay(db: Database) -> None:
    account = packages(db, "u1", ["a", "b", "c"])
    feed_no = filled(db, account)
    feeds.move(db, feed_no, FeedEvent.STOPPED, note="why")
    assert filling.take_out_others(db, feed_no, not_b)
    assert filling.shipments(db, feed_no)[0]["amazon-order-id"].to_list() == ["b"]
    assert column(db, "u1", "verdict") == ["queued"] * 3
    assert not filling.take_out_others(db, feed_no, one_message_each)
    assert feeds.get(db, feed_no).line_count == 1


# Rows of feeds.


def test_change_honours_the_states_it_is_for(db: Database, account: int) -> None:
    number = filled(db, account)
    assert not feeds.change(db, number, only_from=(FeedState.SUBMITTED,), note="x")
    assert feeds.get(db, number).note == ""
    assert feeds.change(db, number, only_from=(FeedState.SUBMITTED, FeedState.FILLED), note="x")
    assert feeds.get(db, number).note == "x"


def test_a_repeated_event_changes_nothing(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    feeds.submitted(db, number, amazon_feed_id="F2", now=NOW)
    assert feeds.get(db, number).amazon_feed_id == "F1"
    assert not feeds.move(db, number, FeedEvent.INTENDED, intent_at="later")
    assert feeds.get(db, number).intent_at is None
    settled(db, number)
    assert not feeds.move(db, number, FeedEvent.STOPPED, note="why")
    assert (feeds.get(db, number).state, feeds.get(db, number).note) == (FeedState.SETTLED, "")


def test_what_cannot_happen_to_a_feed_is_an_error_and_changes_nothing(db: Database, account: int) -> None:
    number = filled(db, account)
    with pytest.raises(Impossible, match="a feed that is filled"):
        feeds.move(db, number, FeedEvent.PROVEN, note="x")
    assert (feeds.get(db, number).state, feeds.get(db, number).note) == (FeedState.FILLED, "")


def test_each_time_that_a_feed_is_taken_up_has_another_number(db: Database, account: int) -> None:
    number = filled(db, account)
    assert [feeds.count_resumed(db, number) for _ in range(3)] == [1, 2, 3]


def test_a_feed_of_another_account_is_not_known(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    assert (feeds.known_feed_ids(db, account), feeds.known_feed_ids(db, account + 1)) == ({"F1"}, set())
