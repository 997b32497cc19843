"""Which encoding a file is written in, and how its bytes become UTF-8. May not know lines or cells.

A file is UTF-8 if all of it fits. What does not fit is decided by what it spells (`decision`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.rules import catalogue

REPLACEMENT: Final = "\ufffd"  # stands for letters that are lost or in doubt
ASCII_ONLY: Final = "ascii"  # the codec of a file whose other letters nobody can tell


@dataclass(frozen=True)
class Encoding:
    """An encoding: in words, by Python's name, and how many bytes its mark takes at the start.

    A `tolerant` one has odd bytes in some lines. A `legacy` one was found by its letters; lines that are UTF-8 among
    those of a `mixed` file, and the `doubtful` bytes, become REPLACEMENT characters.
    """

    words: str
    codec: str
    skip: int = 0
    tolerant: bool = False
    legacy: bool = False
    mixed: bool = False
    doubtful: frozenset[int] = frozenset()

    @property
    def single(self) -> bool:
        """Is each character one byte, or each line end at least (so that lines can be cut before decoding)?"""
        return self.tolerant or self.legacy

    def decoded(self, lines: bytes) -> bytes:
        """Whole lines as UTF-8."""
        if lines.isascii():
            return lines
        if self.mixed:
            return b"".join(self._line(line) for line in lines.splitlines(keepends=True))
        return self._text(lines).encode()

    def _line(self, line: bytes) -> bytes:
        try:
            line.decode()
        except UnicodeDecodeError:
            return self._text(line).encode()
        return line if line.isascii() else line.decode("ascii", "replace").encode()

    def _text(self, lines: bytes) -> str:
        if self.doubtful:
            return codecs.charmap_decode(lines, "strict", self._table)[0]
        return lines.decode(self.codec, "replace")

    @cached_property
    def _table(self) -> str:
        letters = [bytes((byte,)).decode(self.codec, "replace") for byte in range(256)]
        return "".join(REPLACEMENT if byte in self.doubtful else letter for byte, letter in enumerate(letters))


UTF_8: Final = Encoding("UTF-8", "utf-8")
MARKS: Final = (
    (codecs.BOM_UTF8, Encoding("UTF-8 with BOM", "utf-8", 3)),
    (codecs.BOM_UTF16_LE, Encoding("UTF-16", "utf-16-le", 2)),
    (codecs.BOM_UTF16_BE, Encoding("UTF-16", "utf-16-be", 2)),
)
HEADINGS: Final = 160  # bytes that are headings at least for the most part
CELLS_END: Final = re.compile(rb'[\t\r\n,;|"]+')
PART: Final = 256 * 1024  # bytes that are cut into cells at once
MOST_CELLS: Final = 2_000  # different ones
MOST_SEEN: Final = 100_000
LONGEST_CELL: Final = 400


def marked(head: bytes) -> Encoding | None:
    """The encoding that the first bytes give away, if they do."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    return _unmarked_utf16(head[:4096]) or _unmarked_utf16(head[:HEADINGS])


def _unmarked_utf16(head: bytes) -> Encoding | None:
    """UTF-16 without a mark: headings are ASCII, so every other byte of the first row is NUL.

    The bounds leave room for headings that are not all ASCII, and for a few NULs of other origin.
    """
    pairs = len(head) // 2
    first, second = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if pairs >= 4 and second > pairs * 0.4 and first < second / 4:
        return Encoding("UTF-16", "utf-16-le")
    if pairs >= 4 and first > pairs * 0.4 and second < first / 4:
        return Encoding("UTF-16", "utf-16-be")
    return None


def undecodable(encoding: Encoding) -> FileRejected:
    """F02 for bytes that do not fit the encoding which the file announces."""
    detail = f"not all of it is {encoding.words}; it is damaged or was cut off"
    return FileRejected(catalogue.issue("F02", detail=detail))


@dataclass
class Utf8Test:
    """Do blocks of whole lines fit UTF-8? `characters` says if any took more than one byte."""

    fits: bool = True
    characters: bool = False
    cut: bool = False

    def add(self, block: bytes) -> None:
        """Look at the next block."""
        if self.fits and not block.isascii():
            self._decode(block)

    def _decode(self, block: bytes) -> None:
        try:
            block.decode()
            self.characters = True
        except UnicodeDecodeError as error:
            self.fits = False
            # Blocks end at line ends, so only the last one can end inside a character: the file was cut off there, and
            # is not Windows-1252.
            self.cut = error.reason == "unexpected end of data" and (
                self.characters or not block[: error.start].isascii()
            )


@dataclass
class OddCells:
    """The cells of a file that are not ASCII, with how often each was seen; and the number and bytes of the first line
    that is not UTF-8."""

    utf8: dict[bytes, int] = field(default_factory=dict)
    odd: dict[bytes, int] = field(default_factory=dict)
    first: tuple[int, bytes] = (0, b"")
    seen: int = 0

    def add(self, blocks: Iterable[bytes]) -> None:
        """Look at blocks of whole lines until there is enough to judge by."""
        lines = 1
        for part in _parts(blocks):
            if not part.isascii():
                self._add(part, lines)
            if self.odd and (len(self.utf8) + len(self.odd) > MOST_CELLS or self.seen > MOST_SEEN):
                return
            lines += part.count(b"\n") or part.count(b"\r")

    def _add(self, part: bytes, line: int) -> None:
        for cell in CELLS_END.split(part):
            if not cell.isascii():
                self.seen += 1
                cell = _short(cell)
                kind = self.utf8 if _is_utf8(cell) else self.odd
                kind[cell] = kind.get(cell, 0) + 1
                if kind is self.odd and not self.first[0]:
                    self.first = _line_at(part, part.find(cell), line)


def _line_at(part: bytes, place: int, first: int) -> tuple[int, bytes]:
    """The number and the bytes of the line at a place; `first` is the number of the part's first line."""
    before, end = part[:place], part.find(b"\n", place)
    number = first + (before.count(b"\n") or before.count(b"\r"))
    return number, part[before.rfind(b"\n") + 1 : end if end >= 0 else len(part)]


def _parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks in parts of whole lines, as far as their lines are not too long for that."""
    for block in blocks:
        begin = 0
        while begin < len(block):
            end = block.rfind(b"\n", begin, begin + PART) + 1 or begin + PART
            yield block[begin:end]
            begin = end


def _short(cell: bytes) -> bytes:
    cell = cell.strip()
    return cell if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL].rpartition(b" ")[0] or cell[:LONGEST_CELL]


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True
