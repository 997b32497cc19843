"""Checking documents: what is refused, in which words, from many threads, and nothing fetched on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from feeds.making_shipments import many

from cws_filedrop.errors import Impossible
from cws_filedrop.feeds.order_fulfillment import document
from cws_filedrop.feeds.schema import DocumentKind, fault, validate


@pytest.fixture(scope="module")
def sound() -> bytes:
    return document(many(50), "A1EXAMPLE").body


def replaced(document: bytes, old: bytes, new: bytes, *, message: int) -> bytes:
    """The same document with a change in one message (there is one a line, from line 5 on)."""
    lines = document.split(b"\n")
    assert old in lines[message + 3]
    lines[message + 3] = lines[message + 3].replace(old, new)
    return b"\n".join(lines)


def test_a_sound_document_passes(sound: bytes) -> None:
    validate(sound)
    assert fault(sound, DocumentKind.ORDER_FULFILLMENT) is None
    assert fault(sound, DocumentKind.PROCESSING_REPORT) is not None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"<Quantity>1<", b"<Quantity>0<", "line 11: Element 'Quantity': '0' is not a valid value"),
        (b">UPS<", b">Ups<", "line 11: Element 'CarrierCode'.*'Ups'"),
        (
            b"<FulfillmentDate>2026-11-22T01:30:42Z</FulfillmentDate>",
            b"",
            "line 11: Element 'FulfillmentData'.*Expected",
        ),
        (b"1Z999AA10123456784", b"1" * 51, "line 11: Element 'ShipperTrackingNumber'.*'51'"),
        (b"<Quantity>", b"<Quantity", "line 11"),
        (b"<Quantity>1<", b"<Quantity>&one;<", "line 11: Entity 'one' not defined"),
    ],
)
def test_a_fault_is_named_with_line_element_and_value(sound: bytes, old: bytes, new: bytes, words: str) -> None:
    with pytest.raises(Impossible, match=words):
        validate(replaced(sound, old, new, message=7))


def test_a_list_of_allowed_values_does_not_fill_the_message(sound: bytes) -> None:
    found = fault(replaced(sound, b">UPS<", b">Ups<", message=7), DocumentKind.ORDER_FULFILLMENT)
    assert found is not None
    assert len(found) < 400


@pytest.mark.parametrize("junk", [b"", b"\x00", b"{}", b"\xff\xfe", b"<a/>", "<a>".encode("utf-16")])
def test_junk_is_refused(junk: bytes) -> None:
    assert fault(junk, DocumentKind.ORDER_FULFILLMENT)


def test_entities_are_neither_expanded_nor_fetched(sound: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("away") / "secret"
    secret.write_text("42")
    for entity in ('"1"', f'SYSTEM "{secret.as_uri()}"', 'SYSTEM "http://192.0.2.1/x"'):
        declared = f"<!DOCTYPE AmazonEnvelope [<!ENTITY one {entity}>]>\n<AmazonEnvelope".encode()
        using = sound.replace(b"<AmazonEnvelope", declared, 1).replace(b"<Quantity>1<", b"<Quantity>&one;<", 1)
        assert fault(using, DocumentKind.ORDER_FULFILLMENT) == "line 1: a document type declaration is not allowed"


def test_a_document_that_swells_is_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "0123456789">{entities}]><AmazonEnvelope a="&e11;"/>'
    assert fault(bomb.encode(), DocumentKind.ORDER_FULFILLMENT)


def test_threads_share_the_schemas_and_keep_their_own_words(sound: bytes) -> None:
    wrong = {n: replaced(sound, b">UPS<", f">Bad{n}<".encode(), message=n) for n in range(1, 41)}

    def check(n: int) -> bool:
        if n % 2:
            return fault(sound, DocumentKind.ORDER_FULFILLMENT) is None
        found = fault(wrong[n % 40 + 1], DocumentKind.ORDER_FULFILLMENT)
        return found is not None and found.startswith(f"line {n % 40 + 5}:") and f"'Bad{n % 40 + 1}'" in found

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(800)))
