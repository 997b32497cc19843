"""A chunk: consecutive lines of a file; and how a block is cut into chunks. May not know what any cell means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from cws_filedrop.formats.blank import Places
from cws_filedrop.formats.cells import Parsed, raw_lines
from cws_filedrop.formats.records import Records, raw_records


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive lines: each non-blank one is either in `lines` (LINES) or in `issues` (ISSUES, L01).

    Where cells may contain line ends, `numbers` are the line numbers at which the records of `text` begin.
    """

    lines: pd.DataFrame
    issues: pd.DataFrame
    text: bytes
    first: int
    numbers: Places | None = None

    def after(self, line: int) -> Chunk:
        """The same chunk without the lines up to and including `line`."""
        return replace(self, lines=self.lines.loc[line + 1 :], issues=self.issues[self.issues["line"] > line])

    def raw(self, lines: Iterable[int]) -> list[str]:
        """Lines of this chunk as the seller typed them, without line end.

        Raises: IndexError for a line that is not in this chunk.
        """
        wanted = np.fromiter(lines, np.int64)
        if self.numbers is not None:
            return raw_records(self.text, _places(self.numbers, wanted))
        places = wanted - self.first
        if len(places) and places.min() < 0:
            raise IndexError("a line before this chunk")
        return raw_lines(self.text, places)


def _places(numbers: Places, wanted: Places) -> Places:
    places = np.searchsorted(numbers, wanted)
    if len(wanted) and (places.max() >= len(numbers) or (numbers[places] != wanted).any()):
        raise IndexError("no record of this chunk begins in that line")
    return places


# Of equal size, so that no remainder of a few lines pays the fixed costs of a chunk.
def cut(parsed: Parsed, block: bytes, *, first: int, rows: int) -> Iterator[Chunk]:
    """The chunks of a block, of about equal size, each at most `rows` lines."""
    numbers = np.sort(np.concatenate((parsed.lines.index.to_numpy(), parsed.issues["line"].to_numpy())))
    pieces = -(-len(numbers) // rows)
    if pieces == 1:
        yield Chunk(parsed.lines, parsed.issues, block, first)
    if pieces <= 1:
        return
    starts = np.concatenate(([0], parsed.ends + 1))
    places = [len(numbers) * piece // pieces for piece in range(1, pieces)]
    bounds = [first, *numbers[places].tolist(), first + len(starts) - 1]
    for start, stop in pairwise(bounds):
        text = block[int(starts[start - first]) : int(starts[stop - first])]
        yield Chunk(*_between(parsed, start, stop), text, start)


def cut_records(parsed: Parsed, block: Records, *, rows: int) -> Iterator[Chunk]:
    """The chunks of a block of records, which were parsed as lines 0, 1, 2 … and get their real line numbers here."""
    for chunk in cut(parsed, block.text, first=0, rows=rows):
        lines, issues = chunk.lines.copy(deep=False), chunk.issues.copy(deep=False)
        lines.index = pd.Index(block.numbers[lines.index.to_numpy()], dtype="int64", name="line")
        issues["line"] = block.numbers[issues["line"].to_numpy()]
        numbers = block.numbers[chunk.first : chunk.first + chunk.text.count(b"\n")]
        yield Chunk(lines, issues, chunk.text, int(numbers[0]), numbers)


def _between(parsed: Parsed, start: int, stop: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    begin, end = parsed.lines.index.searchsorted([start, stop])
    lines = parsed.lines.iloc[begin:end]
    begin, end = parsed.issues["line"].searchsorted([start, stop])
    return lines, parsed.issues.iloc[begin:end].reset_index(drop=True)
