"""The column of tracking numbers: which cells need the rule of `cells.tracking_number`, and what is sent of all.

Most cells of a file are plain letters and digits, so `odd` picks out by their bytes the few that need the rule; every
cell it leaves out would pass the rule unchanged. Knows no carrier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.rules.cells.tracking_number import KEPT_DIGITS, LOST_OF_DHL, MAIN, TrackingReading, reading
from cws_filedrop.rules.columns import Bytes, Column, Mask, Rows, Sheet, Spread, Words, replaced
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.forms import Form, match

SHORT: Final = 7  # cells this short are few, and words and amounts such as USD12 are among them
REPEATABLE: Final = 35  # characters; longer than any number that is printed once, UPS's 18 twice among them
TWO_OF_S10: Final = 26
ORDER_DIGITS: Final = 17  # of an order number without its hyphens


# --- which cells need the rule ---------------------------------------------------------------------------------

# 1 for each byte that calls for a closer look: all but letters and digits.
_STRANGE: Final = bytes(not chr(byte).isalnum() or byte > 127 for byte in range(256))
_HYPHEN: Final = ord("-")
# Forms that are printed with hyphens, so common that a look at each cell would take too long: Japan's, and freight's.
PRINTED: Final = tuple(Form(signs) for signs in ("####-####-####", "####-####-###", "###-####-####", "###-######"))
# Beginnings and ends of words that are glued to numbers: those of carriers with check digits, and of number words.
BEGINNINGS: Final = (
    "dhl",
    "ups",
    "usp",
    "fed",
    "gls",
    "tra",
    "trk",
    "sen",
    "pak",
    "par",
    "num",
    "roy",
    "yam",
    "sag",
    "can",
    "ont",
    "evr",
    "her",
)
ENDINGS: Final = ("dhl", "ups", "sps", "dex", "ing", "mer", "ber", "ama", "awa", "ost", "rac")
SMALL: Final = np.uint64(0x202020)


def _strange_rows(column: Column) -> Rows:
    """Rows with a byte that calls for a closer look."""
    cells = column.data[: int(column.offsets[-1])]
    strange = np.frombuffer(cells.tobytes().translate(_STRANGE), np.bool_)
    rows = column.rows_of(np.flatnonzero(strange))
    if not len(rows) or not (cells[strange] == _HYPHEN).any():
        return rows
    fits = np.zeros(len(column.sizes), np.bool_)
    for form in PRINTED:
        fits |= match(column, form)
    return rows[~fits[rows]]


def odd(column: Column) -> Rows:
    """The rows, in order, whose cell the rule might not pass unchanged.

    Three characters are sampled instead of all: a number has a digit in one of them, or is looked at once too often.
    """
    first = column.data[column.offsets[:-1]]
    last = column.data[np.maximum(column.offsets[1:] - 1, 0)]
    middle = column.data[(column.offsets[:-1] + column.offsets[1:]) // 2]
    suspect = _wordy(first, middle, last) | (column.sizes > REPEATABLE) | (column.sizes <= SHORT)
    suspect |= (column.sizes == ORDER_DIGITS) | ((column.sizes == TWO_OF_S10) & (first > ord("9")))
    for rows in (_ends_in_zeros(column, last), _dated(column, first), _worded(column, first, last)):
        suspect[rows] = True
    suspect[_strange_rows(column)] = True
    return np.flatnonzero(suspect & column.given)


def _wordy(*samples: Bytes) -> Mask:
    """Rows whose sampled characters include no digit, or nothing but punctuation and one repeated character."""
    low, high = np.full(len(samples[0]), 255, np.uint8), np.zeros(len(samples[0]), np.uint8)
    digits = np.zeros(len(samples[0]), np.bool_)
    for sample in samples:
        digit, small = (sample - np.uint8(48)) < 10, (sample | np.uint8(32)) - np.uint8(97) < 26
        digits |= digit
        folded = sample | (small.view(np.uint8) << np.uint8(5))
        counts = digit | small
        low, high = (
            np.where(counts, np.minimum(low, folded), low),
            np.where(counts, np.maximum(high, folded), high),
        )
    wordy: Mask = ~digits | (low >= high)
    return wordy


def _ends_in_zeros(column: Column, last: Bytes) -> Rows:
    """Rows that end in several zeros, as a spreadsheet leaves long numbers; or in E0."""
    rows = np.flatnonzero((column.sizes > SHORT) & (last == ord("0")))
    before = [column.data[column.offsets[rows + 1] - back] for back in (2, 3)]
    power = ((before[0] | 32) == ord("e")) | ((before[0] == ord("0")) & ((before[1] | 32) == ord("e")))
    zeros = (before[0] == ord("0")) & (before[1] == ord("0")) & (column.sizes[rows] >= KEPT_DIGITS + LOST_OF_DHL)
    found: Rows = rows[power | zeros]
    return found


def _dated(column: Column, first: Bytes) -> Rows:
    """Rows that may be a day, 20261122, with or without a time."""
    rows = np.flatnonzero(((column.sizes == 8) | (column.sizes == 14)) & (first == ord("2")))
    found: Rows = rows[column.data[column.offsets[rows] + 1] == ord("0")]
    return found


def _worded(column: Column, first: Bytes, last: Bytes) -> Rows:
    """Rows that begin or end with a word, glued to a number."""
    long = column.sizes >= MAIN + 2
    heads = np.flatnonzero(long & (first > ord("9")))
    tails = np.flatnonzero(long & (last > ord("9")))
    begun, ended = column.three(column.offsets[heads]) | SMALL, column.three(column.offsets[tails + 1] - 3) | SMALL
    return np.concatenate((heads[np.isin(begun, _keys(BEGINNINGS))], tails[np.isin(ended, _keys(ENDINGS))]))


def _keys(words: Sequence[str]) -> Words:
    return np.array([int.from_bytes(word.encode(), "little") for word in words], np.uint64)


# --- the column ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tracking:
    """Tracking numbers as they are sent, in the rows that `good` marks; elsewhere they are rejected or empty."""

    sent: Column
    good: Mask

    @cached_property
    def bare(self) -> Column:
        """The numbers without hyphens, as check digits are computed."""
        if not (self.sent.data == _HYPHEN).any():
            return self.sent
        without: pa.StringArray = pc.replace_substring(self.sent.values, "-", "")
        return Column(without)


def check(sheet: Sheet, findings: Findings, travels: Mask, own: Mask, carried: Spread) -> Tracking:
    """Tracking numbers of the rows that travel; other rows have none.

    `own` marks rows whose carrier may number as the seller does; `carried` has the cells that hold a tracking number
    in place of the carrier's name.
    """
    column = sheet["tracking-number"]
    if column.blank:
        return Tracking(column, column.given)
    rows = odd(column)
    rows = rows[travels[rows]]
    readings = [_allowed(text, own=bool(own[row]), carrier=carried.at(row)) for text, row in _cells(column, rows)]
    rows, readings = _with_copied(sheet, own, travels, rows, readings)
    _note(findings, rows, readings)
    good = column.given & travels
    good[rows[[not cell.sent for cell in readings]]] = False
    other = {int(row): cell.sent for row, cell in zip(rows, readings, strict=True) if cell.sent and cell.trouble}
    other |= dict.fromkeys(np.flatnonzero(column.given & ~travels).tolist(), "")
    return Tracking(replaced(column, sheet.every, other) if other else column, good)


def _cells(column: Column, rows: Rows) -> Iterator[tuple[str, int]]:
    return zip(column.texts(rows), rows.tolist(), strict=True)


def _allowed(text: str, *, own: bool, carrier: str) -> TrackingReading:
    """The reading beside its carrier: an own van may go by the number of the order; or the two cells are swapped."""
    cell = reading(text)
    if own and cell.trouble == ("T03", "order"):
        return TrackingReading("".join(text.split()), ("T04", "order"))
    if carrier and cell.trouble in (("T03", "carrier"), ("T03", "word")):
        return TrackingReading("", ("T03", f"swapped={carrier}"))
    return cell


def _with_copied(
    sheet: Sheet, own: Mask, travels: Mask, rows: Rows, readings: list[TrackingReading]
) -> tuple[Rows, list[TrackingReading]]:
    """The readings, and those of rows that repeat the number of their own order or item as a tracking number."""
    column, items = sheet["tracking-number"], sheet["order-item-id"]
    same = travels & column.given & (column.sizes == items.sizes)
    copies = np.flatnonzero(same)
    copies = copies[pc.equal(column.pick(copies), items.pick(copies)).to_numpy(zero_copy_only=False)]
    found = dict(zip(rows.tolist(), readings, strict=True))
    found |= dict.fromkeys(copies.tolist(), TrackingReading("", ("T03", "item")))
    for row in rows[column.sizes[rows] == ORDER_DIGITS].tolist():
        if str(column.values[row]) == str(sheet["order-id"].values[row]).replace("-", ""):
            text = str(column.values[row])
            found[row] = TrackingReading(text, ("T04", "order")) if own[row] else TrackingReading("", ("T03", "order"))
    return np.array(sorted(found), np.int64), [found[row] for row in sorted(found)]


def _note(findings: Findings, rows: Rows, readings: list[TrackingReading]) -> None:
    for code in ("T01", "T02", "T03", "T04"):
        noted = [(at, cell.trouble[1]) for at, cell in enumerate(readings) if cell.trouble and cell.trouble[0] == code]
        findings.add(code, "tracking-number", rows[[at for at, _ in noted]], [detail for _, detail in noted])
