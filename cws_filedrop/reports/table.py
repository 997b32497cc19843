"""Tab-delimited rows, safe to be opened in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow.compute as pc

from cws_filedrop.tables import arrow

END: Final = "\r\n"
# A spreadsheet runs a cell that begins so as a formula (DOMAIN 7); the apostrophe makes it text.
_FORMULA: Final = r"^([=+\-@\t\r])"
_STARTS: Final = "=+-@"
_BREAKS: Final = r"[\t\r\n]+"


def heading(names: Sequence[str]) -> bytes:
    """The heading row."""
    return ("\t".join(names) + END).encode()


def rows(columns: Iterable[Any]) -> bytes:
    """Rows of equally long columns of text; breaks inside a cell become blanks, formulas are disarmed."""
    safe = [_safe(arrow(column)) for column in columns]
    if not safe or not len(safe[0]):
        return b""
    return _buffer(pc.binary_join_element_wise(*safe[:-1], _ended(safe[-1]), "\t"))


def plain_rows(lines: Iterable[Sequence[object]]) -> bytes:
    """The same for rows instead of columns; faster when they are few, or come as rows anyway. None is empty."""
    return "".join("\t".join(_plain(cell) for cell in line) + END for line in lines).encode(errors="replace")


def _plain(cell: object) -> str:
    text = "" if cell is None else str(cell)
    if not text.isprintable():
        text = " ".join(re.split(_BREAKS, text))
    return f"'{text}" if text[:1] in _STARTS and text[:1] else text


def _ended(cells: Any) -> Any:
    return pc.binary_join_element_wise(cells, END, "")


def _safe(cells: Any) -> Any:
    cells = pc.fill_null(cells, "")
    if pc.any(pc.match_substring_regex(cells, _BREAKS)).as_py():
        cells = pc.replace_substring_regex(cells, _BREAKS, " ")
    if pc.any(pc.match_substring_regex(cells, _FORMULA)).as_py():
        cells = pc.replace_substring_regex(cells, _FORMULA, r"'\1")
    return cells


def _buffer(lines: Any) -> bytes:
    """The text of an Arrow string array, end to end."""
    offsets = lines.buffers()[1]
    first, last = (
        int.from_bytes(offsets[4 * n : 4 * n + 4].to_pybytes(), "little")
        for n in (lines.offset, lines.offset + len(lines))
    )
    return memoryview(lines.buffers()[2])[first:last].tobytes()
