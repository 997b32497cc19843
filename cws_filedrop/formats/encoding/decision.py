"""Text that is not UTF-8 -> the encoding it was written in, by what its bytes spell; with doubt as a result.

Every encoding that comes into question is tried on the cells that are not ASCII, and what it makes of them is weighed
as text (`letters`). One that is far more probable than all others is taken at its word. Where several come into
question, bytes that mean different letters in them become REPLACEMENT characters, so that nobody takes them for
letters: lines that depend on them are rejected (L05), the others go on. May not know what a cell means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.encoding import letters
from cws_filedrop.formats.encoding.text import ASCII_ONLY, REPLACEMENT, Encoding, OddCells
from cws_filedrop.model import Issue
from cws_filedrop.rules import catalogue

DOUBT: Final = 4.0  # decades: up to here a less probable encoding still comes into question
SCORED: Final = 60  # cells; more of them do not change the answer
MISFIT: Final = 8.0  # a cell that an encoding cannot have written
TRIED_MOST: Final = 0.1  # share of cells that it may be unable to write
CONTROLS: Final = re.compile("[\x80-\x9f]")
WESTERN: Final = ("de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "is", "ca", "sq")
CENTRAL: Final = ("pl", "cs", "sk", "hu", "ro", "hr", "sl")
RUSSIAN: Final = ("ru", "uk", "bg")


@dataclass(frozen=True)
class Candidate:
    """An encoding that sellers' programs write, how rare it is (decades), and the languages it is used for.

    Encodings of Chinese, Japanese and Korean have a range instead: the first bytes of their usual characters.
    """

    words: str
    codec: str
    rarity: float
    languages: tuple[str, ...]
    usual: range | None = None

    @property
    def worst(self) -> float:
        """How many decades for each character: what costs more spells nothing."""
        if self.usual is not None:
            return 6.0
        return 4.0 if self.languages[0] in (*RUSSIAN, "el") else 10.5

    def decoded(self, cell: bytes) -> str | None:
        """A cell as text, or None if this encoding cannot have written it."""
        try:
            text = cell.decode(self.codec)
        except UnicodeDecodeError:
            return None
        return None if CONTROLS.search(text) else text

    def cost(self, texts: Sequence[str]) -> float:
        """How improbable some texts are, in decades, each word in the language that fits it best."""
        if self.usual is None:
            return sum(letters.alphabetic(text, self.languages) for text in texts)
        common = letters.languages()[self.languages[0]].common
        return sum(letters.eastern(text, common, self.codec, self.usual) for text in texts)


CANDIDATES: Final = (
    Candidate("Windows-1252", "cp1252", 0.0, (*WESTERN, "et")),
    Candidate("ISO-8859-15", "iso8859-15", 1.5, WESTERN),
    Candidate("Windows-1250", "cp1250", 2.0, (*CENTRAL, "de")),
    Candidate("ISO-8859-2", "iso8859-2", 3.0, CENTRAL),
    Candidate("Windows-1251", "cp1251", 3.0, RUSSIAN),
    Candidate("KOI8-R", "koi8-r", 5.0, ("ru",)),
    Candidate("DOS Cyrillic (code page 866)", "cp866", 5.0, ("ru",)),
    Candidate("Windows-1253", "cp1253", 3.0, ("el",)),
    Candidate("Windows-1254", "cp1254", 1.0, ("tr",)),
    Candidate("Windows-1257", "cp1257", 2.0, ("lt", "lv", "et")),
    Candidate("DOS (code page 850)", "cp850", 3.5, WESTERN[:11]),
    Candidate("DOS (code page 852)", "cp852", 6.0, CENTRAL),
    Candidate("Mac Roman", "mac_roman", 3.5, WESTERN[:11]),
    Candidate("Windows-31J", "cp932", 0.0, ("ja",), range(0x88, 0x98)),
    Candidate("EUC-JP", "euc_jp", 2.0, ("ja",), range(0xB0, 0xD0)),
    Candidate("GBK", "gbk", 0.0, ("zh_Hans",), range(0xB0, 0xD8)),
    Candidate("Big5", "cp950", 0.5, ("zh_Hant",), range(0xA4, 0xC7)),
    Candidate("EUC-KR", "cp949", 0.0, ("ko",), range(0xB0, 0xC9)),
)
UTF_8: Final = Candidate("UTF-8", "utf-8", 0.0, (*WESTERN, *CENTRAL, *RUSSIAN, "el", "tr", "lt", "lv", "et"))


def decided(cells: OddCells, announced: Encoding) -> Encoding:
    """The encoding of a file that is not all UTF-8; `announced` is UTF-8, as its mark has it or as a first guess.

    Raises: FileRejected F02 when nobody can tell.
    """
    weighed = _Weighed.of(list(cells.odd))
    chance = bool(cells.utf8) and weighed is not None and _by_chance(weighed.best, list(cells.utf8))
    told = bool(announced.skip)
    if cells.utf8 and not chance and (told or sum(cells.utf8.values()) >= sum(cells.odd.values())):
        return replace(announced, tolerant=True, words=f"{announced.words}, but for a few lines")
    if told or weighed is None:
        raise FileRejected(_unreadable(*cells.first))
    return weighed.encoding(mixed=bool(cells.utf8) and not chance)


def _by_chance(best: Candidate, cells: list[bytes]) -> bool:
    """Are cells that fit UTF-8 rather what another encoding wrote, and fit it by chance?"""
    cells = _spread(cells)
    texts = [text for cell in cells if (text := best.decoded(cell)) is not None]
    return len(texts) == len(cells) and best.cost(texts) < UTF_8.cost([one.decode() for one in cells])


def _unreadable(number: int, line: bytes) -> Issue:
    shown = " ".join(f"0x{byte:02X}" for byte in line if byte >= 0x80)
    return catalogue.issue("F02", value=f"line {number}", detail=f"letters=line {number:,} has the bytes {shown[:60]}")


@dataclass
class _Weighed:
    """Candidates that come into question for some cells, the most probable first."""

    cells: list[bytes]
    candidates: list[Candidate]

    @property
    def best(self) -> Candidate:
        return self.candidates[0]

    @classmethod
    def of(cls, cells: list[bytes]) -> _Weighed | None:
        """None when no encoding makes words of them."""
        some = _spread(cells)
        costs = {one: cost for one in CANDIDATES if (cost := _cost(one, some)) is not None}
        if not costs:
            return None
        best = min(costs.values())
        close = [one for one in costs if costs[one] <= best + DOUBT]
        return cls(cells, sorted(close, key=costs.__getitem__))

    def encoding(self, *, mixed: bool) -> Encoding:
        """The encoding, with the bytes whose letters are in doubt."""
        # Of those that read the cells alike, the usual one.
        usual = next(one for one in CANDIDATES if not self._differs(one))
        certain = Encoding(usual.words, usual.codec, legacy=True, mixed=mixed)
        rivals = [one for one in self.candidates[1:] if self._differs(one)]
        if not rivals:
            return certain
        words = f"in doubt: {' or '.join(one.words for one in (usual, *rivals[:2]))}"
        if any(one.usual for one in self.candidates):
            return replace(certain, words=words, codec=ASCII_ONLY)
        doubtful = frozenset(byte for byte in range(0x80, 0x100) if self._in_doubt(byte))
        return replace(certain, words=words, doubtful=doubtful)

    def _differs(self, other: Candidate) -> bool:
        return any(self.best.decoded(cell) != other.decoded(cell) for cell in self.cells)

    def _in_doubt(self, byte: int) -> bool:
        return len({one.decoded(bytes((byte,))) for one in self.candidates}) > 1


def _spread(cells: list[bytes]) -> list[bytes]:
    """Some of the cells, evenly from among all."""
    return cells[:: max(1, len(cells) // SCORED)][:SCORED]


def _cost(candidate: Candidate, cells: Sequence[bytes]) -> float | None:
    """How improbable it is that a candidate wrote the cells; None when it cannot have."""
    decoded = [candidate.decoded(cell) for cell in cells]
    texts = [text for text in decoded if text is not None and REPLACEMENT not in text]
    misfits = len(decoded) - len(texts)
    if misfits > TRIED_MOST * len(decoded):
        return None
    cost = candidate.cost(texts)
    if cost > candidate.worst * sum(1 for text in texts for one in text if not one.isascii()):
        return None
    return candidate.rarity + cost + misfits * MISFIT
