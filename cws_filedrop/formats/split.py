"""One line of text -> its cells. For heading rows and odd lines; whole blocks go through `cells`.

In tab-delimited text a quote is data, except around a whole cell. In comma- and semicolon-separated text it may also
protect a separator. May not know what a cell means.
"""

from __future__ import annotations

import csv
import re
from typing import Final

TAB: Final = "\t"
DELIMITERS: Final = (TAB, ",", ";", "|")  # in the order in which they are tried
WORDS: Final = {TAB: "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
WRAPPED: Final = '"(?:[^"]|"")*"'  # a whole cell in quotes, quotes inside it doubled
# Blanks that look like nothing to people. Control characters are not among them: a rule has to see those.
BLANKS: Final = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
NOTHING: Final = " \t\r\x1a"  # what a spreadsheet leaves behind; the last is the end-of-file mark of old programs
WRAPPED_CELL: Final = re.compile(WRAPPED)


def unwrapped(cell: str) -> str:
    """A cell without surrounding blanks and without quotes around the whole of it."""
    cell = cell.strip(BLANKS)
    if WRAPPED_CELL.fullmatch(cell):
        return cell[1:-1].replace('""', '"').strip(BLANKS)
    return cell


def is_blank(line: str, delimiter: str) -> bool:
    """Is this line empty?"""
    return not line.strip(NOTHING + delimiter)


def is_empty(text: str, delimiter: str) -> bool:
    """Is there nothing in these cells but blanks (and perhaps the end-of-file mark of old programs)?"""
    return not text.strip(BLANKS + "\t\x1a" + delimiter)


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line.

    Raises: ValueError if a quotation mark is not closed on this line of text that is not separated by tabs, or nobody
    can tell which separators are within quotation marks.
    """
    if delimiter == TAB:
        return [unwrapped(cell) for cell in line.split(TAB)]
    if '"' not in line:
        return [cell.strip(BLANKS + TAB) for cell in line.split(delimiter)]
    return _quoted(line, delimiter)


def _between_quotes(line: str, delimiter: str) -> int:
    """How many separators are outside of quotation marks, wherever these stand.

    Two marks within a cell that begins without one protect nothing for Python's reader, and may have been meant to:
    then a separator before them was lost.
    """
    return sum(part.count(delimiter) for part in line.split('"')[::2])


def _quoted(line: str, delimiter: str) -> list[str]:
    # An odd number of quotes means half of a record that spans lines, even where Python's reader finds a way to read
    # it: half an order must not pass for a whole one.
    if line.count('"') % 2:
        raise ValueError("odd number of quotation marks")
    try:
        rows = list(csv.reader((line,), delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if rows and len(rows[0]) != _between_quotes(line, delimiter) + 1:
        raise ValueError("quotation marks within a cell")
    return [cell.strip(BLANKS + TAB) for cell in rows[0]] if rows else [""]
