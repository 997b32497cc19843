"""Which row holds the headings, which layout it is, and what is told about odd headings."""

from __future__ import annotations

import pytest
from formats.seller_files import HEADINGS, ROW, opened, read, refusals, refused

from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.file import FileFacts


def words(text: str) -> list[str]:
    return text.split()


AMAZON = words(
    "order-id order-item-id quantity ship-date carrier-code carrier-name tracking-number ship-method transparency_code"
    " ship_from_address_name ship_from_address_line1 ship_from_address_line2 ship_from_address_line3"
    " ship_from_address_city ship_from_address_county ship_from_address_state_or_region ship_from_address_postalcode"
    " ship_from_address_countrycode"
)
FILLZ = words("order-id status tracking carrier ship_date ship_method order-item-id quantity")
ORDER_REPORT = words("order-id order-item-id purchase-date payments-date buyer-email sku ship-service-level")
FILLZ_ORDERS = words("payment_status order_id order_item_id special_comments upc ship_method status tracking")


def facts(*headings: str, delimiter: str = "\t") -> FileFacts:
    row = delimiter.join("x" for _ in headings)
    return opened(f"{delimiter.join(headings)}\n{row}\n".encode()).facts


def header_issue(*headings: str) -> tuple[str, str]:
    issue = refused("\t".join(headings) + "\n" + "\t".join("x" for _ in headings) + "\n")
    return issue.code, issue.message


@pytest.mark.parametrize(
    ("headings", "name"),
    [
        (AMAZON, "amazon-shipping-confirmation"),
        (AMAZON[:8], "amazon-shipping-confirmation"),
        ([*AMAZON[:8], "cod-collection-method"], "amazon-shipping-confirmation"),
        (["ship-date", "order-id"], "amazon-shipping-confirmation"),
        (FILLZ, "fillz-confirmation"),
        (["status", "order-id"], "fillz-confirmation"),
        ([heading.upper() for heading in FILLZ], "fillz-confirmation"),
        ([heading.replace("_", " ").title() for heading in FILLZ], "fillz-confirmation"),
        (["order_id", "status", "ship_date"], "fillz-confirmation"),
        ([heading.upper() for heading in AMAZON], "amazon-shipping-confirmation"),
        ([heading.replace("-", "_") for heading in AMAZON], "amazon-shipping-confirmation"),
        ([heading.replace("_", "-") for heading in AMAZON], "amazon-shipping-confirmation"),
    ],
)
def test_the_layout_is_recognised_and_every_heading_understood(headings: list[str], name: str) -> None:
    found = facts(*headings)
    assert found.format.name == name
    assert all(found.columns)
    assert not found.issues
    assert sorted(map(found.format.heading, found.columns)) == sorted(
        heading for heading in found.format.headings if found.format.headings[heading] in found.columns
    )


def test_every_layout_knows_its_columns_both_ways() -> None:
    for layout in FORMATS.values():
        assert layout.required <= set(layout.headings.values())
        assert [layout.heading(column) for column in layout.headings.values()] == list(layout.headings)
        with pytest.raises(KeyError):
            layout.heading("no-such-column")


def test_exact_headings_are_not_mentioned_and_odd_ones_are() -> None:
    assert facts(*FILLZ).notes == ()
    notes = facts("Order-ID", "status", "SHIP-METHOD").notes
    assert len(notes) == 2
    assert '"Order-ID"' in notes[0]
    assert '"order-id"' in notes[0]
    assert '"ship_method"' in notes[1]


def test_a_near_miss_is_suggested_and_not_guessed() -> None:
    found = facts("order-id", "status", "traking")
    assert found.columns == ("order-id", "status", "")
    (issue,) = found.issues
    assert (issue.code, issue.column) == ("F13", "traking")
    assert '"tracking"' in issue.message


def test_an_unknown_column_like_nothing_gets_no_suggestion() -> None:
    (issue,) = facts("order-id", "status", "favourite colour").issues
    assert "mean" not in issue.message


def test_a_heading_that_is_there_is_not_suggested_for_another() -> None:
    (issue,) = facts("order-id", "status", "tracking", "traking").issues
    assert "mean" not in issue.message


@pytest.mark.parametrize(
    ("headings", "column", "nearest"),
    [
        (("order-id", "tracking", "carrier"), "status", ""),
        (("order-id", "state", "tracking"), "status", "state"),
        (("order-id", "ship-dat", "tracking-number"), "ship-date", "ship-dat"),
        (("oder-id", "status", "tracking"), "order-id", "oder-id"),
    ],
)
def test_a_missing_column_is_named_with_the_nearest_heading(
    headings: tuple[str, ...], column: str, nearest: str
) -> None:
    (issue,) = refusals("\t".join(headings) + "\n1\t2\t3\n")
    assert (issue.code, issue.column) == ("F03", column)
    assert f'"{column}" is missing' in issue.message
    assert (f'"{nearest}"' in issue.message) == bool(nearest)


def test_all_missing_columns_are_named() -> None:
    issues = refusals("tracking\tcarrier\n1\t2\n")
    assert [(issue.code, issue.column) for issue in issues] == [("F03", "order-id"), ("F03", "status")]


@pytest.mark.parametrize(
    "headings",
    [
        ("order-id", "status", "status"),
        ("order-id", "status", "order_id"),
        ("Tracking", "order-id", "status", "tracking"),
        ("order-id", "ship-date", "carrier-code", "Carrier Code"),
    ],
)
def test_a_heading_may_appear_once(headings: tuple[str, ...]) -> None:
    assert header_issue(*headings)[0] == "F04"


def test_unknown_and_empty_headings_may_repeat() -> None:
    found = facts("order-id", "note", "", "", "status", "note")
    assert found.columns == ("order-id", "", "", "", "status", "")
    assert [issue.column for issue in found.issues] == ["note", "note"]


@pytest.mark.parametrize(
    "headings",
    [("order-id", "status", "ship-date"), ("order-id", "Status", "ship-date"), ("ORDER-ID", "STATUS", "SHIP-DATE")],
)
def test_two_layouts_are_one_too_many(headings: tuple[str, ...]) -> None:
    code, message = header_issue(*headings)
    assert code == "F06"
    assert "fillz-confirmation" in message
    assert "amazon-shipping-confirmation" in message


@pytest.mark.parametrize(
    "headings", [ORDER_REPORT, ["amazon-order-id", "purchase-date", "order-status"], FILLZ_ORDERS[1:4]]
)
def test_an_order_file_is_told_to_be_one(headings: list[str]) -> None:
    code, message = header_issue(*headings)
    assert code == "F06"
    assert "not a file of shipped orders" in message


@pytest.mark.parametrize(
    ("headings", "name"),
    [([*ORDER_REPORT, "ship-date"], "amazon-shipping-confirmation"), (FILLZ_ORDERS, "fillz-confirmation")],
)
def test_an_order_file_that_is_also_a_confirmation_is_one_that_came_back(headings: list[str], name: str) -> None:
    found = facts(*headings)
    assert found.format.name == name
    assert found.returned
    assert found.issues == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "F01"),
        ("\n\n \t\n", "F01"),
        ("\ufeff", "F01"),
        ("hello world\n", "F01"),
        (ROW + "\n" + ROW + "\n", "F01"),
        (HEADINGS, "F01"),
        (HEADINGS + "\n\n\t\t\n", "F01"),
        ("colour\tsize\nred\tbig\n", "F06"),
        ("a,b,c\n1,2,3\n", "F06"),
    ],
)
def test_files_without_headings_or_rows_or_meaning(text: str, code: str) -> None:
    assert refused(text).code == code


@pytest.mark.parametrize(
    "above", ["", "TemplateType=x\tVersion=1\n", "TemplateType=x\tVersion=1\nNummer\tDatum\n", "\nx\n\ny\n"]
)
def test_up_to_two_rows_above_the_headings(above: str) -> None:
    found = read(f"{above}{HEADINGS}\n{ROW}\n".encode())
    header_line = above.count("\n") + 1
    assert found.facts.header_line == header_line
    assert list(found.lines) == [header_line + 1]
    assert bool(found.facts.notes) == bool(above)


def test_three_rows_above_the_headings_are_too_many() -> None:
    assert refused(f"x\ty\nx\ty\nx\ty\n{HEADINGS}\n{ROW}\n").code == "F06"


def test_headings_are_kept_as_typed() -> None:
    found = facts(" Order-ID", '"status"', "x y ")
    assert found.headings == (" Order-ID", '"status"', "x y ")
    assert found.columns == ("order-id", "status", "")
    found = facts("order-id", '"status"', '"a,b"', delimiter=",")
    assert ",".join(found.headings) == 'order-id,status,"a,b"'
    assert found.columns == ("order-id", "status", "")


def test_a_known_column_without_a_use_is_mentioned() -> None:
    found = facts("order-id", "ship-date", "ship_from_supply_source_id")
    assert found.columns == ("order-id", "ship-date", "")
    assert not found.issues
    assert "ship_from_supply_source_id" in found.notes[0]


def test_a_rejected_file_comes_back_with_our_columns() -> None:
    found = facts("order-id", "status", "error-code", "error-column", "error-message", "what-to-do")
    assert not found.issues
    assert len(found.notes) == 1


def test_too_many_columns_are_refused_and_many_warnings_shortened() -> None:
    assert header_issue("order-id", "status", *(f"x{number}" for number in range(2_000)))[0] == "F05"
    issues = facts("order-id", "status", *(f"x{number}" for number in range(900))).issues
    assert len(issues) == 51
    assert "850 more" in issues[-1].column


# Files that are plainly something else.


def test_our_own_result_file_is_known_as_that() -> None:
    columns = ("line", "order-id", "order-item-id", "tracking", "verdict", "code", "message", "amazon-feed-id")
    code, message = header_issue(*columns)
    assert (code, "our own result files" in message) == ("F06", True)


def test_amazons_report_of_all_orders_is_known_as_that() -> None:
    all_orders = words("amazon-order-id merchant-order-id purchase-date order-status ship-service-level sku quantity")
    code, message = header_issue(*all_orders)
    assert (code, "report of all orders" in message) == ("F06", True)


@pytest.mark.parametrize("tag", ["<meta charset=utf-8>", "<HEAD>", "<body>", "<style>", "<table>", "<html>"])
def test_a_web_page_is_known_whatever_it_begins_with(tag: str) -> None:
    issue = refused(f"{tag}<tr><td>order-id</td></tr>\n")
    assert (issue.code, "web page" in issue.message) == ("F02", True)
