"""Arrow text columns as XML: cells, where their bytes lie, and joining them with tags. Knows no feed and no table.

Columns hold text without nulls. A piece is one operand of a join: the same text for all rows, or a column. The stubs of
pyarrow know little of kernels on text, hence the casts.
"""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Text = pa.StringArray
Piece = str | Text
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

KERNELS: Final = cast(Any, pc)
# & first, since the others' replacements contain one. Quotes need no escaping in the text of an element.
ENTITIES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def cells(table: pd.DataFrame, column: str) -> Text:
    """One column as one Arrow array."""
    chunks: Any = pa.array(table[column].array, type=pa.string())
    return cast(Text, chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks)


def numbers(values: Integers) -> Text:
    """Whole numbers as text."""
    return cast(Text, pa.array(values).cast(pa.string()))


def offsets(text: Text) -> npt.NDArray[np.int32]:
    """Where each cell begins in the array's data, and where the last one ends."""
    if not len(text):
        return np.zeros(1, dtype=np.int32)
    whole = np.frombuffer(cast(Any, text.buffers()[1]), dtype=np.int32)
    return whole[text.offset : text.offset + len(text) + 1]


def span(text: Text) -> memoryview:
    """The bytes of all cells, one after the other, without a copy."""
    begin, end = offsets(text)[[0, -1]]
    data: Any = text.buffers()[2]
    return memoryview(data)[begin:end] if data is not None else memoryview(b"")


def empty(text: Text) -> Mask:
    """Which cells are ""."""
    return np.equal(np.diff(offsets(text)), 0)


def escaped(text: Text) -> Text:
    """Cells as XML text. Hardly any column has a character to escape, and scanning its bytes is almost free."""
    letters = bytes(span(text))
    for character, entity in ENTITIES:
        if character.encode() in letters:
            text = replaced(text, character, entity)
    return text


def replaced(text: Text, old: str, new: str) -> Text:
    """Every `old` in every cell replaced."""
    return cast(Text, KERNELS.replace_substring(text, old, new))


def element(tag: str, text: Text) -> list[Piece]:
    """An element a cell; none for an empty cell."""
    return wrapped(tag, [escaped(text)], empty(text))


def wrapped(tag: str, pieces: list[Piece], nothing: Mask) -> list[Piece]:
    """The pieces within an element; rows in which `nothing` is set get none."""
    if nothing.all():
        return []
    inside = [f"<{tag}>", *pieces, f"</{tag}>"]
    return [only(~nothing, inside)] if nothing.any() else inside


def only(mask: Mask, pieces: list[Piece]) -> Text:
    """The joined pieces in the rows of the mask, "" elsewhere."""
    if not pieces:
        return pa.array([""] * len(mask), pa.string())
    return cast(Text, KERNELS.if_else(pa.array(mask), joined(pieces), ""))


def joined(pieces: list[Piece]) -> Text:
    """Row by row, all pieces as one text. Neighbouring literals are merged first: a join's cost is its operands."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return cast(Text, KERNELS.binary_join_element_wise(*merged, ""))  # the last operand is the separator: none
