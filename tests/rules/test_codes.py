"""Every code that a line can get without an order book: a row that gets it, what it says, and one that does not."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from rules.judging import FILLZ, GOOD, UPS_NUMBER, judged, one, row

from cws_filedrop.model import Severity
from cws_filedrop.rules.book import Effect
from cws_filedrop.rules.wording import issues

LONG = "x1" * 25 + "y"  # 51 characters


class Bad(NamedTuple):
    cells: dict[str, str]
    code: str
    column: str
    says: str
    remedy: str
    policy: dict[str, Any] = {}  # noqa: RUF012


ERRORS = [
    Bad(row(ship_method="a\x01b"), "L02", "ship-method", "a␁b", "by hand"),
    Bad(row(carrier_name="a\x7fb"), "L02", "carrier-name", "a␡b", "by hand"),
    Bad(row(carrier_name="a\u0085b"), "L02", "carrier-name", "\\u0085", "by hand"),
    Bad(row(quantity="1\ufffe"), "L02", "quantity", "\\ufffe", "by hand"),
    Bad(row(order_id=""), "O01", "order-id", "no order number", '"order-id"'),
    Bad(row(order_id="1.12E+16"), "O02", "order-id", '"1.12E+16" is a rounded number', "Text"),
    Bad(row(order_id="1,12E+16"), "O02", "order-id", "rounded", "Text"),
    Bad(row(order_id="02615201636049104"), "O02", "order-id", "lost its hyphens", "026-1520163-6049104"),
    Bad(row(order_id="026–1520163–6049104"), "O02", "order-id", "plain hyphens", "026-1520163-6049104"),
    Bad(row(order_id="026 1520163 6049104"), "O02", "order-id", "plain hyphens", "026-1520163-6049104"),
    Bad(row(order_id="026-1520163-604910"), "O02", "order-id", "not a complete", "3, 7 and 7"),
    Bad(row(order_id="2026-01-02"), "O02", "order-id", "is a date", "Text"),
    Bad(row(order_id="01/02/2026"), "O02", "order-id", "is a date", "Text"),
    Bad(row(order_id="２26-1520163-6049104"), "O02", "order-id", "plain hyphens", "226-1520163-6049104"),
    Bad(row(order_id="MY-REF-17"), "O03", "order-id", "not an Amazon order number", "026-1520163"),
    Bad(row(order_id="12345"), "O03", "order-id", '"12345"', "026-1520163"),
    Bad(row(), "O03", "order-id", "do not know an order", "load the order", {"unknown_orders": "reject"}),
    Bad(row(order_item_id="1234567890123"), "I01", "order-item-id", "13 digits", "01234567890123"),
    Bad(row(order_item_id="1.23E+13"), "I01", "order-item-id", "rounded", "Text"),
    Bad(row(order_item_id="ABC"), "I01", "order-item-id", '"ABC"', "leave the cell empty"),
    Bad(row(order_item_id="０1234567890123"), "I01", "order-item-id", "14 digits", ""),
    Bad(row(quantity="0"), "Q01", "quantity", '"0" is not a quantity', "such as 1,"),
    Bad(row(quantity="1.5"), "Q01", "quantity", '"1.5"', "such as 1,"),
    Bad(row(quantity="#WERT!"), "Q01", "quantity", "error value", "formula"),
    Bad(row(order_item_id="#BEZUG!"), "I01", "order-item-id", "error value", "formula"),
    Bad(row(order_item_id="01234567890123.0"), "I01", "order-item-id", "decimal", "01234567890123"),
    Bad(row(order_id="#REF!"), "O02", "order-id", "error value", "formula"),
    Bad(row(order_id='"026-1520163-6049104"'), "O02", "order-id", "signs around", "026-1520163-6049104"),
    Bad(row(ship_date="#NV"), "D01", "ship-date", "error value", "formula"),
    Bad(row(ship_date="1970-01-01"), "D05", "ship-date", "more than a year ago", "1900-01-01"),
    Bad(row(quantity="-1"), "Q01", "quantity", '"-1"', ""),
    Bad(row(quantity="two"), "Q01", "quantity", '"two"', ""),
    Bad(row(quantity="1234567890"), "Q01", "quantity", '"1234567890"', ""),
    Bad(row(ship_date=""), "D01", "ship-date", "missing", "2026-11-22"),
    Bad(row(ship_date="45678"), "D01", "ship-date", "number by a spreadsheet", "2026-11-22"),
    Bad(row(ship_date="11/22/26"), "D01", "ship-date", "two digits", "2026-11-22"),
    Bad(row(ship_date="soon"), "D01", "ship-date", '"soon"', "2026-11-22"),
    Bad(row(ship_date="2026-02-30"), "D02", "ship-date", 'no such day as "2026-02-30"', "2026-11-22"),
    Bad(row(ship_date="2026-11-23"), "D03", "ship-date", "in the future", "handed over"),
    Bad(row(ship_date="03/04/2026"), "D06", "ship-date", "3 April 2026 or 4 March 2026", "tell us once"),
    Bad(
        row(carrier_code="", tracking_number="123456789012"),
        "C01",
        "carrier-code",
        '"123456789012"',
        '"carrier-code"',
    ),
    Bad(row(carrier_code="Other"), "C03", "carrier-code", "its name is missing", "carrier-name"),
    Bad(row(carrier_code="Sonstige", carrier_name="n/a"), "C03", "carrier-code", "Sonstige", "carrier-name"),
    Bad(row(tracking_number="9.4E+21"), "T01", "tracking-number", '"9.4E+21" is a rounded number', "Text"),
    Bad(
        row(tracking_number="9400111899223100000000"),
        "T01",
        "tracking-number",
        "after the 15th digit",
        "Text",
    ),
    Bad(row(tracking_number=LONG), "T02", "tracking-number", "51 characters", "one tracking number"),
    Bad(
        row(tracking_number="N/A"),
        "T03",
        "tracking-number",
        '"N/A" is not a tracking number',
        "leave the cell empty",
    ),
    Bad(row(tracking_number="0"), "T03", "tracking-number", '"0"', "leave the cell empty"),
    Bad(row(tracking_number="none"), "T03", "tracking-number", '"none"', "leave the cell empty"),
    Bad(row(tracking_number="1Z999;1Z998"), "T03", "tracking-number", ": ;", "alone"),
    Bad(
        row(tracking_number=f"{UPS_NUMBER} {UPS_NUMBER}"),
        "T03",
        "tracking-number",
        "more than one",
        "own line",
    ),
    Bad(row(ship_method=LONG), "M02", "ship-method", "51 characters", "Shorten"),
    Bad(row(carrier_code="Other", carrier_name=LONG), "M02", "carrier-name", "51 characters", "Shorten"),
    Bad(row(carrier_code=LONG), "M02", "carrier-code", "51 characters", "Shorten"),
    Bad(row(transparency_code=",".join("ABCDEFGHIJK")), "X01", "transparency-code", "There are 11", "Split"),
    Bad(row(cod_collection_method="Cash"), "P01", "cod-collection-method", '"Cash"', "DirectPayment"),
]


@pytest.mark.parametrize("bad", ERRORS, ids=lambda bad: f"{bad.code}-{bad.column}")
def test_an_error_rejects_the_line_and_says_what_to_do(bad: Bad) -> None:
    came = one(bad.cells, **bad.policy)
    assert came.verdict == "rejected"
    assert came.shipment == {}
    found = [issue for issue in came.issues if issue.code == bad.code]
    assert len(found) == 1, came.issues
    issue = found[0]
    assert (issue.severity, issue.column) == (Severity.ERROR, bad.column)
    assert issue.value == bad.cells.get(bad.column, "")
    assert bad.says in issue.message
    assert bad.remedy in issue.remedy


ADDRESS = {"ship-from-name": "Ann", "ship-from-line1": "1 Main St", "ship-from-country": "us"}
WARNINGS = [
    Bad(row(ship_date="2026-10-01"), "D05", "ship-date", "more than 30 days ago", "the year"),
    Bad(row(carrier_code="Acme Vans"), "C02", "carrier-code", 'with the name "Acme Vans"', "Amazon's list"),
    Bad(row(carrier_code="", tracking_number="", ship_method=""), "C01", "carrier-code", "neither", "Amazon wants"),
    Bad(row(carrier_code=""), "C04", "tracking-number", "can only belong to UPS", "type the carrier"),
    Bad(
        row(tracking_number="1Z999AA10123456785"),
        "T04",
        "tracking-number",
        "check digit is wrong",
        "digit by digit",
    ),
    Bad(
        row(carrier_code="USPS"),
        "T04",
        "tracking-number",
        "does not look like a tracking number of USPS",
        "carrier",
    ),
    Bad(
        row(tracking_number="1Z 999 AA1 01 2345 6784"),
        "T04",
        "tracking-number",
        f"as {UPS_NUMBER}",
        "without blanks",
    ),
    Bad(row(order_item_id=""), "Q04", "quantity", 'quantity "1" is not passed on', "order-item-id"),
    Bad(
        row(order_item_id="", transparency_code="A"),
        "Q04",
        "transparency-code",
        "not passed on",
        "order-item-id",
    ),
    Bad(
        row(ship_from_name="Ann"),
        "N01",
        "ship-from-line1",
        "first address line is missing",
        "Or leave all of it",
    ),
    Bad(
        row() | ADDRESS | {"ship-from-country": "USA"},
        "N01",
        "ship-from-country",
        "two letters",
        "such as US",
    ),
    Bad(
        row() | ADDRESS | {"ship-from-city": "x" * 51},
        "N01",
        "ship-from-city",
        "longer than 50",
        "at most 50",
    ),
]


@pytest.mark.parametrize("odd", WARNINGS, ids=lambda odd: f"{odd.code}-{odd.column}")
def test_a_warning_lets_the_line_go(odd: Bad) -> None:
    came = one(odd.cells)
    assert came.verdict == "queued"
    issue = next(issue for issue in came.issues if (issue.code, issue.column) == (odd.code, odd.column))
    assert issue.severity is Severity.WARNING
    assert issue.value == odd.cells.get(odd.column, "")
    assert odd.says in issue.message
    assert odd.remedy in issue.remedy


INFOS = [
    Bad(row(carrier_code="fed-ex", tracking_number=""), "C04", "carrier-code", 'passed on as "FedEx"', ""),
    Bad(
        row(carrier_code="", carrier_name="evri", tracking_number="H1"),
        "C04",
        "carrier-name",
        '"Hermes UK"',
        "",
    ),
    Bad(
        row(carrier_code="n/a", tracking_number="", ship_method=""),
        "C04",
        "carrier-code",
        "read as no carrier",
        "empty",
    ),
    Bad(row(quantity="1.0"), "Q01", "quantity", '"1.0" was read as 1', ""),
    Bad(row(quantity="1.0000"), "Q01", "quantity", '"1.0000" was read as 1', ""),
    Bad(row(quantity="+2"), "Q01", "quantity", '"+2" was read as 2', ""),
    Bad(row(tracking_number=""), "M01", "ship-method", '"Ground" is not passed on', "tracking number"),
]


@pytest.mark.parametrize("odd", INFOS, ids=lambda odd: f"{odd.code}-{odd.column}")
def test_an_info_lets_the_line_go(odd: Bad) -> None:
    came = one(odd.cells)
    assert came.verdict == "queued"
    issue = next(issue for issue in came.issues if (issue.code, issue.column) == (odd.code, odd.column))
    assert issue.severity is Severity.INFO
    assert odd.says in issue.message
    assert odd.remedy in issue.remedy


FINE = [
    row(),
    row(order_id="S01-1520163-6049104"),
    row(order_item_id="00000000000001"),
    row(order_item_id="", quantity=""),
    row(quantity=""),
    row(quantity="007"),
    row(quantity="999999999"),
    row(ship_date="2026-11-22"),
    row(ship_date="2026-10-24"),
    row(carrier_name="whatever", carrier_code="UPS"),
    row(carrier_code="Other", carrier_name="Acme Vans", tracking_number="ABC-123"),
    row(tracking_number="", ship_method=""),
    row(tracking_number="x1" * 25, carrier_code="DPD"),
    row(ship_method="x" * 50),
    row(ship_method="été 速達"),
    row(carrier_code="Other", carrier_name="x" * 50),
    row(transparency_code="A,B;C|D E F G H I J"),
    row(cod_collection_method="DirectPayment"),
    row() | ADDRESS,
]


@pytest.mark.parametrize("cells", FINE, ids=str)
def test_a_good_row_gets_no_issue(cells: dict[str, str]) -> None:
    came = one(cells)
    assert came.issues == []
    assert came.verdict == "queued"


def test_the_shipment_of_a_good_row() -> None:
    assert one(
        row(quantity="007", transparency_code="B, A", cod_collection_method="directpayment") | ADDRESS
    ).shipment == {
        "amazon-order-id": "026-1520163-6049104",
        "order-item-code": "01234567890123",
        "quantity": "7",
        "fulfillment-date": "2026-11-21T12:00:00Z",
        "carrier-code": "UPS",
        "carrier-name": "",
        "ship-method": "Ground",
        "tracking-number": UPS_NUMBER,
        "cod-collection-method": "DirectPayment",
        "transparency-codes": "B A",
        "ship-from": "Ann\x1f1 Main St" + "\x1f" * 7 + "US",
    }


def test_what_is_left_out_of_a_shipment() -> None:
    assert one(row(tracking_number="")).shipment["ship-method"] == ""
    assert one(row(order_item_id="", transparency_code="A")).shipment["quantity"] == ""
    assert one(row(order_item_id="", transparency_code="A")).shipment["transparency-codes"] == ""
    assert one(row(ship_from_name="Ann")).shipment["ship-from"] == ""
    assert one(row(tracking_number="1Z 999 AA1 01 2345 6784")).shipment["tracking-number"] == UPS_NUMBER
    assert one(row(carrier_code="")).shipment["carrier-code"] == "UPS"
    named = one(row(carrier_code="Acme Vans")).shipment
    assert (named["carrier-code"], named["carrier-name"]) == ("Other", "Acme Vans")


STATUSES = [
    ("shipped", "queued", "shipped"),
    (" SHIPPED ", "queued", "shipped"),
    ("shipped & no confirm", "queued", "shipped"),
    ("Shipped  &  No Confirm", "queued", "shipped"),
    ("shipped-no-email", "queued", "shipped"),
    ("packed", "updated", "packed"),
    ("Deferred", "updated", "deferred"),
    ("cancelled", "updated", "cancelled"),
    ("CANCELED", "updated", "cancelled"),
]


@pytest.mark.parametrize(("status", "verdict", "kind"), STATUSES)
def test_statuses(status: str, verdict: str, kind: str) -> None:
    came = one(row(status=status), FILLZ)
    assert (came.verdict, came.issues) == (verdict, [])
    assert came.effect is not None
    assert came.effect.kind == kind


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("shiped", 'did you mean "shipped"'),
        ("", "no status"),
        ("sent", "not a status"),
        ("unshipped", "not a status we know."),
        ("not shipped", "not shipped."),
        ("Not yet shipped", "not shipped."),
        ("nicht shipped", "not shipped."),
        ("to be shipped", "not shipped."),
    ],
)
def test_an_unknown_status_is_suggested_never_guessed(status: str, says: str) -> None:
    came = one(row(status=status), FILLZ)
    assert (came.verdict, came.codes) == ("rejected", ["S01"])
    assert says in came.issues[0].message
    assert "shipped, packed, deferred, cancelled" in came.issues[0].remedy


def test_rows_that_are_not_shipped_are_checked_for_what_they_use() -> None:
    junk = row(ship_date="soon", tracking_number="N/A", carrier_code="Other", ship_method=LONG)
    assert one(junk | {"status": "cancelled"}, FILLZ).issues == []
    assert one(junk | {"status": "deferred"}, FILLZ).issues == []
    assert one(junk | {"status": "packed"}, FILLZ).codes == ["C03", "T03"]
    assert one(row(status="cancelled", quantity="0"), FILLZ).codes == ["Q01"]
    assert one(row(status="cancelled", order_id="12"), FILLZ).codes == ["O03"]
    assert one(row(status="packed", carrier_code="", tracking_number="123456789012"), FILLZ).issues == []


def test_what_an_order_book_keeps_of_a_packed_row() -> None:
    effect = one(row(status="packed", carrier_code="ups"), FILLZ).effect
    order, item = GOOD["order-id"], GOOD["order-item-id"]
    assert effect == Effect(2, order, 0, 0, item, "packed", "Ground", UPS_NUMBER, "UPS", "", quantity=1)
    untracked = one(row(status="packed", tracking_number="", carrier_code=""), FILLZ).effect
    assert untracked == Effect(2, order, 0, 0, item, "packed", "Ground", "", "", "", quantity=1)
    cancelled = one(row(status="cancelled"), FILLZ).effect
    assert cancelled is not None
    assert cancelled.tracking == ""


def test_issues_come_in_line_order_then_in_the_catalogues() -> None:
    bad = row(quantity="0", order_id="", tracking_number="N/A", ship_method="a\x02")
    came = judged(bad, row(), bad)
    found = [(line, issue.code) for line, issue in issues(came.issues)]
    assert found == [(line, code) for line in (2, 4) for code in ("L02", "O01", "Q01", "T03")]
    assert came.verdicts.to_dict() == {2: "rejected", 3: "queued", 4: "rejected"}
    assert came.shipments.index.tolist() == [3]
