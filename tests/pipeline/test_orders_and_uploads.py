"""Uploads and the order book: what files do to orders, and what orders make of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, outbox, put, read
from pipeline.shop import FIRST, ITEM, LAST, NEXT, ORDER, OTHER, SECOND, Shop, shipped

from cws_filedrop.model import OrderState, Policy, UploadState
from cws_filedrop.pipeline import large
from cws_filedrop.store.orders import effects, order_book, undoing
from cws_filedrop.store.uploads import lines, uploads


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(context_on(tmp_path))


def test_an_order_that_nobody_told_of_is_made_by_the_first_row_for_it(shop: Shop) -> None:
    upload_id = shop.drop(shipped())
    assert shop.order().state is OrderState.SHIPPED
    assert shop.story() == [("seller", "shipped")]
    assert shop.lines(upload_id) == [("queued", "")]
    assert shop.order().shipped_at == "2026-11-22T12:00:00.000Z"


def test_the_sellers_own_number_and_amazons_ship_method(shop: Shop) -> None:
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    shop.drop(shipped(order=str(shop.order().no)))
    (sent,) = shop.sent()
    assert (sent["amazon-order-id"], sent["ship-method"]) == (ORDER, "Standard")


def test_our_number_of_an_order_that_no_order_file_told_of_means_nothing(shop: Shop) -> None:
    shop.drop(shipped())
    number = str(shop.order().no)
    assert shop.lines(shop.drop(shipped(NEXT, order=number))) == [("rejected", "O03")]
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    assert shop.lines(shop.drop(shipped(NEXT, order=number))) == [("queued", "O08")]


def test_packed_and_then_shipped_in_one_group(shop: Shop) -> None:
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    packed = shop.put(f"{ORDER}\tpacked\t\t\t{FIRST}\tYodel\tExpress")
    bare = shop.put(shipped(""))
    read(shop.context, packed, bare)
    assert shop.lines(packed) == [("updated", "")]
    assert shop.lines(bare) == [("queued", "T05")]
    (sent,) = shop.sent()
    assert [sent[name] for name in ("tracking-number", "carrier-code", "ship-method")] == [FIRST, "Yodel", "Express"]
    assert shop.story() == [("import", "new"), ("seller", "packed"), ("seller", "shipped")]


def test_what_cannot_be_is_rejected_and_changes_nothing(shop: Shop) -> None:
    shop.drop(shipped())
    back = shop.drop(f"{ORDER}\tpacked\t\t\t{NEXT}\tYodel\t")
    assert shop.lines(back) == [("rejected", "S02")]
    assert shop.story() == [("seller", "shipped")]
    shop.drop(f"{OTHER}\tcancelled\t\t\t\t\t")
    assert shop.lines(shop.drop(shipped(order=OTHER))) == [("rejected", "O04")]
    assert shop.order(OTHER).state is OrderState.CANCELLED


def test_rows_of_one_order_that_ask_for_different_things(shop: Shop) -> None:
    shop.drop(f"{ORDER}\tdeferred\t{ITEM}\t\t\t\t", shipped(item=SECOND))
    assert shop.order().state is OrderState.SHIPPED
    assert shop.story() == [("seller", "shipped"), ("seller", "shipped")]


# Corrections.


def test_a_correction_is_sent_and_says_before_and_after(shop: Shop) -> None:
    first = shop.drop(shipped(FIRST))
    shop.sent()
    second = shop.drop(shipped(NEXT))
    assert shop.lines(second) == [("queued", "O07")]
    assert f"{FIRST} before (line 2 of upload {first}), {NEXT} now" in shop.messages(second)
    assert [one["tracking-number"] for one in shop.sent()] == [NEXT]
    assert shop.lines(second) == [("confirmed", "O07")]
    again = shop.drop(shipped(FIRST))
    assert shop.lines(again) == [("duplicate", "O05")]
    assert f"line 2 of upload {second} has corrected it since" in shop.messages(again)


def test_a_correction_that_amazon_refuses_leaves_what_was_before(shop: Shop) -> None:
    first = shop.drop(shipped(FIRST))
    shop.sent()
    shop.drop(shipped(NEXT))
    shop.answered({1: ("A-18021", "already")})
    assert shop.order().state is OrderState.SHIPPED, "with its earlier number"
    assert shop.unconfirmed() == []
    third = shop.drop(shipped(LAST))
    assert f"{FIRST} before (line 2 of upload {first}), {LAST} now" in shop.messages(third)


def test_parts_of_an_order_line_and_the_correction_of_one(shop: Shop) -> None:
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t3")
    shop.drop(shipped(FIRST, item=ITEM, quantity="1"))
    corrected = shop.drop(shipped(NEXT, item=ITEM, quantity="1"))
    assert shop.lines(corrected) == [("queued", "")], "two are left, so it is another package"
    assert shop.lines(shop.drop(shipped(LAST, item=ITEM, quantity="2"))) == [("rejected", "Q02")]
    assert shop.lines(shop.drop(shipped(LAST, item=ITEM, quantity="1"))) == [("queued", "")]
    assert shop.lines(shop.drop(shipped("Y0000004K", item=ITEM, quantity="1"))) == [("queued", "O08")]


# Amazon's refusals.


def test_a_refused_order_is_unconfirmed_until_a_later_drop_is_confirmed(shop: Shop) -> None:
    upload_id = shop.drop(shipped(), shipped(order=OTHER))
    shop.answered({2: ("A-18028", "no such order")})
    assert shop.lines(upload_id) == [("confirmed", ""), ("unconfirmed", "A-18028")]
    assert (shop.order().state, shop.order(OTHER).state) == (OrderState.SHIPPED, OrderState.UNCONFIRMED)
    assert shop.story(OTHER)[-1] == ("amazon", "unconfirmed")
    assert shop.unconfirmed() == [OTHER]
    again = shop.drop(shipped(order=OTHER))
    assert shop.lines(again) == [("queued", "")], "the same shipment may go once more"
    assert shop.order(OTHER).state is OrderState.SHIPPED
    assert shop.unconfirmed() == [OTHER], "nobody has confirmed it yet"
    shop.sent()
    assert shop.unconfirmed() == []


def test_an_operator_settles_what_amazon_refused(shop: Shop) -> None:
    shop.drop(shipped())
    shop.answered({1: ("A-18028", "no such order")})
    later = NOW + timedelta(days=1)
    with shop.context.db.write() as connection:
        how = {"who": "operator", "what": "seen"}
        assert order_book.move(connection, shop.order(), OrderState.SHIPPED, **how, now=later, settles=True)
    assert shop.unconfirmed() == []


def test_a_refusal_by_another_name_of_the_order(shop: Shop) -> None:
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    number = str(shop.order().no)
    shop.drop(shipped(order=number))
    shop.answered({1: ("A-18028", "no")})
    assert shop.unconfirmed() == [number]
    shop.drop(shipped(NEXT))
    shop.sent()
    assert shop.unconfirmed() == []


# Files that wait, fail or are only tried.


def test_a_held_file_does_nothing_to_orders_until_it_is_released(tmp_path: Path) -> None:
    shop = Shop(context_on(tmp_path, Policy(on_error="hold-file")))
    held = shop.drop(f"{ORDER}\tpacked\t\t\t{FIRST}\tYodel\t", "nonsense\tshipped\t\t\t\t\t")
    assert shop.lines(held) == [("held", ""), ("rejected", "O03")]
    assert order_book.find(shop.context.db, shop.account, ORDER) == []
    assert uploads.read_again(shop.context.db, held, evidence="released")
    read(shop.context, held)
    assert shop.lines(held) == [("updated", ""), ("rejected", "O03")]
    assert shop.order().state is OrderState.PACKED


def test_a_rehearsal_changes_no_order(shop: Shop) -> None:
    shop.drop(f"{ORDER}\tcancelled\t\t\t\t\t")
    content = f"order-id\tstatus\n{ORDER}\tshipped\n{OTHER}\tshipped\n".encode()
    upload_id = put(shop.context, content, folder="test")
    done = read(shop.context, upload_id)
    assert done.outcome.counts == {"rejected": 1, "queued": 1}, "it is judged by the book all the same"
    assert order_book.find(shop.context.db, shop.account, OTHER) == []
    assert outbox(shop.context, upload_id) == {}


def test_an_upload_that_fails_after_all_takes_its_effects_back(shop: Shop) -> None:
    shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    upload_id = shop.drop(f"{ORDER}\tpacked\t\t\t{FIRST}\tYodel\t", shipped(order=OTHER))
    with shop.context.db.write() as connection:
        undoing.undo_in(connection, upload_id)
        lines.forget_in(connection, upload_id)
    assert shop.order().state is OrderState.NEW
    assert shop.story() == [("import", "new")]
    assert order_book.find(shop.context.db, shop.account, OTHER) == []
    assert shop.lines(shop.drop(shipped(""))) == [("queued", "C01")], "and the tracking number is forgotten"


def test_what_happened_to_an_order_since_is_not_taken_back(shop: Shop) -> None:
    first = shop.drop(f"{ORDER}\tpacked\t\t\t\t\t")
    shop.drop(shipped())
    with shop.context.db.write() as connection:
        undoing.undo_in(connection, first)
    assert shop.order().state is OrderState.SHIPPED
    assert shop.story() == [("seller", "shipped")]


# Large files.


def read_large(shop: Shop, upload_id: str) -> None:
    (upload,) = uploads.some(shop.context.db, [upload_id])
    assert large.read(shop.context, upload).state in (UploadState.WAITING, UploadState.DONE, UploadState.HELD)


def many(count: int, tracking: str = "") -> list[str]:
    return [shipped(tracking or f"Y{n:07}M", order=f"026-0000000-{n:07}") for n in range(count)]


def test_a_large_file_whose_orders_change_while_it_is_recorded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "BATCH", 4)
    upload_id = shop.put(*many(10))
    apply_in, calls = effects.apply_in, list[int]()

    def interrupted(*args: object, **values: object) -> object:
        calls.append(len(args[3]))  # type: ignore[arg-type]
        done = apply_in(*args, **values)  # type: ignore[arg-type]
        if len(calls) == 2:  # the second batch is not committed yet: another upload takes an order of the third
            monkeypatch.setattr(effects, "apply_in", apply_in)
            raise effects.Stale("an order of the second batch")
        return done

    monkeypatch.setattr(effects, "apply_in", interrupted)
    read_large(shop, upload_id)
    assert calls == [4, 4]
    assert shop.lines(upload_id) == [("queued", "")] * 10
    (upload,) = uploads.some(shop.context.db, [upload_id])
    assert upload.outcome.counts == {"queued": 10}
    assert shop.story("026-0000000-0000009") == [("seller", "shipped")]


def test_orders_over_several_batches_of_one_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "BATCH", 2)
    shop.imports(*(f"{ORDER}\t{item}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2" for item in (ITEM, SECOND)))
    rows = [shipped(item=item, quantity="2") for item in (ITEM, SECOND)]
    upload_id = shop.put(rows[0], *many(3), rows[1])
    read_large(shop, upload_id)
    unlisted = [("queued", "O03")] * 3  # the book is current, and does not hold them
    assert shop.lines(upload_id) == [("queued", ""), *unlisted, ("queued", "")]
    assert shop.order().state is OrderState.SHIPPED


@pytest.mark.parametrize("batches", [1, 2])
def test_a_large_file_is_read_anew_after_a_crash(shop: Shop, monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    monkeypatch.setattr(large, "BATCH", 3)
    shop.drop(*many(4, tracking=FIRST))
    shop.sent()
    upload_id = shop.put(*many(8))
    record, calls = large.recording.record_in, list[int]()

    def dies(*args: object, **values: object) -> object:
        calls.append(1)
        if len(calls) > batches:
            raise KeyboardInterrupt
        return record(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(large.recording, "record_in", dies)
    (upload,) = uploads.some(shop.context.db, [upload_id])
    with pytest.raises(KeyboardInterrupt):
        large.read(shop.context, upload)
    monkeypatch.setattr(large.recording, "record_in", record)
    read_large(shop, upload_id)
    assert [code for _, code in shop.lines(upload_id)] == ["O07"] * 4 + [""] * 4
    assert shop.story("026-0000000-0000000") == [("seller", "shipped")] * 2
    assert shop.story("026-0000000-0000007") == [("seller", "shipped")]


def test_a_large_file_that_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "BATCH", 3)
    shop = Shop(context_on(tmp_path, Policy(on_error="hold-file")))
    upload_id = shop.put(*many(5), "nonsense\tshipped\t\t\t\t\t")
    read_large(shop, upload_id)
    assert shop.lines(upload_id) == [("held", "")] * 5 + [("rejected", "O03")]
    assert uploads.read_again(shop.context.db, upload_id, evidence="released")
    read_large(shop, upload_id)
    assert shop.lines(upload_id) == [("queued", "")] * 5 + [("rejected", "O03")]


def test_an_order_file_that_comes_between_makes_a_file_be_judged_again(shop: Shop) -> None:
    upload_id = shop.put(shipped(item=ITEM))
    (upload,) = uploads.some(shop.context.db, [upload_id])
    from cws_filedrop.pipeline import reading, recording
    from cws_filedrop.store.sellers import sellers

    seller = sellers.by_id(shop.context.db, upload.seller_id)
    (prepared,) = reading.prepare(shop.context.db, [recording.task(shop.context, upload, seller)])
    shop.imports(f"{ORDER}\t{SECOND}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    assert recording.keep(shop.context, [recording.ReadUpload(upload, seller, prepared)]) == []
    assert shop.lines(upload_id) == []
    read(shop.context, upload_id)
    assert shop.lines(upload_id) == [("rejected", "I02")]


def test_the_clock_of_the_desk_is_in_the_history(shop: Shop) -> None:
    later = replace(shop.context, clock=lambda: NOW + timedelta(hours=1))
    Shop(later).drop(shipped())
    assert order_book.history(shop.context.db, shop.order().no)[0].at == "2026-11-22T13:00:00.000Z"
