"""Whatever is in the cells: every row has a verdict, and every shipment is fit to be sent."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.judging import AMAZON, FEW, FILLZ, NOW, UPS_NUMBER, context, lines, row

from cws_filedrop.model import DateOrder
from cws_filedrop.rules.book import EMPTY
from cws_filedrop.rules.carriers import shipped_table
from cws_filedrop.rules.catalogue import CATALOGUE, severity_of
from cws_filedrop.rules.judgement import Judgement, judge
from cws_filedrop.rules.wording import issues
from cws_filedrop.tables import ISSUE_COLUMNS, SHIPMENT_COLUMNS, TEXT

ADDRESS = ("name", "line1", "line2", "line3", "city", "county", "state", "postal-code", "country")
COLUMNS = [*row(), "status", "transparency-code", "cod-collection-method", *(f"ship-from-{part}" for part in ADDRESS)]
TEMPTING = {
    "order-id": ["026-1520163-6049104", "S01-1520163-6049104", "1E+16", "REF"],
    "order-item-id": ["01234567890123", "1234567890123"],
    "quantity": ["1", "01", "0", "1.0"],
    "status": ["shipped", "Packed", "cancelled", "shipped & no confirm"],
    "ship-date": ["2026-11-21", "03/04/2026", "2026-11-22T23:00:00+09:00", "45678", "21.11.2026"],
    "carrier-code": ["UPS", "usps", "FedEx", "Other", "N/A", "Acme", "Royal Mail"],
    "carrier-name": ["Acme", "UPS", "x" * 51],
    "tracking-number": [UPS_NUMBER, "1Z 999 AA1 01 2345 6784", "9.4E+21", "0", "RR123456785GB", "9" * 22],
    "ship-method": ["Ground", "x" * 51],
    "transparency-code": ["A,B", "A B C D E F G H I J K"],
    "cod-collection-method": ["DirectPayment", "cash"],
    "ship-from-country": ["US", "usa"],
}
CELL = st.text(st.characters(codec="utf-8"), max_size=60)


def cells(name: str) -> st.SearchStrategy[str]:
    tempting = st.sampled_from(["", *TEMPTING.get(name, ["Ann"])])
    return st.one_of(tempting, tempting, tempting, CELL)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(st.sampled_from(COLUMNS), unique=True, max_size=len(COLUMNS)))
    rows = draw(st.lists(st.fixed_dictionaries({name: cells(name) for name in names}), max_size=8))
    frame = pd.DataFrame({name: pd.array([cells[name] for cells in rows], dtype=TEXT) for name in names})
    frame.index = pd.RangeIndex(5, 5 + len(rows))
    return frame


POLICIES = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]),
        "date_order": st.sampled_from([None, *DateOrder]),
        "unknown_orders": st.sampled_from(["accept", "accept", "reject"]),
    }
)


def check_shipments(shipments: pd.DataFrame) -> None:
    """The invariants of tables.SHIPMENTS, and what the feed's schema asks for (docs/amazon.md#1-fulfillment)."""
    assert tuple(shipments.columns) == SHIPMENT_COLUMNS
    codes = shipped_table().codes
    for cells in shipments.to_dict("records"):
        assert re.fullmatch(r"[A-Za-z0-9]{3}-[A-Za-z0-9]{7}-[A-Za-z0-9]{7}", cells["amazon-order-id"])
        assert re.fullmatch(r"([0-9]{14})?", cells["order-item-code"])
        assert re.fullmatch(r"([1-9][0-9]{0,8})?", cells["quantity"])
        assert cells["order-item-code"] or not (cells["quantity"] or cells["transparency-codes"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", cells["fulfillment-date"], re.ASCII)
        assert datetime.fromisoformat(cells["fulfillment-date"]) <= NOW
        assert cells["carrier-code"] in codes | {""}
        assert bool(cells["carrier-name"]) == (cells["carrier-code"] == "Other")
        assert cells["tracking-number"] or not cells["ship-method"]
        assert re.fullmatch(r"[A-Za-z0-9\-/_#.:]{0,50}", cells["tracking-number"])
        assert not cells["tracking-number"] or cells["carrier-code"]
        assert max(len(cells["ship-method"]), len(cells["carrier-name"])) <= 50
        assert cells["cod-collection-method"] in ("", "DirectPayment")
        assert len(cells["transparency-codes"].split(" ")) <= 10
        assert cells["ship-from"] == "" or cells["ship-from"].count("\x1f") == 8
        text = "".join(cells.values()).replace("\x1f", "")
        assert not re.search("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", text)


def check_whole(frame: pd.DataFrame, came: Judgement) -> None:
    assert came.verdicts.index.equals(frame.index)
    assert came.verdicts.dtype == TEXT
    assert set(came.verdicts) <= {"queued", "updated", "rejected"}
    assert came.shipments.index.tolist() == came.verdicts.index[came.verdicts == "queued"].tolist()
    good = came.verdicts.isin(["queued", "updated"])
    assert [effect.line for effect in came.effects] == came.verdicts.index[good].tolist()
    assert tuple(came.issues.columns) == ISSUE_COLUMNS
    assert all(dtype == TEXT for dtype in came.shipments.dtypes)
    assert [str(dtype) for dtype in came.issues.dtypes] == ["int64"] + [str(TEXT)] * 4
    errors = {
        line
        for line, code, detail in zip(came.issues["line"], came.issues["code"], came.issues["detail"], strict=True)
        if severity_of(code, detail) == "error"
    }
    assert errors == set(came.verdicts.index[came.verdicts == "rejected"])
    ranks = [
        (line, list(CATALOGUE).index(code)) for line, code in zip(came.issues["line"], came.issues["code"], strict=True)
    ]
    assert ranks == sorted(ranks)


@FEW
@given(tables(), POLICIES, st.sampled_from([AMAZON, FILLZ, frozenset[str]()]))
def test_any_text_in_any_cell(frame: pd.DataFrame, policy: dict[str, Any], required: frozenset[str]) -> None:
    came = judge(frame, required=required, context=context(**policy), book=EMPTY)
    check_whole(frame, came)
    check_shipments(came.shipments)
    for line, issue in issues(came.issues):
        column = issue.column
        assert issue.value == (frame.loc[line, column] if column in frame.columns else "")
        assert issue.message
        assert issue.remedy


@FEW
@given(tables(), POLICIES, st.integers(1, 8))
def test_the_size_of_pieces_does_not_matter(frame: pd.DataFrame, policy: dict[str, Any], size: int) -> None:
    whole = judge(frame, required=AMAZON, context=context(**policy), book=EMPTY)
    parts = [
        judge(frame.iloc[at : at + size], required=AMAZON, context=context(**policy), book=EMPTY)
        for at in range(0, max(len(frame), 1), size)
    ]
    verdicts = {line: verdict for part in parts for line, verdict in part.verdicts.items()}
    assert verdicts == whole.verdicts.to_dict()
    assert [effect for part in parts for effect in part.effects] == whole.effects
    for name in ("issues", "shipments"):
        joined = [tuple(cells) for part in parts for cells in getattr(part, name).itertuples()]
        rows = [tuple(cells) for cells in getattr(whole, name).itertuples()]
        first = 1 if name == "issues" else 0  # issues have no index of their own
        assert [cells[first:] for cells in joined] == [cells[first:] for cells in rows]


def test_judging_changes_nothing_in_the_lines() -> None:
    frame = lines(row(), row(tracking_number="1Z 999 AA1 01 2345 6784"), row(quantity="0"))
    before = frame.copy(deep=True)
    judge(frame, required=AMAZON, context=context())
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_columns_that_the_file_does_not_have(count: int) -> None:
    frame = lines(*[{"order-id": "026-1520163-6049104"}] * 3).iloc[:count]
    came = judge(frame, required=frozenset({"order-id"}), context=context(), book=EMPTY)
    assert came.verdicts.tolist() == ["queued"] * count
    assert came.issues["code"].tolist() == ["C01"] * count
    check_whole(frame, came)
    assert judge(frame[[]], required=FILLZ, context=context()).verdicts.tolist() == ["rejected"] * count


def test_columns_in_several_arrow_chunks_and_null_cells() -> None:
    frame = lines(row(), row(quantity="0"))
    chunked = pd.concat([frame.iloc[:1], frame.iloc[1:]])
    for name in frame.columns:
        joined = pa.chunked_array([pa.array([frame[name].iloc[0]]), pa.array([frame[name].iloc[1]])])
        chunked[name] = pd.Series(pd.arrays.ArrowExtensionArray(joined), index=frame.index)
    assert judge(chunked, required=AMAZON, context=context()).verdicts.tolist() == ["queued", "rejected"]
    frame["quantity"] = pd.array([None, None], dtype=TEXT)
    assert judge(frame, required=AMAZON, context=context()).verdicts.tolist() == ["queued", "queued"]


def test_the_lines_may_come_under_any_numbers() -> None:
    frame = lines(row(quantity="0"), row(), row(quantity="x"))
    frame.index = pd.Index([1000000, 7, 12])
    came = judge(frame, required=AMAZON, context=context())
    assert came.issues["line"].tolist() == [1000000, 12]
    assert came.verdicts.to_dict() == {1000000: "rejected", 7: "queued", 12: "rejected"}
    assert came.shipments.index.tolist() == [7]


def test_marks_by_which_spreadsheets_keep_text_are_no_part_of_a_cell() -> None:
    plain = row()
    marked = {name: f'="{cell}"' if at % 2 else f"'{cell}" for at, (name, cell) in enumerate(plain.items()) if cell}
    came = judge(lines(marked, plain), required=AMAZON, context=context())
    assert came.shipments.iloc[0].to_dict() == came.shipments.iloc[1].to_dict()
    found = issues(came.issues)
    assert {(issue.code, issue.severity, issue.column) for _, issue in found} == {
        ("L04", "info", name) for name in marked
    }
    assert {issue.value for _, issue in found} == set(marked.values())
