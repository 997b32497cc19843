"""Order files: what was ordered. Amazon's reports, however many columns they have, and the ancestor's."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.claims import FORMATS, ORDER_FORMATS
from cws_filedrop.formats.file import SellerFile, open_file
from cws_filedrop.formats.fillz_orders import COLUMNS
from cws_filedrop.model import Limits

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "amazon" / "samples"
SHORT = b"order-id\torder-item-id\tpurchase-date\tship-service-level\n1\t2\t3\t4\n"
SHIPPED = b"order-id\tship-date\tcarrier-code\n1\t2\t3\n"


def opened(content: bytes) -> SellerFile:
    return open_file(io.BytesIO(content), file_name="a.txt", limits=Limits(), wanted=ORDER_FORMATS)


def refusal(content: bytes) -> tuple[str, str, str]:
    with pytest.raises(FileRejected) as error:
        opened(content)
    issue = error.value.issues[0]
    return issue.code, issue.message, issue.remedy


@pytest.mark.parametrize("name", ["order-report-29col.txt", "unshipped-orders-header-30col.txt"])
def test_amazons_own_reports(name: str) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("Amazon's samples are not at hand")
    content = (SAMPLES / name).read_bytes().rstrip(b"\n") + b"\n"
    if content.count(b"\n") == 1:
        content += b"\t".join([b"x"] * (content.count(b"\t") + 1)) + b"\n"
    facts = opened(content).facts
    assert facts.format.name == "amazon-order-report"
    assert [issue.code for issue in facts.issues] == [], "every heading is known"
    assert {"amazon-order-id", "order-item-id", "quantity", "buyer-email"} <= set(facts.columns)


# Amazon's headings that are not called as our columns are (docs/amazon.md#5-order-reports).
CALLED_OTHERWISE = {
    "order-id": "amazon-order-id",
    "merchant-order-id": "reference",
    "promise-date": "latest-ship-date",
    "ship-service-level": "ship-method",
    "product-name": "item-name",
    "quantity-purchased": "quantity",
    "item-price": "total-price",
    "shipping-price": "shipping-fee",
    "is-buyer-requested-cancellation": "cancel-request",
    "is-iba": "invoiced-by-amazon",
    "buyer-phone-number": "buyer-phone",
    "ship-phone-number": "ship-phone",
    "ship-postal-code": "ship-zip",
}
CALLED_SO = (
    "order-item-id purchase-date payments-date sku quantity-shipped sales-channel buyer-email buyer-name recipient-name"
    " ship-address-1 ship-address-2 ship-address-3 ship-city ship-state ship-country"
)


def test_amazons_headings_are_read_as_what_they_mean() -> None:
    headings = [*CALLED_OTHERWISE, *CALLED_SO.split()]
    facts = opened("\t".join(headings).encode() + b"\n" + b"\t".join([b"x"] * len(headings)) + b"\n").facts
    assert facts.issues == ()
    assert facts.columns == tuple(CALLED_OTHERWISE.get(one, one) for one in headings)


def test_the_ancestors_order_file() -> None:
    heading = "\t".join(COLUMNS).encode()
    facts = opened(heading + b"\n" + b"\t".join([b"x"] * len(COLUMNS)) + b"\n").facts
    assert facts.format.name == "fillz-orders"
    assert facts.issues == ()
    assert facts.columns[1] == "number"


def test_few_columns_are_enough() -> None:
    assert opened(SHORT).facts.format.name == "amazon-order-report"


def test_one_column_missing() -> None:
    code, message, _ = refusal(SHORT.replace(b"purchase-date", b"purchased"))
    assert (code, "purchase-date" in message) == ("F03", True)


def test_a_confirmation_is_not_an_order_file() -> None:
    code, message, remedy = refusal(SHIPPED)
    assert (code, "confirmation of shipments, not an order file" in message) == ("F06", True)
    assert "purchase-date" in remedy


def test_nothing_known() -> None:
    code, message, remedy = refusal(b"eve\tb\tc\nd\te\tf\n")
    assert (code, "the first row has 3 cells" in message, "ship-service-level" in remedy) == ("F06", True, True)
    assert "eve" not in message, "it may be no heading, but a buyer"


def test_an_order_file_is_still_no_confirmation() -> None:
    with pytest.raises(FileRejected, match="F06"):
        open_file(io.BytesIO(SHORT), file_name="a.txt", limits=Limits(), wanted=FORMATS)
