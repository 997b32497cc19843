"""SHIPMENTS -> which rows are one package. Knows nothing of documents."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from cws_filedrop.feeds.columns import Integers, Mask, Text, cells, empty, joined, offsets, span

# Rows that agree in all of these are one package (docs/domain.md#4-shipments): all that a message says only once. Case
# and the time of day do not matter: nobody sends two parcels under one number.
PACKAGE_COLUMNS: Final = (
    "amazon-order-id",
    "tracking-number",
    "carrier-code",
    "carrier-name",
    "ship-method",
    "fulfillment-date",
    "cod-collection-method",
    "ship-from",
)

FOLDED_COLUMNS: Final = ("tracking-number", "carrier-name", "ship-method")
DAY_LENGTH: Final = len("2026-11-22")
KEY_SEPARATOR: Final = "\x1e"  # no cell holds it: XML cannot carry control characters
ID_LENGTH: Final = 19


def group(shipments: pd.DataFrame) -> pd.Series[int]:
    """The package of every row of SHIPMENTS, counted from 0 by first appearance (docs/domain.md#4-shipments)."""
    rows = np.arange(len(shipments), dtype=np.int64)
    leader = rows.copy()
    repeated = np.flatnonzero(_may_repeat(cells(shipments, "amazon-order-id"))) if len(rows) else rows
    if len(repeated):
        leader[repeated] = repeated[_first_alike(shipments[list(PACKAGE_COLUMNS)].iloc[repeated])]
    packages = (np.cumsum(leader == rows) - 1)[leader]
    return pd.Series(packages, index=shipments.index, name="package")


def _may_repeat(orders: Text) -> Mask:
    """Rows whose order id may occur more than once: never misses one, but may include a few too many."""
    if not (np.diff(offsets(orders)) == ID_LENGTH).all():
        return pd.Series(pd.arrays.ArrowExtensionArray(orders)).duplicated(keep=False).to_numpy(dtype=bool)
    # All ids are 3-7-7 in ASCII: one integer per row, of three overlapping words, is five times as fast as hashing
    # text. Equal ids give equal integers; different ones may collide, which only costs a comparison.
    begin, middle, end = (np.ndarray(len(orders), np.uint64, span(orders), at, (ID_LENGTH,)) for at in (0, 8, 11))
    mixed = begin * np.uint64(0x9E3779B97F4A7C15) ^ middle * np.uint64(0xC2B2AE3D27D4EB4F) ^ end
    ordered = np.sort(mixed)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.zeros(len(orders), dtype=np.bool_)
    return pd.Series(mixed).duplicated(keep=False).to_numpy()


def _alike(column: str, texts: Text) -> Text:
    """The cells of a column, the same for what does not make two packages of one."""
    if column == "fulfillment-date":
        days: Text = pc.utf8_slice_codeunits(texts, 0, DAY_LENGTH)
        return days
    if column not in FOLDED_COLUMNS:
        return texts
    lowered: Text = pc.utf8_lower(texts)
    return lowered


def _first_alike(shipments: pd.DataFrame) -> Integers:
    """For every row the position of the first row of the same package."""
    columns = [_alike(column, cells(shipments, column)) for column in PACKAGE_COLUMNS]
    telling = [column for column in columns if not empty(column).all()]
    # With a separator that no cell can hold: without one, "AB" + "C" and "A" + "BC" would be the same package.
    keys = joined([piece for column in telling for piece in (column, KEY_SEPARATOR)])
    codes = keys.dictionary_encode().indices.to_numpy()  # numbered in order of first appearance
    firsts = np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1))
    return np.take(firsts, codes)
