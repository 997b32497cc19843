"""How close a heading is to the one that was meant: the same, other case, other separators, or merely similar.

Only the first three are accepted; a similar one is suggested to the seller and never acted on. May not know any layout.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

EXACT: Final = 0
OTHER_CASE: Final = 1
OTHER_SEPARATORS: Final = 2
NEAR: Final = 0.6
MOST_COMPARED: Final = 200  # headings; comparing by likeness is slow, and no honest file has so many
SEPARATORS: Final = re.compile(r"[\s_-]+")
SURROUNDINGS: Final = " \t\u00a0\u3000\ufeff"


def plain(heading: str) -> str:
    """A heading in lower case with hyphens for separators: "Ship_Date" -> "ship-date"."""
    return SEPARATORS.sub("-", heading.strip(SURROUNDINGS)).casefold()


def distance(typed: str, heading: str) -> int:
    """How far a typed heading is from one with the same plain spelling."""
    if typed == heading:
        return EXACT
    return OTHER_CASE if typed.casefold() == heading.casefold() else OTHER_SEPARATORS


def nearest(heading: str, among: Iterable[str]) -> str:
    """The most similar of some headings, or "" if none is similar."""
    spelled: dict[str, str] = {}
    for one in among:
        if len(spelled) >= MOST_COMPARED:
            break
        spelled.setdefault(plain(one)[:MOST_COMPARED], one)
    close = get_close_matches(plain(heading)[:MOST_COMPARED], spelled, n=1, cutoff=NEAR)
    return spelled[close[0]] if close else ""


def listed(names: Collection[str]) -> str:
    """Names as a list within a sentence: "a", "a and b", "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
