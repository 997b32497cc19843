"""The first rows of a file -> which of them is the heading row, which layout it has, and what each column means.

May not know bytes, encodings or the lines below the headings.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import names, split
from cws_filedrop.formats.claims import FORMATS, ORDER_FORMATS, beside, claimants, order_file, reading, something_else
from cws_filedrop.formats.layout import Format
from cws_filedrop.formats.spelling import listed, nearest, plain
from cws_filedrop.model import Issue, Profile
from cws_filedrop.rules import catalogue

MOST_COLUMNS: Final = 1_000
LONGEST: Final = 64 * 1024  # characters of a heading row; more say nothing
MOST_WARNINGS: Final = 50
HOLDS: Final = "F13"
ORDER_FILE: Final = (
    "This is an order file that was filled in; its columns about the order were left out, and so were lines in which "
    "nothing was filled in."
)
MARK: Final = 16  # hexadecimal digits
ORDER_ID: Final = re.compile(r"\w{3}-\w{7}-\w{7}")
# What rejected.txt adds to the seller's columns. Sellers correct that file and drop it again, with these still in it.
OURS: Final = ("error-code", "error-column", "error-message", "what-to-do")


@dataclass(frozen=True, slots=True)
class HeadingRow:
    """A row that may be the heading row: its line number, its cells as typed and as read. Both are without empty cells
    at the end, which `count` counts, too."""

    line: int
    delimiter: str
    typed: tuple[str, ...]
    cells: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Header:
    """The heading row and what it means. `columns` has the rule column of each cell, "" where it is ignored.

    With an issue that holds it (F13) a file waits for its seller's word.
    """

    format: Format
    row: HeadingRow
    columns: tuple[str, ...]
    issues: tuple[Issue, ...]
    notes: tuple[str, ...]
    profile: Profile | None = None

    @property
    def returned(self) -> bool:
        """Is it an order file that came back, in which some lines may not be filled in?"""
        return ORDER_FILE in self.notes


def find(lines: Sequence[tuple[int, str]], wanted: Mapping[str, Format] = FORMATS) -> Header:
    """The heading row among the first lines of a file (line number, text), of one of the wanted layouts.

    Raises: FileRejected F01, F03, F04, F05 or F06.
    """
    for line in lines:
        for row in rows(line):
            claiming = claimants(row.cells)
            if wanted is ORDER_FORMATS:  # the ancestor's order file also has all headings that a confirmation needs
                claiming = [name for name in claiming if name in wanted]
            elif any(name in FORMATS for name in claiming):  # an order file that was filled in, too
                filled = [name for name in claiming if name in FORMATS]
                claiming = filled[:1] if len(filled) < len(claiming) else filled
            if len(claiming) > 1:
                raise FileRejected(catalogue.issue("F06", detail=f"two={listed(claiming)}"))
            if claiming and claiming[0] in wanted:
                return _understood(wanted[claiming[0]], row, above=[n for n, _ in lines if n < line[0]])
    raise FileRejected(*_unclaimed([row for line in lines for row in rows(line)], wanted))


def rows(line: tuple[int, str], delimiters: Iterable[str] = split.DELIMITERS) -> Iterator[HeadingRow]:
    """A line (number, text) as a row of cells, once for each delimiter it could have."""
    number, whole = line
    for delimiter in delimiters:
        text = delimiter.join(whole[:LONGEST].split(delimiter, MOST_COLUMNS + 1)[: MOST_COLUMNS + 1])
        if delimiter != split.TAB and delimiter not in text:
            continue
        try:
            cells = split.cells(text, delimiter)
        except ValueError:
            continue
        count = len(cells) if text == whole else whole.count(delimiter) + 1
        while cells and not cells[-1]:
            cells.pop()
        yield HeadingRow(number, delimiter, _as_typed(text, delimiter, cells), tuple(cells), count)


def _as_typed(text: str, delimiter: str, cells: Sequence[str]) -> tuple[str, ...]:
    """Heading cells such that joining them with the delimiter gives the heading row back."""
    if delimiter == split.TAB or '"' not in text:
        return tuple(text.split(delimiter)[: len(cells)])
    return tuple(_protected(cell, delimiter) for cell in cells)


def _protected(cell: str, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow([cell])
    return out.getvalue()


def check_width(row: HeadingRow) -> None:
    """Let a heading row of plausible width pass.

    Raises: FileRejected F05 when it has more cells than anybody can have meant.
    """
    if len(row.cells) > MOST_COLUMNS:
        detail = f"shape=the heading row has {row.count:,} cells, {MOST_COLUMNS:,} are allowed"
        raise FileRejected(catalogue.issue("F05", detail=detail))


def above_note(row: HeadingRow) -> str:
    """The note for a file with something above its headings."""
    return f"The headings were found in line {row.line}; what stands above them was left out."


def _understood(layout: Format, row: HeadingRow, *, above: Sequence[int]) -> Header:
    check_width(row)
    read = reading(layout, row.cells)
    columns = tuple(
        layout.headings.get(read[number][0], "") if number in read else "" for number in range(len(row.cells))
    )
    if repeated := _repeated(layout, columns):
        raise FileRejected(*repeated)
    unknown = [number for number, cell in enumerate(row.cells) if cell and number not in read]
    ours = [number for number in unknown if plain(row.cells[number]) in OURS]
    notes = (*_reading_notes(layout, row, columns), *_row_notes(row, above, bool(ours)))
    others = [number for number in unknown if number not in ours]
    if layout.name in FORMATS and (known := beside(row.cells)):
        notes = (*_row_notes(row, above, bool(ours)), ORDER_FILE)
        others = [number for number in others if plain(row.cells[number]) not in known]
    if layout.name not in FORMATS:
        return Header(layout, row, columns, _ignored(layout, row, others, columns), notes)
    named = _otherwise_named(row, others, columns)
    extended = replace(layout, headings={row.cells[at]: column for at, column in named.items()} | layout.headings)
    columns = tuple(named.get(number, column) for number, column in enumerate(columns))
    issues = _ignored(layout, row, [number for number in others if number not in named], columns)
    return Header(extended, row, columns, issues, (*_naming_notes(layout, row, named), *notes))


def _otherwise_named(row: HeadingRow, unknown: Sequence[int], columns: Sequence[str]) -> dict[int, str]:
    """The rule column of each unknown heading that is exactly a known name of a column which the file does not have."""
    meant = {number: column for number in unknown if (column := names.meaning(row.cells[number]))}
    counts = Counter(meant.values())
    return {number: column for number, column in meant.items() if column not in columns and counts[column] == 1}


def _naming_notes(layout: Format, row: HeadingRow, named: Mapping[int, str]) -> Iterator[str]:
    for number, column in named.items():
        usual = layout.heading(column) if column in layout.headings.values() else names.usual(column)
        yield catalogue.issue("F10", column=row.cells[number], detail=f"read-as={usual}").message


def mark(cells: Iterable[str]) -> str:
    """What a set of headings is remembered by: the same headings in any order and spelling have the same mark."""
    spelled = "\t".join(sorted({plain(cell) for cell in cells if plain(cell) not in OURS}))
    return hashlib.sha256(spelled.encode()).hexdigest()[:MARK]


def released(issues: Iterable[Issue], remembered: Container[str]) -> tuple[Issue, ...]:
    """The issues of a file; those that hold it are mere warnings once a file with these headings was released."""
    return tuple(
        catalogue.issue("F10", column=one.column, detail=names.suggested(one.column))
        if one.code == HOLDS and one.value in remembered
        else one
        for one in issues
    )


def _repeated(layout: Format, columns: Sequence[str]) -> list[Issue]:
    places: dict[str, list[str]] = {}
    for number, column in enumerate(columns, start=1):
        if column:
            places.setdefault(column, []).append(str(number))
    return [
        catalogue.issue("F04", column=layout.heading(column), detail=f"columns {listed(numbers)}")
        for column, numbers in places.items()
        if len(numbers) > 1
    ]


def _ignored(layout: Format, row: HeadingRow, unknown: Sequence[int], columns: Sequence[str]) -> tuple[Issue, ...]:
    absent = [heading for heading, column in layout.headings.items() if column not in columns]
    warnings = [_unknown(layout, row, number, absent, columns) for number in unknown[:MOST_WARNINGS]]
    if len(unknown) > MOST_WARNINGS:
        more = f"{len(unknown) - MOST_WARNINGS:,} more columns"
        warnings.append(catalogue.issue("F10", column=more))
    return tuple(warnings)


def _unknown(layout: Format, row: HeadingRow, number: int, absent: Iterable[str], columns: Sequence[str]) -> Issue:
    """F13 for a heading that may be meant for a column which changes what a shipment says; F10 for others."""
    cell = row.cells[number]
    if layout.name in FORMATS and (column := names.resembles(cell, columns)):
        usual = layout.heading(column) if column in layout.headings.values() else names.usual(column)
        return catalogue.issue(HOLDS, column=cell, value=mark(row.cells), detail=usual)
    return catalogue.issue("F10", column=cell, detail=nearest(cell, absent))


def _reading_notes(layout: Format, row: HeadingRow, columns: Sequence[str]) -> Iterator[str]:
    spelled = {plain(heading): heading for heading in layout.ignored}
    for cell, column in zip(row.cells, columns, strict=True):
        if column and cell != layout.heading(column):
            yield catalogue.issue("F10", column=cell, detail=f"read-as={layout.heading(column)}").message
        elif plain(cell) in spelled:
            yield f'The column "{spelled[plain(cell)]}" is known, but not used; its content was left out.'


def _row_notes(row: HeadingRow, above: Sequence[int], ours: bool) -> Iterator[str]:
    if row.delimiter != split.TAB:
        yield catalogue.issue("F10", detail=f"separator={split.WORDS[row.delimiter]}").message
    if above:
        yield above_note(row)
    if ours:
        yield "The columns that a rejected file adds (error-code and so on) were left out."


def _unclaimed(rows: Sequence[HeadingRow], wanted: Mapping[str, Format]) -> list[Issue]:
    """Why no layout claims any of the rows."""
    filled = [row for row in rows if any(row.cells)]
    if not filled:
        return [catalogue.issue("F01")]
    for row in filled:
        if detail := _of_the_other_kind(row, wanted):
            return [catalogue.issue("F06", detail=detail)]
    return _missing(filled, wanted) or [_unlike(filled[0], filled, "orders=" if wanted is ORDER_FORMATS else "")]


def _of_the_other_kind(row: HeadingRow, wanted: Mapping[str, Format]) -> str:
    if other := something_else(row.cells):
        return other
    if wanted is ORDER_FORMATS:
        claimed = any(name in FORMATS for name in claimants(row.cells))
        return "orders=this is a confirmation of shipments, not an order file" if claimed else ""
    name = order_file(row.cells)
    return f"order-file={name}" if name else ""


def _missing(rows: Sequence[HeadingRow], wanted: Mapping[str, Format]) -> list[Issue]:
    """F03 for the nearest layout, if the row has any heading that is known or nearly so."""
    scored = [(_likeness(layout, row), layout, row) for layout in wanted.values() for row in rows]
    (known, near), layout, row = max(scored, key=lambda candidate: candidate[0])
    if not known and near < len(layout.required):
        return []
    read = reading(layout, row.cells)
    present = {layout.headings.get(heading) for heading, _ in read.values()}
    unknown = [cell for number, cell in enumerate(row.cells) if cell and number not in read]
    absent = [heading for heading, column in layout.headings.items() if column in layout.required - present]
    return [catalogue.issue("F03", column=heading, detail=nearest(heading, unknown)) for heading in absent]


def _likeness(layout: Format, row: HeadingRow) -> tuple[int, int]:
    """How many cells of a row are headings of a layout, and how many of its required ones are merely misspelled."""
    read = reading(layout, row.cells)
    unknown = [cell for number, cell in enumerate(row.cells) if cell and number not in read]
    wanted = [heading for heading, column in layout.headings.items() if column in layout.required]
    return len(read), sum(1 for heading in wanted if nearest(heading, unknown))


def _unlike(first: HeadingRow, rows: Sequence[HeadingRow], kind: str) -> Issue:
    width = max(len(row.cells) for row in rows)
    if width == 1 or any(ORDER_ID.fullmatch(cell) for row in rows for cell in row.cells):
        if kind:
            return catalogue.issue("F06", detail=f"{kind}no row of headings that we know was found")
        return catalogue.issue("F01", detail="no-header")
    # How many cells, not what is in them: a row that is no heading may hold a buyer's name and address.
    cells = max(len(row.cells) for row in rows if row.line == first.line)
    return catalogue.issue("F06", detail=f"{kind}the first row has {cells:,} cells, and none is a heading we know")
