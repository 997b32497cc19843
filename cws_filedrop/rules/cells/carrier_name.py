"""C02 and C03 of one cell: what cannot be the name of a carrier, and which name of Amazon's list it may be.

Certain is a listed name, or another name of it, with nothing beside it that changes the carrier: a country, a shop
system, a kind of company, or the same carrier again in brackets. Anything nearer or farther is a suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final

from cws_filedrop.rules.carriers import folded
from cws_filedrop.rules.cells.kinds import CellKind, kind_of
from cws_filedrop.rules.cells.known_forms import is_proven

Find = Callable[[str], str]  # the code of Amazon's list that a name means, or ""
BRACKETS: Final = re.compile(r"\s*[(\[]([^)\]]*)[)\]]\s*")
GAPS: Final = re.compile(r"[\s_/.,\-–|:]+")
INITIALS: Final = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b|\s|$)")  # the points of S.p.A.
VERSION: Final = re.compile(r"(?<=[^\W\d_])v[0-9]$", re.IGNORECASE)
WEB: Final = re.compile(r"(?:https?://)?(?:www\.)?([^/\s]+)(?:/.*)?", re.IGNORECASE)
SITE: Final = re.compile(r"(?:.*\.)?([a-z0-9-]+)\.(?:com?\.)?(?:com|[a-z]{2})", re.IGNORECASE)
NUMBERS: Final = re.compile(r"[0-9]")
OF_A_NUMBER: Final = 6  # digits; no carrier has as many in its name
LEAST: Final = 3  # letters of a name that is looked for within a longer one
NEAR: Final = 0.84


@cache
def _additions() -> frozenset[str]:
    rows = files("cws_filedrop.rules").joinpath("data", "carrier-additions.tsv").read_text(encoding="utf-8")
    return frozenset(folded(row) for row in rows.splitlines() if not row.startswith("#"))


def no_name(text: str) -> str:
    """Why a text is no carrier's name, as the kind of C03; "" if it may be one."""
    kind = kind_of(text)
    if kind is not None and kind is not CellKind.ADDRESS:
        return "tracking" if kind is CellKind.ORDER else kind.value
    if is_proven("".join(text.split())) or len(NUMBERS.findall(text)) >= OF_A_NUMBER:
        return "tracking"
    return "" if any(one.isalpha() for one in text) else "amount"


def _words(text: str) -> list[str]:
    return [VERSION.sub("", word) for word in GAPS.split(INITIALS.sub("", text)) if word]


def _plain(text: str) -> str:
    """The name without additions; "" if too little is left of it."""
    words = [word for word in _words(text) if folded(word) not in _additions()]
    name = " ".join(words)
    return name if len(folded(name)) >= LEAST else ""


def _without_brackets(text: str) -> tuple[str, list[str]]:
    return BRACKETS.sub(" ", text).strip(), [found for found in BRACKETS.findall(text) if found.strip()]


def _sites(host: str) -> tuple[str, str]:
    """The address of a web site, and its owner's name in it: of ups.com, and of dhl.co.uk."""
    owner = SITE.fullmatch(host)
    return host, owner[1] if owner else ""


def _meanings(text: str, find: Find) -> list[str]:
    """What the name means, and what the brackets beside it mean, if that is known."""
    outside, inside = _without_brackets(text)
    web = WEB.fullmatch(outside)
    tries = (outside, _plain(outside), *(_sites(web[1]) if web else ()))
    own = next((code for one in tries if one and (code := find(one))), "")
    return [own, *(code for part in inside if (code := find(part) or find(_plain(part))))] if own else []


def certain(text: str, find: Find) -> str:
    """The code that a name plainly means, though it is not written as on the list; "" if none."""
    found = set(_meanings(text, find))
    return found.pop() if len(found) == 1 else ""


def nearest(text: str, find: Find, known: Iterable[str]) -> str:
    """The code that a name may mean: of its first words, or of one of the `known` names (folded) that is near."""
    if found := _meanings(text, find):
        return found[0]
    words = _words(_without_brackets(text)[0])
    starts = (" ".join(words[:count]) for count in range(len(words) - 1, 0, -1))
    if code := next((code for start in starts if len(folded(start)) >= LEAST and (code := find(start))), ""):
        return code
    name = folded(text)
    alike = [one for one in known if one[:1] == name[:1] and abs(len(one) - len(name)) <= 2]
    close = get_close_matches(name, alike, n=1, cutoff=NEAR) if len(name) > LEAST else []
    return find(close[0]) if close else ""
