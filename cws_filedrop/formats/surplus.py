"""How many cells the lines of a file have: as many as the heading row, unless the whole file says otherwise.

Spreadsheets write every row as wide as the widest, so empty cells at the end are forgiven where all rows have them. In
a single line they mean that a cell too many stands somewhere inside it: its other cells would be read one column too
far to the right (docs/domain.md#3-formats). May not know what a cell means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Final

from cws_filedrop.formats.proof import cell_counts, is_regular
from cws_filedrop.formats.spelling import plain

NEARLY_ALL: Final = 0.9  # of a file's lines: one broken line must not cost the others
LONGEST: Final = 100  # characters of a heading
LEAST_LINES: Final = 2  # a single line proves nothing about the file

Blocks = Callable[[], Iterator[bytes]]


def settled(beginning: Blocks, whole: Blocks, delimiter: str, *, headings: int, typed: int) -> int:
    """The number of cells of a line. The heading row has `typed` cells, of which `headings` are columns.

    The whole file is counted only when its beginning does not look like its heading row.
    """
    first = next(beginning(), b"")
    if is_regular(first, first.count(b"\n"), delimiter, typed):
        return typed
    counts = _added(cell_counts(block, delimiter) for block in whole())
    most = max(range(len(counts)), key=counts.__getitem__, default=typed)
    agreed = most >= headings and sum(counts) >= LEAST_LINES and counts[most] >= NEARLY_ALL * sum(counts)
    return most if agreed else typed


def is_joined(heading: str, known: Iterable[str]) -> bool:
    """Is a heading two known ones with no separator between? Then cells behind it belong to the next heading each."""
    names = {_letters(one) for one in known if one}
    typed = _letters(heading)
    return typed not in names and any(typed[:at] in names and typed[at:] in names for at in range(1, len(typed)))


def _letters(heading: str) -> str:
    return "".join(one for one in plain(heading[:LONGEST]) if one.isalnum())


def _added(counts: Iterable[Iterable[int]]) -> list[int]:
    total: list[int] = []
    for one in counts:
        total = [int(before) + int(more) for before, more in zip_longest(total, one, fillvalue=0)]
    return total
