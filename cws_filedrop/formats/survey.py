"""The first pass over a file: how many lines, which line ends, is it UTF-8, did the last line end.

Works on any encoding in which ASCII characters are single bytes. May not know headings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cws_filedrop.formats.blank import LF, blank_lines, count_blank, is_dense, may_be_blank
from cws_filedrop.formats.encoding.text import Utf8Test
from cws_filedrop.formats.split import DELIMITERS, NOTHING
from cws_filedrop.formats.stream import LONGEST_LINE, line_too_long, plain_ends, returns

SHORT: Final = 32  # bytes of a line, on average
EMPTY: Final = f"{NOTHING}\n{''.join(DELIMITERS)}".encode()
ENDLESS: Final = (b"", b"\x1a")  # nothing, or the end mark of old programs


@dataclass
class Survey:
    """What the first pass found. `blank` counts the empty lines, by delimiter: it is not known yet which one counts."""

    lines: int = 0
    blank: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DELIMITERS, 0))
    ends: set[str] = field(default_factory=set)
    ended: bool = True
    filled: int = 0  # bytes that are neither blanks nor separators, of blocks of short lines; of others all
    utf8: Utf8Test = field(default_factory=Utf8Test)

    @property
    def line_ends(self) -> str:
        """LF, CRLF, CR or mixed; a file of one line without an end has none, and counts as LF."""
        return "mixed" if len(self.ends) > 1 else next(iter(self.ends), "LF")

    def add(self, block: bytes) -> None:
        """Take in a block of whole lines."""
        self.utf8.add(block)
        lone, paired = returns(block)
        block = plain_ends(block) if lone else block
        self.ended = block.rpartition(b"\n")[2] in ENDLESS
        count = self._add_lines(block if block.endswith(b"\n") else block + b"\n")
        plain = count - lone - paired - (not block.endswith(b"\n"))
        self.ends |= {name for name, number in (("CR", lone), ("CRLF", paired), ("LF", plain)) if number}

    def _add_lines(self, block: bytes) -> int:
        if is_dense(block):
            return self._add_dense(block)
        octets = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(octets == LF)
        if np.diff(ends, prepend=-1).max() > LONGEST_LINE:
            raise line_too_long()
        if may_be_blank(octets, ends, DELIMITERS):
            for delimiter in DELIMITERS:
                self.blank[delimiter] += int(blank_lines(block, delimiter).sum())
        self.lines += len(ends)
        short = len(block) < SHORT * len(ends)
        self.filled += len(block.translate(None, EMPTY)) if short else len(block)
        return len(ends)

    def _add_dense(self, block: bytes) -> int:
        check_lengths(block)
        for delimiter in DELIMITERS:
            self.blank[delimiter] += count_blank(block, delimiter)
        self.filled += len(block.translate(None, EMPTY))
        count = block.count(b"\n")
        self.lines += count
        return count


def check_lengths(block: bytes) -> None:
    """Let a block of whole lines pass in which none is too long. Raises: FileRejected F05."""
    begin = 0
    while begin < len(block):
        end = block.rfind(b"\n", begin, begin + LONGEST_LINE + 1) + 1
        if not end:
            raise line_too_long()
        begin = end


def survey(blocks: Iterable[bytes]) -> Survey:
    """All that can be known about the lines of a file without its headings."""
    result = Survey()
    for block in blocks:
        result.add(block)
    return result
