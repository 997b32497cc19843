"""Our schemas accept and refuse what Amazon's do, tried on seeded documents of which most are damaged.

Amazon's files are confidential and not part of this repository: without them beside the checkout the tests skip.
Deliberate differences, so not generated: ours know one root, one MessageType and one payload each.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from cws_filedrop import schemas

AMAZON = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "amazon"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DOCUMENTS = 2_000
REPORTS = 600

pytestmark = pytest.mark.skipif(not (AMAZON / "xsd").is_dir(), reason="Amazon's schemas are not at hand")

Maker = Callable[[random.Random], str]
LETTERS = "AZaz09 -+&<>'\"éßЖ漢😀\u00a0"


def words(rng: random.Random, most: int) -> str:
    return "".join(rng.choices(LETTERS, k=rng.choice((0, 1, rng.randint(0, most), most))))


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def text(rng: random.Random) -> str:
    return words(rng, 50)


def line(rng: random.Random) -> str:
    return words(rng, 60)


def number(rng: random.Random) -> str:
    return rng.choice(("1", "42", "9" * 20, digits(rng, 3) + "7", "007"))


def flag(rng: random.Random) -> str:
    return rng.choice(("true", "false", "0", "1", " true "))


def order_id(rng: random.Random) -> str:
    return "-".join("".join(rng.choices("0123456789SÄ_x漢", k=count)) for count in (3, 7, 7)).replace("_", "S")


def moment(rng: random.Random) -> str:
    stamp = rng.choice(("2026-11-22T01:30:42", "2024-02-29T23:59:59", "2026-01-01T24:00:00"))
    return stamp + rng.choice(("Z", "+01:00", "-08:00", "", ".5Z", "+14:00"))


def carrier(rng: random.Random) -> str:
    return rng.choice(schemas.carrier_codes())


def one_of(*values: str) -> Maker:
    return lambda rng: rng.choice(values)


# (element, how likely it is there, its text or its children)
Shape = tuple[str, float, "Maker | list[Shape]"]
ADDRESS: list[Shape] = [
    ("Name", 1, text),
    ("FormalTitle", 0.3, lambda rng: words(rng, 10)),
    ("GivenName", 0.3, text),
    ("FamilyName", 0.3, text),
    ("AddressFieldOne", 1, line),
    ("AddressFieldTwo", 0.5, line),
    ("AddressFieldThree", 0.5, line),
    ("City", 0.5, text),
    ("County", 0.5, text),
    ("StateOrRegion", 0.5, text),
    ("PostalCode", 0.5, text),
    ("CountryCode", 1, one_of("US", "de", "  ", "漢字")),
    ("PhoneNumber", 0.5, text),
    ("PhoneNumber", 0.3, text),
    ("PhoneNumber", 0.3, text),
    ("isDefaultShipping", 0.3, flag),
    ("isDefaultBilling", 0.3, flag),
    ("isDefaultOneClick", 0.3, flag),
]
CARRIAGE: list[Shape] = [
    ("CarrierCode", 0.8, carrier),
    ("CarrierName", 0.4, text),
    ("ShippingMethod", 0.6, text),
    ("ShipperTrackingNumber", 0.8, text),
]
HEADER: list[Shape] = [
    ("DocumentVersion", 1, one_of("1.01", "1.1", "12.34", "٣.٤")),
    ("MerchantIdentifier", 1, text),
    ("OverrideReleaseId", 0.2, one_of("1.0", "1234.5678")),
]


def item(rng: random.Random) -> Shape:
    own: Shape = ("MerchantOrderItemID", 1, text)
    code: Shape = ("AmazonOrderItemCode", 1, lambda rng: digits(rng, 14))
    codes: list[Shape] = [("TransparencyCode", 1, line)] * rng.choice((0, 0, 1, 10))
    rest: list[Shape] = [
        ("MerchantFulfillmentItemID", 0.3, number),
        ("Quantity", 0.6, one_of("1", "+3", "0042", "9" * 30)),
    ]
    return ("Item", 1, [rng.choice((code, code, own)), *rest, *codes])


def message(rng: random.Random) -> Shape:
    own: Shape = ("MerchantOrderID", 1, text)
    amazons: Shape = ("AmazonOrderID", 1, order_id)
    package: list[Shape] = [
        rng.choice((amazons, amazons, own)),
        ("MerchantFulfillmentID", 0.3, number),
        ("FulfillmentDate", 1, moment),
        ("FulfillmentData", 0.8, CARRIAGE),
        ("CODCollectionMethod", 0.2, one_of("DirectPayment")),
        *(item(rng) for _ in range(rng.choice((0, 1, 1, 3)))),
        ("ShipFromAddress", 0.4, ADDRESS),
    ]
    operation: Shape = ("OperationType", 0.2, one_of("Update", "Delete", "PartialUpdate"))
    return ("Message", 1, [("MessageID", 1, number), operation, ("OrderFulfillment", 1, package)])


def fulfillment(rng: random.Random) -> etree._Element:
    envelope: list[Shape] = [
        ("Header", 1, HEADER),
        ("MessageType", 1, one_of("OrderFulfillment")),
        ("MarketplaceName", 0.2, lambda rng: "x" + words(rng, 49)),
        ("PurgeAndReplace", 0.2, flag),
        ("EffectiveDate", 0.2, moment),
        *(message(rng) for _ in range(rng.choice((1, 1, 2)))),
    ]
    root = etree.Element("AmazonEnvelope")
    root.set(f"{{{XSI}}}noNamespaceSchemaLocation", "amzn-envelope.xsd")
    grow(root, envelope, rng)
    return root


REASONS = (
    *("NoInventory", "ShippingAddressUndeliverable", "CustomerExchange", "BuyerCanceled", "GeneralAdjustment"),
    *("CarrierCreditDecision", "RiskAssessmentInformationNotValid", "CarrierCoverageFailure", "CustomerReturn"),
    *("MerchandiseNotReceived", "CannotVerifyInformation", "PricingError", "RejectOrder", "WeatherDelay"),
)


def acknowledgement(rng: random.Random) -> etree._Element:
    line: list[Shape] = [
        ("AmazonOrderItemCode", 1, lambda rng: digits(rng, 14)),
        ("MerchantOrderItemID", 0.3, text),
        ("CancelReason", 0.7, one_of(*REASONS)),
        ("Quantity", 0.3, one_of("1", "+3", "0042", "9" * 30)),
    ]
    order: list[Shape] = [
        ("AmazonOrderID", 1, order_id),
        ("MerchantOrderID", 0.3, text),
        ("StatusCode", 1, one_of("Success", "Failure")),
        *([("Item", 1, line)] * rng.choice((0, 1, 1, 3))),
    ]
    envelope: list[Shape] = [
        ("Header", 1, HEADER),
        ("MessageType", 1, one_of("OrderAcknowledgement")),
        ("MarketplaceName", 0.2, lambda rng: "x" + words(rng, 49)),
        ("PurgeAndReplace", 0.2, flag),
        ("EffectiveDate", 0.2, moment),
        ("Message", 1, [("MessageID", 1, number), ("OrderAcknowledgement", 1, order)]),
    ]
    root = etree.Element("AmazonEnvelope")
    grow(root, envelope, rng)
    return root


def grow(parent: etree._Element, shapes: list[Shape], rng: random.Random) -> None:
    for tag, likely, inside in shapes:
        if rng.random() < likely:
            child = etree.SubElement(parent, tag)
            if isinstance(inside, list):
                grow(child, inside, rng)
            else:
                child.text = inside(rng)


# Damage

TEXTS: tuple[str, ...] = (
    *("", " ", "\t", "0", "-1", "+1", "1.0", "1e3", "x", "X" * 10, "X" * 11, "X" * 30, "X" * 31, "X" * 50, "X" * 51),
    *("X" * 60, "X" * 61, "漢" * 50, "漢" * 51, "😀" * 50, "😀" * 51, " " * 51, "\t" * 50, "\n" * 51, "X" * 50 + "\n"),
    *("9" * 20, "9" * 21, "0" * 20, "1" * 13, "1" * 14, "1" * 15, "٣" * 14, "٣", "1" * 14 + " ", " 7 ", "\n7\n"),
    *(
        "123-1234567-1234567",
        "12-1234567-1234567",
        "S01-1234567-1234567",
        "é_漢-1234567-1234567",
        "123_1234567_1234567",
    ),
    *("123-1234567-123456😀", "123-1234567-12345 7", " 123-1234567-1234567", "2026-01-02", "2026-01-02 03:04:05"),
    *("2026-02-30T00:00:00Z", "2026-01-02T03:04:05+15:00", " 2026-01-02T03:04:05Z ", "2026-01-02T03:04:60Z"),
    *("-2026-01-02T03:04:05Z", "12026-01-02T03:04:05Z", "0000-01-02T03:04:05Z", "2026-1-2T03:04:05Z", "purolator"),
    *(
        "Purolator",
        "UPS ",
        "ups",
        "TransaragonÃ©s",
        "Transaragonés",
        "directpayment",
        "DirectPayment",
        "update",
        "Insert",
    ),
    *(
        "USA",
        "U",
        "1.01",
        "1.",
        "123.1",
        "1.123",
        "12345.1",
        "TRUE",
        "yes",
        "true",
        "Voice",
        "Fax",
        "Complete",
        "Error",
    ),
)
NEAR_MISSES: dict[str, tuple[str, ...]] = {
    "AmazonOrderItemCode": ("1" * 13, "1" * 14, "1" * 15, "٣" * 14, "1" * 13 + "x", " " + "1" * 14),
    "AmazonOrderID": ("S01-1234567-1234567", "12-1234567-1234567", "é漢_-1234567-1234567", "123-1234567-123456 "),
    "Quantity": ("0", "1", "-1", "1.5", "+2", " 2 ", ""),
    "CarrierCode": ("Purolator", "PUROLATOR", "ups", " UPS", "Other", ""),
    "CountryCode": ("USA", "US", "U", "  ", ""),
    "MessageID": ("0", "1", "9" * 20, "9" * 21, "+1", " 1 "),
}
TAGS: tuple[str, ...] = (
    *("AmazonOrderID", "MerchantOrderID", "MerchantOrderItemID", "CarrierName", "ShippingMethod", "Quantity", "Foo"),
    *("TransparencyCode", "PhoneNumber", "MerchantFulfillmentID", "item", "ShipFromSupplySourceId", "City", "SKU"),
)
ATTRIBUTES: tuple[tuple[str, str], ...] = (
    *(("Type", "Voice"), ("Type", "Fax"), ("Type", "voice"), ("Description", "d" * 30), ("Description", "d" * 31)),
    *(("foo", "bar"), (f"{{{XSI}}}nil", "true"), (f"{{{XSI}}}nil", "false"), (f"{{{XSI}}}schemaLocation", "a b")),
)


def retold(node: etree._Element, rng: random.Random) -> None:
    if not len(node):
        node.text = rng.choice(TEXTS)


def missed(node: etree._Element, rng: random.Random) -> None:
    target = rng.choice(list(node.getroottree().iter(*NEAR_MISSES)))
    target.text = rng.choice(NEAR_MISSES[target.tag])


def lengthened(node: etree._Element, rng: random.Random) -> None:
    if not len(node):
        node.text = (node.text or "") + rng.choice((" ", "x", "0", "X" * 10, "\t"))


def dropped(node: etree._Element, rng: random.Random) -> None:
    node.getparent().remove(node)


def doubled(node: etree._Element, rng: random.Random) -> None:
    target = rng.choice([node, *node.getroottree().iter("PhoneNumber", "TransparencyCode")])
    for _ in range(rng.choice((1, 1, 2, 3, 9))):
        target.addnext(copy.deepcopy(target))


def swapped(node: etree._Element, rng: random.Random) -> None:
    neighbour = node.getnext()
    if neighbour is not None:
        neighbour.addnext(node)


def renamed(node: etree._Element, rng: random.Random) -> None:
    node.tag = rng.choice(TAGS)


def grown(node: etree._Element, rng: random.Random) -> None:
    node.insert(rng.randint(0, len(node)), etree.Element(rng.choice(TAGS)))


def marked(node: etree._Element, rng: random.Random) -> None:
    node.set(*rng.choice(ATTRIBUTES))


def phoned(node: etree._Element, rng: random.Random) -> None:
    for phone in node.getroottree().iter("PhoneNumber"):
        phone.set(*rng.choice(ATTRIBUTES[:5]))


def spoken(node: etree._Element, rng: random.Random) -> None:
    node.tail = rng.choice(("\n  ", "x", "\u00a0"))


def remarked(node: etree._Element, rng: random.Random) -> None:
    node.insert(0, etree.Comment("a remark"))


DAMAGE = (
    retold,
    retold,
    missed,
    missed,
    lengthened,
    dropped,
    doubled,
    swapped,
    renamed,
    grown,
    marked,
    phoned,
    spoken,
    remarked,
)


def damaged(root: etree._Element, rng: random.Random) -> etree._Element:
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        nodes = [node for node in root.iterdescendants() if isinstance(node.tag, str) and node.tag != "MessageType"]
        rng.choice(DAMAGE)(rng.choice(nodes), rng)
    return root


def fulfillments() -> Iterator[bytes]:
    rng = random.Random(20261122)
    for _ in range(DOCUMENTS):
        yield etree.tostring(damaged(fulfillment(rng), rng), encoding="UTF-8", xml_declaration=True)


def acknowledgements() -> Iterator[bytes]:
    rng = random.Random(20261124)
    for _ in range(DOCUMENTS):
        yield etree.tostring(damaged(acknowledgement(rng), rng), encoding="UTF-8", xml_declaration=True)


def reports() -> Iterator[bytes]:
    rng = random.Random(20261123)
    samples = [etree.parse(path).getroot() for path in sorted(AMAZON.glob("samples/report-xml-*.xml"))]
    for _ in range(REPORTS):
        yield etree.tostring(damaged(copy.deepcopy(rng.choice(samples)), rng))


# Judging


Judged = list[tuple[etree._Element, bool]]


def judged(documents: Iterator[bytes]) -> Judged:
    """Every document read, with Amazon's word on it."""
    amazons = etree.XMLSchema(etree.parse(AMAZON / "xsd" / "minimal-envelope.xsd"))
    trees = (etree.fromstring(document) for document in documents)
    return [(tree, amazons(tree)) for tree in trees]


@pytest.fixture(scope="module")
def judged_fulfillments() -> Judged:
    return judged(fulfillments())


def disagreements(ours: bytes, documents: Judged) -> list[str]:
    schema = etree.XMLSchema(etree.fromstring(ours))
    return [
        f"Amazon {'accepts' if accepted else 'refuses'}: {etree.tostring(tree, encoding='unicode')}"
        for tree, accepted in documents
        if schema(tree) != accepted
    ]


def check_agreement(ours: bytes, documents: Judged) -> None:
    found = disagreements(ours, documents)
    split = Counter(accepted for _, accepted in documents)
    print(f"\n{split[True]} accepted, {split[False]} refused")
    assert not found, found[0]
    assert min(split[True], split[False]) > len(documents) / 4


def test_order_fulfillment_agrees(judged_fulfillments: Judged) -> None:
    check_agreement(schemas.read(schemas.ORDER_FULFILLMENT), judged_fulfillments)


def test_order_acknowledgement_agrees() -> None:
    check_agreement(schemas.read(schemas.ORDER_ACKNOWLEDGEMENT), judged(acknowledgements()))


def test_processing_report_agrees() -> None:
    check_agreement(schemas.read(schemas.PROCESSING_REPORT), judged(reports()))


WEAKENED = {
    "a longer text": ('<xs:maxLength value="50"/>', '<xs:maxLength value="51"/>'),
    "a shorter text": ('<xs:maxLength value="50"/>', '<xs:maxLength value="49"/>'),
    "blanks kept": ("xs:normalizedString", "xs:token"),
    "a longer address line": ('<xs:maxLength value="60"/>', '<xs:maxLength value="61"/>'),
    "a lost leading zero": ('<xs:length value="14"/>', '<xs:minLength value="13"/><xs:maxLength value="14"/>'),
    "ASCII digits only": (r'value="\d+"', 'value="[0-9]+"'),
    "ASCII order ids only": (r"\w{3}", "[A-Z0-9]{3}"),
    "longer numbers": (r"\d{1,20}", r"\d{1,21}"),
    "zero units": ("xs:positiveInteger", "xs:nonNegativeInteger"),
    "an unknown carrier": ('<xs:enumeration value="PUROLATOR"/>', '<xs:enumeration value="Purolator"/>'),
    "eleven transparency codes": ('maxOccurs="10"', 'maxOccurs="11"'),
    "any number of phones": ('maxOccurs="3"', 'maxOccurs="unbounded"'),
    "a country of three letters": ('<xs:length value="2"/>', '<xs:maxLength value="3"/>'),
    "no date needed": ('type="xs:dateTime"/>', 'type="xs:dateTime" minOccurs="0"/>'),
    "no name needed": ('name="Name" type="text"', 'name="Name" type="text" minOccurs="0"'),
}


@pytest.mark.parametrize("weakness", WEAKENED)
def test_a_weakened_schema_is_noticed(judged_fulfillments: Judged, weakness: str) -> None:
    right, wrong = WEAKENED[weakness]
    sound = schemas.read(schemas.ORDER_FULFILLMENT).decode()
    assert right in sound
    assert disagreements(sound.replace(right, wrong).encode(), judged_fulfillments)
