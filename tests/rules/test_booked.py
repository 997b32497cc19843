"""Rows of orders that are in the order book."""

from __future__ import annotations

from typing import Any

import pytest
from rules.judging import FILLZ, GOOD, UPS_NUMBER, Outcome, judged, one, row

from cws_filedrop.model import OrderState
from cws_filedrop.rules.book import KeptTracking, KnownOrder, OrderBook, named
from cws_filedrop.rules.order_states import TRANSITIONS

AMAZONS = GOOD["order-id"]
ITEM = GOOD["order-item-id"]
OTHER = "026-1520163-0000001"


def known(**values: Any) -> KnownOrder:
    return KnownOrder(**{"no": 7, "amazon_order_id": AMAZONS, "version": 3, "items": {ITEM: 2}} | values)


def book(*orders: KnownOrder, number: str = "1007", reference: str = "web-12") -> OrderBook:
    return named((order, number, reference) for order in orders)


def amazon(outcome: Outcome) -> str:
    assert outcome.effect is not None
    return outcome.effect.amazon_order_id


# O02, O03.


@pytest.mark.parametrize("name", [AMAZONS, "1007", "web-12"])
@pytest.mark.parametrize("policy", ["accept", "reject"])
def test_an_order_by_any_of_its_names(name: str, policy: str) -> None:
    came = one(row(order_id=name), book=book(known()), unknown_orders=policy)
    assert (came.verdict, came.codes) == ("queued", [])
    assert came.shipment["amazon-order-id"] == AMAZONS
    assert came.effect is not None
    assert (came.effect.order_no, came.effect.version) == (7, 3)


def test_orders_of_one_file_by_several_names() -> None:
    two = named([(known(), "1007", ""), (known(no=8, amazon_order_id=OTHER, items={}), "1008", "")])
    came = judged(row(order_id="1008"), row(order_id=AMAZONS), row(order_id="1009"), book=two)
    assert came.shipments["amazon-order-id"].tolist() == [OTHER, AMAZONS]
    assert came.issues["code"].tolist() == ["O03"]


def test_an_order_that_is_in_no_book_is_taken_at_its_word_or_not() -> None:
    assert one(row(), book=book()).verdict == "queued"
    assert one(row(), book=book(), unknown_orders="reject").codes == ["O03"]
    assert one(row(order_id="web-order"), book=book(known())).codes == ["O03"]


def test_a_reference_of_several_orders() -> None:
    both = book(known(), known(no=8, amazon_order_id=OTHER), number="")
    came = one(row(order_id="web-12"), book=both)
    assert came.codes == ["O03"]
    assert "several orders" in came.issues[0].message
    assert one(row(order_id=AMAZONS), book=both).verdict == "queued"


def test_amazons_number_goes_before_a_reference() -> None:
    odd = named([(known(), "", ""), (known(no=8, amazon_order_id=OTHER), "", AMAZONS)])
    assert amazon(one(row(), book=odd)) == AMAZONS


@pytest.mark.parametrize("damaged", ["02615201636049104", "026 1520163 6049104", "026\u20131520163\u20136049104"])
def test_lost_hyphens_are_put_back_if_the_book_has_the_order(damaged: str) -> None:
    came = one(row(order_id=damaged), book=book(known()))
    assert (came.verdict, came.codes) == ("queued", ["O02"])
    assert came.issues[0].severity == "warning"
    assert damaged in came.issues[0].message
    assert AMAZONS in came.issues[0].message
    assert one(row(order_id=damaged), book=book()).verdict == "rejected"


def test_a_rounded_order_number_is_never_guessed() -> None:
    assert one(row(order_id="2.61520163604910E+15"), book=book(known())).verdict == "rejected"


# S02, O04.


@pytest.mark.parametrize("state", list(OrderState))
@pytest.mark.parametrize("status", ["packed", "shipped", "deferred", "cancelled"])
def test_moves_are_those_of_the_table(state: OrderState, status: str) -> None:
    came = one(row(status=status), FILLZ, book=book(known(state=state)))
    able = status in TRANSITIONS[state]
    assert (came.verdict != "rejected") == able
    wrong = "O04" if state is OrderState.CANCELLED else "S02"
    assert came.codes == ([] if able else [wrong])


def test_an_impossible_move_says_where_the_order_stands() -> None:
    came = one(row(status="packed"), FILLZ, book=book(known(state=OrderState.SHIPPED)))
    assert came.issues[0].message == 'The order cannot become "packed": it is shipped.'


def test_a_cancelled_order_in_amazons_layout() -> None:
    assert one(row(), book=book(known(state=OrderState.CANCELLED))).codes == ["O04"]


# I01, I02.


@pytest.mark.parametrize("damaged", ["1234567890123", "1.23456789012E+12", "1,23457E+12", "1.234567890123E+12"])
def test_a_damaged_item_is_repaired_where_the_order_leaves_one_possibility(damaged: str) -> None:
    items = {ITEM: 2, "99999999999999": 1}
    came = one(row(order_item_id=damaged), book=book(known(items=items)))
    assert (came.verdict, came.codes) == ("queued", ["I01"])
    assert came.shipment["order-item-code"] == ITEM
    assert came.issues[0].severity == "warning"
    assert damaged in came.issues[0].message
    assert ITEM in came.issues[0].message


def test_two_items_that_a_rounded_number_can_be() -> None:
    items = {ITEM: 2, "01234567890124": 1}
    assert one(row(order_item_id="1.23457E+12"), book=book(known(items=items))).verdict == "rejected"
    assert one(row(order_item_id="1234567890124"), book=book(known(items=items))).verdict == "queued"


@pytest.mark.parametrize("damaged", ["1234567890124", "12345678901234567", "abc", "1.3E+12", "1E+99"])
def test_an_item_that_the_order_does_not_have_is_not_repaired(damaged: str) -> None:
    assert one(row(order_item_id=damaged), book=book(known())).codes == ["I01"]


def test_nothing_is_repaired_without_the_orders_items() -> None:
    assert one(row(order_item_id="1234567890123"), book=book(known(items={}))).codes == ["I01"]
    assert one(row(order_item_id="1234567890123"), book=book()).codes == ["I01"]


def test_the_only_right_item_is_named() -> None:
    for wrong, code in (("55555555555555", "I02"), ("abc", "I01"), ("5824838", "I01")):
        came = one(row(order_item_id=wrong), book=book(known()))
        assert came.codes == [code]
        assert ITEM in came.issues[0].remedy
    two = known(items={ITEM: 2, "99999999999999": 1})
    assert ITEM not in one(row(order_item_id="55555555555555"), book=book(two)).issues[0].remedy


def test_an_item_of_another_order() -> None:
    assert one(row(order_item_id="55555555555555"), book=book(known())).codes == ["I02"]
    assert one(row(order_item_id="55555555555555"), book=book(known(items={}))).codes == []
    assert one(row(order_item_id="", quantity=""), book=book(known())).codes == []


# D04.

PLACED = "2026-11-21T15:30:00.250Z"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2026-11-21", "2026-11-21T15:30:00Z"),  # the day of the order: noon would be before it
        ("2026-11-21T16:00:00Z", "2026-11-21T16:00:00Z"),
        ("2026-11-22", "2026-11-22T10:30:00Z"),
        ("2026-11-21 00:00:00", "2026-11-21T15:30:00Z"),  # midnight, as programs write a day
        ("2026-11-21T00:00", "2026-11-21T15:30:00Z"),
        ("21.11.2026 0:00", "2026-11-21T15:30:00Z"),
        ("11/21/2026 12:00 AM", "2026-11-21T15:30:00Z"),
        ("2026-11-21T00:00:00Z", "2026-11-21T15:30:00Z"),
    ],
)
def test_shipment_on_the_day_of_the_order_or_later(typed: str, sent: str) -> None:
    came = one(row(ship_date=typed), book=book(known(purchase_date=PLACED)))
    assert (came.codes, came.shipment["fulfillment-date"]) == ([], sent)


@pytest.mark.parametrize("typed", ["2026-11-20", "2026-11-21T15:29:00Z"])
def test_shipment_before_the_order(typed: str) -> None:
    came = one(row(ship_date=typed), book=book(known(purchase_date=PLACED)))
    assert came.codes == ["D04"]
    assert "2026-11-21" in came.issues[0].message


def test_the_day_is_the_sellers() -> None:
    # 23:30 UTC is the next day in Tokyo.
    placed = known(purchase_date="2026-11-20T23:30:00.000Z")
    tokyo = one(row(ship_date="2026-11-21"), book=book(placed), time_zone="Asia/Tokyo")
    assert tokyo.shipment["fulfillment-date"] == "2026-11-21T12:00:00+09:00"
    assert one(row(ship_date="2026-11-20"), book=book(placed), time_zone="Asia/Tokyo").codes == ["D04"]


# What is sent besides.

KEPT = {"": KeptTracking("9400", "USPS", ""), ITEM: KeptTracking(UPS_NUMBER, "UPS", "")}


def bare(**cells: str) -> dict[str, str]:
    return row(**{"tracking_number": "", "carrier_code": "", "ship_method": ""} | cells)


def test_tracking_of_a_packed_row_is_used_when_the_order_is_shipped_without_one() -> None:
    packed = known(state=OrderState.PACKED, kept=KEPT)
    came = one(bare(status="shipped"), FILLZ, book=book(packed))
    assert (came.verdict, came.codes) == ("queued", ["T05"])
    assert [came.shipment[name] for name in ("tracking-number", "carrier-code")] == [UPS_NUMBER, "UPS"]
    whole = one(bare(status="shipped", order_item_id="", quantity=""), FILLZ, book=book(packed))
    assert whole.shipment["tracking-number"] == "9400"


def test_tracking_of_the_row_itself_goes_first() -> None:
    came = one(row(), book=book(known(kept={"": KeptTracking("9400", "USPS", "")})))
    assert (came.codes, came.shipment["tracking-number"]) == ([], UPS_NUMBER)


def test_a_row_that_names_the_carrier_alone() -> None:
    came = one(bare(carrier_code="FedEx"), book=book(known(kept=KEPT)))
    assert [came.shipment[name] for name in ("tracking-number", "carrier-code")] == [UPS_NUMBER, "FedEx"]


@pytest.mark.parametrize(
    ("typed", "own", "amazons", "sent"),
    [
        ("Express", "Fast", "Standard", "Express"),
        ("", "Fast", "Standard", "Fast"),
        ("", "", "Standard", "Standard"),
        ("", "", "", ""),
    ],
)
def test_the_ship_method_is_the_rows_the_sellers_or_amazons(typed: str, own: str, amazons: str, sent: str) -> None:
    order = known(own_ship_method=own, ship_method=amazons)
    assert one(row(ship_method=typed), book=book(order)).shipment["ship-method"] == sent
    assert one(bare(ship_method=typed), book=book(order)).shipment["ship-method"] == ""


def test_the_ship_method_goes_with_tracking_that_was_kept() -> None:
    came = one(bare(), book=book(known(kept=KEPT, ship_method="Standard")))
    assert came.shipment["ship-method"] == "Standard"
    assert one(bare(ship_method="Express"), book=book(known(kept=KEPT))).codes == ["T05"]


def test_no_ship_method_of_amazons_for_a_row_that_goes_nowhere() -> None:
    came = one(row(status="packed", ship_method=""), FILLZ, book=book(known(ship_method="Standard")))
    assert came.effect is not None
    assert came.effect.ship_method == ""


# O04, of the buyer.


@pytest.mark.parametrize("state", [OrderState.NEW, OrderState.PACKED, OrderState.UNCONFIRMED])
def test_a_shipment_of_an_order_whose_buyer_wishes_to_cancel_it_goes_with_a_warning(state: OrderState) -> None:
    came = one(row(), book=book(known(state=state, cancel_requested=True)))
    assert (came.verdict, came.codes) == ("queued", ["O04"])
    assert "asked to cancel" in came.issues[0].message
    assert "cannot be cancelled any more" in came.issues[0].remedy


@pytest.mark.parametrize("status", ["cancelled", "packed", "deferred"])
def test_what_tells_amazon_nothing_is_not_warned_about(status: str) -> None:
    came = one(row(status=status), FILLZ, book=book(known(cancel_requested=True)))
    assert "O04" not in came.codes
