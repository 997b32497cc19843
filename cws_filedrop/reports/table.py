"""Tab-delimited rows, safe to be opened in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow.compute as pc

from cws_filedrop.tables import arrow

END: Final = "\r\n"
# A spreadsheet runs a cell that begins so as a formula (DOMAIN 7); the apostrophe makes it text.
_FORMULA: Final = r"^([=+\-@\t\r])"
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
