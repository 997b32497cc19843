"""What is suggested for a sample loads, reads that sample, and says where it is a guess."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from formats.own_layouts import table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cws_filedrop.errors import ConfigError, FileRejected
from cws_filedrop.formats import known_profiles, profile
from cws_filedrop.formats.file import open_file
from cws_filedrop.formats.sample import sample
from cws_filedrop.formats.suggestion import suggest
from cws_filedrop.model import Limits, Profile

SAMPLES = Path(__file__).parents[2] / "sample_files" / "profiles"
ORDERS = ("026-1520163-6049104", "026-1520163-6049105", "026-1520163-6049106")
PARCELS = ("1Z999AA10123456784", "9400111206213642173009", "RM123456785GB")
DAYS = ("2026-11-19", "2026-11-20", "2026-11-20")


def suggested(data: bytes) -> tuple[str, Profile]:
    text = suggest(sample(io.BytesIO(data), Limits()), of="x.csv")
    return text, profile.parse(text, "x")


def columns(data: bytes) -> dict[str, str]:
    return {column: names[0] for column, names in suggested(data)[1].columns}


def with_headings(*headings: str, rows: Sequence[Sequence[str]]) -> bytes:
    return table(headings, *rows)


@pytest.mark.parametrize("name", known_profiles.names())
def test_known_exports_are_found_out_from_a_sample(name: str) -> None:
    data = (SAMPLES / f"{name}.csv").read_bytes()
    text, found = suggested(data)
    own = known_profiles.known(name)
    file = open_file(io.BytesIO(data), file_name="x.csv", limits=Limits(), profiles=(found,))
    assert file.facts.profile == found
    known = open_file(io.BytesIO(data), file_name="x.csv", limits=Limits(), profiles=(own,)).facts
    read = dict(zip(file.facts.columns, file.facts.headings, strict=True))
    meant = dict(zip(known.columns, known.headings, strict=True))
    for column in ("order-id", "tracking-number", "ship-date"):
        assert read[column] == meant[column], text
    assert read["carrier-code"] in (meant["carrier-code"], meant.get("carrier-name")), text


def test_columns_are_told_by_what_stands_in_them() -> None:
    rows = list(
        zip(("7", "8", "9"), ORDERS, ("a", "b", "c"), PARCELS, ("UPS", "usps", "Royal Mail"), DAYS, strict=True)
    )
    text, found = suggested(with_headings("A", "B", "C", "D", "E", "F", rows=rows))
    assert dict(found.columns) == {
        "order-id": ("B",),
        "tracking-number": ("D",),
        "carrier-code": ("E",),
        "ship-date": ("F",),
    }
    assert "not used: 'A', 'C'" in text


def test_columns_are_told_by_their_headings() -> None:
    data = with_headings(
        "Order reference", "Customer", "Tracking no", "Despatch date", "Courier", rows=[("A7", "x", "", "", "")]
    )
    assert columns(data) == {
        "order-id": "Order reference",
        "tracking-number": "Tracking no",
        "ship-date": "Despatch date",
        "carrier-code": "Courier",
    }


def test_what_is_a_guess_is_marked() -> None:
    text, _ = suggested(with_headings("Ref", "Parcel nr", rows=[("A7", "abc")]))
    assert "order-id = \"Ref\"  # unsure: it holds 'A7'" in text
    assert '# carrier-code = ""  # unsure: no heading looks like it' in text


@pytest.mark.parametrize(
    ("days", "line"),
    [
        (("13/11/2026", "03/11/2026"), 'date_order = "day-first"'),
        (("11/13/2026", "11/03/2026"), 'date_order = "month-first"'),
        (("2026-11-13",), 'date_order = "year-first"'),
        (("20261113",), 'date_order = "year-first"  # 20261122 is read as 2026-11-22'),
        (("03/11/2026",), '# date_order = "day-first"  # unsure: or "month-first"; no day in the sample tells'),
    ],
)
def test_the_order_of_days_is_told_where_a_day_tells_it(days: tuple[str, ...], line: str) -> None:
    text, _ = suggested(with_headings("Order ID", "Ship date", rows=[(ORDERS[0], day) for day in days]))
    assert line in text.splitlines()


def test_carriers_that_nobody_knows_are_listed() -> None:
    rows = [(ORDERS[0], "UPS"), (ORDERS[1], "Kurier Ost"), (ORDERS[2], 'A "b" \\ c')]
    text, _ = suggested(with_headings("Order ID", "Carrier", rows=rows))
    assert '# "Kurier Ost" = ' in text
    assert '# "A \\"b\\" \\\\ c" = ' in text
    assert '# "UPS"' not in text


def test_statuses_are_suggested_when_they_are_ours() -> None:
    rows = [(ORDERS[0], "Shipped"), (ORDERS[1], "gone"), (ORDERS[2], "shipped")]
    text, found = suggested(with_headings("Order ID", "Status", rows=rows))
    assert found.statuses == (("shipped", "shipped"),)
    assert '# "gone" = "shipped"  # unsure' in text
    assert "status" not in columns(with_headings("Order ID", "Status", rows=[(ORDERS[0], "Delivered")]))


def test_a_quantity_is_of_use_only_with_an_item() -> None:
    rows = [(ORDERS[0], "12345678901234", "2")]
    assert columns(with_headings("Order ID", "Item", "Qty", rows=rows)) == {
        "order-id": "Order ID",
        "order-item-id": "Item",
        "quantity": "Qty",
    }
    assert columns(with_headings("Order ID", "Qty", rows=[(ORDERS[0], "2")])) == {"order-id": "Order ID"}


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
def test_the_separator_is_found(delimiter: str) -> None:
    rows = [("Order ID", "Notes", "Tracking")] + [(ORDERS[0], "a, b; c | d\ne", PARCELS[0])] * 3
    text, found = suggested(table(*rows, delimiter=delimiter))
    assert found.delimiter == delimiter
    assert {"order-id", "tracking-number"} == dict(found.columns).keys(), text


def test_it_is_said_when_no_profile_is_needed() -> None:
    standard = (SAMPLES.parent / "shipped-today.txt").read_bytes()
    assert "# Such files are understood without a profile, too" in suggested(standard)[0]
    assert columns(standard)["order-id"] == "order-id"
    assert "without a profile" not in suggested((SAMPLES / "shipstation.csv").read_bytes())[0]


def test_lead_rows_are_passed_over() -> None:
    data = table(("Export",), ("Order ID", "Tracking"), (ORDERS[0], PARCELS[0]))
    assert columns(data) == {"order-id": "Order ID", "tracking-number": "Tracking"}


def test_older_encodings_are_read() -> None:
    data = table(("Order ID", "Sendungs-Träger", "Grüße"), (ORDERS[0], "x", "ü")).decode().encode("cp1252")
    assert "Grüße" in suggested(data)[0]


@pytest.mark.parametrize(
    "data", [b"", b"Order,Tracking\n", b"\n\n", f"{ORDERS[0]},x\n{ORDERS[1]},y\n".encode(), b"%PDF-1"]
)
def test_what_is_no_sample_is_refused(data: bytes) -> None:
    with pytest.raises(FileRejected):
        suggested(data)


def test_a_sample_without_order_numbers_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="names no order-id"):
        suggested(table(("Tracking number",), (PARCELS[0],)))


HEADING = st.text(min_size=0, max_size=12)
CELL = st.one_of(st.text(max_size=8), st.sampled_from([*ORDERS, *PARCELS, *DAYS, "UPS", "shipped", "3"]))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    headings=st.lists(HEADING, min_size=1, max_size=8),
    cells=st.lists(st.lists(CELL, min_size=1, max_size=8), min_size=1, max_size=4),
)
def test_whatever_is_suggested_loads(headings: list[str], cells: list[list[str]]) -> None:
    data = table(headings, *cells).decode("utf-8", "replace").encode("utf-8", "replace")
    try:
        text, found = suggested(data)
    except (FileRejected, ConfigError):
        return
    assert found.text == text
    assert "order-id" in dict(found.columns)
