"""Where quotes in a block of lines are syntax, found on the bytes of the whole block at once.

A quote is syntax where it opens a cell right after a separator, closes it right before one, or is one of a pair that
stands for one quote inside a cell. A line on which all quotes are syntax is read alike by every CSV reader; other lines
are `odd`, and are read one by one. May not know whether the layout wants quotes to be syntax.
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
    """`present` marks the lines that have quotes, `odd` those with quotes in unexpected places; `outside` are the
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
    """Is each opening quote right after, each closing one right before, a separator, a line end or another quote?"""
    edge = np.zeros(256, np.bool_)
    edge[[LF, CR, QUOTE, ord(delimiter)]] = True
    # The block ends in LF: there is always a next byte, and what is "before" the first one is a line end.
    placed: Mask = edge[octets[places + np.where(opens, -1, 1)]]
    return placed


def _within(separators: Places, opening: Places, closing: Places) -> Places:
    """Which separators are between an opening and a closing quote."""
    begins, stops = np.searchsorted(separators, opening), np.searchsorted(separators, closing)
    some = stops > begins
    return spans(begins[some], stops[some])


def spans(begins: Places, stops: Places) -> Places:
    """All numbers in some ranges: (3, 8), (5, 10) -> 3, 4, 8, 9."""
    lengths = stops - begins
    skipped = np.cumsum(lengths) - lengths
    return np.repeat(begins - skipped, lengths) + np.arange(lengths.sum())
