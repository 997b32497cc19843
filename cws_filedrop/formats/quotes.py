"""Where quotes in a block of lines mean something, found on the bytes of the block at once.

A quote means something where it opens a cell right after a separator, closes it right before one, or is one of two
that stand for one inside a cell. On a line where all quotes do, every CSV reader agrees; other lines are `odd`, and
are looked at one by one. May not know which meaning is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cws_filedrop.formats.blank import LF, Mask, Octets, Places

CR: Final = 13
QUOTE: Final = 34


@dataclass(frozen=True, slots=True)
class Quotes:
    """`present` and `odd` say of each line if it has quotes, and any that stand elsewhere; `outside` are the
    separators that are not inside quotes (on lines that are not odd)."""

    present: Mask
    odd: Mask
    outside: Places
    inside: int

    @property
    def plain(self) -> bool:
        """Do quotes only ever surround whole cells without separators?"""
        return not self.inside and not self.odd.any()


def find(octets: Octets, ends: Places, delimiter: str) -> Quotes:
    """The quotes of a block whose lines all end in LF or CRLF."""
    places = np.flatnonzero(octets == QUOTE)
    lines = np.searchsorted(ends, places)
    counts = np.bincount(lines, minlength=len(ends))
    before = np.cumsum(counts) - counts
    opens = (np.arange(len(places)) - before[lines]) % 2 == 0
    misplaced = ~_placed(octets, places, opens, delimiter)
    odd = counts % 2 == 1
    odd[lines[misplaced]] = True
    separators = np.flatnonzero(octets == ord(delimiter))
    sure = ~odd[lines]
    within = _within(separators, places[opens & sure], places[~opens & sure])
    outside = np.delete(separators, within)
    return Quotes(counts > 0, odd, outside, len(within))


def _placed(octets: Octets, places: Places, opens: Mask, delimiter: str) -> Mask:
    """Does each quote stand right after, or right before, a separator, a line end or another quote?"""
    edge = np.zeros(256, np.bool_)
    edge[[LF, CR, QUOTE, ord(delimiter)]] = True
    # The block ends in LF: there is always a next byte, and what is "before" the first one is a line end.
    placed: Mask = edge[octets[places + np.where(opens, -1, 1)]]
    return placed


def _within(separators: Places, opening: Places, closing: Places) -> Places:
    """Which separators stand between an opening and a closing quote."""
    begins, stops = np.searchsorted(separators, opening), np.searchsorted(separators, closing)
    some = stops > begins
    return spans(begins[some], stops[some])


def spans(begins: Places, stops: Places) -> Places:
    """All numbers in some ranges: (3, 8), (5, 10) -> 3, 4, 8, 9."""
    lengths = stops - begins
    skipped = np.cumsum(lengths) - lengths
    return np.repeat(begins - skipped, lengths) + np.arange(lengths.sum())
