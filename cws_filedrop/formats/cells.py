"""A block of lines -> LINES and L01: parse what is proven regular, read quoted lines one by one, report the rest.

Cells lose surrounding blanks and the quotes around a whole cell, and nothing else: NA, null, 007 and 1E5 stay text,
and control characters are left for a rule to find. May not know what a cell means.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from cws_filedrop.formats import split
from cws_filedrop.formats.blank import LF, Places
from cws_filedrop.formats.encoding.text import REPLACEMENT
from cws_filedrop.formats.proof import Proof, prove
from cws_filedrop.formats.quotes import CR, QUOTE
from cws_filedrop.tables import ISSUE_COLUMNS, TEXT, issues_frame

_UNCLOSED: Final = ("an open quotation mark", "a quotation mark is not closed on this line")
_DOUBTFUL: Final = ("a quotation mark", "quotation marks stand within a cell, so that nobody can tell where cells end")
HALF_QUOTED: Final = '^"|"$'
GARBLED: Final = f"{REPLACEMENT}|[\u00c2-\u00f4]"
# The bytes of a REPLACEMENT, and of what UTF-8 letters begin with when they were encoded twice.
GARBLED_MARKS: Final = tuple(
    letter.encode() for letter in (REPLACEMENT, *"\u00c2\u00c3\u00c4\u00c5\u00d0\u00d1\u00e2\u00e3")
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines are cut into columns: the rule column of each cell, "" for those that are ignored.

    Every line has `count` cells; those beyond the columns are empty. With `whole_quotes` a quotation mark at one end of
    a cell and not at the other is a fault: half of a cell may be in the next one. `headings` are those of all columns.
    """

    delimiter: str
    columns: tuple[str, ...]
    count: int
    whole_quotes: bool = True
    headings: tuple[str, ...] = ()

    @property
    def used(self) -> list[int]:
        """Positions of the cells that are read."""
        return [number for number, column in enumerate(self.columns) if column]

    @property
    def names(self) -> list[str]:
        """The rule columns of those cells."""
        return [column for column in self.columns if column]

    @property
    def telling(self) -> tuple[str, str]:
        """A rule column that is read and its heading; blank if there is none."""
        return next(((self.columns[at], self.headings[at]) for at in self.used if at < len(self.headings)), ("", ""))

    def is_heading_row(self, line: str) -> bool:
        """Does a line repeat the heading row?"""
        try:
            cells = split.cells(line, self.delimiter)
        except ValueError:
            return False
        return tuple(cells[: len(self.headings)]) == self.headings and not any(cells[len(self.headings) :])


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """The non-blank lines of a block: every one is in `lines` (by its number) or in `issues`.

    `ends` are the byte positions of the block's line ends.
    """

    lines: pd.DataFrame
    issues: pd.DataFrame
    ends: Places


def parse(block: bytes, layout: Layout, *, first: int) -> Parsed:
    """LINES and ISSUES of a block whose lines all end in LF or CRLF, the first of them being line number `first`."""
    proof = prove(block, layout.delimiter, len(layout.columns), layout.count)
    lines = _frame(proof, layout)
    lines.index = _numbers(proof.good + first)
    issues = _wrong_numbers(proof, layout, first)
    if not proof.unquote and b'"' in proof.regular:
        if layout.whole_quotes:
            lines, halves = _without(lines, HALF_QUOTED, _is_half_quoted, "L01", "quote")
            issues = _in_order([issues, halves])
        lines = lines.apply(_unwrapped)
    if len(proof.quoted):
        rows, odd = _quoted(block, proof.quoted, layout)
        lines = pd.concat([lines, _rows_frame(rows, layout, first)]).sort_index()
        issues = _in_order([issues, _issues(odd, first)])
    lines, repeated = _without_headings(lines, block, layout, first)
    if len(repeated):
        issues = _in_order([issues, repeated])
    if not block.isascii() and any(mark in block for mark in GARBLED_MARKS):
        lines, garbled = _without(lines, GARBLED, _is_garbled, "L05")
        issues = _in_order([issues, garbled])
    return Parsed(lines, issues, proof.ends)


def _in_order(issues: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in issues if len(frame)] or [NO_ISSUES]
    return pd.concat(filled).sort_values("line", kind="stable", ignore_index=True)


def _without(
    lines: pd.DataFrame, pattern: str, is_faulty: Callable[[str], bool], code: str, detail: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines without those that have a faulty cell, and an issue for the first such cell of each; only cells that
    have the pattern are looked at."""
    found: dict[int, tuple[str, str]] = {}
    for name in lines.columns:
        column = lines[name]
        for line, cell in column[column.str.contains(pattern).to_numpy(bool)].items():
            if is_faulty(str(cell)):
                found.setdefault(int(str(line)), (str(name), str(cell)))
    if not found:
        return lines, NO_ISSUES
    issues = [(line, code, name, cell, detail) for line, (name, cell) in sorted(found.items())]
    return lines.drop(index=list(found)), issues_frame(issues)


def _without_headings(
    lines: pd.DataFrame, block: bytes, layout: Layout, first: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines without those that repeat the heading row, as in files put together, and an issue for each of these."""
    column, heading = layout.telling
    if not len(lines) or not heading:
        return lines, NO_ISSUES
    alike = lines.index.to_numpy()[lines[column].eq(heading).to_numpy(bool)]
    if not len(alike):
        return lines, NO_ISSUES
    texts = zip(alike.tolist(), raw_lines(block, alike - first), strict=True)
    again = [line for line, text in texts if layout.is_heading_row(text)]
    issues = [(line, "L01", "", heading, "headings") for line in again]
    return lines.drop(index=again), issues_frame(issues) if again else NO_ISSUES


def _is_half_quoted(cell: str) -> bool:
    return cell.count('"') % 2 == 1


def _is_garbled(cell: str) -> bool:
    """Are letters missing, or is it UTF-8 that was taken for Windows-1252 and encoded again?"""
    if REPLACEMENT in cell:
        return True
    try:
        return not cell.isascii() and not cell.encode("cp1252").decode().isascii()
    except UnicodeError:
        return False


def _numbers(numbers: Places) -> pd.Index[int]:
    index: pd.Index[int] = pd.Index(numbers, dtype="int64", name="line")
    return index


def _frame(proof: Proof, layout: Layout) -> pd.DataFrame:
    if not len(proof.good):
        return pd.DataFrame({name: pd.Series([], dtype=TEXT) for name in layout.names})
    # The parser strips one byte order mark from the start of its input. A cell may begin with one of its own, which
    # would be lost; a second one in front of it is stripped instead.
    lead = BOM_UTF8 if proof.regular.startswith(BOM_UTF8) else b""
    frame = pd.read_csv(
        io.BytesIO(lead + proof.regular),
        sep=layout.delimiter,
        header=None,
        names=range(len(layout.columns)),
        usecols=layout.used if len(layout.used) < len(layout.columns) else None,
        index_col=False,
        dtype=TEXT,
        quoting=csv.QUOTE_MINIMAL if proof.unquote else csv.QUOTE_NONE,
        na_filter=False,
        skip_blank_lines=False,
        encoding="utf-8",
    )
    frame.columns = pd.Index(layout.names)
    return _tidy(frame, proof, layout.delimiter)


def _tidy(frame: pd.DataFrame, proof: Proof, delimiter: str) -> pd.DataFrame:
    """Strip surrounding blanks, but only after a scan of the bytes: most files have none, and the scan costs a fraction
    of what stripping every column does."""
    if _blanks_at_edges(proof.regular, delimiter):
        frame = frame.apply(lambda column: column.str.strip(split.BLANKS + split.TAB))
    return frame


def _blanks_at_edges(text: bytes, delimiter: str) -> bool:
    # Beyond ASCII there are many kinds of blank, each of several bytes: not worth telling apart here.
    if not text.isascii() or (delimiter != split.TAB and split.TAB.encode() in text):
        return True
    if b" " not in text:
        return False
    octets = np.frombuffer(text, np.uint8)
    blanks = np.flatnonzero(octets == ord(" "))
    edge = np.zeros(256, np.bool_)
    edge[[LF, CR, QUOTE, ord(delimiter)]] = True
    # The last byte is an LF, so there is always a next one, and the one "before" the first byte is an edge too.
    return bool(edge[octets[blanks - 1]].any() or edge[octets[blanks + 1]].any())


def _unwrapped(column: pd.Series[str]) -> pd.Series[str]:
    wrapped = column.str.fullmatch(split.WRAPPED)
    if not wrapped.any():
        return column
    inner = column[wrapped].str.slice(1, -1).str.replace('""', '"', regex=False).str.strip(split.BLANKS)
    column = column.copy()
    column[wrapped] = inner
    return column


def _quoted(
    block: bytes, places: Places, layout: Layout
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    """Lines with quotes in comma- or semicolon-separated text: their cells, and (place, value, detail) of those that
    are malformed."""
    rows: list[tuple[int, list[str]]] = []
    odd: list[tuple[int, str, str]] = []
    width, count = len(layout.columns), layout.count
    for place, line in zip(places.tolist(), raw_lines(block, places), strict=True):
        try:
            cells = split.cells(line, layout.delimiter)
        except ValueError:
            odd.append((place, *_UNCLOSED) if line.count('"') % 2 else (place, *_DOUBTFUL))
            continue
        if len(cells) != count or not split.is_empty("".join(cells[width:]), ""):
            odd.append((place, *_wrong_number(len(cells), count)))
        else:
            rows.append((place, cells))
    return rows, odd


def _rows_frame(rows: Sequence[tuple[int, list[str]]], layout: Layout, first: int) -> pd.DataFrame:
    columns = {
        name: pd.Series([cells[number] for _, cells in rows], dtype=TEXT)
        for number, name in zip(layout.used, layout.names, strict=True)
    }
    frame = pd.DataFrame(columns)
    frame.index = _numbers(np.array([place for place, _ in rows], np.int64) + first)
    return frame


def _wrong_numbers(proof: Proof, layout: Layout, first: int) -> pd.DataFrame:
    words = {cells: _wrong_number(cells, layout.count) for cells in np.unique(proof.cells).tolist()}
    numbers = zip(proof.bad.tolist(), proof.cells.tolist(), strict=True)
    return _issues([(place, *words[cells]) for place, cells in numbers], first)


def _wrong_number(found: int, expected: int) -> tuple[str, str]:
    value = f"{found:,} cell" if found == 1 else f"{found:,} cells"
    if found == expected:
        return value, f"there is something in a cell beyond the last heading, and {value}"
    return value, f"{value} instead of {expected:,}"


def _issues(odd: Sequence[tuple[int, str, str]], first: int) -> pd.DataFrame:
    """ISSUES with L01 for (place, value, detail)."""
    return _issues_frame(odd, first) if odd else NO_ISSUES.copy()


def _issues_frame(odd: Sequence[tuple[int, str, str]], first: int) -> pd.DataFrame:
    columns = {
        "line": pd.Series([first + place for place, _, _ in odd], dtype="int64"),
        "code": pd.Series(["L01"] * len(odd), dtype=TEXT),
        "column": pd.Series([""] * len(odd), dtype=TEXT),
        "value": pd.Series([value for _, value, _ in odd], dtype=TEXT),
        "detail": pd.Series([detail for _, _, detail in odd], dtype=TEXT),
    }
    return pd.DataFrame(columns)[list(ISSUE_COLUMNS)]


NO_ISSUES: Final = _issues_frame((), 0)


def raw_lines(block: bytes, places: Places) -> list[str]:
    """The lines at some places of a block, without their line ends.

    Raises: IndexError if there is no such line.
    """
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == LF)
    starts = np.concatenate(([0], ends[:-1] + 1))
    spans = zip(starts[places].tolist(), ends[places].tolist(), strict=True)
    return [block[start:end].removesuffix(b"\r").decode() for start, end in spans]
