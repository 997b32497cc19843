"""Columns of cells as rules read them: whole Arrow arrays, their bytes, and their distinct texts.

Its one job is to let a rule look at a million cells without a Python loop over them. Knows no rule and no format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.rules.spreadsheets.marks import unmarked

Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Words: TypeAlias = npt.NDArray[np.uint64]

WORD = np.dtype("<u8")
# LOW_BYTES[k] keeps the first k bytes of a little-endian word.
LOW_BYTES: Words = np.array([(1 << 8 * k) - 1 for k in range(8)] + [2**64 - 1], dtype=WORD)


class Cells(Protocol):
    """One text for each row."""

    def pick(self, rows: Rows) -> pa.StringArray:
        """The texts of some rows, which are given in ascending order and once each."""


@dataclass(frozen=True)
class Spread:
    """A column made of few distinct texts: `texts[codes[row]]`."""

    codes: npt.NDArray[np.int32]
    texts: Sequence[str]

    def pick(self, rows: Rows) -> pa.StringArray:
        if not any(self.texts):
            return nothing(len(rows))
        if len(self.texts) == 1:
            return pa.repeat(pa.scalar(self.texts[0], pa.string()), len(rows))
        codes = self.codes if len(rows) == len(self.codes) else self.codes[rows]
        texts = [text.encode() for text in self.texts]
        size = len(texts[0])
        if any(len(text) != size for text in texts):
            return taken(pa.array(self.texts, pa.string()), codes)
        data = np.frombuffer(b"".join(texts), np.dtype((np.void, size)))[codes]
        return _joined(np.arange(0, size * len(codes) + 1, size, dtype=np.int32), data)

    def having(self, wanted: Callable[[str], bool]) -> Mask:
        """The rows whose text is wanted; `wanted` is called once for each distinct text."""
        flags = [wanted(text) for text in self.texts]
        return np.array(flags, dtype=np.bool_)[self.codes]

    def at(self, row: int) -> str:
        """The text of one row."""
        return self.texts[int(self.codes[row])]

    @property
    def given(self) -> Mask:
        """The rows whose text is not empty."""
        return self.having(bool)


def _joined(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.void]) -> pa.StringArray:
    """Texts from where each begins and from the bytes of all."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes()))


def nothing(size: int) -> pa.StringArray:
    """`size` empty texts."""
    return _joined(np.zeros(size + 1, np.int32), np.zeros(0, np.void))


def taken(values: pa.StringArray, places: npt.NDArray[np.integer]) -> pa.StringArray:
    """The values at some places, all of which exist."""
    return pc.take(values, pa.array(places), boundscheck=False)


def constant(text: str, size: int) -> Spread:
    """A column with the same text in every row."""
    return Spread(np.zeros(size, np.int32), [text])


class Column:
    """The cells of one column as typed; `values` has no null and is one contiguous array."""

    def __init__(self, values: pa.StringArray) -> None:
        self.values = values

    def pick(self, rows: Rows) -> pa.StringArray:
        return self.values if len(rows) == len(self.values) else taken(self.values, rows)

    def texts(self, rows: Rows) -> list[str]:
        """The cells of some rows as Python strings; meant for a few rows."""
        return cast(list[str], self.pick(rows).to_pylist())

    @cached_property
    def _bounds(self) -> npt.NDArray[np.int32]:
        """The array's own offsets into its buffer of bytes."""
        buffer = self.values.buffers()[1]
        if buffer is None or len(self.values) == 0:
            return np.zeros(1, np.int32)
        first = self.values.offset
        return np.frombuffer(memoryview(buffer), np.int32)[first : first + len(self.values) + 1]

    @property
    def starts(self) -> Bytes:
        """The first byte of each cell (of an empty one: any), without copying them; nothing if all are empty."""
        buffer = self.values.buffers()[2]
        if buffer is None or self._bounds[-1] == self._bounds[0]:
            return np.zeros(0, np.uint8)
        held = np.frombuffer(memoryview(buffer), np.uint8)
        return held[np.minimum(self._bounds[:-1], len(held) - 1)]

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each cell begins in `data`; and, as a last entry, where the last cell ends."""
        bounds = self._bounds.astype(np.int64)
        bounds -= int(bounds[0])
        return bounds

    @cached_property
    def data(self) -> Bytes:
        """The UTF-8 bytes of all cells, one after the other, and 16 zero bytes, since `words` reads past the end."""
        first, last = int(self._bounds[0]), int(self._bounds[-1])
        padded = np.zeros(last - first + 16, np.uint8)
        buffer = self.values.buffers()[2]
        if last > first and buffer is not None:
            padded[: last - first] = np.frombuffer(memoryview(buffer), np.uint8)[first:last]
        return padded

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """The size of each cell in bytes."""
        return np.diff(self.offsets)

    @property
    def blank(self) -> bool:
        """Is every cell empty?"""
        return bool(self.offsets[-1] == 0)

    @cached_property
    def given(self) -> Mask:
        """The rows whose cell is not empty."""
        return self.sizes > 0

    def rows_of(self, places: npt.NDArray[np.intp]) -> Rows:
        """The rows that some positions in `data` belong to, each row once."""
        if not len(places):
            return np.zeros(0, np.int64)
        return np.unique(np.searchsorted(self.offsets, places, side="right") - 1)

    def words(self, rows: Rows, size: int) -> Words:
        """Cells of `size` bytes as rows of words, the last word filled up with zero bytes; shape (rows, words)."""
        count = max(1, -(-size // 8))
        places = self.offsets[rows]
        windows = self._windows
        taken = np.empty((len(rows), count), WORD)
        for at in range(count):
            taken[:, at] = windows[places + 8 * at]
        taken[:, -1] &= LOW_BYTES[size - 8 * (count - 1)]
        return taken

    def three(self, places: Rows) -> Words:
        """The three bytes that begin at some places of `data`, as one number each."""
        found: Words = self._windows[places] & LOW_BYTES[3]
        return found

    @cached_property
    def _windows(self) -> Words:
        """The word that begins at each byte of `data`."""
        return np.ndarray((len(self.data) - 7,), WORD, self.data.data, 0, (1,))

    @cached_property
    def distinct(self) -> Spread:
        """The column as its distinct texts, without surrounding blanks."""
        if self.blank:
            return constant("", len(self.values))
        coded = self.values.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        return Spread(codes, [str(text).strip() for text in coded.dictionary.to_pylist()])


def replaced(cells: Cells, rows: Rows, texts: Mapping[int, str]) -> Column:
    """The cells of all `rows` (0, 1, …), with other texts in some of them."""
    if not texts:
        return Column(cells.pick(rows))
    choice = np.arange(len(rows))
    choice[list(texts)] = len(rows) + np.arange(len(texts))
    both = pa.concat_arrays([cells.pick(rows), pa.array(texts.values(), pa.string())])
    return Column(taken(both, choice))


def arrow(series: pd.Series[str]) -> pa.StringArray:
    """A text column of a frame as one Arrow array without nulls."""
    values = cast("pa.StringArray | pa.ChunkedArray[pa.StringScalar]", pa.array(series.array, type=pa.string()))
    if isinstance(values, pa.ChunkedArray):
        values = cast(pa.StringArray, values.chunk(0) if values.num_chunks == 1 else values.combine_chunks())
    return cast(pa.StringArray, values.fill_null("") if values.null_count else values)


def _marks(column: Column) -> dict[int, str]:
    """The cells that a spreadsheet marked as text (="007", '007), by row, without the mark."""
    starts = column.starts
    if not len(starts):
        return {}
    begun = np.flatnonzero((starts == ord("=")) | (starts == ord("'")))
    typed = zip(begun.tolist(), column.texts(begun), strict=True)
    return {row: text for row, cell in typed if (text := unmarked(cell)) != cell}


class Sheet:
    """LINES as columns; a column that the file does not have is empty in every row.

    A column is taken out of the frame only when it is first used: for a small file that is the largest cost. Marks by
    which spreadsheets keep text as text are no part of a cell; `typed` has the cells with them, `marked` says where.
    """

    def __init__(self, lines: pd.DataFrame) -> None:
        self.index = lines.index
        self.size = len(lines)
        self.every: Rows = np.arange(self.size)
        self.names = [str(name) for name in lines.columns]
        self._lines = lines
        self._columns: dict[str, Column] = {}
        self._typed: dict[str, Column] = {}
        self.marked: dict[str, Rows] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> Column:
        column = Column(arrow(self._lines[name]) if name in self.names else nothing(self.size))
        if not (plain := _marks(column)):
            return column
        self._typed[name] = column
        self.marked[name] = np.array(list(plain), np.int64)
        return replaced(column, self.every, plain)

    def typed(self, name: str) -> Column:
        """A column as the seller typed it."""
        return self._typed.get(name) or self[name]
