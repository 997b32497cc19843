"""The lines of order files: normalised, or left out with a reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from cws_filedrop.formats.claims import ORDER_FORMATS
from cws_filedrop.model import DateOrder, JudgementContext, Policy
from cws_filedrop.rules import order_rows
from cws_filedrop.rules.order_rows import OrderRows
from cws_filedrop.rules.wording import issues
from cws_filedrop.tables import ORDER_COLUMNS, PEOPLE_COLUMNS, TEXT

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
REPORT = ORDER_FORMATS["amazon-order-report"].required
FILLZ = ORDER_FORMATS["fillz-orders"].required
GOOD = {
    "amazon-order-id": "026-1520163-6049104",
    "order-item-id": "01234567890123",
    "purchase-date": "2026-11-01T10:50:49-08:00",
    "ship-method": "Standard",
}


def read(*changes: dict[str, str], required: frozenset[str] = REPORT, policy: Policy | None = None) -> OrderRows:
    cells = [GOOD | change for change in changes]
    columns = {
        name: [one.get(name, "") for one in cells] for name in dict.fromkeys(name for one in cells for name in one)
    }
    index = pd.RangeIndex(2, 2 + len(cells), name="line")
    context = JudgementContext(now=NOW, policy=policy or Policy())
    return order_rows.read(pd.DataFrame(columns, index=index, dtype=TEXT), required=required, context=context)


def said(*changes: dict[str, str], required: frozenset[str] = REPORT) -> list[tuple[int, str, str]]:
    return [(line, issue.code, issue.column) for line, issue in issues(read(*changes, required=required).issues)]


def test_a_good_line_keeps_its_cells_and_its_moments_become_utc() -> None:
    found = read({"latest-ship-date": "2026-11-05", "sku": "A 1", "buyer-name": "B", "quantity": "02"})
    assert list(found.rows.columns) == [*ORDER_COLUMNS, *PEOPLE_COLUMNS]
    row = found.rows.loc[2]
    assert (row["purchase-date"], row["latest-ship-date"]) == ("2026-11-01T18:50:49.000Z", "2026-11-05T23:59:59.000Z")
    assert (row["sku"], row["quantity"], row["buyer-name"], row["reference"]) == ("A 1", "2", "B", "")
    assert not len(found.issues)


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"amazon-order-id": "1.12E+16"}, "O02", "amazon-order-id"),
        ({"amazon-order-id": "4711"}, "O02", "amazon-order-id"),
        ({"order-item-id": "583563777345"}, "I01", "order-item-id"),
        ({"order-item-id": ""}, "I01", "order-item-id"),
        ({"quantity": "-1"}, "Q01", "quantity"),
        ({"purchase-date": "31.02.2026"}, "D02", "purchase-date"),
        ({"purchase-date": "soon"}, "D01", "purchase-date"),
    ],
)
def test_a_line_that_cannot_be_used_is_left_out_and_named(change: dict[str, str], code: str, column: str) -> None:
    assert said({}, change) == [(3, code, column)]
    assert list(read({}, change).rows.index) == [2]


@pytest.mark.parametrize("column", ["payments-date", "latest-ship-date"])
@pytest.mark.parametrize("typed", ["03/04/2026", "soon", "31.02.2026", "2026/11/24 25:00:00"])
def test_a_date_that_need_not_be_there_never_costs_the_order(column: str, typed: str) -> None:
    found = read({}, {column: typed})
    assert (list(found.rows.index), found.refused) == ([2, 3], 0)
    assert found.rows[column].to_list()[1] == ""
    assert said({}, {column: typed}) == [(3, "D01", column)]
    assert {issue.severity for _, issue in issues(found.issues)} == {"warning"}


def test_moments_in_zones_of_amazons_reports() -> None:
    rows = read({"latest-ship-date": "2026/11/24 23:59:59 JST"}, {"latest-ship-date": "2026-11-24 23:59:59 PST"}).rows
    assert rows["latest-ship-date"].to_list() == ["2026-11-24T14:59:59.000Z", "2026-11-25T07:59:59.000Z"]


def test_a_line_that_only_goes_on_with_the_one_above_is_passed_over() -> None:
    blank = {"order-item-id": "", "purchase-date": "", "ship-method": ""}
    found = read({}, blank, blank | {"amazon-order-id": ""})
    assert (len(found.rows), found.continued, len(found.issues)) == (1, 2, 0)


def test_amazons_number_out_of_the_ancestors_comments() -> None:
    fillz = {"amazon-order-id": "", "number": "17", "comments": "Amazon/026-1520163-6049104", "status": "In Process"}
    rows = read(fillz, fillz | {"amazon-order-id": "111-1111111-1111111"}, required=FILLZ).rows
    assert rows["amazon-order-id"].to_list() == ["026-1520163-6049104", "111-1111111-1111111"]
    assert rows["status"].to_list() == ["packed", "packed"]
    assert said(fillz | {"comments": "eBay/12"}, required=FILLZ) == [(2, "O02", "comments")]


def test_a_day_is_read_in_the_sellers_zone_and_order() -> None:
    policy = Policy(time_zone="Europe/Berlin", date_order=DateOrder.DAY_FIRST)
    rows = read({"purchase-date": "03/04/2026", "latest-ship-date": "05/04/2026"}, policy=policy).rows
    assert rows["purchase-date"].to_list() == ["2026-04-02T22:00:00.000Z"]
    assert rows["latest-ship-date"].to_list() == ["2026-04-05T21:59:59.000Z"]


@pytest.mark.parametrize(("column", "code"), [("cancel-request", "O04"), ("invoiced-by-amazon", "N01")])
@pytest.mark.parametrize(
    ("flag", "noted"), [("true", True), ("Yes", True), ("false", False), ("", False), ("No", False)]
)
def test_what_amazons_report_marks_is_warned_about(column: str, code: str, flag: str, noted: bool) -> None:
    found = read({}, {column: flag})
    assert (list(found.rows.index), found.refused) == ([2, 3], 0)
    assert said({}, {column: flag}) == ([(3, code, "amazon-order-id")] if noted else [])


def test_the_buyers_wish_is_kept_with_the_order() -> None:
    flags = read(*({"cancel-request": flag} for flag in ("true", "FALSE", "", "yes"))).rows["cancel-request"]
    assert flags.to_list() == ["yes", "no", "", "yes"]
