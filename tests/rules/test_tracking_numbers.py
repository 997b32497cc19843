"""Tracking numbers: what is one at all, check digits against an independent library, carriers told by numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tracking_numbers
from hypothesis import given
from hypothesis import strategies as st
from rules.judging import FEW, GOOD, UPS_NUMBER, judged, one, row

from cws_filedrop.model import Severity
from cws_filedrop.rules.cells.tracking_number import reading
from cws_filedrop.rules.check_digits import TrackingForm, check_digit_right, inferred, kinds, mistyped
from cws_filedrop.rules.columns import Column, arrow
from cws_filedrop.rules.forms import Block, expand
from cws_filedrop.rules.tracking import odd
from cws_filedrop.rules.wording import issues
from cws_filedrop.tables import TEXT

DIGITS = "0123456789"


def column(*texts: str) -> Column:
    return Column(arrow(pd.Series(list(texts), dtype=TEXT)))


READINGS = [
    (UPS_NUMBER, UPS_NUMBER, None),
    ("1234-5678-9012", "1234-5678-9012", None),
    ("RR123456785GB", "RR123456785GB", None),
    ("1Z 999 AA1 01 2345 6784", UPS_NUMBER, "T04"),
    ("9400 1000 0000 0000 0000 00", "", "T01"),
    ("JD 0002 2306 7012 3456", "JD0002230670123456", "T04"),
    ("9.4E+21", "", "T01"),
    ("9,4e+21", "", "T01"),
    ("94E+20", "", "T01"),
    ("9.4001E21", "", "T01"),
    ("9400111899223100000000", "", "T01"),
    ("12345678901234500000000", "", "T01"),
    ("1234567890123450000", "1234567890123450000", None),
    ("94E20", "94E20", None),
    ("1E12345678", "1E12345678", None),
    ("x1" * 25, "x1" * 25, None),
    ("x1" * 25 + "y", "", "T02"),
    ("1Z999,1Z998", "", "T03"),
    ("１２３４５６７８", "", "T03"),
    ("#N/A", "", "T03"),
    ("N/A", "", "T03"),
    ("none", "", "T03"),
    ("No Tracking Number", "", "T03"),
    ("pending", "", "T03"),
    ("0", "", "T03"),
    ("00000000", "", "T03"),
    ("0-0-0", "", "T03"),
    ("xxx", "", "T03"),
    ("-", "", "T03"),
    ("--/--", "", "T03"),
    ("sent by letter", "", "T03"),
    ("USPS 9400111899223100001234", "", "T03"),
    (f"{UPS_NUMBER} 1Z999AA10123456785", "", "T03"),
    ("なし", "", "T03"),
    ("10000000000000000000", "", "T01"),
]


@pytest.mark.parametrize(("typed", "sent", "code"), READINGS)
def test_readings(typed: str, sent: str, code: str | None) -> None:
    came = reading(typed)
    assert (came.sent, came.trouble[0] if came.trouble else None) == (sent, code)
    if code:
        assert odd(column("1Z", typed)).tolist()[-1] == 1


NUMBERISH = st.text(st.sampled_from("0001199AZaznNoOe-/_#.:+, \u00a0é１"), min_size=1, max_size=60)


@FEW
@given(st.lists(NUMBERISH | st.text(st.sampled_from("09-"), min_size=15, max_size=30), min_size=1, max_size=20))
def test_cells_that_are_not_looked_at_need_no_look(texts: list[str]) -> None:
    cells = [text.strip() for text in texts]
    looked = set(odd(column(*cells)).tolist())
    for at, cell in enumerate(cells):
        if at not in looked and cell:
            assert reading(cell) == (cell, None)


# --- check digits against the library -----------------------------------------------------------------------------


def of(carrier: str, form: str) -> TrackingForm:
    signs = {made.signs for made in expand(form)}
    return next(kind for kind in kinds() if carrier in kind.carriers and kind.form.signs in signs)


def right(kind: TrackingForm, *numbers: str) -> list[bool]:
    cells = column(*numbers)
    block = Block(cells.words(np.arange(len(numbers)), len(numbers[0])))
    fits: list[bool] = (kind.form.match(block) & check_digit_right(block, kind)).tolist()
    return fits


FAMILIES = [
    ("UPS", "1Z|*{15}=", "UPS", "1Z[A-Z0-9]{6}(01|03|12|66|A8|YW)[A-Z0-9]{7}[0-9]"),
    ("USPS", "|9#{20}=", "USPS 91", "9[1-5][0-9]{20}"),
    ("FedEx", "|#{11}=", "FedEx Express (12)", "[0-9]{12}"),
    ("FedEx", "|#{14}=", "FedEx Ground", "[0-9]{15}"),
    ("FedEx", "96#{5}|#{14}=", "FedEx Ground 96 (22)", "96[0-9]{20}"),
    ("FedEx", "100#{17}|#{13}=", "FedEx Express (34)", "100[0-9]{31}"),
    ("FedEx", "96#{18}|#{13}=", "FedEx Ground GSN", "96[0-9]{32}"),
    ("DHL Express", "|#{9}=", "DHL Express", "[0-9]{10}"),
    ("OnTrac", "C|#{13}=", "OnTrac", "C[0-35-9][0-9]{13}"),
    ("Royal Mail", "@@|########=@@", "S10", "(RR|LX|EE|CP|UA)[0-9]{9}(GB|US|DE|JP)"),
]


@pytest.mark.parametrize(("carrier", "form", "product", "pattern"), FAMILIES, ids=[row[2] for row in FAMILIES])
@FEW
@given(data=st.data())
def test_check_digits_agree_with_the_library(
    carrier: str, form: str, product: str, pattern: str, data: st.DataObject
) -> None:
    definition = tracking_numbers.get_definition(product)
    assert definition is not None
    kind = of(carrier, form)
    start = data.draw(st.from_regex(pattern, fullmatch=True).filter(str.isascii))
    at = kind.form.check_at
    numbers = [start[:at] + digit + start[at + 1 :] for digit in DIGITS]
    theirs = [definition.test(number) for number in numbers]
    assert right(kind, *numbers) == [one is not None and one.valid for one in theirs]


@FEW
@given(st.from_regex(r"(03|71|73|77|81)[0-9]{18}", fullmatch=True))
def test_twenty_digits_of_usps_agree_with_the_library(number: str) -> None:
    old, new = tracking_numbers.get_definition("USPS 20"), tracking_numbers.get_definition("USPS 91")
    assert old is not None
    assert new is not None
    theirs = [definition.test(number) for definition in (old, new)]
    wrong = [rows for rows, _ in mistyped(column(number), column(number).offsets[:1], "USPS")]
    assert (not any(len(rows) for rows in wrong)) is any(one is not None and one.valid for one in theirs)


@FEW
@given(st.from_regex(r"[0-8][0-9]{19}", fullmatch=True))
def test_smartpost_agrees_with_the_library(number: str) -> None:
    theirs = tracking_numbers.get_definition("FedEx SmartPost")
    assert theirs is not None
    kind = next(kind for kind in kinds() if kind.check == "gs1-92")
    found = theirs.test(number)
    assert found is not None
    assert right(kind, number) == [found.valid]


def test_lower_case_numbers_are_checked_as_upper_case() -> None:
    assert one(row(tracking_number=UPS_NUMBER.lower())).issues == []
    assert one(row(tracking_number="1z999aa10123456785")).codes == ["T04"]


WARNED = [
    ("UPS", UPS_NUMBER, False),
    ("UPS", "1Z999AA10123456785", True),
    ("UPS", "1Z999AA1012345678", True),
    ("UPS", "9400111899223100001234", True),
    ("UPS", "hello123", True),
    ("USPS", "9400111899223197428497", False),
    ("USPS", "9400111899223197428490", True),
    ("USPS", "RR123456785US", False),
    ("USPS", "RR123456784US", True),
    ("USPS", "LX123456785CN", False),
    ("FedEx", "986578788855", False),
    ("FedEx", "986578788856", True),
    ("FedEx", UPS_NUMBER, True),
    ("Royal Mail", "RR123456785GB", False),
    ("Royal Mail", "RR123456784GB", True),
    ("Royal Mail", "1234", False),
    ("DHL Express", "3318810025", False),
    ("DHL Express", "3318810026", True),
    ("DHL", "3318810026", False),
    ("YAMATO", "123456789013", False),
    ("YAMATO", "123456789012", True),
    ("DPD", "anything-1", False),
]


@pytest.mark.parametrize(("carrier", "number", "warned"), WARNED)
def test_warnings_by_carrier(carrier: str, number: str, warned: bool) -> None:
    came = one(row(carrier_code=carrier, tracking_number=number))
    assert came.codes == (["T04"] if warned else [])
    assert came.verdict == "queued"


INFERRED = [
    (UPS_NUMBER, "UPS"),
    ("1Z999AA10123456785", ""),
    ("9400111899223197428497", "USPS"),
    ("9400111899223197428490", ""),
    ("9205590000000000000002", ""),
    ("RR123456785US", "USPS"),
    ("RR123456785GB", "Royal Mail"),
    ("CP123456785GB", ""),
    ("RR123456785CA", "Canada Post"),
    ("RR123456785DE", ""),
    ("986578788855", ""),
    ("9611020987654312345672", "FedEx"),
    ("1234", ""),
]


@pytest.mark.parametrize(("number", "carrier"), INFERRED)
def test_a_carrier_is_inferred_only_without_doubt(number: str, carrier: str) -> None:
    assert inferred(column(number), column(number).offsets[:1]).tolist() == [carrier]
    came = one(row(carrier_code="", tracking_number=number))
    assert came.codes == (["C04"] if carrier else ["C01"])
    assert came.shipment.get("carrier-code", "") == carrier


def test_what_we_infer_the_library_would_not_deny() -> None:
    couriers = {"UPS": "ups", "USPS": "usps", "FedEx": "fedex"}
    for number, carrier in INFERRED:
        found = tracking_numbers.get_tracking_number(number)
        if carrier in couriers and found is not None and found.courier.code != "s10":
            assert found.courier.code == couriers[carrier]


def test_a_file_without_a_carrier_column() -> None:
    cells = {name: cell for name, cell in GOOD.items() if not name.startswith("carrier")}
    came = judged(cells, cells | {"tracking-number": "987654321"}, cells | {"tracking-number": ""})
    assert came.verdicts.tolist() == ["queued", "rejected", "queued"]
    assert came.shipments["carrier-code"].tolist() == ["UPS", ""]
    assert [issue.severity for _, issue in issues(came.issues) if issue.code == "C04"] == [Severity.WARNING]
