"""The beginning of a file in a layout that nobody knows yet -> its separator, headings and some rows, to suggest from.

May not know what any of it means.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import BinaryIO, Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import opening, packed, split
from cws_filedrop.formats.encoding import text
from cws_filedrop.formats.file import legacy
from cws_filedrop.formats.profile import DELIMITERS
from cws_filedrop.formats.stream import blocks, plain_ends
from cws_filedrop.formats.suggestion import ORDER_ID, Sample
from cws_filedrop.model import Limits
from cws_filedrop.rules import catalogue

ENOUGH: Final = 256 * 1024  # bytes that are looked at
ROWS: Final = 200
LEAD_ROWS: Final = 3  # the headings are among these


def sample(source: BinaryIO, limits: Limits) -> Sample:
    """The first rows of a file.

    Raises: FileRejected F01, F02 or F05 when it is no text, or there are no headings with rows below them.
    """
    contents = packed.contents(source, limits)
    encoding = opening.sniffed(contents) or text.UTF_8
    try:
        beginning = _beginning(contents, encoding).decode()
    except UnicodeDecodeError:
        beginning = _beginning(contents, legacy(contents, text.UTF_8)).decode()
    tables = [(delimiter, _rows(beginning, delimiter)) for delimiter in DELIMITERS.values()]
    delimiter, rows = max(tables, key=lambda table: _regular(table[1]))
    head = _heading_row(rows)
    if head is None:
        raise FileRejected(catalogue.issue("F01", detail="no-header"))
    if not rows[head + 1 :]:
        raise FileRejected(catalogue.issue("F01", detail="no-rows"))
    return Sample(delimiter, rows[head], rows[head + 1 :])


def _beginning(contents: packed.Contents, encoding: text.Encoding) -> bytes:
    """The first whole lines."""
    block = next(blocks(contents, encoding, size=ENOUGH), b"")
    return plain_ends(block[:ENOUGH].rpartition(b"\n")[0] or block)


def _rows(beginning: str, delimiter: str) -> list[list[str]]:
    source = csv.reader(io.StringIO(beginning, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    try:
        for row in source:
            if any(cells := [cell.strip(split.BLANKS) for cell in row]):
                rows.append(cells)
            if len(rows) > ROWS:
                break
    except csv.Error:  # a cell without end; what came before it is enough
        pass
    return rows


def _regular(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many rows have as many cells as most, and how many cells that is; a single one is no table."""
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
    return (widths.count(usual) * (usual > 1), usual)


def _heading_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The fullest of the first rows, if no order number stands in it."""
    first = range(min(LEAD_ROWS, len(rows)))
    full = max(first, key=lambda at: (sum(1 for cell in rows[at] if cell), -at), default=None)
    if full is None or any(ORDER_ID.fullmatch(cell) for cell in rows[full]):
        return None
    return full
