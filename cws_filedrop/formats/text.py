"""Which encoding a file is written in. May not know lines or cells.

A file is UTF-8 if all of it fits. What does not fit is Windows-31J if it also looks Japanese (the bytes of a German or
French name often happen to be valid Windows-31J), else Windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.rules import catalogue


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: in words, by Python's name, and how many bytes its mark takes at the start."""

    words: str
    codec: str
    skip: int = 0


UTF_8: Final = Encoding("UTF-8", "utf-8")
WINDOWS_1252: Final = Encoding("Windows-1252", "cp1252")
WINDOWS_31J: Final = Encoding("Windows-31J", "cp932")
MARKS: Final = (
    (codecs.BOM_UTF8, Encoding("UTF-8 with BOM", "utf-8", 3)),
    (codecs.BOM_UTF16_LE, Encoding("UTF-16", "utf-16-le", 2)),
    (codecs.BOM_UTF16_BE, Encoding("UTF-16", "utf-16-be", 2)),
)
# Kana, kanji, Japanese punctuation and full-width letters come in runs; in misread Western text they occur singly.
JAPANESE_RUN: Final = re.compile(r"[\u3001-\u30ff\u4e00-\u9fff\uff01-\uff9f]{2,}")
EVIDENCE: Final = 100_000  # non-ASCII characters after which the question counts as decided
NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def marked(head: bytes) -> Encoding | None:
    """The encoding that the first bytes give away, if they do."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    return _unmarked_utf16(head[:4096])


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
class _Trial:
    encoding: Encoding
    fits: bool = True
    runs: int = 0
    others: int = 0
    misfit: str = ""

    def add(self, block: bytes) -> None:
        if not self.fits or block.isascii():
            return
        try:
            text = block.decode(self.encoding.codec)
        except UnicodeDecodeError as error:
            self.fits = False
            self.misfit = f"0x{block[error.start]:02X}"
            return
        if self.encoding is WINDOWS_31J and self.runs + self.others < EVIDENCE:
            self._weigh(text)

    def _weigh(self, text: str) -> None:
        inside = sum(len(run) for run in JAPANESE_RUN.findall(text))
        self.runs += inside
        self.others += len(NOT_ASCII.findall(text)) - inside


def older(blocks: Iterable[bytes]) -> Encoding:
    """Windows-31J or Windows-1252, for text that is not UTF-8.

    Raises: FileRejected F02 if it is neither.
    """
    japanese, western = _Trial(WINDOWS_31J), _Trial(WINDOWS_1252)
    for block in blocks:
        japanese.add(block)
        western.add(block)
    if japanese.fits and (japanese.runs > japanese.others or not western.fits):
        return WINDOWS_31J
    if western.fits:
        return WINDOWS_1252
    detail = f"byte {western.misfit} is no character in UTF-8, Windows-1252 or Windows-31J"
    raise FileRejected(catalogue.issue("F02", detail=detail))
