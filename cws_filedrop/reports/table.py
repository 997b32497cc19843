"""Tab-delimited rows, safe to be opened in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.tables import arrow

KERNELS: Final[Any] = pc  # its stubs know little of kernels on text
END: Final = "\r\n"
# A spreadsheet runs a cell that begins with one of these signs as a formula (docs/domain.md#7-outbox); an apostrophe
# makes it text. East Asian versions take the full-width signs for the others, and invisible characters before a sign
# may be dropped when the file is opened.
_STARTS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_UNSEEN: Final = "\0- \x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff"
_FORMULA: Final = f"^([{_UNSEEN}]*[{_STARTS}])"
_RUNS: Final = re.compile(_FORMULA)
_BREAKS: Final = re.compile(r"[\t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+")
_BREAK_BYTES: Final = tuple(bytes([one]) for one in (*b"\t\n\v\f\r", *range(0x1C, 0x20)))
_OTHER_BREAKS: Final = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_MAY_BE_FORMULA: Final = np.isin(np.arange(256), [*range(0x21), 0x7F, *b"=+-@\xc2\xe1\xe2\xe3\xef"])


def heading(names: Sequence[str]) -> bytes:
    """The heading row."""
    return ("\t".join(names) + END).encode()


def rows(columns: Iterable[Any]) -> bytes:
    """Rows from columns of text of equal length (or one text for all rows); line breaks and tabs inside a cell become
    blanks, formulas are disarmed."""
    cells = [column if isinstance(column, str) else _safe(arrow(column)) for column in columns]
    if not any(len(column) for column in cells if not isinstance(column, str)):
        return b""
    return _span(KERNELS.binary_join_element_wise(*cells[:-1], _ended(cells[-1]), "\t"))


def numbers(values: Any) -> Any:
    """Whole numbers as a column of text."""
    return pa.array(values, pa.int64()).cast(pa.string())


def sparse(texts: Sequence[str], places: Any, size: int) -> Any:
    """A column of `size` cells with these texts at the given places, and "" elsewhere."""
    which = np.zeros(size, np.int32)
    which[places] = np.arange(1, len(texts) + 1)
    return KERNELS.take(pa.array(["", *texts], pa.string()), pa.array(which))


def plain_rows(lines: Iterable[Sequence[object]]) -> bytes:
    """The same from rows instead of columns; faster when they are few, or are rows already. None is empty."""
    return "".join("\t".join(plain(cell) for cell in line) + END for line in lines).encode(errors="replace")


def plain(cell: object) -> str:
    """One cell: line breaks and tabs inside it become blanks, a formula is disarmed."""
    return disarmed(unbroken("" if cell is None else str(cell)))


def disarmed(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if _RUNS.match(text) else text


def unbroken(text: str) -> str:
    """One cell of a file for programs: line breaks and tabs inside it become blanks, nothing else changes."""
    return text if text.isprintable() else _BREAKS.sub(" ", text)


def _ended(cells: Any) -> Any:
    return cells + END if isinstance(cells, str) else KERNELS.binary_join_element_wise(cells, END, "")


def _safe(cells: Any) -> Any:
    """The column, made safe. A scan of its bytes is almost free, and usually finds nothing to do."""
    cells = KERNELS.fill_null(cells, "") if cells.null_count else cells
    if _has_breaks(_span(cells)):
        cells = pa.array([_BREAKS.sub(" ", text) for text in cells.to_pylist()], pa.string())
    if _begins(cells).any():
        cells = KERNELS.replace_substring_regex(cells, _FORMULA, r"'\1")
    return cells


def _has_breaks(letters: bytes) -> bool:
    return any(one in letters for one in _BREAK_BYTES) or (
        not letters.isascii() and any(one in letters for one in _OTHER_BREAKS)
    )


def _begins(cells: Any) -> Any:
    """For each cell that is not empty: could its first byte begin a formula?"""
    offsets = _offsets(cells)
    starts = offsets[:-1][np.diff(offsets) > 0] - offsets[0]
    return _MAY_BE_FORMULA[np.frombuffer(_span(cells), np.uint8)[starts]]


def _offsets(cells: Any) -> Any:
    """Where each text of an Arrow string array begins in its data, and where the last one ends."""
    buffer = cells.buffers()[1]
    if not len(cells) or buffer is None:
        return np.zeros(1, np.int32)
    return np.frombuffer(buffer, np.int32)[cells.offset : cells.offset + len(cells) + 1]


def _span(cells: Any) -> bytes:
    """The text of an Arrow string array, end to end."""
    offsets, data = _offsets(cells), cells.buffers()[2]
    return b"" if data is None else memoryview(data)[int(offsets[0]) : int(offsets[-1])].tobytes()
