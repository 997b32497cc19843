"""The transactions that keep anything from being sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from kept import arrive

from cws_filedrop.errors import Impossible
from cws_filedrop.model import FeedState, UploadState, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds import feeds, filling, settling
from cws_filedrop.store.feeds.feeds import FeedSlot, RateLimit
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import claims, lines, packed_lines, uploads
from cws_filedrop.tables import SHIPMENT_COLUMNS, TEXT

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FREE = RateLimit("createFeed", lambda arrival, now: (now, 0.0))
SPENT = RateLimit("createFeed", lambda arrival, now: (now, 12.5))


def shipments(orders: list[str]) -> pd.DataFrame:
    columns = {name: pd.Series([""] * len(orders), dtype=TEXT) for name in SHIPMENT_COLUMNS}
    return pd.DataFrame(columns | {"amazon-order-id": pd.Series(orders, dtype=TEXT)})


def rows(orders: list[str], *, first_line: int = 2) -> lines.Rows:
    table = shipments(orders)
    number = len(orders)
    return {
        "line": list(range(first_line, first_line + number)),
        "order_id": orders,
        "amazon_order_id": orders,
        "order_item_id": [""] * number,
        "tracking": [""] * number,
        "verdict": ["queued"] * number,
        "code": [""] * number,
        "message": [""] * number,
        "shipment": packed_lines.pack(table)[0],
        "key": packed_lines.pack(table)[1],
        "quiet": [False] * number,
    }


def record(db: Database, *, upload_id: str, account_id: int, rows: lines.Rows) -> dict[str, int]:
    with db.write() as connection:
        return lines.record_in(connection, upload_id=upload_id, account_id=account_id, rows=rows)


def column(db: Database, upload_id: str, name: str) -> list[object]:
    return [getattr(row, name) for piece in lines.of_upload(db, upload_id) for row in piece]


def queue(db: Database, upload_id: str, orders: list[str]) -> int:
    """Record an upload with queued lines; the account."""
    arrive(db, upload_id)
    upload = uploads.get(db, upload_id)
    assert upload is not None
    counts = record(db, upload_id=upload_id, account_id=upload.account_id, rows=rows(orders))
    waiting = counts.get("queued", 0)
    uploads.set_state(db, upload_id, UploadState.WAITING if waiting else UploadState.DONE, waiting=waiting)
    return upload.account_id


def turn(db: Database, account: int, cause: str, *, now: datetime = NOW, rate_limit: RateLimit = FREE) -> FeedSlot:
    return feeds.take_turn(db, account, cause=cause, now=now, second_after_seconds=1200, rate_limit=rate_limit)


def ready(db: Database, *, now: datetime = NOW) -> list[int]:
    return feeds.ready(db, now=now, second_after_seconds=1200)


def one_message_each(table: pd.DataFrame) -> pd.Series:
    return pd.Series(range(1, len(table) + 1))


def filled(db: Database, account: int, cause: str = "a") -> int:
    number = turn(db, account, cause).feed_no
    assert number is not None
    filling.fill(db, number, limit=100, number=one_message_each)
    return number


@pytest.fixture
def account(db: Database) -> Iterator[int]:
    return queue(db, "u1", ["111-1111111-1111111", "222-2222222-2222222"])


def test_a_feed_that_must_be_there_and_is_not_is_named(db: Database) -> None:
    with pytest.raises(Impossible, match="there is no feed 7, where there must be one"):
        feeds.get(db, 7)


def test_one_feed_at_a_time(db: Database, account: int) -> None:
    first = turn(db, account, "a")
    assert first.feed_no is not None
    assert turn(db, account, "a") == first, "the same cause, the same feed"
    assert turn(db, account, "b") == FeedSlot()


def test_no_token_no_feed(db: Database, account: int) -> None:
    assert turn(db, account, "a", rate_limit=SPENT) == FeedSlot(wait_seconds=12.5)
    assert turn(db, account, "b").feed_no is not None


def test_nothing_queued_no_feed(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    assert turn(db, account, "b", now=NOW + timedelta(hours=2)) == FeedSlot()


def test_a_second_feed_may_leave_after_a_while(db: Database, account: int) -> None:
    number = filled(db, account)
    queue(db, "u2", ["333-3333333-3333333"])
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    assert turn(db, account, "b", now=NOW + timedelta(minutes=19)) == FeedSlot()
    assert turn(db, account, "b", now=NOW + timedelta(minutes=21)).feed_no is not None


@pytest.mark.parametrize("state", [FeedState.FILLED, FeedState.INTENDED, FeedState.ADOPTED, FeedState.STOPPED])
def test_an_unresolved_submission_blocks_however_old(db: Database, account: int, state: FeedState) -> None:
    number = filled(db, account)
    queue(db, "u2", ["333-3333333-3333333"])
    feeds.change(db, number, state=state)
    assert turn(db, account, "b", now=NOW + timedelta(days=3)) == FeedSlot()


def test_a_stopped_account_sends_nothing(db: Database, account: int) -> None:
    feeds.stop_account(db, account, "consent revoked")
    assert turn(db, account, "a") == FeedSlot()
    feeds.stop_account(db, account, "")
    assert turn(db, account, "a").feed_no is not None


def test_filling_again_changes_nothing(db: Database, account: int) -> None:
    number = filled(db, account)
    queue(db, "u2", ["333-3333333-3333333"])
    assert filling.fill(db, number, limit=100, number=one_message_each) == 2
    table, messages = filling.shipments(db, number)
    assert table["amazon-order-id"].to_list() == ["111-1111111-1111111", "222-2222222-2222222"]
    assert messages.to_list() == [1, 2]


def test_a_feed_does_not_tear_an_order_apart(db: Database, account: int) -> None:
    arrive(db, "u2")
    table = rows(["333-3333333-3333333"] * 3)
    table["key"] = [claims.ShipmentKey("333-3333333-3333333", "", number, None) for number in ("T1", "T2", "T3")]
    record(db, upload_id="u2", account_id=account, rows=table)
    uploads.set_state(db, "u2", UploadState.WAITING, waiting=3)
    number = turn(db, account, "a").feed_no
    assert number is not None
    assert filling.fill(db, number, limit=4, number=one_message_each) == 2


def test_lines_of_an_upload_still_being_recorded_stay(db: Database) -> None:
    arrive(db, "u9")
    upload = uploads.get(db, "u9")
    assert upload is not None
    record(db, upload_id="u9", account_id=upload.account_id, rows=rows(["1"]))
    assert turn(db, upload.account_id, "a") == FeedSlot()


def test_the_same_shipment_again_is_a_duplicate(db: Database, account: int) -> None:
    queue(db, "u2", ["222-2222222-2222222", "333-3333333-3333333"])
    upload_id = "u2"
    assert column(db, upload_id, "verdict") == ["duplicate", "queued"]
    assert column(db, upload_id, "message")[0] == "the same shipment as line 3 of upload u1"


def test_recording_again_changes_nothing(db: Database, account: int) -> None:
    counts = record(db, upload_id="u1", account_id=account, rows=rows(["111-1111111-1111111", "222-2222222-2222222"]))
    assert counts == {"queued": 2}
    assert lines.verdict_counts(db, "u1") == {"queued": 2}


def test_settling_gives_every_line_its_verdict(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    assert lines.verdict_counts(db, "u1") == {"sent": 2}
    refused = Settlement(Verdict.CONFIRMED, "", "ok", {2: (Verdict.UNCONFIRMED, "A-18028", "no such order")})
    for _ in range(2):
        assert settling.settle(db, number, refused, now=NOW) == ["u1"]
    upload_id = "u1"
    assert column(db, upload_id, "verdict") == ["confirmed", "unconfirmed"]
    assert column(db, upload_id, "amazon_feed_id") == ["F1", "F1"]
    upload = uploads.get(db, "u1")
    assert upload is not None
    assert (upload.state, upload.waiting) == (UploadState.DONE, 0)


def test_our_own_warnings_stay_beside_amazons_words(db: Database) -> None:
    arrive(db, "u1")
    table = rows(["111-1111111-1111111", "222-2222222-2222222"])
    table["code"], table["message"] = ["C04", "T04"], ["mapped", "odd"]
    upload = uploads.get(db, "u1")
    assert upload is not None
    record(db, upload_id="u1", account_id=upload.account_id, rows=table)
    uploads.set_state(db, "u1", UploadState.WAITING, waiting=2)
    number = filled(db, upload.account_id)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    refused = Settlement(Verdict.CONFIRMED, "", "accepted", {2: (Verdict.UNCONFIRMED, "A-18028", "no such order")})
    settling.settle(db, number, refused, now=NOW)
    upload_id = "u1"
    assert column(db, upload_id, "code") == ["C04", "A-18028 | T04"]
    assert column(db, upload_id, "message") == ["accepted | mapped", "no such order | odd"]


def test_a_refused_shipment_may_be_dropped_again_a_confirmed_one_not(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    refused = Settlement(Verdict.CONFIRMED, "", "ok", {2: (Verdict.UNCONFIRMED, "A-18028", "no such order")})
    settling.settle(db, number, refused, now=NOW)
    queue(db, "u2", ["111-1111111-1111111", "222-2222222-2222222"])
    assert column(db, "u2", "verdict") == ["duplicate", "queued"]


def test_an_unknown_shipment_is_not_sent_again(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="F1", now=NOW)
    settling.settle(db, number, Settlement(Verdict.UNKNOWN, "", "FATAL", {}), now=NOW)
    queue(db, "u2", ["111-1111111-1111111"])
    assert column(db, "u2", "verdict") == ["duplicate"]


def test_an_operator_lets_a_stopped_feed_go_on_once(db: Database, account: int) -> None:
    number = filled(db, account)
    assert not feeds.wake(db, number)
    feeds.change(db, number, state=FeedState.STOPPED, note="why")
    assert feeds.wake(db, number)
    assert not feeds.wake(db, number)
    assert feeds.get(db, number).state is FeedState.FILLED


def test_two_threads_never_both_get_the_turn(db: Database, account: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda n: turn(db, account, f"t{n}"), range(40)))
    assert sum(one.feed_no is not None for one in turns) == 1


def test_sellers_are_kept_apart(db: Database, account: int) -> None:
    assert [seller.name for seller in sellers.everyone(db)] == ["anna"]
    assert ready(db) == [account]


def test_an_account_is_ready_when_it_has_something_to_send_and_no_feed_keeps_it_back(
    db: Database, account: int
) -> None:
    number = turn(db, account, "a").feed_no
    assert number is not None
    assert ready(db) == []
    filling.fill(db, number, limit=1, number=one_message_each)
    assert ready(db) == []
    feeds.submitted(db, number, amazon_feed_id="f1", now=NOW)
    assert ready(db) == []
    assert ready(db, now=NOW + timedelta(seconds=1201)) == [account]
    feeds.stop_account(db, account, "consent was withdrawn")
    assert ready(db, now=NOW + timedelta(seconds=1201)) == []


def test_an_account_whose_lines_are_all_on_their_way_is_not_ready(db: Database, account: int) -> None:
    number = filled(db, account)
    feeds.submitted(db, number, amazon_feed_id="f1", now=NOW)
    assert ready(db, now=NOW + timedelta(days=1)) == []


def test_an_upload_that_is_still_being_recorded_does_not_make_its_account_ready(db: Database, account: int) -> None:
    for upload in uploads.listing(db):
        uploads.set_state(db, upload.id, UploadState.ARRIVED)
    assert ready(db) == []


def test_an_upload_that_failed_gives_up_what_it_claimed_but_not_what_is_in_a_feed(db: Database) -> None:
    account = queue(db, "u1", ["1", "2"])
    filled(db, account)
    arrive(db, "u2")
    record(db, upload_id="u2", account_id=account, rows=rows(["3", "4"]))
    with db.write() as connection:
        for upload_id in ("u1", "u2"):
            lines.forget_in(connection, upload_id)
    assert column(db, "u1", "order_id") == ["1", "2"]
    assert column(db, "u2", "order_id") == []
    queue(db, "u3", ["1", "2", "3", "4"])
    assert column(db, "u3", "verdict") == ["duplicate", "duplicate", "queued", "queued"]
