"""What is left of documents and reports when the messages of others are taken out."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from feeds.making_shipments import many, tables
from feeds.test_processing_report import report, result
from hypothesis import given, settings
from lxml import etree

from cws_filedrop.feeds import extracts, order_acknowledgement, order_fulfillment, processing_report
from cws_filedrop.feeds.processing_report import ProcessingReport
from cws_filedrop.feeds.schema import DocumentKind, validate
from cws_filedrop.tables import text


def numbers(document: bytes) -> list[int]:
    return [int(one.text or "") for one in etree.fromstring(document).iter("MessageID")]


@settings(deadline=None)
@given(tables())
def test_every_message_can_be_taken_out_of_any_document(shipments: pd.DataFrame) -> None:
    body = order_fulfillment.document(shipments, "M1").body
    found = numbers(body)
    parts = [extracts.document(body, {number}) for number in found]
    for number, part in zip(found, parts, strict=True):
        validate(part)
        assert numbers(part) == [number]
    head, tail = body[: body.index(b"<Message>")], b"</AmazonEnvelope>\n"
    assert head + b"".join(part[len(head) : -len(tail)] for part in parts) + tail == body, (
        "the very bytes that were sent"
    )


def test_several_and_those_of_cancellations() -> None:
    assert numbers(extracts.document(order_fulfillment.document(many(9), "M1").body, {2, 7})) == [2, 7]
    orders = [f"113-0000000-000000{n}" for n in range(3)]
    columns = {"amazon-order-id": orders, "cancel-reason": ["NoInventory"] * 3, "order-item-codes": ["1" * 14] * 3}
    cancellations = pd.DataFrame({name: text(cells) for name, cells in columns.items()})
    part = extracts.document(order_acknowledgement.document(cancellations, "M1").body, {2})
    validate(part, DocumentKind.ORDER_ACKNOWLEDGEMENT)
    assert [order for order in orders if order.encode() in part] == [orders[1]]


def test_a_report_keeps_what_it_says_of_them_and_of_the_document() -> None:
    whole = report(result(0, words="of all"), result(1, words="ours"), result(2, words="theirs"), counts=(2, 0, 2, 0))
    part = extracts.report(whole, {1})
    assert part is not None
    validate(part, DocumentKind.PROCESSING_REPORT)
    read = processing_report.read(part)
    assert isinstance(read, ProcessingReport)
    assert [one.description for one in read.results] == ["of all", "ours"]
    assert (read.document_transaction_id, read.counts) == ("77", processing_report.Counts(2, 0, 2, 0))
    assert b"theirs" not in part


def test_a_report_in_another_namespace_and_encoding() -> None:
    whole = report(
        result(1, words="für uns"), result(2, words="für andere"), counts=(2, 0, 2, 0), encoding="iso-8859-1"
    )
    whole = whole.replace(b"<AmazonEnvelope>", b'<AmazonEnvelope xmlns="urn:x">')
    part = extracts.report(whole, {1})
    assert part is not None
    assert ("für uns" in part.decode(), "andere" in part.decode()) == (True, False)


@pytest.mark.parametrize("body", [b"", b"Service Unavailable", b"<Report>", b"\xff\xfe"])
def test_what_is_no_xml_is_not_taken_apart(body: bytes) -> None:
    assert extracts.report(body, {1}) is None


def test_numbers_that_begin_alike_are_told_apart() -> None:
    body = order_fulfillment.document(many(12), "M1").body
    for one, other in pairwise([1, 10, 11, 12]):
        assert numbers(extracts.document(body, {one})) == [one]
        assert numbers(extracts.document(body, {other})) == [other]
