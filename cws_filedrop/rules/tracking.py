"""T01, T02, T03 and the blanks in tracking numbers (T04): is the cell a tracking number at all, and what is sent of it.

`reading` is the rule, for one cell. Most cells of a file are plain letters and digits, so `odd` picks out by their
bytes the few that need the rule; every cell it leaves out would pass the rule unchanged. Knows no carrier.

What is sent is what was typed, except for blanks inside a number ("1Z 999 AA1 01 2345 6784"): these are taken out, and
the seller is told (T04).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np

from cws_filedrop.rules.columns import Bytes, Column, Mask, Rows, Sheet, replaced
from cws_filedrop.rules.findings import Findings, Trouble

LONGEST: Final = 50  # docs/amazon.md#1-fulfillment
NO_LETTER: Final = re.compile(r"[\W_]+")
DIGIT: Final = re.compile(r"\d")
PLAIN: Final = re.compile(r"[A-Za-z0-9\-/_#.:]+")
# A spreadsheet writes one digit before the point, and a plus sign or a fraction. Without these an E is just a letter.
ROUNDED: Final = re.compile(r"[0-9][.,][0-9]*[eE]\+?[0-9]{1,3}|[0-9]+[eE]\+[0-9]{1,3}")
KEPT_DIGITS: Final = 15  # of a number, by Excel
LOST_ZEROS: Final = 5  # this many zeros after the kept digits, and nothing else, are no accident
SHORT: Final = 4  # cells this short are few, and words such as "div0" are among them
WORD: Final = 4  # letters in a group: more than a printed number begins with
GROUP_OF_ANOTHER: Final = 9  # characters; a group this long is a number of its own


class TrackingReading(NamedTuple):
    """What is sent of a cell ("" if nothing can be), and what is wrong with it, if anything."""

    sent: str
    trouble: Trouble | None = None


@cache
def placeholders() -> frozenset[str]:
    """The words that stand for no tracking number."""
    rows = files("cws_filedrop.rules").joinpath("data", "placeholders.tsv").read_text(encoding="utf-8")
    return frozenset(row for row in rows.splitlines() if not row.startswith("#"))


def _word(text: str) -> str:
    return NO_LETTER.sub("", text.casefold())


def placeholder(text: str) -> bool:
    """Does the cell merely say that there is no number?"""
    word = _word(text)
    return len(set(word)) <= 1 or word in placeholders()


def _remarks(groups: list[str]) -> bool:
    """Are the parts of a cell more than the groups of one number as printed on a label?"""
    numbers = 0
    for group in groups:
        if len(group) >= WORD and group.isalpha():
            return True
        numbers += len(group) >= GROUP_OF_ANOTHER
    return numbers > 1 or not DIGIT.search("".join(groups))


def _tens(text: str) -> bool:
    """Is the last digit the check digit of the others, as in the 20-digit numbers of USPS and FedEx?"""
    weighed = sum(int(one) * (1 if at % 2 == 0 else 3) for at, one in enumerate(reversed(text)))
    return weighed % 10 == 0


def zeroed(text: str) -> bool:
    """Did a spreadsheet keep only 15 digits of a long number?"""
    if not (text.isascii() and text.isdigit()) or text[KEPT_DIGITS:].strip("0"):
        return False
    lost = len(text) - KEPT_DIGITS
    return lost >= LOST_ZEROS and not (lost == LOST_ZEROS and _tens(text))


def _strange(text: str) -> str:
    return " ".join(dict.fromkeys(one for one in text if not PLAIN.fullmatch(one)))


def _compact(text: str) -> TrackingReading:
    """The reading of a text without blanks."""
    if len(text) > LONGEST:
        return TrackingReading("", ("T02", str(len(text))))
    if not PLAIN.fullmatch(text):
        return TrackingReading("", ("T03", _strange(text)))
    if zeroed(text):
        return TrackingReading("", ("T01", "zeros"))
    return TrackingReading(text)


def reading(typed: str) -> TrackingReading:
    """The reading of a tracking cell that is not empty."""
    text = typed.strip()
    if ROUNDED.fullmatch(text):
        return TrackingReading("", ("T01", ""))
    if placeholder(text):
        return TrackingReading("", ("T03", "placeholder"))
    groups = text.split()
    if len(groups) == 1:
        return _compact(text)
    if _remarks(groups):
        return TrackingReading("", ("T03", "several"))
    joined = _compact("".join(groups))
    return joined if joined.trouble else TrackingReading(joined.sent, ("T04", f"blanks={joined.sent}"))


# --- which cells need the rule ---------------------------------------------------------------------------------

# 1 for each byte that calls for a closer look: what no plain number has, and the point of a rounded one.
_STRANGE: Final = bytes(byte == ord(".") or not PLAIN.fullmatch(chr(byte)) for byte in range(256))


def _strange_rows(column: Column) -> Rows:
    """Rows with a byte that calls for a closer look."""
    strange = column.data[: int(column.offsets[-1])].tobytes().translate(_STRANGE)
    return column.rows_of(np.flatnonzero(np.frombuffer(strange, np.bool_)))


def odd(column: Column) -> Rows:
    """The rows, in order, whose cell the rule might not pass unchanged.

    Three characters are sampled instead of all: a number has a digit in one of them, or is looked at once too often.
    """
    first = column.data[column.offsets[:-1]]
    last = column.data[np.maximum(column.offsets[1:] - 1, 0)]
    middle = column.data[(column.offsets[:-1] + column.offsets[1:]) // 2]
    suspect = _wordy(first, middle, last) | (column.sizes > LONGEST) | (column.sizes <= SHORT)
    suspect[_ends_in_zeros(column, last)] = True
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
    rows = np.flatnonzero((column.sizes >= KEPT_DIGITS + LOST_ZEROS) & (last == 48))
    for back in range(2, LOST_ZEROS + 1):
        rows = rows[column.data[column.offsets[rows + 1] - back] == 48]
    return rows


# --- the column ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tracking:
    """Tracking numbers as they are sent, in the rows that `good` marks; elsewhere they are rejected or empty."""

    sent: Column
    good: Mask


def check(sheet: Sheet, findings: Findings, travels: Mask) -> Tracking:
    """Tracking numbers of the rows that travel; other rows have none."""
    column = sheet["tracking-number"]
    if column.blank:
        return Tracking(column, column.given)
    rows = odd(column)
    rows = rows[travels[rows]]
    readings = [reading(text) for text in column.texts(rows)]
    _note(findings, rows, readings)
    good = column.given & travels
    good[rows[[not cell.sent for cell in readings]]] = False
    other = {int(row): cell.sent for row, cell in zip(rows, readings, strict=True) if cell.sent and cell.trouble}
    other |= dict.fromkeys(np.flatnonzero(column.given & ~travels).tolist(), "")
    return Tracking(replaced(column, sheet.every, other) if other else column, good)


def _note(findings: Findings, rows: Rows, readings: list[TrackingReading]) -> None:
    for code in ("T01", "T02", "T03", "T04"):
        noted = [(at, cell.trouble[1]) for at, cell in enumerate(readings) if cell.trouble and cell.trouble[0] == code]
        findings.add(code, "tracking-number", rows[[at for at, _ in noted]], [detail for _, detail in noted])
