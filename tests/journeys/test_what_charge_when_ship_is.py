"""What the ancestor's help says of Charge When Ship and of its orders: a test for each sentence, named after it.

The sentences are those of the reference page "fillz", sections "What Charge When Ship is" and "Orders". Where a
sentence has moved its meaning the test says so. Left out is one: "Orders that match no inventory are flagged and mailed
once a day". There is no inventory here, so no order can match none.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, of_amazon, outbox
from pipeline.shop import FIRST, ITEM, NEXT, ORDER, OTHER, SECOND, Shop, shipped
from running import Running, rows, wait_for

from cws_filedrop.model import NO_MAIL, OrderState
from cws_filedrop.orders import order_files, statements
from cws_filedrop.outgoing.mail import buyer_mails, notes
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.rules.commission import Month
from cws_filedrop.rules.speed import Speed, speed
from cws_filedrop.settings import Settings
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

THEIR_COLUMNS = (
    "payment_status, order_id, order_item_id, payments_date, payments_transaction_id, product_id, item_name, "
    "listing_id, sku, price, shipping_fee, quantity_purchased, total_price, purchase_date, batch_id, buyer_email, "
    "buyer_name, recipient_name, ship_address_1, ship_address_2, ship_city, ship_state, ship_zip, ship_country, "
    "special_comments, upc, ship_method, status, location, tracking, buyer_note"
)
REFUSED = "026-0000404-0000003"  # the sandbox knows no such order
KNOWN = f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2"
NOT_SHIPPED = ("packed", "deferred", "cancelled")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(context_on(tmp_path))


@pytest.fixture
def seller(service: Running) -> str:
    """One in Germany."""
    return service.new_seller("--marketplace", "A1PA6795UKMFR9")


def hours_later(shop: Shop, hours: int) -> Shop:
    """The same shop, some hours later."""
    return Shop(replace(shop.context, clock=lambda: NOW + timedelta(hours=hours)), files=shop.files)


def row(order: str, status: str, tracking: str = "", method: str = "") -> str:
    return f"{order}\t{status}\t\t\t{tracking}\t{'Yodel' if tracking else ''}\t{method}"


def sent(shop: Shop, *names: str) -> list[tuple[str, ...]]:
    """Some columns of what goes to Amazon with the next feed."""
    return [tuple(one[name] for name in names) for one in shop.sent()]


def waiting(shop: Shop, upload_id: str) -> int:
    """How many lines of an upload wait for Amazon."""
    upload = uploads.get(shop.context.db, upload_id)
    assert upload is not None
    return upload.waiting


def answered(shop: Shop, upload_ids: list[str]) -> None:
    """Deliver what can be said of some uploads, as the worker does."""
    found = uploads.some(shop.context.db, upload_ids)
    assert delivering.answer(shop.context, found) == []
    assert delivering.publish(shop.context, [one for one in found if one.state in uploads.FINISHED]) == []


# What Charge When Ship is.


def test_amazon_pays_a_seller_only_once_the_shipment_has_been_confirmed_so_nothing_else_is_sent(shop: Shop) -> None:
    for number, status in enumerate(NOT_SHIPPED):
        upload_id = shop.drop(row(f"026-0000000-{number:07}", status))
        assert shop.lines(upload_id) == [("updated", "")]
    shop.drop(row(ORDER, "shipped"))
    assert sent(shop, "amazon-order-id") == [(ORDER,)]


def test_the_seller_does_one_thing_and_the_service_sends_the_confirmation_to_amazon(
    service: Running, seller: str
) -> None:
    upload = service.drop(seller, "a.txt", f"order-id\tstatus\n{ORDER}\tshipped\n".encode())
    (line,) = service.result(seller, upload)
    assert (line["order-id"], line["verdict"], line["code"]) == (ORDER, "confirmed", "C01")
    assert line["amazon-feed-id"]
    path = service.home(seller) / "STATUS.json"
    wait_for(path.exists, what="the status, which is written a little later")
    status = json.loads(path.read_bytes())
    assert ORDER not in {one["order_id"] for one in status["unconfirmed"]}


def test_amazon_may_take_hours_to_show_it(shop: Shop) -> None:
    """Until then the line is `sent`, never `confirmed`, and there is no result that could be taken for one."""
    upload_id = shop.drop(shipped())
    _, feed_no = shop.submitted()
    answered(shop, [upload_id])
    assert (shop.lines(upload_id), waiting(shop, upload_id)) == ([("sent", "")], 1)
    assert set(outbox(shop.context, upload_id)) == {"receipt"}
    assert "at busy times within hours" in " ".join(outbox(shop.context, upload_id)["receipt"].decode().split())
    assert hours_later(shop, 8).settled(feed_no, {}) == [upload_id]
    answered(shop, [upload_id])
    assert [one["verdict"] for one in rows(outbox(shop.context, upload_id)["result"])] == ["confirmed"]


def test_tracking_known_before_the_move_to_shipped_is_sent_along(shop: Shop) -> None:
    shop.drop(row(ORDER, "packed", FIRST))
    assert shop.lines(shop.drop(row(ORDER, "shipped"))) == [("queued", "T05")]
    assert sent(shop, "amazon-order-id", "tracking-number", "carrier-code") == [(ORDER, FIRST, "Yodel")]


def test_tracking_known_with_the_move_to_shipped_is_sent_along(shop: Shop) -> None:
    shop.drop(row(ORDER, "shipped", FIRST))
    assert sent(shop, "amazon-order-id", "tracking-number", "carrier-code") == [(ORDER, FIRST, "Yodel")]


def test_tracking_that_comes_later_is_not_sent_but_as_a_correction_that_the_seller_asks_for(shop: Shop) -> None:
    """Its meaning has moved: the ancestor never sent it. Here a second `shipped` row with it is a correction, and says
    so (O07); any other row with it is refused."""
    shop.drop(row(ORDER, "shipped"))
    assert sent(shop, "amazon-order-id", "tracking-number") == [(ORDER, "")]
    assert shop.lines(shop.drop(row(ORDER, "packed", FIRST))) == [("rejected", "S02")]
    later = shop.drop(row(ORDER, "shipped", FIRST))
    assert shop.lines(later) == [("queued", "O07")]
    assert "no tracking number before" in shop.messages(later)
    assert sent(shop, "amazon-order-id", "tracking-number") == [(ORDER, FIRST)]


def test_the_ship_method_sent_is_by_default_the_one_amazon_originally_gave(shop: Shop) -> None:
    shop.imports(KNOWN)
    shop.drop(row(ORDER, "shipped", FIRST))
    assert sent(shop, "tracking-number", "ship-method") == [(FIRST, "Standard")]


@pytest.mark.parametrize("earlier", [True, False])
def test_if_the_seller_changed_the_ship_method_the_changed_one_is_sent(shop: Shop, earlier: bool) -> None:
    shop.imports(KNOWN)
    if earlier:
        shop.drop(row(ORDER, "packed", "", "By bicycle"))
        shop.drop(row(ORDER, "shipped", FIRST))
    else:
        shop.drop(row(ORDER, "shipped", FIRST, "By bicycle"))
    assert sent(shop, "tracking-number", "ship-method") == [(FIRST, "By bicycle")]


def test_the_ship_method_is_sent_only_when_tracking_is_sent(shop: Shop) -> None:
    shop.imports(KNOWN)
    upload_id = shop.drop(row(ORDER, "shipped", "", "By bicycle"), row(OTHER, "shipped", NEXT, "By bicycle"))
    assert shop.lines(upload_id) == [("queued", "C01 | M01"), ("queued", "O03")]
    assert sent(shop, "tracking-number", "ship-method") == [("", ""), (NEXT, "By bicycle")]


def test_the_ship_method_that_amazon_gave_is_not_sent_without_tracking_either(shop: Shop) -> None:
    shop.imports(KNOWN)
    shop.drop(row(ORDER, "shipped"))
    assert sent(shop, "tracking-number", "ship-method") == [("", "")]


def test_moving_the_order_to_cancelled_here_tells_amazon_nothing(shop: Shop) -> None:
    """Cancelling is done on Amazon by hand, unless the seller has asked for more than the ancestor could."""
    shop.drop(row(OTHER, "shipped"))
    upload_id = shop.drop(row(ORDER, "cancelled"))
    assert (shop.lines(upload_id), waiting(shop, upload_id)) == ([("updated", "")], 0)
    assert shop.order().state is OrderState.CANCELLED
    assert sent(shop, "amazon-order-id") == [(OTHER,)]
    assert shop.lines(shop.drop(row(ORDER, "shipped"))) == [("rejected", "O04")]


@pytest.mark.parametrize(
    ("cancelled_at", "carries"),
    [
        (datetime(2026, 12, 1, 23, 59, 59, 999_000, tzinfo=UTC), False),
        (datetime(2026, 12, 2, tzinfo=UTC), True),
    ],
)
def test_cancelling_only_means_that_no_commission_is_charged_if_done_before_the_2nd_of_the_following_month(
    shop: Shop, cancelled_at: datetime, carries: bool
) -> None:
    shop.imports(KNOWN)
    Shop(replace(shop.context, clock=lambda: cancelled_at), files=1).drop(row(ORDER, "cancelled"))
    anna = sellers.find(shop.context.db, "anna")
    assert anna is not None
    statement = statements.of_seller(shop.context.db, anna, Month(2026, 11), now=cancelled_at)
    assert [(one.amazon_order_id, one.carries) for one in statement.orders] == [(ORDER, carries)]


def test_when_amazon_refuses_a_confirmation_it_says_so_in_a_report(shop: Shop) -> None:
    upload_id = shop.drop(shipped(), shipped(order=OTHER))
    shop.answered({2: ("A-18028", "The order does not exist")})
    answered(shop, [upload_id])
    files = outbox(shop.context, upload_id)
    assert [one["verdict"] for one in rows(files["result"])] == ["confirmed", "unconfirmed"]
    (refused,) = rows(files["unconfirmed"])
    assert (refused["order-id"], refused["error-code"]) == (OTHER, "A-18028")
    assert refused["error-message"] == "The order does not exist"
    assert "Amazon does not know this order under your seller account" in refused["what-to-do"]


def test_the_order_then_moves_to_unconfirmed(shop: Shop) -> None:
    shop.drop(shipped())
    shop.answered({1: ("A-18028", "The order does not exist")})
    assert shop.story() == [("seller", "shipped"), ("amazon", "unconfirmed")]


def test_a_note_appears_on_the_accounts_status_page(service: Running, seller: str) -> None:
    upload = service.drop(seller, "refused.txt", f"order-id\tstatus\n{REFUSED}\tshipped\n".encode())
    assert [line["verdict"] for line in service.result(seller, upload)] == ["unconfirmed"]
    with service.ftp(seller) as session:

        def status() -> str:
            body = io.BytesIO()
            session.retrbinary("RETR /STATUS.txt", body.write)
            return body.getvalue().decode()

        told = wait_for(lambda: REFUSED in (found := status()) and found, what="the note")
    assert "Refused by the sandbox (unconfirmed)" in told


def test_shipment_e_mails_to_buyers_are_off_by_default_and_a_setting_turns_them_on(shop: Shop) -> None:
    settings = replace(shop.context.settings, mail=replace(shop.context.settings.mail, host="localhost"))
    shop.context = of_amazon(replace(shop.context, settings=settings))
    for number, wished in enumerate((NO_MAIL, replace(NO_MAIL, buyers=True))):
        order = f"026-0000000-{number:07}"
        report = "order-id\torder-item-id\tpurchase-date\tship-service-level\tbuyer-email\n"
        shop.imports_text(report + f"{order}\t{ITEM}\t2026-11-20\tStandard\teve@example.com\n")
        sellers.set_mailing(shop.context.db, "anna", wished)
        shop.drop(shipped(order=order))
        _, feed_no = shop.answered({})
        notes.settled(shop.context, feed_no, shop.account)
        buyer_mails.write(shop.context)
        assert len(mails.listing(shop.context.db)) == number


@pytest.mark.parametrize("status", ["shipped & no confirm", "Shipped & No Confirm", "shipped-no-email"])
def test_shipped_and_no_confirm_is_still_confirmed_to_amazon(shop: Shop, status: str) -> None:
    upload_id = shop.drop(row(ORDER, status, FIRST))
    assert shop.order().state is OrderState.SHIPPED
    assert sent(shop, "amazon-order-id", "tracking-number") == [(ORDER, FIRST)]
    assert shop.lines(upload_id) == [("confirmed", "")]


def test_if_the_seller_already_confirmed_it_on_amazon_by_hand_amazon_answers_with_an_error(shop: Shop) -> None:
    """The answer says what that means: 18021 is more than is left to ship, and that may be all right."""
    upload_id = shop.drop(shipped())
    shop.answered({1: ("A-18021", "The quantity exceeds what is left")})
    answered(shop, [upload_id])
    (refused,) = rows(outbox(shop.context, upload_id)["unconfirmed"])
    assert "if it shows as shipped, there is nothing to do" in refused["what-to-do"]


def test_the_order_page_links_the_order_number_to_the_order_on_amazons_seller_site(
    service: Running, seller: str
) -> None:
    order = "026-1111111-0000007"
    service.result(seller, service.drop(seller, "link.txt", f"order-id\tstatus\n{order}\tshipped\n".encode()))
    link = f"https://sellercentral-europe.amazon.com/orders-v3/order/{order}"
    shown = service.command("orders", "show", order, "--seller", seller)
    assert link in "".join(shown.stdout.split()), shown.stderr
    as_json = json.loads(service.command("orders", "show", order, "--seller", seller, "--json").stdout)
    assert as_json["order"]["amazon_url"] == link


# Orders.


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("new", OrderState.NEW),
        ("packed", OrderState.PACKED),
        ("In Process", OrderState.PACKED),
        ("shipped", OrderState.SHIPPED),
        ("unconfirm", OrderState.UNCONFIRMED),
        ("deferred", OrderState.DEFERRED),
        ("cancelled", OrderState.CANCELLED),
        ("work7", OrderState.NEW),
    ],
)
def test_states_of_the_ancestors_order_files_are_understood(shop: Shop, theirs: str, ours: OrderState) -> None:
    """The user folders `work1` to `work20` are none of ours: an order that lies in one is new."""
    shop.imports_text(f"order_id\torder_item_id\tspecial_comments\tstatus\n77\t{ITEM}\tAmazon/{ORDER}\t{theirs}\n")
    assert shop.order("77").state is ours


def test_order_files_for_the_seller_are_written_every_30_minutes() -> None:
    assert Settings().orders.files_minutes == 30.0


def test_order_files_are_written_only_if_an_order_is_new_or_changed(shop: Shop) -> None:
    assert order_files.write(shop.context) == 0
    shop.imports(KNOWN)
    assert order_files.write(shop.context) == 1
    shop.imports(KNOWN)
    assert order_files.write(shop.context) == 0
    assert listed(shop, "modified") == []
    hours_later(shop, 1).imports(KNOWN.replace("Standard", "Expedited"))
    assert order_files.write(shop.context) == 1


def listed(shop: Shop, folder: str) -> list[dict[str, str]]:
    """The newest order file in one of the seller's folders."""
    path = shop.context.home("anna").path / "orders" / folder / "latest.txt"
    return rows(path.read_bytes()) if path.exists() else []


def test_new_and_changed_orders_are_kept_apart(shop: Shop) -> None:
    shop.imports(KNOWN)
    order_files.write(shop.context)
    other = KNOWN.replace(ORDER, OTHER).replace(ITEM, SECOND)
    hours_later(shop, 1).imports(KNOWN.replace("Standard", "Expedited"), other)
    order_files.write(shop.context)
    assert [one["special_comments"] for one in listed(shop, "modified")] == [f"Amazon/{ORDER}"]
    assert [one["special_comments"] for one in listed(shop, "created")] == [f"Amazon/{OTHER}"]


def test_one_record_per_order_line_and_the_lines_of_one_order_together(shop: Shop) -> None:
    other = KNOWN.replace(ORDER, OTHER)
    shop.imports(KNOWN, other, KNOWN.replace(ITEM, SECOND), other.replace(ITEM, SECOND))
    order_files.write(shop.context)
    found = [(one["amazon_order_id"], one["order_item_id"]) for one in listed(shop, "created")]
    assert found == [(ORDER, ITEM), (ORDER, SECOND), (OTHER, ITEM), (OTHER, SECOND)]


OUR_COLUMNS = "ship_address_3, ship_phone_number, buyer_phone_number, carrier, ship_date"


def test_columns_of_the_order_file(shop: Shop) -> None:
    """The ancestor's, in its order; ours come after them."""
    shop.imports(KNOWN)
    order_files.write(shop.context)
    (found,) = listed(shop, "created")
    assert ", ".join(found) == f"{THEIR_COLUMNS}, amazon_order_id, latest_ship_date, {OUR_COLUMNS}"
    assert (found["special_comments"], found["order_item_id"], found["quantity_purchased"]) == (
        f"Amazon/{ORDER}",
        ITEM,
        "2",
    )
    assert (found["order_id"], found["status"], found["ship_method"]) == (shop.order().number, "new", "Standard")


@pytest.mark.parametrize("method", ["Standard", "STANDARD", "Std US standard 5-7", "substandardised"])
def test_standard_anywhere_in_ship_method_in_any_case_means_slow(method: str) -> None:
    assert speed(method) is Speed.SLOW


@pytest.mark.parametrize("method", ["Expedited", "SecondDay", "Stand ard", "x"])
def test_anything_else_in_ship_method_means_fast(method: str) -> None:
    assert speed(method) is Speed.FAST


def test_the_speed_of_an_order_is_shown(service: Running, seller: str, tmp_path: Path) -> None:
    report = "order-id\torder-item-id\tpurchase-date\tship-service-level\n"
    methods = {"026-2222222-0000001": "UK standard", "026-2222222-0000002": "NextDay"}
    body = "".join(f"{order}\t{ITEM}\t2026-11-20\t{method}\n" for order, method in methods.items())
    (tmp_path / "report.txt").write_text(report + body)
    assert service.command("orders", "import", str(tmp_path / "report.txt"), "--seller", seller).returncode == 0
    found = json.loads(service.command("orders", "list", "--seller", seller, "--json").stdout)["orders"]
    shown = {one["amazon_order_id"]: one["speed"] for one in found}
    assert [shown[order] for order in methods] == ["slow", "fast"]


def test_an_order_that_only_a_sellers_file_has_named_has_no_speed(service: Running, seller: str) -> None:
    upload = service.drop(seller, "unknown.txt", f"order-id\tstatus\n{OTHER}\tshipped\n".encode())
    assert service.result(seller, upload)
    found = json.loads(service.command("orders", "list", "--seller", seller, "--json").stdout)["orders"]
    assert {one["amazon_order_id"]: one["speed"] for one in found}[OTHER] == ""


def test_a_ship_method_that_nobody_gave_is_neither(shop: Shop) -> None:
    shop.drop(shipped())
    (found,) = order_book.find(shop.context.db, shop.account, ORDER)
    assert speed(found.ship_method) is None
