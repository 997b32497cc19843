"""What Amazon refused is sent again at an operator's word; what nobody knows of only after somebody has looked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, of_amazon, outbox, put, read
from pipeline.shop import ITEM, ORDER, OTHER, Shop, shipped

from cws_filedrop.decisions import orders_and_feeds, sending_again
from cws_filedrop.decisions.settled_orders import SettledOrdersWatch
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import FeedState, OrderState, Policy, ReadBackState, Verdict
from cws_filedrop.pipeline import outbox as answers
from cws_filedrop.pipeline import standing
from cws_filedrop.reports import status
from cws_filedrop.store.feeds import feeds, read_backs, returning, settling
from cws_filedrop.store.feeds.read_backs import ReadBackOutcome
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads, verdict_counts
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who

WHO = Who("olga", "192.0.2.9")
REFUSAL = ("A-18028", "Your order cannot be found")
LOST = Settlement(Verdict.UNKNOWN, "", "Amazon ended the feed as FATAL", {})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop."""
    context = of_amazon(context_on(tmp_path))
    yield Shop(context)
    context.db.close()


def refused(shop: Shop) -> str:
    """An upload whose first order Amazon refused."""
    upload_id = shop.drop(shipped(), shipped(order=OTHER))
    shop.answered({1: REFUSAL})
    return upload_id


def lost(shop: Shop) -> tuple[str, int]:
    """An upload that was sent, and nobody knows what became of it."""
    upload_id = shop.drop(shipped())
    _, feed_no = shop.submitted()
    settling.settle(shop.context.db, feed_no, LOST, now=NOW + timedelta(minutes=1))
    return upload_id, feed_no


def arrives(shop: Shop, upload_id: str) -> None:
    """The worker takes an upload from the spool, and reads it."""
    shop.files += 1
    arrival = shop.context.spool.arrival(upload_id)
    assert arrival is not None
    shop.context.spool.accept(arrival)
    claim = shop.context.spool.claim_of(upload_id)
    row = {"id": upload_id, "seller_id": 1, "account_id": 1, "folder": str(claim.folder), "name": claim.name}
    row |= {"door": str(claim.door), "client": claim.client, "grade": "whole", "evidence": claim.evidence}
    uploads.arrive(shop.context.db, [row | {"arrived_at": claim.arrived_at, "size": claim.size}])
    read(shop.context, upload_id)


def settle(shop: Shop, state: OrderState) -> None:
    later = replace(shop.context, clock=lambda: NOW + timedelta(hours=1))
    orders_and_feeds.settle(later, 1, ORDER, state, note="looked at Amazon", who=WHO)


def test_refused_lines_are_dropped_again_and_confirmed(shop: Shop) -> None:
    earlier = refused(shop)
    again = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, again)
    found = uploads.get(shop.context.db, again)
    assert found is not None
    assert (found.name, found.seller, found.line_count) == (f"retry-{ORDER}.txt", "anna", 1)
    assert "olga sent again what Amazon had refused" in found.evidence
    (sent,) = shop.sent()
    assert (sent["amazon-order-id"], sent["tracking-number"]) == (ORDER, "Y0000001K")
    assert shop.lines(again) == [("confirmed", "")]
    assert shop.unconfirmed() == [], "settled by the new upload"
    assert shop.order().state is OrderState.SHIPPED
    (deed,) = decisions.listing(shop.context.db, about=work_lists.about_order(1, ORDER))
    assert (deed.who, deed.what) == ("olga", "order.retry")
    assert deed.detail == f"lines 2 of {earlier} as {again}"


def test_a_retry_that_amazon_refuses_too_is_unconfirmed_and_can_be_retried(shop: Shop) -> None:
    refused(shop)
    first = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, first)
    shop.answered({1: REFUSAL})
    second = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, second)
    assert shop.lines(second) == [("queued", "")]


def test_two_retries_at_once_send_it_once(shop: Shop) -> None:
    refused(shop)
    one, two = (sending_again.retry_order(shop.context, 1, ORDER, who=WHO) for _ in range(2))
    arrives(shop, one)
    arrives(shop, two)
    assert shop.lines(one) == [("queued", "")]
    assert shop.lines(two) in ([("duplicate", "O05")], [("duplicate", "F08")]), "by its line, or by its bytes"
    assert len(shop.sent()) == 1


def test_what_was_never_refused_or_is_settled_is_not_sent_again(shop: Shop) -> None:
    refused(shop)
    with pytest.raises(NotPossible, match=r"is shipped: only what Amazon refused"):
        sending_again.retry_order(shop.context, 1, OTHER, who=WHO)
    with pytest.raises(NotPossible, match=r"there is no order"):
        sending_again.retry_order(shop.context, 1, "026-0000000-0000000", who=WHO)
    settle(shop, OrderState.SHIPPED)
    with pytest.raises(NotPossible, match=r"is shipped"):
        sending_again.retry_order(shop.context, 1, ORDER, who=WHO)


def test_a_file_that_is_not_kept_any_more_cannot_be_sent_again(shop: Shop) -> None:
    upload_id = refused(shop)
    shop.context.spool.data_path(upload_id).unlink()
    with pytest.raises(NotPossible, match=r"not kept any more; its seller has to drop the order again"):
        sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    assert list((shop.context.spool.root / "handed").iterdir()) == []
    assert decisions.listing(shop.context.db, about=work_lists.about_order(1, ORDER)) == []


def test_what_nobody_knows_of_is_listed_until_it_is_settled(shop: Shop) -> None:
    upload_id, _ = lost(shop)
    (found,) = work_lists.unconfirmed(shop.context.db)
    assert (found.upload_id, found.verdict, found.is_unknown) == (upload_id, "unknown", True)
    assert work_lists.unconfirmed_count(shop.context.db) == 1
    assert shop.unconfirmed() == [], "Amazon has not refused it"
    told = standing.of(shop.context, sellers.by_name(shop.context.db, ["anna"])["anna"])
    assert [one["order_id"] for one in told.unknown] == [ORDER]
    assert "nobody knows whether Amazon took them" in status.text(told)
    settle(shop, OrderState.SHIPPED)
    assert work_lists.unconfirmed(shop.context.db) == []
    assert lines.unknown(shop.context.db, 1, limit=5) == []


def test_what_nobody_knows_of_is_sent_again_only_when_somebody_has_looked(shop: Shop) -> None:
    lost(shop)
    with pytest.raises(NotPossible, match=r"is shipped"):
        sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    dropped = shop.drop(shipped())
    assert shop.lines(dropped)[0][0] == "duplicate", "it may be at Amazon"
    settle(shop, OrderState.NEW)
    again = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, again)
    assert shop.lines(again) == [("queued", "")]
    assert len(shop.sent()) == 1
    assert shop.lines(again) == [("confirmed", "")]


def test_other_data_beside_an_unknown_line_wait_and_are_no_retry(shop: Shop) -> None:
    lost(shop)
    other = shop.drop(shipped(tracking="Y0000009K"))
    assert shop.lines(other) == [("held", "O09")]
    with pytest.raises(NotPossible, match="only what Amazon refused is sent again"):
        sending_again.retry_order(shop.context, 1, ORDER, who=WHO)


def test_an_order_is_not_new_while_a_feed_may_still_be_at_amazon(shop: Shop) -> None:
    shop.drop(shipped())
    _, feed_no = shop.submitted()
    feeds.mark_unknown(shop.context.db, feed_no)  # its lines are `sent`
    feeds.change(shop.context.db, feed_no, state=FeedState.STOPPED, note="more than one feed could be this one")
    assert len(work_lists.unconfirmed(shop.context.db)) == 1
    with pytest.raises(NotPossible, match=rf"feed {feed_no} carries {ORDER} and may be at Amazon"):
        settle(shop, OrderState.NEW)
    assert shop.order().state is OrderState.SHIPPED


def test_the_seller_finds_a_receipt_of_the_retry(shop: Shop) -> None:
    refused(shop)
    again = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, again)
    assert answers.answer(shop.context, uploads.some(shop.context.db, [again])) == []
    receipt = outbox(shop.context, again)["receipt"].decode()
    assert "olga sent again what Amazon had refused" in receipt


@pytest.mark.parametrize("answered", [True, False], ids=["confirmed", "on its way"])
def test_settling_it_as_new_again_frees_nothing_that_the_retry_has_sent(shop: Shop, answered: bool) -> None:
    lost(shop)
    settle(shop, OrderState.NEW)
    again = sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    arrives(shop, again)
    _, feed_no = shop.submitted()
    if answered:
        shop.settled(feed_no, {})
    settle(shop, OrderState.NEW)
    arrives(shop, third := sending_again.retry_order(shop.context, 1, ORDER, who=WHO))
    assert [verdict for verdict, _ in shop.lines(third)] == ["duplicate"]
    assert [verdict for verdict, _ in shop.lines(shop.drop(shipped()))] == ["duplicate"]


def absent(shop: Shop, *rows: str) -> str:
    """An upload of unknown outcome that Amazon's own orders plainly lack."""
    upload_id = shop.drop(*rows)
    _, feed_no = shop.submitted()
    settling.settle(shop.context.db, feed_no, LOST, now=NOW, look_after=timedelta(0))
    while (due := read_backs.next_due(shop.context.db, now=NOW)) is not None:
        told = read_backs.told(shop.context.db, due)
        look = ReadBackOutcome(ReadBackState.UNSHIPPED, None, offered=told)
        read_backs.looked(shop.context.db, due, look, now=NOW)
    return upload_id


def test_what_amazon_plainly_lacks_is_sent_again_at_an_operators_word(shop: Shop) -> None:
    upload_id = absent(shop, shipped(), shipped(order=OTHER))
    assert sending_again.offered(shop.context) == [(1, OTHER), (1, ORDER)]
    assert sending_again.retry_order(shop.context, 1, ORDER, who=WHO) == upload_id
    assert shop.lines(upload_id) == [("queued", ""), ("unknown", "")]
    assert sending_again.offered(shop.context) == [(1, OTHER)]
    (deed, *_) = decisions.listing(shop.context.db)
    assert (deed.what, deed.about) == ("order.retry", work_lists.about_order(1, ORDER))


def test_many_are_sent_again_at_once_and_of_each_it_is_said_how_it_went(shop: Shop) -> None:
    upload_id = absent(shop, shipped(), shipped(order=OTHER))
    wanted = [*sending_again.offered(shop.context), (1, "026-9999999-9999999")]
    done = sending_again.retry_all(shop.context, wanted, who=WHO)
    assert [one.upload_id for one in done] == [upload_id, upload_id, ""]
    assert "no order 026-9999999-9999999" in done[-1].why_not
    (waiting,) = returning.waiting(shop.context.db)
    assert (waiting.line_count, waiting.message_count) == (2, 2)
    again = sending_again.retry_all(shop.context, wanted[:1], who=WHO)
    assert again[0].why_not, "it is on its way already"


def test_what_amazon_may_have_is_not(shop: Shop) -> None:
    upload_id, _ = lost(shop)
    assert sending_again.offered(shop.context) == []
    with pytest.raises(NotPossible):
        sending_again.retry_order(shop.context, 1, ORDER, who=WHO)
    assert shop.lines(upload_id) == [("unknown", "")]


def test_many_are_settled_at_once(shop: Shop) -> None:
    refused(shop)
    failed = orders_and_feeds.settle_all(
        shop.context, [(1, ORDER), (1, "026-9999999-9999999")], OrderState.CANCELLED, note="bought twice", who=WHO
    )
    assert shop.order().state is OrderState.CANCELLED
    assert list(failed) == ["026-9999999-9999999"]


def published(shop: Shop, upload_id: str) -> None:
    assert answers.publish(shop.context, uploads.some(shop.context.db, [upload_id])) == []


def result(shop: Shop, upload_id: str) -> str:
    return outbox(shop.context, upload_id)["result"].decode()


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (OrderState.SHIPPED, "confirmed-warning"),
        (OrderState.NEW, "unconfirmed"),
        (OrderState.CANCELLED, "unconfirmed"),
    ],
)
def test_settling_gives_a_line_of_unknown_outcome_its_last_word_everywhere(
    shop: Shop, state: OrderState, verdict: str
) -> None:
    upload_id, _ = lost(shop)
    published(shop, upload_id)
    watch = SettledOrdersWatch(shop.context)
    watch.look()
    settle(shop, state)
    watch.look()
    assert shop.lines(upload_id) == [(verdict, "")]
    assert f"settled by hand as {state}: looked at Amazon | " in result(shop, upload_id)
    assert f"\t{verdict}\t" in result(shop, upload_id)
    assert verdict_counts.of_upload(shop.context.db, upload_id) == {(verdict, ""): 1}
    assert ("unconfirmed" in outbox(shop.context, upload_id)) is (verdict == "unconfirmed")
    told = standing.of(shop.context, sellers.by_name(shop.context.db, ["anna"])["anna"])
    assert (told.unknown, told.unconfirmed, told.missing) == ([], [], [])
    assert work_lists.unconfirmed(shop.context.db) == []
    assert shop.order().state is state


def test_what_was_settled_while_no_worker_ran_is_renewed_at_its_start(shop: Shop) -> None:
    upload_id, _ = lost(shop)
    published(shop, upload_id)
    settle(shop, OrderState.SHIPPED)
    SettledOrdersWatch(shop.context).look()
    assert "\tconfirmed-warning\t" in result(shop, upload_id)
    assert verdict_counts.outdated(shop.context.db, since=NOW - timedelta(days=9)) == []


def test_a_result_that_is_still_to_be_delivered_is_not_forgotten_when_its_order_is_settled(shop: Shop) -> None:
    """What waits behind the unknown line goes on by it, and is done: nobody has delivered its result yet."""
    lost(shop)
    other = shop.drop(f"{ORDER}\tshipped\t\t\tY0000001K\tYodel\t\n")
    shop.drop(f"{ORDER}\tshipped\t\t\tY0000002K\tYodel\t\n")
    assert answers.answer(shop.context, uploads.some(shop.context.db, [other])) == []
    watch = SettledOrdersWatch(shop.context)
    watch.look()
    settle(shop, OrderState.SHIPPED)
    watch.look()
    before = NOW + timedelta(hours=2)
    waits = [upload for upload, what in verdict_counts.undelivered(shop.context.db, before=before) if what == "result"]
    there = "result" in outbox(shop.context, other)
    assert there or other in waits


def test_a_cancellation_of_unknown_outcome_is_settled_both_ways(tmp_path: Path) -> None:
    for number, (state, verdict) in enumerate(
        [(OrderState.CANCELLED, "confirmed-warning"), (OrderState.NEW, "unconfirmed")]
    ):
        shop = Shop(context_on(tmp_path / str(number), Policy(cancel_at_amazon=True)))
        shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tS\t2")
        columns = "order-id\tstatus\torder-item-id\tcancel-reason\n"
        upload_id = put(shop.context, f"{columns}{ORDER}\tcancelled\t\tNoInventory\n".encode())
        read(shop.context, upload_id)
        _, feed_no = shop.submitted()
        settling.settle(shop.context.db, feed_no, LOST, now=NOW + timedelta(minutes=1))
        assert [one.verdict for one in work_lists.unconfirmed(shop.context.db)] == ["unknown"]
        settle(shop, state)
        assert shop.lines(upload_id) == [(verdict, "")]
        assert (shop.order().state, work_lists.unconfirmed(shop.context.db)) == (state, [])
