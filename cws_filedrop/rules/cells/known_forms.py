"""Single texts against the forms of `check_digits`, for the few cells that need a close look. Knows no columns."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import numpy as np

from cws_filedrop.rules.check_digits import CHECKS, TrackingForm, kinds

SIGNS: Final = {"#": "[0-9]", "@": "[A-Z]", "*": "[0-9A-Z]", "=": "[0-9]"}


@cache
def _checked(size: int) -> tuple[tuple[TrackingForm, re.Pattern[str]], ...]:
    """The forms of one size that have a check digit."""
    found = [kind for kind in kinds() if kind.check and kind.form.size == size]
    return tuple((kind, re.compile("".join(SIGNS.get(sign, sign) for sign in kind.form.signs))) for kind in found)


def _value(character: str) -> int:
    """What a character counts: a digit itself, a letter as UPS counts it (A is 2, … I is 0, J is 1)."""
    return int(character) if character.isdigit() else (ord(character) - 63) % 10


def _right(number: str, kind: TrackingForm) -> bool:
    check, at = CHECKS[kind.check], kind.form.check_at
    values = [_value(one) for one in reversed(number[kind.form.start : at])]
    total = check.start + sum(one * check.weights[place % len(check.weights)] for place, one in enumerate(values))
    return int(check.digit(np.array(total, np.int32))) == int(number[at])


def proven(text: str) -> list[TrackingForm]:
    """The forms that a text has, each with the right check digit; case does not matter."""
    number = text.upper()
    if not number.isascii():
        return []
    return [kind for kind, form in _checked(len(number)) if form.fullmatch(number) and _right(number, kind)]


def is_proven(text: str) -> bool:
    """Does a check digit prove that the text is a tracking number?"""
    return bool(proven(text))


def is_telling(text: str) -> bool:
    """The same for a form that not every tenth number of its length has: with letters, or digits that are fixed."""
    return any(set(kind.form.signs) - set("#=") for kind in proven(text))
