"""Blocks of lines -> blocks of records: in a seller's own layout a quoted cell may span several lines (RFC 4180).

A line end counts as inside a cell only when that is proven: the lines together are one record with the right number of
cells. It is then replaced by a mark of the same size that no UTF-8 text contains, so that no byte moves and the
seller's own text can be restored. Everything else stays a line of its own, to be reported as malformed. May not know
what a cell means.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from cws_filedrop.formats import split
from cws_filedrop.formats.blank import LF, Octets, Places, blank_lines
from cws_filedrop.formats.quotes import CR, QUOTE, spans

# Bytes of a record that spans lines. A stray quote would otherwise pair with one far below, and a block would carry all
# that is between over to the next.
LONGEST: Final = 64 * 1024
MOST_JOINED: Final = 400_000  # lines of a block that are tried: two of each record of 40 bytes, the shortest there are
MARKED_CR, MARKED_LF = 0xFE, 0xFF  # bytes that no UTF-8 text contains
TO_BLANKS: Final = bytes.maketrans(bytes((MARKED_CR, MARKED_LF)), b"  ")
TO_LINE_ENDS: Final = bytes.maketrans(bytes((MARKED_CR, MARKED_LF)), b"\r\n")


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Some records, each ended by LF or CRLF. `text` has marks for the line ends inside cells; `numbers` are the line
    numbers at which the records begin."""

    text: bytes
    numbers: Places

    @property
    def blanked(self) -> bytes:
        """The text with a blank for each line end inside a cell."""
        return self.text.translate(TO_BLANKS)

    def count(self, delimiter: str) -> int:
        """How many records are not empty."""
        return len(self.numbers) - int(blank_lines(self.blanked, delimiter).sum())


def records(blocks: Iterable[bytes], delimiter: str, width: int, *, first: int) -> Iterator[Records]:
    """The records of blocks of whole lines (LF or CRLF), the first of them being line number `first`.

    `width` is the number of cells of a record. At most one record of a block is carried over to the next.
    """
    number, rest = first, b""
    for block in blocks:
        made, rest = _Block(rest + block, delimiter, width).records(number, last=False)
        number += _line_count(made.text)
        if len(made.numbers):
            yield made
    if rest:
        yield _Block(rest, delimiter, width).records(number, last=True)[0]


def _line_count(text: bytes) -> int:
    return text.count(b"\n") + text.count(MARKED_LF)


def raw_records(text: bytes, places: Places) -> list[str]:
    """The records at some places of a marked text, with the seller's line ends inside them and none at the end.

    Raises: IndexError if there is no such record.
    """
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == LF)
    starts = np.concatenate(([0], ends[:-1] + 1))
    bounds = zip(starts[places].tolist(), ends[places].tolist(), strict=True)
    return [text[start:end].removesuffix(b"\r").translate(TO_LINE_ENDS).decode() for start, end in bounds]


class _Block:
    """Some whole lines, among which those that belong together are found."""

    def __init__(self, text: bytes, delimiter: str, width: int) -> None:
        self._text = text
        self._delimiter = delimiter
        self._width = width
        self._octets = np.frombuffer(text, np.uint8)
        self._ends = np.flatnonzero(self._octets == LF)
        self._starts = np.concatenate(([0], self._ends[:-1] + 1))

    def records(self, first: int, *, last: bool) -> tuple[Records, bytes]:
        """The records, and the text at the end that may continue in the next block unless this is the last one."""
        joined, stop = self._joined(last=last)
        size = len(self._text) if stop is None else int(self._starts[stop])
        lines = len(self._ends) if stop is None else stop
        inner = spans(*joined)
        kept = np.ones(lines, np.bool_)
        kept[inner] = False
        text = self._marked(inner)[:size] if len(inner) else self._text[:size]
        ends = np.flatnonzero(kept)
        begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        return Records(text, begins + first), self._text[size:]

    def _marked(self, inner: Places) -> bytes:
        """The text with marks for the ends of some lines."""
        octets: Octets = self._octets.copy()
        places = self._ends[inner]
        returns = places[self._octets[places - 1] == CR] - 1
        octets[places], octets[returns] = MARKED_LF, MARKED_CR
        return octets.tobytes()

    def _joined(self, *, last: bool) -> tuple[tuple[Places, Places], int | None]:
        """Which lines are joined to one record (first lines, last lines), and the line that may be incomplete."""
        odd = self._odd()
        begins: list[int] = []
        stops: list[int] = []
        at, stop = 0, None
        while at < len(odd):
            line = odd[at]
            if at + 1 == len(odd):
                if not last and len(self._text) - int(self._starts[line]) <= LONGEST:
                    stop = line
                break
            if self._is_record(line, odd[at + 1]):
                begins.append(line)
                stops.append(odd[at + 1])
                at += 1
            at += 1
        return (np.array(begins, np.int64), np.array(stops, np.int64)), stop

    def _odd(self) -> list[int]:
        """The lines with an odd number of quotes: one of them begins a cell that spans lines, the next one ends it."""
        if b'"' not in self._text:
            return []
        lines = np.searchsorted(self._ends, np.flatnonzero(self._octets == QUOTE))
        found: list[int] = np.flatnonzero(np.bincount(lines) % 2)[:MOST_JOINED].tolist()
        return found

    def _is_record(self, begin: int, stop: int) -> bool:
        """Are these lines, first to last, one record with the right number of cells?"""
        start, end = int(self._starts[begin]), int(self._ends[stop]) + 1
        if end - start > LONGEST:
            return False
        source = io.StringIO(self._text[start:end].decode(), newline="")
        try:
            rows = list(csv.reader(source, delimiter=self._delimiter, skipinitialspace=True, strict=True))
        except csv.Error:
            return False
        return len(rows) == 1 and len(rows[0]) >= self._width and split.is_empty("".join(rows[0][self._width :]), "")
