"""Feed documents as Amazon would read them: bytes -> messages, or why the whole document is refused.

Amazon takes a document as a whole or not at all: one fault of form, and no message of it is processed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, XMLParser  # only for documents that passed the schema
from xml.parsers import expat

from cws_filedrop.feeds import schema

EARLY_ENDS: Final = {
    expat.errors.codes[words] for words in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
}
PIECE_BYTES: Final = 256 * 1024
MOST_DIGITS: Final = 15  # of a quantity; the schema sets no bound
LARGEST_NUMBER: Final = 2**63 - 1
NOT_WELL_FORMED: Final = "XML Parsing Error at Line {}, Column {}"
TRUNCATED: Final = "The content of the XML document is not well-formed near line {}, column {}."
INVALID: Final = (
    "We are unable to process the XML feed because one or more items are invalid. Please re-submit the feed."
)
NUMBERED_TWICE: Final = "More than one message has the MessageID {}. Please re-submit the feed."


@dataclass(frozen=True, slots=True)
class PackageItem:
    """An order line in a package; without a quantity all that is left is meant."""

    code: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class PackageMessage:
    """One package. Without items the whole order is meant; the order id is the merchant's own if `by_merchant`."""

    number: int
    order_id: str
    by_merchant: bool
    tracking: str
    carrier: str
    carrier_name: str
    shipped_at: str
    items: tuple[PackageItem, ...]


@dataclass(frozen=True, slots=True)
class ReadableDocument:
    """A document that can be processed."""

    merchant: str
    messages: tuple[PackageMessage, ...]


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document of which nothing is processed: (code, text, message id) of each result to report."""

    processed: int
    faults: tuple[tuple[str, str, int], ...]


def read(document: bytes) -> ReadableDocument | RefusedDocument:
    """The messages of a document, or its refusal, whose codes are in docs/amazon.md#6-processing-reports."""
    if schema.fault(document, schema.DocumentKind.ORDER_FULFILLMENT) is not None:
        return ill_formed(document)
    root = _parsed(document)
    messages = [_message(element) for element in root.iterfind("Message")]
    if any(message.number > LARGEST_NUMBER for message in messages):
        return RefusedDocument(0, (("25", INVALID, 0),))
    repeated = [number for number, times in Counter(message.number for message in messages).items() if times > 1]
    if repeated:
        return RefusedDocument(0, tuple(("25", NUMBERED_TWICE.format(number), 0) for number in repeated[:10]))
    return ReadableDocument(root.findtext("Header/MerchantIdentifier", ""), tuple(messages))


def _parsed(document: bytes) -> Element:
    """The document's tree. The parser is fed piece by piece, so that other threads can run in between."""
    parser = XMLParser()  # noqa: S314 - the schema allows no DTD
    for start in range(0, len(document), PIECE_BYTES):
        parser.feed(document[start : start + PIECE_BYTES])
    root: Element = parser.close()
    return root


def _message(element: Element) -> PackageMessage:
    fulfillment = element[-1]
    texts = _texts(fulfillment)
    data = fulfillment.find("FulfillmentData")
    shipping = {} if data is None else _texts(data)
    return PackageMessage(
        number=int(element[0].text or ""),
        order_id=texts.get("AmazonOrderID") or texts.get("MerchantOrderID", ""),
        by_merchant="MerchantOrderID" in texts,
        tracking=shipping.get("ShipperTrackingNumber", ""),
        carrier=shipping.get("CarrierCode", ""),
        carrier_name=shipping.get("CarrierName", ""),
        shipped_at=texts.get("FulfillmentDate", ""),
        items=tuple(_item(_texts(child)) for child in fulfillment if child.tag == "Item"),
    )


def _item(texts: dict[str, str]) -> PackageItem:
    quantity = texts.get("Quantity", "").lstrip("+0")[:MOST_DIGITS]
    code = texts.get("AmazonOrderItemCode") or texts.get("MerchantOrderItemID", "")
    return PackageItem(code, int(quantity) if quantity else None)


def _texts(element: Element) -> dict[str, str]:
    return {child.tag: (child.text or "").strip() for child in element}


def ill_formed(document: bytes) -> RefusedDocument:
    """The refusal of a document that is ill-formed, saying where, or that breaks the schema."""
    parser = expat.ParserCreate()
    ended: list[str] = []
    parser.EndElementHandler = ended.append
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        line, column, messages = error.lineno, error.offset + 1, ended.count("Message")
        if not ended or error.code in EARLY_ENDS:
            return RefusedDocument(0, (("50001", TRUNCATED.format(line, column), 0),))
        faults = (("5000", NOT_WELL_FORMED.format(line, column), 0), ("5002", NOT_WELL_FORMED.format(line, column), 1))
        return RefusedDocument(messages + 1, faults)
    return RefusedDocument(0, (("25", INVALID, 0),))
