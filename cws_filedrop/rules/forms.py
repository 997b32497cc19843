"""Fixed forms of numbers, such as 3-7-7, tested over whole columns. Knows bytes only.

A form is written with one sign per character: `#` a digit, `@` a letter, `*` a letter or digit, `=` the check digit,
any other sign itself; `{n}` or `{n,m}` after a sign repeats it. `|` comes before the part that the check digit is
computed from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from cws_filedrop.rules.columns import Bytes, Column, Mask, Rows, Words

REPEAT: Final = re.compile(r"(.)\{(\d+)(?:,(\d+))?\}")
EVERY_BYTE: Final = np.uint64(0x0101010101010101)


@dataclass(frozen=True)
class Form:
    """One form of one length, in upper case."""

    signs: str  # without the bar
    start: int = 0  # where the checked part begins

    @property
    def size(self) -> int:
        return len(self.signs)

    @property
    def check_at(self) -> int:
        """The position of the check digit, or -1."""
        return self.signs.find("=")

    def _width(self) -> int:
        return 8 * max(1, -(-self.size // 8))

    def _at(self, signs: str) -> Mask:
        padded = self.signs.ljust(self._width(), "\0")
        return np.array([sign in signs for sign in padded])

    @cached_property
    def digits(self) -> Mask:
        return self._at("#*=")

    @cached_property
    def letters(self) -> Mask:
        return self._at("@*")

    @cached_property
    def literal(self) -> Bytes:
        """The byte required at each place; 255 (no byte of UTF-8) where a class of characters is allowed."""
        signs = [255 if sign in "#@*=" else ord(sign) for sign in self.signs]
        return np.array(signs + [0] * (self._width() - self.size), np.uint8)

    def match(self, block: Block) -> Mask:
        """Which numbers of the block have this form."""
        # A matrix of one byte per character, read as words of eight: a row fits if all its words are "every byte".
        fits = block.bytes == self.literal
        fits |= block.digit & self.digits
        if self.letters.any():
            fits |= block.letter & self.letters
        words = fits.view(np.uint64)
        same: Mask = words[:, 0] == EVERY_BYTE
        for at in range(1, words.shape[1]):
            same &= words[:, at] == EVERY_BYTE
        return same


class Block:
    """Numbers of one size as a matrix of bytes in upper case, and what kind of character each byte is."""

    def __init__(self, words: Words) -> None:
        self._words = words
        raw = words.view(np.uint8)
        small = (raw - np.uint8(97)) < 26
        self.bytes: Bytes = raw - (small.view(np.uint8) << np.uint8(5)) if small.any() else raw

    def __len__(self) -> int:
        return len(self._words)

    def part(self, rows: Rows) -> Block:
        """Some of the numbers."""
        return self if len(rows) == len(self) else Block(self._words[rows])

    @cached_property
    def digit(self) -> Mask:
        return (self.bytes - np.uint8(48)) < 10

    @cached_property
    def letter(self) -> Mask:
        return (self.bytes - np.uint8(65)) < 26


def expand(written: str) -> Iterator[Form]:
    """The forms of every length that a written form stands for."""
    repeat = REPEAT.search(written)
    if repeat is None:
        yield Form(written.replace("|", ""), max(written.find("|"), 0))
        return
    least, most = int(repeat[2]), int(repeat[3] or repeat[2])
    for count in range(least, most + 1):
        yield from expand(written[: repeat.start()] + repeat[1] * count + written[repeat.end() :])


def match(column: Column, form: Form) -> Mask:
    """The rows of a column that have the form."""
    rows: Rows = np.flatnonzero(column.sizes == form.size)
    fits = np.zeros(len(column.sizes), np.bool_)
    if len(rows):
        fits[rows] = form.match(Block(column.words(rows, form.size)))
    return fits
