"""A block of lines -> which of them have the right number of cells, proven on the bytes before anything is parsed.

What is not proven never reaches the parser: pandas would silently shift the cells of a line with one tab too many, and
a tracking number would end up in another column. May not know what a cell means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cws_filedrop.formats import quotes
from cws_filedrop.formats.blank import LF, Mask, Octets, Places, blank_lines, is_blank_block, may_be_blank
from cws_filedrop.formats.quotes import CR, Quotes
from cws_filedrop.formats.split import TAB, is_empty


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of the lines of a block; line numbers here are 0-based places in the block.

    `regular` is text in which every line has exactly the right number of cells, and `good` lists those lines; quotes
    in it are syntax if `unquote`, and data if not. `bad` are lines with another number of cells, which `cells` counts;
    `quoted` are still to be read one by one. `ends` are the byte positions of all line ends.
    """

    ends: Places
    regular: bytes
    unquote: bool
    good: Places
    bad: Places
    cells: Places
    quoted: Places


class _Lines:
    """Where the lines of a block begin and end, and how many cells they have."""

    def __init__(self, block: bytes, octets: Octets, ends: Places, delimiter: str) -> None:
        self.octets = octets
        self.ends = ends
        self.starts = np.concatenate(([0], ends[:-1] + 1))
        self.delimiter = delimiter
        self.quotes = quotes.find(octets, ends, delimiter) if b'"' in block else None
        self.separators = _separators(octets, delimiter, self.quotes)
        upto = np.searchsorted(self.separators, ends)
        self.before = np.concatenate(([0], upto[:-1]))  # separators before each line
        self.cells = upto - self.before + 1
        # Index -1 of a first line that is empty is the last LF of the block: not a CR, as it should be.
        self.text_ends = ends - (octets[ends - 1] == CR)
        self.blank = np.zeros(len(ends), np.bool_)
        if may_be_blank(octets, ends, delimiter):
            self.blank = blank_lines(block, delimiter)

    @property
    def unquote(self) -> bool:
        """Do the quotes left in regular text surround cells, and nothing else?"""
        return self.quotes is not None and (self.delimiter != TAB or self.quotes.plain)


def prove(block: bytes, delimiter: str, width: int, count: int) -> Proof:
    """Sort the lines of a block (all of them ended by LF or CRLF) by whether they have `count` cells, those beyond
    `width` being empty."""
    none = np.empty(0, np.int64)
    if is_blank_block(block, delimiter):
        return Proof(np.broadcast_to(np.int64(0), block.count(b"\n")), b"", False, none, none, none, none)
    octets = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(octets == LF)
    plain = count == width and b'"' not in block and is_regular(block, len(ends), delimiter, width)
    if not plain or may_be_blank(octets, ends, delimiter):
        return _sorted_out(_Lines(block, octets, ends, delimiter), width, count)
    return Proof(ends, block, False, np.arange(len(ends)), none, none, none)


def cell_counts(block: bytes, delimiter: str) -> Places:
    """How many of a block's lines have 0, 1, 2 … cells; empty lines are left out."""
    if is_blank_block(block, delimiter):
        return np.zeros(0, np.int64)
    octets = np.frombuffer(block, np.uint8)
    lines = _Lines(block, octets, np.flatnonzero(octets == LF), delimiter)
    counts: Places = np.bincount(lines.cells[~lines.blank])
    return counts


def _separators(octets: Octets, delimiter: str, found: Quotes | None) -> Places:
    """The separators that divide cells. In tab-delimited text a quote protects nothing, so all of them do."""
    if found is None or delimiter == TAB:
        return np.flatnonzero(octets == ord(delimiter))
    return found.outside


def is_regular(block: bytes, lines: int, delimiter: str, width: int) -> bool:
    """Are the block's separators and line ends exactly one line's pattern, repeated? One fast pass over the bytes."""
    line = delimiter.encode() * (width - 1) + b"\n"
    others = bytes(one for one in range(256) if one not in line)
    return block.translate(None, others) == line * lines


def _sorted_out(lines: _Lines, width: int, count: int) -> Proof:
    filled = ~lines.blank
    quoted = _to_be_read(lines, width) & filled
    counted = filled & ~quoted
    fitting = counted & (lines.cells == count)
    long = _long_but_empty(lines, width, fitting) if count > width else np.zeros_like(fitting)
    good = long if count > width else fitting
    bad = counted & ~good
    places = [np.flatnonzero(mask) for mask in (good, bad, quoted)]
    regular = _regular(lines, width, good, long)
    return Proof(lines.ends, regular, lines.unquote, places[0], places[1], lines.cells[bad], places[2])


def _to_be_read(lines: _Lines, width: int) -> Mask:
    """Lines in which quotes may protect separators, and the bytes alone do not show whether they do."""
    if lines.quotes is None or lines.delimiter == TAB:
        return np.zeros(len(lines.ends), np.bool_)
    return lines.quotes.odd | (lines.quotes.present & (lines.cells > width))


def _long_but_empty(lines: _Lines, width: int, among: Mask) -> Mask:
    """Those lines whose cells beyond the last heading are all empty."""
    long = np.flatnonzero(among)
    surplus = _surplus(lines, width, long)
    empty = lines.text_ends[long] - surplus == lines.cells[long] - width  # nothing but separators
    for place in np.flatnonzero(~empty):
        tail = lines.octets[surplus[place] : lines.text_ends[long[place]]].tobytes()
        empty[place] = is_empty(tail.decode(), lines.delimiter)
    mask = np.zeros(len(lines.ends), np.bool_)
    mask[long[empty]] = True
    return mask


def _surplus(lines: _Lines, width: int, long: Mask | Places) -> Places:
    """Where the cells beyond the last heading begin, counting the separator before them."""
    surplus: Places = lines.separators[lines.before[long] + width - 1]
    return surplus


def _regular(lines: _Lines, width: int, good: Mask, long: Mask) -> bytes:
    """The text of the good lines alone, without surplus cells."""
    begins = np.concatenate((lines.starts[~good], _surplus(lines, width, long)))
    stops = np.concatenate((lines.ends[~good] + 1, lines.text_ends[long]))
    order = np.argsort(begins)
    kept_from, kept_to = np.append(0, stops[order]), np.append(begins[order], len(lines.octets))
    some = kept_to > kept_from
    text = lines.octets.data
    pieces = zip(kept_from[some].tolist(), kept_to[some].tolist(), strict=True)
    return b"".join([text[begin:end] for begin, end in pieces])
