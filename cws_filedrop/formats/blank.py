"""Which lines are empty: only blanks and separators. May not know more about cells than that.

Spreadsheets leave such lines behind, and skipping them loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from cws_filedrop.formats.split import NOTHING

Octets = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LF: Final = 10
DENSE: Final = 8  # bytes of a line, on average: no file of shipments has so few
PIECE: Final = 64 * 1024
FILLED: Final = bytes(LF if byte == LF else ord("x") for byte in range(256))


def may_be_blank(octets: Octets, ends: Places, delimiters: Iterable[str]) -> bool:
    """Does any line begin the way a blank one would? A cheap test that usually says no."""
    table = np.zeros(256, np.bool_)
    table[list(f"{NOTHING}\n{''.join(delimiters)}".encode())] = True
    starts = np.concatenate(([0], ends[:-1] + 1))
    return bool(table[octets[starts]].any())


def blank_lines(block: bytes, delimiter: str) -> Mask:
    """For each line of a block (all of them ended by LF): is it empty?"""
    # Without blanks and separators an empty line is an LF right after another, which is found without a loop.
    squeezed = block.translate(None, (NOTHING + delimiter).encode())
    ends = np.flatnonzero(np.frombuffer(squeezed, np.uint8) == LF)
    blank: Mask = np.diff(ends, prepend=-1) == 1
    return blank


# Millions of empty lines fit into a few kilobytes that are packed. What is done for them is done without an array of
# their places, which would take eight bytes and several passes for each.


def is_dense(block: bytes) -> bool:
    """Has a block more line ends than lines of shipments can have?"""
    return len(block) < DENSE * block.count(b"\n")


def count_blank(block: bytes, delimiter: str) -> int:
    """How many lines of a block (all of them ended by LF) are empty; for dense blocks."""
    filled = block.translate(FILLED, (NOTHING + delimiter).encode())
    return block.count(b"\n") - filled.count(b"x\n")


def is_blank_block(block: bytes, delimiter: str) -> bool:
    """Are all lines of a block empty?"""
    return not block.strip(f"{NOTHING}\n{delimiter}".encode())


def pieces(block: bytes) -> Iterator[bytes]:
    """A block whose lines are all ended by LF; a dense one in pieces, most of which hold nothing at all."""
    begin = 0 if is_dense(block) else len(block)
    if begin:
        yield block
    while begin < len(block):
        end = (block.rfind(b"\n", begin, begin + PIECE) + 1) or block.index(b"\n", begin) + 1
        yield block[begin:end]
        begin = end
