"""Shipments become the packages, messages and documents that docs/domain.md promises, sections 4 and 9."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from feeds.making_shipments import SHIP_FROM, many, row, table, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cws_filedrop.errors import Impossible
from cws_filedrop.feeds import order_fulfillment
from cws_filedrop.feeds.order_fulfillment import FeedDocument, checked, checked_documents, document, documents
from cws_filedrop.feeds.packages import group
from cws_filedrop.feeds.schema import validate

MERCHANT = "A1EXAMPLE"
PARTS = {
    "carrier-code": "CarrierCode",
    "carrier-name": "CarrierName",
    "ship-method": "ShippingMethod",
    "tracking-number": "ShipperTrackingNumber",
}


def messages(made: FeedDocument) -> list[etree._Element]:
    return etree.fromstring(made.body).findall("Message/OrderFulfillment")


def only_message(*rows: dict[str, str]) -> str:
    made = document(table(*rows), MERCHANT)
    validate(made.body)
    (message,) = messages(made)
    return etree.tostring(message, encoding="unicode").removesuffix("\n")


# One message


def test_a_whole_document_to_the_byte() -> None:
    made = document(table(row(ship_method="Second Day")), MERCHANT)
    assert made.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">\n'
        "<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>A1EXAMPLE</MerchantIdentifier></Header>\n"
        "<MessageType>OrderFulfillment</MessageType>\n"
        "<Message><MessageID>1</MessageID><OrderFulfillment>"
        "<AmazonOrderID>113-1234567-1234567</AmazonOrderID><FulfillmentDate>2026-11-22T01:30:42Z</FulfillmentDate>"
        "<FulfillmentData><CarrierCode>UPS</CarrierCode><ShippingMethod>Second Day</ShippingMethod>"
        "<ShipperTrackingNumber>1Z999AA10123456784</ShipperTrackingNumber></FulfillmentData>"
        "<Item><AmazonOrderItemCode>01234567890123</AmazonOrderItemCode><Quantity>1</Quantity></Item>"
        "</OrderFulfillment></Message>\n"
        "</AmazonEnvelope>\n"
    )
    assert (made.first_message_id, made.message_count) == (1, 1)


def test_a_row_without_item_code_is_the_whole_order() -> None:
    assert "<Item>" not in only_message(row(order_item_code="", quantity="3"))


def test_a_row_without_a_tracking_number_costs_no_other_its_ship_method() -> None:
    rows = (row(ship_method="Second Day"), row(amazon_order_id="026-1520163-0000002", tracking_number=""))
    assert document(table(*rows), MERCHANT).body.count(b"<ShippingMethod>Second Day</ShippingMethod>") == 1


def test_a_ship_method_goes_only_with_a_tracking_number() -> None:
    assert "ShippingMethod" not in only_message(row(tracking_number="", ship_method="Second Day"))


def test_fulfillment_data_is_left_out_when_there_is_nothing_to_say() -> None:
    assert "FulfillmentData" not in only_message(row(tracking_number="", carrier_code="", ship_method="Second Day"))


def test_every_part_has_its_place() -> None:
    cells = row(
        carrier_code="Other",
        carrier_name="Müller & Söhne",
        cod_collection_method="DirectPayment",
        transparency_codes="A1 B<2",
        ship_from=SHIP_FROM,
    )
    assert only_message(cells).endswith(
        "<FulfillmentData><CarrierCode>Other</CarrierCode><CarrierName>Müller &amp; Söhne</CarrierName>"
        "<ShipperTrackingNumber>1Z999AA10123456784</ShipperTrackingNumber></FulfillmentData>"
        "<CODCollectionMethod>DirectPayment</CODCollectionMethod>"
        "<Item><AmazonOrderItemCode>01234567890123</AmazonOrderItemCode><Quantity>1</Quantity>"
        "<TransparencyCode>A1</TransparencyCode><TransparencyCode>B&lt;2</TransparencyCode></Item>"
        "<ShipFromAddress><Name>Ann &amp; Co</Name><AddressFieldOne>1 &lt;Main&gt; St</AddressFieldOne>"
        "<City>Springfield</City><StateOrRegion>IL</StateOrRegion><PostalCode>62701</PostalCode>"
        "<CountryCode>US</CountryCode></ShipFromAddress></OrderFulfillment>"
    )


def test_a_merchant_id_is_escaped_too() -> None:
    assert b"<MerchantIdentifier>M &amp; &lt;S&gt;</MerchantIdentifier>" in document(table(row()), "M & <S>").body


def test_an_address_of_too_many_cells_is_our_fault() -> None:
    with pytest.raises(Impossible, match="the template has 9"):
        document(table(row(ship_from=SHIP_FROM + "\x1fmore")), MERCHANT)


# Packages


def test_rows_of_one_package_share_a_message_however_far_apart() -> None:
    first, second = row(order_item_code="1" * 14), row(order_item_code="2" * 14)
    other = row(amazon_order_id="113-1234567-7654321")
    shipments = table(first, other, second)
    assert group(shipments).to_dict() == {2: 0, 3: 1, 4: 0}
    made = document(shipments, MERCHANT)
    assert [[item.findtext("AmazonOrderItemCode") for item in each.findall("Item")] for each in messages(made)] == [
        ["1" * 14, "2" * 14],
        ["01234567890123"],
    ]
    assert made.message_ids.to_dict() == {2: 1, 4: 1, 3: 2}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("tracking_number", "1Z999AA10123456785"),
        ("carrier_code", "UPSMI"),
        ("carrier_name", "x"),
        ("ship_method", "x"),
        ("fulfillment_date", "2026-11-21T01:30:42Z"),
        ("cod_collection_method", "DirectPayment"),
        ("ship_from", SHIP_FROM),
    ],
)
def test_rows_that_differ_in_how_they_were_shipped_are_two_packages(column: str, value: str) -> None:
    shipments = table(row(), row(**{column: value}), row())
    assert group(shipments).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("fulfillment_date", "2026-11-22T01:30:43Z"),
        ("fulfillment_date", "2026-11-22T17:00:00Z"),
        ("ship_method", "SECOND DAY"),
        ("tracking_number", "1z999aa10123456784"),
    ],
)
def test_rows_that_differ_by_case_or_the_time_of_day_are_one_package(column: str, value: str) -> None:
    plain = {"ship_method": "Second Day"}
    shipments = table(row(**plain), row(**plain | {column: value}, order_item_code="2" * 14))
    assert group(shipments).tolist() == [0, 0]


def test_one_row_for_the_whole_order_makes_the_package_the_whole_order() -> None:
    assert "<Item>" not in only_message(row(), row(order_item_code=""), row(order_item_code="2" * 14))


def test_equal_tracking_numbers_of_different_orders_stay_apart() -> None:
    assert group(table(row(), row(amazon_order_id="113-1234567-7654321"))).tolist() == [0, 1]


def test_order_ids_longer_than_nineteen_bytes_are_told_apart() -> None:
    ids = ["S01-ÄÖ34567-漢234567", "113-1234567-1234567", "S01-ÄÖ34567-漢234568", "S01-ÄÖ34567-漢234567"]
    assert group(table(*(row(amazon_order_id=order) for order in ids))).tolist() == [0, 1, 2, 0]


def test_nothing_to_group() -> None:
    assert group(table()).empty
    assert list(documents(table(), MERCHANT)) == []
    with pytest.raises(Impossible, match="0 documents"):
        document(table(), MERCHANT)


# Documents


def test_messages_are_numbered_through_and_documents_bounded() -> None:
    made = list(documents(many(25), MERCHANT, first_message_id=101, max_messages=10))
    assert [(each.first_message_id, each.message_count) for each in made] == [(101, 10), (111, 10), (121, 5)]
    assert pd.concat([each.message_ids for each in made]).tolist() == list(range(101, 126))
    assert [len(messages(each)) for each in made] == [10, 10, 5]


def test_no_document_is_larger_than_asked_and_none_has_room_for_the_next_message() -> None:
    shipments = many(300, ship_from=SHIP_FROM)
    single = len(document(shipments.iloc[:2], MERCHANT).body) - len(document(shipments.iloc[:1], MERCHANT).body)
    made = list(documents(shipments, MERCHANT, max_bytes=10_000))
    assert all(len(each.body) <= 10_000 for each in made)
    assert all(len(each.body) + single + 3 > 10_000 for each in made[:-1])
    assert sum(each.message_count for each in made) == 300


def test_a_package_larger_than_a_document_is_impossible() -> None:
    rows = [row(order_item_code=f"{n:014d}") for n in range(100)]
    with pytest.raises(Impossible, match="message 1 alone"):
        list(documents(table(*rows), MERCHANT, max_bytes=5_000))


def test_the_documents_of_ten_thousand_messages_stay_below_ten_mebibytes() -> None:
    made = list(documents(many(12_000, ship_from=SHIP_FROM, transparency_codes=" ".join(["T" * 80] * 10)), MERCHANT))
    assert len(made) > 2
    assert max(len(each.body) for each in made) < 10 * 1024 * 1024
    assert min(len(each.body) for each in made[:-1]) > 9.9 * 1024 * 1024


@settings(deadline=None, max_examples=60)
@given(tables(), st.integers(1, 4), st.integers(1, 6))
def test_how_rows_are_batched_does_not_show(shipments: pd.DataFrame, most: int, batch: int) -> None:
    expected = [(each.body, each.message_ids.to_dict()) for each in documents(shipments, MERCHANT, max_messages=most)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_fulfillment, "BATCH_ROWS", batch)
        made = [(each.body, each.message_ids.to_dict()) for each in documents(shipments, MERCHANT, max_messages=most)]
    assert made == expected


@settings(deadline=None, max_examples=60)
@given(tables(), st.data())
def test_how_arrow_chunks_its_columns_does_not_show(shipments: pd.DataFrame, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(shipments)))
    pieces = pd.concat([shipments.iloc[:cut], shipments.iloc[cut:]])
    assert document(pieces, MERCHANT).body == document(shipments, MERCHANT).body


@settings(deadline=None, max_examples=150)
@given(tables())
def test_any_shipments_make_valid_documents_that_say_what_the_rows_say(shipments: pd.DataFrame) -> None:
    made = document(shipments, MERCHANT)
    validate(made.body)
    by_id = dict(enumerate(messages(made), start=1))
    assert sorted(made.message_ids.index) == list(shipments.index)
    assert set(made.message_ids) == set(by_id)
    for line, message_id in made.message_ids.items():
        check_row(shipments.loc[line], by_id[message_id])
    items = sum(len(message.findall("Item")) for message in by_id.values())
    assert items <= (shipments["order-item-code"] != "").sum()


def check_row(cells: pd.Series, message: etree._Element) -> None:
    expected = {tag: cells[column] for column, tag in PARTS.items()}
    if not cells["tracking-number"]:
        expected["ShippingMethod"] = ""
    said = {tag: message.findtext(f"FulfillmentData/{tag}", "") for tag in expected}
    assert said == expected
    assert message.findtext("AmazonOrderID") == cells["amazon-order-id"]
    assert message.findtext("ShipFromAddress/Name", "") == cells["ship-from"].split("\x1f")[0]
    stated = [
        (
            item.findtext("AmazonOrderItemCode"),
            item.findtext("Quantity", ""),
            " ".join(item.xpath("TransparencyCode/text()")),
        )
        for item in message.findall("Item")
    ]
    if stated:
        assert (cells["order-item-code"], cells["quantity"], cells["transparency-codes"]) in stated


# Checking beside building


def test_checked_documents_come_in_order() -> None:
    shipments = many(1_000)
    made = list(checked_documents(shipments, MERCHANT, max_messages=30))
    assert [each.body for each in made] == [each.body for each in documents(shipments, MERCHANT, max_messages=30)]


def test_a_document_that_breaks_the_schema_is_not_handed_out() -> None:
    shipments = many(100)
    shipments.iloc[55, shipments.columns.get_loc("carrier-code")] = "Pigeon"
    good: list[FeedDocument] = []
    with pytest.raises(Impossible, match=r"line 10: Element 'CarrierCode'.*'Pigeon'"):
        good.extend(checked_documents(shipments, MERCHANT, max_messages=10))


def test_reading_ahead_is_bounded_and_stops_with_the_reader() -> None:
    built = 0

    def counted() -> Iterator[FeedDocument]:
        nonlocal built
        for each in documents(many(100), MERCHANT, max_messages=1):
            built += 1
            yield each

    reader = checked(counted(), threads=2)
    assert next(reader).first_message_id == 1
    reader.close()
    assert built == 5


def test_control_characters_never_leave() -> None:
    made = document(table(row(tracking_number="1Z\x02")), MERCHANT)
    with pytest.raises(Impossible, match="line 5"):
        validate(made.body)
