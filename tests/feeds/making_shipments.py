"""SHIPMENTS for tests of feeds: one row by hand, a hundred thousand by number, any by Hypothesis."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from cws_filedrop import schemas
from cws_filedrop.tables import SHIPMENT_COLUMNS, TEXT

PLAIN = {
    "amazon-order-id": "113-1234567-1234567",
    "order-item-code": "01234567890123",
    "quantity": "1",
    "fulfillment-date": "2026-11-22T01:30:42Z",
    "carrier-code": "UPS",
    "tracking-number": "1Z999AA10123456784",
}
SHIP_FROM = "\x1f".join(("Ann & Co", "1 <Main> St", "", "", "Springfield", "", "IL", "62701", "US"))

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=50)
DIGITS = "0123456789"


def row(**cells: str) -> dict[str, str]:
    """One row; names with _ for -, what is not said is as in PLAIN."""
    return PLAIN | {name.replace("_", "-"): value for name, value in cells.items()}


def table(*rows: dict[str, str], first_line: int = 2) -> pd.DataFrame:
    frame = pd.DataFrame([{name: cells.get(name, "") for name in SHIPMENT_COLUMNS} for cells in rows])
    frame = frame.reindex(columns=list(SHIPMENT_COLUMNS)).astype(TEXT)
    frame.index = pd.RangeIndex(first_line, first_line + len(rows))
    return frame


def many(count: int, **cells: str) -> pd.DataFrame:
    """As many orders, one row each."""
    rows = [row(amazon_order_id=f"113-{n // 10**7:07d}-{n % 10**7:07d}", **cells) for n in range(count)]
    return table(*rows)


def _addresses() -> st.SearchStrategy[str]:
    lines, country = st.text("abc&<é漢 ", max_size=60), st.sampled_from(["US", "DE"])
    full = st.tuples(NAMES, lines, lines, lines, NAMES, NAMES, NAMES, NAMES, country)
    return st.one_of(st.just(""), full.map("\x1f".join))


def _rows() -> st.SearchStrategy[dict[str, str]]:
    """Rows of few orders, so that packages of several rows, split and whole orders all occur."""
    codes = st.lists(st.text("AZ&<09", min_size=1, max_size=8), max_size=10).map(" ".join)
    columns = {
        "amazon-order-id": st.sampled_from([f"113-0000000-000000{n}" for n in range(6)] + ["S01-ÄÖ34567-漢234567"]),
        "order-item-code": st.one_of(st.just(""), st.text(DIGITS, min_size=14, max_size=14)),
        "quantity": st.one_of(st.just(""), st.integers(1, 10**12).map(str)),
        "fulfillment-date": st.sampled_from(["2026-11-22T01:30:42Z", "2026-11-22T01:30:42+09:00"]),
        "carrier-code": st.sampled_from(["", "Other", *schemas.carrier_codes()[:3]]),
        "carrier-name": st.one_of(st.just(""), NAMES),
        "ship-method": st.one_of(st.just(""), NAMES),
        "tracking-number": st.one_of(st.sampled_from(["", "T1", "T2"]), NAMES),
        "cod-collection-method": st.sampled_from(["", "", "DirectPayment"]),
        "transparency-codes": st.one_of(st.just(""), codes),
        "ship-from": _addresses(),
    }
    return st.fixed_dictionaries(columns)


def tables(max_rows: int = 12) -> st.SearchStrategy[pd.DataFrame]:
    return st.lists(_rows(), min_size=1, max_size=max_rows).map(lambda rows: table(*rows))
