"""O05, O06, Q03: the same order line more than once in one file, over any number of pieces.

A file is read in pieces, but an order line may recur a million lines later. So each piece yields `keys` (two hashes per
line), `suspects` picks out the orders that need a close look, `select` fetches their lines in a second pass, and
`settle` compares those exactly. Hashes, since keeping the texts of all lines would make memory grow with the file:
16 bytes a line is all that is held. A collision of hashes costs a close look and changes nothing; hashes only ever
select, they never decide.

The rules, for lines whose order-id and order-item-id can be read (others are rejected anyhow):

- The key of a line is (order-id, order-item-id, tracking-number). The same key with the same data in every column:
  the first line goes on, each later one is a duplicate (O05).
- The same key with different data: O06 on every line concerned, since nobody can say which is right.
- One order line with different statuses: O06 on all of its lines.
- One order line with different tracking numbers is split over packages: each such line needs a quantity (Q03). A
  whole order (no order-item-id) split like that cannot say what is in which package, quantity or not: Q03 on all.
- An order given both whole and by items: O06 on all of its lines.

Statuses are compared by what they request, dates by the day they name, carriers by the code they stand for,
quantities as numbers, tracking numbers without blanks, everything without regard to case. Knows no other rule: whether
a line is good otherwise does not matter here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.rules import carriers, orders
from cws_filedrop.rules.carriers import shipped_table
from cws_filedrop.rules.columns import Column, Rows, Sheet, Words
from cws_filedrop.rules.dates import Calendar, NamedMoment, when
from cws_filedrop.rules.items import ITEM_ID, quantity
from cws_filedrop.rules.statuses import kind

SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well mixed (the golden ratio)
HALF: Final = np.uint64(32)
LONG: Final = 64  # bytes from which a cell is hashed on its own; no id is so long
# One factor for each word of a cell, or two words could be swapped without changing the sum. All odd: an even factor
# would throw bits of its word away.
FACTORS: Final = np.array([pow(int(SPREAD), at + 1, 2**64) for at in range(LONG // 8)], np.uint64)
LINES_NAMED: Final = 5
LINE_IDS: Final = ("order-id", "order-item-id")


class RepeatFinding(NamedTuple):
    """What is wrong with one line: a code, the column and its value as typed, and the code's detail."""

    code: str
    column: str
    value: str
    detail: str


# --- the cheap look ----------------------------------------------------------------------------------------------


def _mixed(words: Words) -> Words:
    """Words with every bit spread over all others, so that ids that differ in one digit differ everywhere.

    Each step can be undone, so different words stay different: only what happens before can collide.
    """
    mixed = words * SPREAD
    mixed ^= mixed >> HALF
    mixed *= SPREAD
    return mixed ^ (mixed >> HALF)


def trimmed(column: Column) -> Column:
    """The column without surrounding blanks."""
    cells = column.data[: int(column.offsets[-1])]
    if not len(cells) or (not (cells <= 0x20).any() and cells.max() < 0x80):
        return column
    trimmed: pa.StringArray = pc.utf8_trim_whitespace(column.values)
    return Column(trimmed)


# Cells of one size at a time: they form a matrix of words, and a million ids take a few array operations. (Hashing them
# as Python texts would be the loop over rows that this package avoids.)
def hashes(column: Column) -> Words:
    """A hash of each cell; 0 of an empty one."""
    result = np.zeros(len(column.sizes), np.uint64)
    short = np.minimum(column.sizes, LONG)
    for size in np.flatnonzero(np.bincount(short)).tolist():
        rows = np.flatnonzero(short == size)
        if size == LONG:
            result[rows] = [_digest(text) for text in column.texts(rows)]
        elif size:
            words = column.words(rows, size)
            total = words[:, 0] * FACTORS[0]
            for at in range(1, words.shape[1]):
                total += words[:, at] * FACTORS[at]
            result[rows] = _mixed(total)
    return result


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def keys(lines: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Two hashes of each line, shape (lines, 2): of its order-id, and of order-id with order-item-id."""
    sheet = Sheet(lines)
    order = hashes(trimmed(sheet["order-id"]))
    item = hashes(trimmed(sheet["order-item-id"]))
    return np.stack([order, _mixed(order + item)], axis=1)


def among(values: Words, wanted: Words) -> npt.NDArray[np.bool_]:
    """Which values are among the wanted ones, which are sorted."""
    if not len(wanted):
        return np.zeros(len(values), np.bool_)
    mask: npt.NDArray[np.bool_] = wanted[np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)] == values
    return mask


def _twice(values: Words) -> Words:
    """The values that occur more than once, sorted; `values` is sorted in place, to spare a copy."""
    values.sort()
    return np.unique(values[1:][values[1:] == values[:-1]])


def suspects(all_keys: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Hashes, sorted, of the orders that need a close look; `all_keys` are the `keys` of every piece of the file.

    Only one copy of all lines' hashes is made: they are what is held of a file of many million lines.
    """
    # Lines without an order-id belong to no order.
    pieces = [piece if piece[:, 0].all() else piece[piece[:, 0] != 0] for piece in all_keys]
    if not pieces:
        return np.zeros(0, np.uint64)
    twice = _twice(np.concatenate([piece[:, 1] for piece in pieces]))
    # A line for the whole order has no item, whose hash is 0: its second key is the mixed first one.
    whole = np.unique(np.concatenate([order[line == _mixed(order)] for order, line in (piece.T for piece in pieces)]))
    chosen = []
    for order, line in (piece.T for piece in pieces):
        both = among(order, whole) & (line != _mixed(order))  # given as a whole, and here by one of its items
        chosen.append(order[among(line, twice) | both])
    return np.unique(np.concatenate(chosen))


def select(lines: pd.DataFrame, suspects: npt.NDArray[np.uint64]) -> pd.DataFrame:
    """The lines that belong to the suspects."""
    if not len(suspects):
        return lines.iloc[:0]
    return lines[among(hashes(trimmed(Sheet(lines)["order-id"])), suspects)]


# --- the close look ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repeats:
    """What the close look found: at most one finding a line."""

    found: Mapping[int, RepeatFinding] = field(default_factory=dict)
    totals: Mapping[int, int] = field(default_factory=dict)  # units of the line's order line in the whole file

    def pieces(self, index: npt.NDArray[np.int64]) -> dict[int, int]:
        """The totals (units) of some lines, by position in `index`."""
        if not self.totals:
            return {}
        return {place: self.totals[line] for place, line in enumerate(index.tolist()) if line in self.totals}

    @cached_property
    def _lines(self) -> npt.NDArray[np.int64]:
        return np.array(sorted(self.found), np.int64)

    def rows(self, index: npt.NDArray[np.int64]) -> Rows:
        """Which of some lines have a finding, as positions in `index`."""
        if not len(self._lines):
            return np.zeros(0, np.int64)
        places = np.minimum(np.searchsorted(self._lines, index), len(self._lines) - 1)
        return np.flatnonzero(self._lines[places] == index)


class ComparedLine(NamedTuple):
    """One line under a close look; `data` is every cell by column, made comparable."""

    number: int
    order: str
    item: str
    data: Mapping[str, str]
    typed: Mapping[str, str]

    @property
    def package(self) -> str:
        return self.data.get("tracking-number", "")

    @property
    def status(self) -> str:
        return self.data.get("status", "")


def _day(cell: str, calendar: Calendar | None) -> str:
    """The day that a cell names, the same for all its spellings.

    Midnight is how programs write a day; and of one package the hour does not make two (docs/domain.md#4-shipments).
    """
    named = when(cell, calendar) if calendar is not None and cell else None
    return named.moment.date().isoformat() if isinstance(named, NamedMoment) else cell


def _carrier(cell: str, own: Mapping[str, str]) -> str:
    found = shipped_table().find(cell, own)
    return found.code if found else carriers.folded(cell) or cell


def _comparable(column: str, cell: str, calendar: Calendar | None, own: Mapping[str, str]) -> str:
    text = cell.strip()
    match column:
        case "status":
            return kind(text) or text
        case "tracking-number":
            return "".join(text.split()).casefold()
        case "ship-date":
            return _day(text, calendar)
        case "carrier-code" | "carrier-name":
            return _carrier(text, own)
        case "quantity":
            return quantity(text) or text
    return text if column in LINE_IDS else text.casefold()


def _lines(frame: pd.DataFrame, calendar: Calendar | None, own: Mapping[str, str]) -> Iterable[ComparedLine]:
    """The lines whose key can be read."""
    sheet = Sheet(frame)
    cells = [sheet[name].texts(sheet.every) for name in sheet.names]
    for number, row in zip(frame.index.tolist(), zip(*cells, strict=True), strict=True):
        typed = dict(zip(sheet.names, row, strict=True))
        data = {name: _comparable(name, cell, calendar, own) for name, cell in typed.items()}
        order, item = data.get("order-id", ""), data.get("order-item-id", "")
        if _readable(order, item):
            yield ComparedLine(int(number), order, item, data, typed)


def _readable(order: str, item: str) -> bool:
    known = orders.AMAZON_ID.fullmatch(order) or (order and orders.damage(order) is None)
    return bool(known) and (not item or ITEM_ID.fullmatch(item) is not None)


def named(numbers: Sequence[int]) -> str:
    """Some line numbers in words."""
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    shown, more = numbers[:LINES_NAMED], len(numbers) - LINES_NAMED
    last = f"{more} more" if more > 0 else str(shown[-1])
    return f"lines {', '.join(map(str, shown if more > 0 else shown[:-1]))} and {last}"


def _others(line: ComparedLine, lines: Sequence[ComparedLine]) -> str:
    return named([other.number for other in lines if other is not line])


def _both_ways(lines: Sequence[ComparedLine]) -> dict[int, RepeatFinding]:
    """The findings for an order that is given both whole and by items."""
    found: dict[int, RepeatFinding] = {}
    for line in lines:
        against = [other for other in lines if bool(other.item) != bool(line.item)]
        detail = f"whole={named([other.number for other in against])}"
        found[line.number] = RepeatFinding("O06", "order-id", line.order, detail)
    return found


def _differing(lines: Sequence[ComparedLine], column: str) -> dict[int, RepeatFinding]:
    """The findings for lines that should be the same but differ in a column."""
    found: dict[int, RepeatFinding] = {}
    for line in lines:
        against = [other for other in lines if other.data[column] != line.data[column]]
        detail = f"differs={named([other.number for other in against])}" if against else _others(line, lines)
        found[line.number] = RepeatFinding("O06", column, line.typed[column], detail)
    return found


def _same_package(lines: Sequence[ComparedLine]) -> dict[int, RepeatFinding]:
    """The findings for lines with the same key: exact repetitions, or different data."""
    first = lines[0]
    for column in first.data:
        if any(line.data[column] != first.data[column] for line in lines):
            return _differing(lines, column)
    detail = f"line={first.number}"
    return {line.number: RepeatFinding("O05", "order-id", line.typed["order-id"], detail) for line in lines[1:]}


def _split(lines: Sequence[ComparedLine]) -> dict[int, RepeatFinding]:
    """The findings for one order line in several packages."""
    whole = "" if lines[0].item else "items="
    short = [line for line in lines if whole or not line.data.get("quantity")]
    other = {line.number: [one for one in lines if one.package != line.package] for line in short}
    return {
        line.number: RepeatFinding(
            "Q03",
            "quantity",
            line.typed.get("quantity", ""),
            f"{whole}see also {named([one.number for one in other[line.number]])}",
        )
        for line in short
    }


def _order_line(lines: Sequence[ComparedLine]) -> dict[int, RepeatFinding]:
    """The findings for all lines of a file about one order line."""
    if len({line.status for line in lines}) > 1:
        return _differing(lines, "status")
    packages = _grouped(lines, "tracking-number")
    found = _split(lines) if len(packages) > 1 else {}
    for package in packages:
        same = _same_package(package)
        found |= {number: finding for number, finding in same.items() if finding.code == "O06" or number not in found}
    return found


def _grouped(lines: Iterable[ComparedLine], column: str) -> list[list[ComparedLine]]:
    groups: dict[str, list[ComparedLine]] = defaultdict(list)
    for line in lines:
        groups[line.data.get(column, "")].append(line)
    return list(groups.values())


def settle(
    suspect_lines: pd.DataFrame, calendar: Calendar | None = None, own: Iterable[tuple[str, str]] = ()
) -> Repeats:
    """What is wrong with the selected lines of a file, all pieces together, by exact comparison.

    `calendar` tells which day a ship-date names; without one dates are compared as typed. `own` are names
    of carriers beside those of the table.
    """
    names = shipped_table().own(own)
    findings: dict[int, RepeatFinding] = {}
    totals: dict[int, int] = {}
    for order in _grouped(_lines(suspect_lines, calendar, names), "order-id"):
        if len({bool(line.item) for line in order}) > 1:
            findings |= _both_ways(order)
            continue
        for lines in _grouped(order, "order-item-id"):
            if len(lines) > 1:
                findings |= _order_line(lines)
                totals |= _pieces([line for line in lines if line.number not in findings])
    return Repeats(findings, totals)


def _pieces(lines: Sequence[ComparedLine]) -> dict[int, int]:
    """How many units the packages of one order line hold together, for each of its lines."""
    counts = [quantity(line.data.get("quantity", "")) for line in lines]
    if len(lines) < 2 or not all(counts):
        return {}
    total = sum(map(int, counts))
    return {line.number: total for line in lines}
