"""How well a text spells what people write: the cost of its non-ASCII letters in the languages of an encoding.

A cost is how improbable the text is, in decades: the sum of -log10 of the frequencies of its pairs of letters
(`data/letters.tsv`), or of its characters for Chinese, Japanese and Korean. May not know bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

UNSEEN: Final = 5.5  # a pair that no word of the sample has
FOREIGN: Final = 7.5  # a letter that the language does not have
FOLLOWING: Final = 1.2  # a letter has been paid for by the pair that ends with it
CONTROL: Final = 15.0
WITHIN: Final = 18.0  # a sign within a word
AT_EDGE: Final = 8.0
ALONE: Final = 3.0
QUOTED: Final = 3.0  # a sign that people type right beside a word
UNUSUAL: Final = 10.0
WRONG_CASE: Final = 6.0
COMMON, USUAL, RARE, STRANGE = 3.0, 4.2, 5.5, 8.0  # characters of Chinese, Japanese and Korean
BESIDE_LATIN: Final = 9.0
LATIN_WORDS: Final = 4.0  # in the same cell
LATIN: Final = re.compile(r"[A-Za-z]{3}")
BEFORE: Final = frozenset("‘“”„‚«»‹›¡¿\u00a0")
BEHIND: Final = frozenset("’”«»‹›®™°ºª\u00a0")
SIGNS: Final = frozenset("–—•€£§©·²³½¼¾") | BEFORE | BEHIND
TOKEN: Final = re.compile(r"(?:[A-Za-z]|[^\x00-\x7f])+")
EASTERN: Final = re.compile(r"[\u3000-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uffef]")


@dataclass(frozen=True)
class Language:
    """The pairs of letters of a language, each with its cost, and its letters; or its common characters."""

    pairs: dict[str, float] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    common: set[str] = field(default_factory=set)


@cache
def languages() -> Mapping[str, Language]:
    """What is known of each language, by its code."""
    found: dict[str, Language] = {}
    text = files("cws_filedrop.formats.encoding").joinpath("data", "letters.tsv").read_text(encoding="utf-8")
    for row in text.splitlines():
        if row.startswith("#"):
            continue
        code, cost, letters = row.split("\t")
        language = found.setdefault(code, Language())
        language.letters.update(letters)
        if cost:
            language.pairs.update((letters[at : at + 2], float(cost)) for at in range(0, len(letters), 2))
        else:
            language.common.update(letters)
    return found


def alphabetic(text: str, among: Iterable[str]) -> float:
    """The cost of a text, each word in the one of some languages that fits it best."""
    known = [languages()[code] for code in among]
    words = [word for word in TOKEN.findall(text) if not word.isascii()]
    return sum(_signs(word) + _cases(word) + min(_pairs(word, one) for one in known) for word in words)


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else "i"  # a dotted capital I


def _pairs(word: str, language: Language) -> float:
    cost = 0.0
    spelled = "_" + "".join(_lower(one) if one.isalpha() else "_" for one in word) + "_"
    for before, after in pairwise(spelled):
        if not (before.isascii() and after.isascii()):
            foreign = any(one not in language.letters and not one.isascii() for one in (before, after))
            cost += FOREIGN if foreign else language.pairs.get(before + after, UNSEEN)
            cost -= 0.0 if before.isascii() else FOLLOWING
    return cost


def _signs(word: str) -> float:
    return sum(_sign(word, at) for at, one in enumerate(word) if not one.isascii() and not one.isalpha())


def _sign(word: str, at: int) -> float:
    one = word[at]
    if unicodedata.category(one).startswith("C"):
        return CONTROL
    last = len(word) - 1
    if one == "’" or (at == 0 and one in BEFORE) or (at == last and one in BEHIND):
        return QUOTED
    if 0 < at < last:
        return WITHIN
    known = ALONE if len(word) == 1 else AT_EDGE
    return known if one in SIGNS else UNUSUAL


def _cases(word: str) -> float:
    """Small letters among capitals, capitals behind small letters, and two scripts, where one is not ASCII."""
    cost = 0.0
    for before, after in pairwise(word):
        if not (before.isascii() and after.isascii()) and before.islower() and after.isupper():
            cost += WRONG_CASE
    # A capital in the middle, and letters of two scripts in one word.
    for at, one in enumerate(word[1:-1], 1):
        if not one.isascii() and one.isupper() and word[at + 1].islower():
            cost += WRONG_CASE
    if any("\u0370" <= one <= "\u052f" for one in word) and any(one.isascii() and one.isalpha() for one in word):
        cost += WRONG_CASE
    if len(word) > 2 and sum(one.isupper() for one in word) > len(word) / 2:
        cost += WRONG_CASE * sum(1 for one in word[1:] if not one.isascii() and one.islower() and one not in "ßıªº")
    return cost


def eastern(text: str, common: Container[str], codec: str, usual: range) -> float:
    """The cost of a text of Chinese, Japanese or Korean characters: some are common, and those are usual whose first
    byte is in a range."""
    cost = LATIN_WORDS if LATIN.search(text) else 0.0
    for at, one in enumerate(text):
        if not one.isascii():
            beside = text[at - 1 : at] + text[at + 1 : at + 2]
            latin = EASTERN.match(one) and any(other.isascii() and other.isalpha() for other in beside)
            cost += _character(one, common, codec, usual) + (BESIDE_LATIN if latin else 0.0)
    return cost


def _character(one: str, common: Container[str], codec: str, usual: range) -> float:
    if "\uff61" <= one <= "\uff9f" or not EASTERN.match(one):
        return STRANGE  # half-width kana are what misread bytes become
    if one in common or "\u3001" <= one <= "\u30ff" or "\uff01" <= one <= "\uff5e":
        return COMMON
    return USUAL if one.encode(codec)[0] in usual else RARE
