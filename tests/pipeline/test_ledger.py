"""The ledger by the piece: what Amazon answered to parts of orders, and what the seller and operators see of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, of_amazon
from pipeline.contexts import outbox as files
from pipeline.shop import FIRST, FREE, ITEM, LAST, NEXT, ORDER, OTHER, SECOND, Shop, shipped

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.model import OrderState, UploadState, Verdict
from cws_filedrop.pipeline import outbox, recording, standing
from cws_filedrop.reports import status
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import feeds, filling, releasing, settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.orders import ledgers, order_book, order_lists
from cws_filedrop.store.schema import LINES
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import claims, lines, uploads
from cws_filedrop.store.users.decisions import Who

REFUSED = ("A-18028", "Your order cannot be found")
PURCHASE = "2026-11-20T10:00:00Z\tStandard\tBLUE-MUG"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(of_amazon(context_on(tmp_path)))


def ordered(order: str, item: str, quantity: int) -> str:
    return f"{order}\t{item}\t{PURCHASE}\t{quantity}"


def refused_lines(shop: Shop) -> list[tuple[str, str]]:
    found = lines.unconfirmed(shop.context.db, shop.account, limit=100)
    return [(one["order_id"], one["order_item_id"]) for one in found]


def test_a_refused_package_stays_though_the_rest_of_its_order_line_is_confirmed(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"), shipped(NEXT, item=ITEM, quantity="2"))
    shop.answered({1: REFUSED})
    assert refused_lines(shop) == [(ORDER, ITEM)]
    assert shop.order().state is OrderState.PARTLY_SHIPPED


def test_so_does_one_whose_rest_is_confirmed_later(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    shop.answered({1: REFUSED})
    assert shop.order().state is OrderState.UNCONFIRMED
    shop.drop(shipped(NEXT, item=ITEM, quantity="2"))
    assert shop.order().state is OrderState.UNCONFIRMED
    shop.answered({})
    assert refused_lines(shop) == [(ORDER, ITEM)]
    assert shop.order().state is OrderState.PARTLY_SHIPPED


def test_its_own_pieces_settle_a_refusal(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"), shipped(NEXT, item=ITEM, quantity="2"))
    shop.answered({1: REFUSED})
    shop.drop(shipped(LAST, item=ITEM, quantity="1"))
    assert refused_lines(shop) == [(ORDER, ITEM)], "only a confirmation settles it"
    shop.answered({})
    assert refused_lines(shop) == []
    assert shop.order().state is OrderState.SHIPPED


def test_the_same_package_again_settles_it_too(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"), shipped(NEXT, item=ITEM, quantity="2"))
    shop.answered({1: REFUSED})
    again = shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    assert shop.lines(again) == [("queued", "")]
    shop.answered({})
    assert (refused_lines(shop), shop.order().state) == ([], OrderState.SHIPPED)


def test_refused_once_more_it_is_listed_once(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1))
    shop.drop(shipped(FIRST, item=ITEM))
    shop.answered({1: REFUSED})
    shop.drop(shipped(FIRST, item=ITEM))
    shop.answered({1: ("A-2", "again")})
    found = lines.unconfirmed(shop.context.db, shop.account, limit=100)
    assert [one["code"] for one in found] == ["A-2"]
    assert shop.order().state is OrderState.UNCONFIRMED


def test_a_whole_order_refusal_is_settled_by_confirmations_that_cover_the_order(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1), ordered(ORDER, SECOND, 1))
    shop.drop(shipped(FIRST))
    shop.answered({1: REFUSED})
    shop.drop(shipped(NEXT, item=ITEM, quantity="1"))
    shop.answered({})
    assert (refused_lines(shop), shop.order().state) == ([(ORDER, "")], OrderState.PARTLY_SHIPPED)
    shop.drop(shipped(LAST, item=SECOND, quantity="1"))
    shop.answered({})
    assert (refused_lines(shop), shop.order().state) == ([], OrderState.SHIPPED)


def test_an_order_of_two_lines_with_one_confirmed_is_partly_shipped_and_late(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1), ordered(ORDER, SECOND, 1), ordered(OTHER, ITEM, 1))
    shop.drop(shipped(FIRST, item=ITEM))
    assert shop.order().state is OrderState.PARTLY_SHIPPED
    shop.answered({})
    assert shop.order().state is OrderState.PARTLY_SHIPPED
    shop.drop(shipped(NEXT, item=SECOND))
    assert shop.order().state is OrderState.SHIPPED
    shop.answered({})
    assert shop.order().state is OrderState.SHIPPED


def test_both_lines_of_an_order_in_one_file_ship_it(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 2), ordered(ORDER, SECOND, 1))
    shop.drop(
        shipped(FIRST, item=ITEM, quantity="1"), shipped(FIRST, item=SECOND), shipped(NEXT, item=ITEM, quantity="1")
    )
    assert shop.order().state is OrderState.SHIPPED


def test_a_part_of_the_pieces_leaves_the_order_partly_shipped(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 2))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    assert shop.order().state is OrderState.PARTLY_SHIPPED


def test_a_partly_shipped_order_stays_among_the_late_ones(shop: Shop) -> None:
    due = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\n"
    shop.imports_text(due + "".join(f"{ordered(ORDER, one, 1)}\t2026-11-22T10:00:00Z\n" for one in (ITEM, SECOND)))
    shop.drop(shipped(FIRST, item=ITEM))
    shop.answered({})
    found = order_lists.late(shop.context.db, shop.account, before=NOW, since=NOW - timedelta(days=9), limit=9)
    assert [(one["order_id"], one["state"], one["open"]) for one in found] == [
        (ORDER, "partly shipped", "1 of 2 lines not confirmed")
    ]
    anna = sellers.find(shop.context.db, "anna")
    assert anna is not None
    assert "1 of 2 lines not confirmed" in status.text(standing.of(shop.context, anna))


def test_without_an_order_book_a_later_confirmation_of_the_same_line_settles_a_refusal(shop: Shop) -> None:
    shop.drop(shipped(FIRST, item=ITEM))
    shop.answered({1: REFUSED})
    shop.drop(shipped(NEXT, item=SECOND))
    shop.answered({})
    assert refused_lines(shop) == [(ORDER, ITEM)]
    shop.drop(shipped(LAST, item=ITEM))
    shop.answered({})
    assert (refused_lines(shop), shop.order().state) == ([], OrderState.SHIPPED)


def counts(shop: Shop) -> list[tuple[str, int, int, int, int]]:
    found = ledgers.packages(shop.context.db, shop.account, ORDER)
    return [(one.tracking, one.told, one.accepted, one.refused, one.cancelled) for one in found]


@pytest.mark.parametrize("known", [True, False])
def test_a_refused_correction_is_counted_as_refused_and_the_order_stays_as_it_was(shop: Shop, known: bool) -> None:
    if known:
        shop.imports(ordered(ORDER, ITEM, 1))
    shop.drop(shipped(FIRST, item=ITEM))
    shop.sent()
    second = shop.drop(shipped(NEXT, item=ITEM))
    shop.answered({1: REFUSED})
    third = shop.drop(shipped(LAST, item=ITEM))
    assert shop.lines(third) == [("queued", "O07")], "it corrects the number that stands"
    shop.answered({1: ("A-18021", "more than are left")})
    assert counts(shop) == [(FIRST, 1, 1, 0, 0), (NEXT, 1, 0, 1, 0), (LAST, 1, 0, 1, 0)]
    assert (refused_lines(shop), shop.order().state) == ([], OrderState.SHIPPED)
    assert f"the order stays confirmed with {FIRST}" in shop.messages(second)
    assert ledgers.words(shop.context.db, [(1, ORDER)]) == {(1, ORDER): ""}
    shop.drop(shipped(NEXT, item=ITEM))
    shop.answered({})
    assert counts(shop)[1] == (NEXT, 2, 1, 1, 0)
    assert (refused_lines(shop), shop.order().state) == ([], OrderState.SHIPPED)


# Drops judged against it.


def test_a_blank_tracking_number_corrects_nothing(shop: Shop) -> None:
    first = shop.drop(shipped(FIRST))
    shop.sent()
    again = shop.drop(shipped(""))
    assert shop.lines(again) == [("duplicate", "O05")]
    assert f"line 2 of upload {first}, with {FIRST}" in shop.messages(again)
    assert shop.order().state is OrderState.SHIPPED


@pytest.mark.parametrize("cells", [shipped(FIRST), shipped(FIRST.lower()), shipped(FIRST, method="Express")])
def test_a_duplicate_says_of_what(shop: Shop, cells: str) -> None:
    shop.drop(shipped(FIRST))
    queued = shop.drop(cells)
    _, feed_no = shop.submitted()
    sent = shop.drop(cells)
    shop.settled(feed_no, {})
    confirmed = shop.drop(cells)
    found = [queued, sent, confirmed]
    assert {verdict for one in found for verdict, _ in shop.lines(one)} == {"duplicate"}
    words = ["waits to be sent already", "is on its way to Amazon already", "Amazon has confirmed this shipment"]
    assert all(text in shop.messages(one) for one, text in zip(found, words, strict=True))


def test_of_what_the_sandbox_answered_nothing_names_amazon(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path))
    shop.imports(ordered(ORDER, ITEM, 1), ordered(OTHER, ITEM, 1))
    shop.drop(shipped(FIRST), shipped(FIRST, order=OTHER))
    _, feed_no = shop.submitted()
    feeds.change(shop.context.db, feed_no, amazon_feed_id=f"SANDBOX-{feed_no}")
    sent = shop.drop(shipped(FIRST))
    shop.settled(feed_no, {2: REFUSED})
    found = [sent, shop.drop(shipped(FIRST)), shop.drop(shipped(NEXT))]
    words = ["is on its way to the sandbox already", "The sandbox has confirmed this shipment"]
    assert all(text in shop.messages(one) for one, text in zip(found, words, strict=False))
    assert "Amazon" not in " ".join(shop.messages(one) for one in found)
    told = order_book.history(shop.context.db, shop.order(OTHER).no)
    assert [(event.who, event.what) for event in told][-1] == ("sandbox", f"refused: {REFUSED[0]}: {REFUSED[1]}")


def unknown(shop: Shop) -> int:
    """The next feed, of which nobody knows what became."""
    _, feed_no = shop.submitted()
    settling.settle(shop.context.db, feed_no, Settlement(Verdict.UNKNOWN, "", "who knows", {}), now=NOW)
    return feed_no


def test_an_unknown_line_dropped_again_is_said_to_be_unknown(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    unknown(shop)
    again = shop.drop(shipped(FIRST))
    assert shop.lines(again) == [("duplicate", "O05")]
    assert "nobody knows yet whether Amazon has it" in shop.messages(again)


def test_beside_an_unknown_line_another_number_waits(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    unknown(shop)
    other = shop.drop(shipped(NEXT))
    assert shop.lines(other) == [("held", "O09")]
    assert "nobody knows yet" in shop.messages(other)
    assert uploads.some(shop.context.db, [other])[0].state is UploadState.WAITING
    again = shop.drop(shipped(NEXT))
    assert shop.lines(again) == [("duplicate", "O05")], "what waits does not pile up"
    assert "held already" in shop.messages(again)


@pytest.mark.parametrize("more", [[], ["nonsense\tshipped\t\t\t\t\t"]], ids=["alone", "beside one rejected at once"])
def test_a_line_rejected_when_its_wait_ends_is_among_the_rejected_lines(shop: Shop, more: list[str]) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    _, feed_no = shop.submitted()
    other = shop.drop(shipped(FIRST, item=ITEM, quantity="2"), *more)
    assert shop.lines(other)[0] == ("held", "O09")
    outbox.answer(shop.context, uploads.some(shop.context.db, [other]))
    assert ("rejected" in files(shop.context, other)) is bool(more)
    assert other in shop.settled(feed_no, {})
    assert shop.lines(other)[0] == ("rejected", "Q02")
    outbox.publish(shop.context, uploads.some(shop.context.db, [other]))
    heading, *rows = files(shop.context, other)["rejected"].decode().splitlines()
    assert len(rows) == 1 + len(more)
    cells = dict(zip(heading.split("\t"), rows[-1].split("\t"), strict=True))
    assert (cells["order-id"], cells["error-code"], cells["error-column"]) == (ORDER, "Q02", "quantity")
    assert "is not what Amazon has confirmed for this package" in cells["error-message"]
    assert cells["what-to-do"].startswith("A confirmed package cannot be changed by a file")


def test_what_is_only_queued_is_replaced(shop: Shop) -> None:
    first = shop.drop(shipped(FIRST))
    other = shop.drop(shipped(NEXT))
    assert shop.lines(first) == [("updated", "O08")]
    assert f"line 2 of upload {other} took its place" in shop.messages(first)
    assert shop.lines(other) == [("queued", "O08")]
    assert uploads.some(shop.context.db, [first])[0].state is UploadState.DONE
    assert [one["tracking-number"] for one in shop.sent()] == [NEXT]
    assert shop.order().state is OrderState.SHIPPED


def test_two_packages_that_replace_one_line_leave_the_rest_of_its_file_waiting(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1), ordered(ORDER, SECOND, 1), ordered(OTHER, ITEM, 1))
    first = shop.drop(shipped(FIRST), shipped(FIRST, order=OTHER))
    shop.drop(shipped(NEXT, item=ITEM, quantity="1"), shipped(LAST, item=SECOND, quantity="1"))
    assert shop.lines(first) == [("updated", "O08"), ("queued", "")]
    assert uploads.some(shop.context.db, [first])[0].state is UploadState.WAITING
    assert sorted(one["tracking-number"] for one in shop.sent()) == [FIRST, NEXT, LAST]
    assert shop.lines(first) == [("updated", "O08"), ("confirmed", "")]


def test_another_quantity_replaces_what_is_only_queued(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    first = shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    other = shop.drop(shipped(FIRST, item=ITEM, quantity="3"))
    assert (shop.lines(first), shop.lines(other)) == ([("updated", "O08")], [("queued", "O08")])
    assert [one["quantity"] for one in shop.sent()] == ["3"]
    assert shop.order().state is OrderState.SHIPPED


def test_another_quantity_of_a_confirmed_package_is_not_told(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    shop.sent()
    assert shop.lines(shop.drop(shipped(FIRST, item=ITEM, quantity="2"))) == [("rejected", "Q02")]


def test_what_waits_for_a_sent_line_goes_on_as_a_correction_when_that_is_confirmed(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    _, feed_no = shop.submitted()
    other = shop.drop(shipped(NEXT))
    assert shop.lines(other) == [("held", "O09")]
    shop.settled(feed_no, {})
    assert shop.lines(other) == [("queued", "O07")]
    assert f"{FIRST} before" in shop.messages(other)
    shop.sent()
    assert shop.lines(other) == [("confirmed", "O07")]
    assert uploads.some(shop.context.db, [other])[0].state is UploadState.DONE
    assert shop.lines(shop.drop(shipped(FIRST))) == [("duplicate", "O05")]


def test_what_waits_for_a_sent_line_goes_on_as_new_when_that_is_refused(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    _, feed_no = shop.submitted()
    other = shop.drop(shipped(NEXT))
    shop.settled(feed_no, {1: REFUSED})
    assert shop.lines(other) == [("queued", "")]
    assert [one["tracking-number"] for one in shop.sent()] == [NEXT]
    assert (shop.order().state, refused_lines(shop)) == (OrderState.SHIPPED, [])


def test_what_waits_is_judged_by_what_is_told_by_then(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    _, feed_no = shop.submitted()
    later = shop.drop(shipped(FIRST, item=ITEM, quantity="2"))
    assert [verdict for verdict, _ in shop.lines(later)] == ["held"]
    assert later in shop.settled(feed_no, {})
    assert shop.lines(later) == [("rejected", "Q02")]
    assert uploads.some(shop.context.db, [later])[0].state is UploadState.DONE


def test_what_an_answer_missed_goes_on_in_the_regular_rounds(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1))
    shop.drop(shipped(FIRST, item=ITEM))
    _, feed_no = shop.submitted()
    later = shop.drop(shipped(NEXT, item=ITEM))
    assert releasing.release_due(shop.context.db, now=stamp(NOW)) == []
    assert [verdict for verdict, _ in shop.lines(later)] == ["held"]
    with shop.context.db.write() as connection:
        feeds.change_verdicts(connection, feed_no, (Verdict.SENT,), Verdict.CONFIRMED)
        claims.answered_in(connection, feed_no)
        assert releasing.release_in(connection, 2, [ORDER], now=stamp(NOW)) == [], "another account's order"
    assert [verdict for verdict, _ in shop.lines(later)] == ["held"]
    assert releasing.release_due(shop.context.db, now=stamp(NOW)) == []
    assert shop.lines(later) == [("queued", "O07")]


def test_a_later_line_takes_the_place_of_one_that_waits(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    _, feed_no = shop.submitted()
    second, third = shop.drop(shipped(NEXT)), shop.drop(shipped(LAST))
    assert (shop.lines(second), shop.lines(third)) == ([("updated", "O08")], [("held", "O09")])
    shop.settled(feed_no, {})
    assert [one["tracking-number"] for one in shop.sent()] == [LAST]


def test_a_line_whose_replacement_fails_is_sent_after_all(shop: Shop) -> None:
    first = shop.drop(shipped(FIRST))
    other = shop.drop(shipped(NEXT))
    with shop.context.db.write() as connection:
        recording.forget_in(connection, other)
    assert shop.lines(first) == [("queued", "")]
    assert uploads.some(shop.context.db, [first])[0].state is UploadState.WAITING
    assert [one["tracking-number"] for one in shop.sent()] == [FIRST]


WHO = Who("olga", "192.0.2.7")


def test_what_waits_goes_on_when_somebody_has_looked(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    unknown(shop)
    other = shop.drop(shipped(NEXT))
    orders_and_feeds.settle(shop.context, shop.account, ORDER, OrderState.NEW, note="not there", who=WHO)
    assert shop.lines(other) == [("queued", "")]
    assert [one["tracking-number"] for one in shop.sent()] == [NEXT]


def test_settled_as_shipped_it_is_confirmed_for_later_drops(shop: Shop) -> None:
    shop.drop(shipped(FIRST))
    unknown(shop)
    other = shop.drop(shipped(NEXT))
    orders_and_feeds.settle(shop.context, shop.account, ORDER, OrderState.SHIPPED, note="it is there", who=WHO)
    assert shop.lines(other) == [("queued", "O07")]
    assert shop.lines(shop.drop(shipped(FIRST))) == [("duplicate", "O05")]
    assert shop.order().state is OrderState.SHIPPED


# What lines say that tell Amazon nothing, and what the stateful parts must not do.


def row(status: str, tracking: str = "", item: str = "") -> str:
    return f"{ORDER}\t{status}\t{item}\t\t{tracking}\t{'Yodel' if tracking else ''}\t"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (row("packed"), "The order is noted as packed. Amazon is told nothing before it is shipped."),
        (row("packed", FIRST), "the tracking number is kept for the time when it is shipped."),
        (row("deferred"), "Amazon was told nothing: it still has to be shipped in time."),
        (row("cancelled"), "Amazon was told nothing: cancel it in Seller Central, too."),
    ],
)
def test_every_updated_row_has_its_sentence(shop: Shop, cells: str, words: str) -> None:
    shop.imports(ordered(ORDER, ITEM, 1))
    upload_id = shop.drop(cells)
    assert shop.lines(upload_id) == [("updated", "")]
    assert words in shop.messages(upload_id)


def test_a_cancelled_row_again_says_that_nothing_was_sent_for_it(shop: Shop) -> None:
    shop.drop(row("cancelled"))
    assert "was cancelled here before" in shop.messages(shop.drop(row("cancelled")))


def test_a_packed_row_without_a_number_keeps_the_one_that_was_given(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1))
    shop.drop(row("packed", FIRST))
    shop.drop(row("packed"))
    assert shop.lines(shop.drop(shipped(""))) == [("queued", "T05")]
    assert [one["tracking-number"] for one in shop.sent()] == [FIRST]


def test_a_word_for_the_quantity_of_a_split_line_rejects_these_lines_alone(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3), ordered(OTHER, ITEM, 1))
    split = (shipped(FIRST, item=ITEM, quantity="abc"), shipped(NEXT, item=ITEM, quantity="1"))
    upload_id = shop.drop(*split, shipped(order=OTHER))
    assert shop.lines(upload_id) == [("rejected", "Q01"), ("queued", ""), ("queued", "")]


def test_an_upload_is_done_when_its_last_line_is_answered_and_not_before(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1), ordered(ORDER, SECOND, 1))
    upload_id = shop.drop(shipped(FIRST, item=ITEM), shipped(FIRST, item=SECOND), shipped(order=OTHER))
    with shop.context.db.write() as connection:
        late = (LINES.c.upload_id == upload_id, LINES.c.line == 4)
        connection.execute(LINES.update().where(*late).values(verdict=str(Verdict.HELD)))
    _, feed_no = shop.submitted()
    assert shop.settled(feed_no, {}) == []
    assert uploads.some(shop.context.db, [upload_id])[0].state is UploadState.WAITING
    with shop.context.db.write() as connection:
        connection.execute(LINES.update().where(*late).values(verdict=str(Verdict.QUEUED)))
    shop.files += 1
    _, feed_no = shop.submitted()
    assert shop.settled(feed_no, {}) == [upload_id]
    assert uploads.some(shop.context.db, [upload_id])[0].state is UploadState.DONE


def test_rows_in_one_package_are_done_together(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1), ordered(ORDER, SECOND, 1))
    upload_id = shop.drop(shipped(FIRST, item=ITEM), shipped(FIRST, item=SECOND))
    slot = feeds.take_turn(shop.context.db, 1, cause="x", now=NOW, second_after_seconds=1200, rate_limit=FREE)
    assert slot.feed_no is not None
    one = filling.fill(shop.context.db, slot.feed_no, limit=9, number=lambda table: table.index.to_series() * 0 + 1)
    feeds.submitted(shop.context.db, slot.feed_no, amazon_feed_id="F", now=NOW)
    assert (one, shop.settled(slot.feed_no, {})) == (2, [upload_id])
    assert [(row.package, row.accepted) for row in ledgers.packages(shop.context.db, 1, ORDER)] == [(1, 1), (1, 1)]


def test_packages_have_numbers_for_ever(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 3))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    shop.drop(shipped(NEXT, item=ITEM, quantity="1"))
    shop.answered({1: REFUSED})
    shop.drop(shipped(LAST, item=ITEM, quantity="1"))
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    found = ledgers.packages(shop.context.db, 1, ORDER)
    assert [(one.package, one.tracking) for one in found] == [(1, FIRST), (2, NEXT), (3, LAST)]


def test_undoing_an_upload_leaves_what_others_did_since(shop: Shop) -> None:
    shop.imports(ordered(ORDER, ITEM, 1))
    first = shop.drop(row("packed", FIRST))
    shop.drop(row("deferred"))
    with shop.context.db.write() as connection:
        recording.forget_in(connection, first)
    assert shop.order().state is OrderState.DEFERRED
