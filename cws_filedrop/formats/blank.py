"""Which lines are empty: only blanks and separators. May not know more about cells than that.

Spreadsheets leave such lines behind, and skipping them loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from cws_filedrop.formats.split import NOTHING

Octets = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LF: Final = 10


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
