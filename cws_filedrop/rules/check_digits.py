"""Forms of tracking numbers and their check digits, over whole columns (T04, and the carrier of C04).

The forms are data, in `data/tracking-forms.tsv`: the carriers that use a form, the form, how its check digit is
computed, and, where form and check digit leave no doubt, the only carrier it can belong to. Forms without a check digit
are listed so that their numbers are not called wrong. Only schemes that are public and certain are listed: a false
warning is worse than none. Knows numbers and carrier codes, no rows of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cws_filedrop.rules.columns import Column, Mask, Rows
from cws_filedrop.rules.forms import Block, Form, expand

Numbers: TypeAlias = npt.NDArray[np.int32]

# Carriers all of whose forms are listed: a number in none of them is worth a warning.
CLOSED: Final = frozenset({"UPS", "USPS", "FedEx", "FedEx SmartPost"})


# Forms of these that another carrier cannot have given: members of a group share forms, and what Amazon does not list
# may be anybody. Many deliver by USPS, so its forms tell only of carriers that surely do not.
TELLING: Final = {
    "UPS": ("Other", "UPSMI", "UPS Mail Innovations", "UPS Freight"),
    "FedEx": ("Other", "FedEx SmartPost", "FEDEX_JP", "AFL/Fedex"),
}
NEVER_BY_USPS: Final = frozenset(
    {
        "Royal Mail",
        "ROYAL_MAIL",
        "RMLGB",
        "Parcelforce",
        "DPD",
        "DPD Local",
        "GLS",
        "Hermes UK",
        "Hermes Logistik Gruppe",
        "Yodel",
        "Deutsche Post",
        "DHL-Paket",
        "Chronopost",
        "Colissimo",
        "La Poste",
        "Correos",
        "Seur",
        "MRW",
        "Poste Italiane",
        "BRT",
        "SDA",
        "AT POST",
        "Swiss post",
        "Post NL",
        "PostNL",
        "BPOST",
        "PostNord",
        "InPost",
        "Canada Post",
        "PUROLATOR",
        "OnTrac",
        "YAMATO",
        "YamatoTransport",
        "SAGAWA",
        "SagawaExpress",
        "Japan Post",
    }
)


def _to_ten(total: Numbers) -> Numbers:
    return (10 - total % 10) % 10


def _eleven_ten(total: Numbers) -> Numbers:
    return total % 11 % 10


def _seven(total: Numbers) -> Numbers:
    return total % 7


def _s10(total: Numbers) -> Numbers:
    left = total % 11
    return np.where(left == 0, 5, np.where(left == 1, 0, 11 - left)).astype(np.int32)


@dataclass(frozen=True)
class Check:
    """Weights repeat from the last checked digit to the left; `start` is the sum of digits that are not printed."""

    weights: Sequence[int]
    digit: Callable[[Numbers], Numbers]
    start: int = 0


CHECKS: Final = {
    "gs1": Check((3, 1), _to_ten),
    "gs1-91": Check((3, 1), _to_ten, start=28),  # computed with 91 in front, weights 3 and 1
    "gs1-92": Check((3, 1), _to_ten, start=29),
    "ups": Check((1, 2), _to_ten),
    "ontrac": Check((2, 1), _to_ten, start=4),  # C counts as 4
    "fedex": Check((1, 3, 7), _eleven_ten),
    "mod7": Check((1, 3, 2, 6, 4, 5), _seven),  # powers of ten, modulo 7
    "s10": Check((7, 9, 5, 3, 2, 4, 6, 8), _s10),  # UPU S10
}


@dataclass(frozen=True)
class TrackingForm:
    """One form of tracking number in one length."""

    carriers: frozenset[str]
    form: Form
    check: str  # key of CHECKS, or "" = none
    only: str  # the only carrier with this form, or ""
    name: str


@cache
def kinds() -> tuple[TrackingForm, ...]:
    """Every form we know."""
    rows = files("cws_filedrop.rules").joinpath("data", "tracking-forms.tsv").read_text(encoding="utf-8")
    cells = [row.split("\t") for row in rows.splitlines()[1:]]
    return tuple(
        TrackingForm(frozenset(carriers.split("|")), form, check, only, name)
        for carriers, written, check, only, name in cells
        for form in expand(written)
    )


@cache
def _kinds_of(carrier: str, size: int) -> tuple[TrackingForm, ...]:
    return tuple(kind for kind in kinds() if carrier in kind.carriers and kind.form.size == size)


@cache
def _telling(size: int) -> tuple[TrackingForm, ...]:
    return tuple(kind for kind in kinds() if kind.only and kind.form.size == size)


@cache
def checked_carriers() -> frozenset[str]:
    """The carriers that have any form here."""
    return frozenset().union(*(kind.carriers for kind in kinds()))


def _values(block: Block, form: Form) -> npt.NDArray[np.uint8]:
    """What each character counts: a digit itself, a letter as UPS counts it (A is 2, ... I is 0, J is 1)."""
    digits = block.bytes - np.uint8(48)
    if not form.letters.any():
        return digits
    letters = block.bytes - np.uint8(63)
    for _ in range(2):
        letters -= (letters >= 10).view(np.uint8) * np.uint8(10)
    return np.where(block.digit, digits, letters)


def check_digit_right(block: Block, kind: TrackingForm) -> Mask:
    """Which numbers of the block have the right check digit; all of them for a form that has none."""
    if not kind.check:
        return np.ones(len(block), np.bool_)
    check, at, start = CHECKS[kind.check], kind.form.check_at, kind.form.start
    size = at - start
    repeated = np.resize(np.array(check.weights, np.float32), size)[::-1]
    values = _values(block, kind.form)
    total = values[:, start:at].astype(np.float32) @ repeated + np.float32(check.start)
    right: Mask = check.digit(total.astype(np.int32)) == values[:, at]
    return right


@dataclass(frozen=True)
class FormMatch:
    """How numbers match forms: `formed` if they have one, `right` if its check digit fits too; `name` of the form."""

    formed: Mask
    right: Mask
    name: str


def _looks(block: Block, possible: Iterable[TrackingForm]) -> FormMatch:
    formed, right = np.zeros(len(block), np.bool_), np.zeros(len(block), np.bool_)
    name, left = "", np.arange(len(block))
    for kind in possible:
        part = block.part(left)
        fits = kind.form.match(part)
        if not fits.any():
            continue
        formed[left] |= fits
        right[left] = fits & check_digit_right(part, kind)
        name, left = name or kind.name, left[~right[left]]
        if not len(left):
            break
    return FormMatch(formed, right, name)


def _by_size(column: Column, rows: Rows) -> Iterable[tuple[int, Rows]]:
    sizes = column.sizes[rows]
    for size in np.unique(sizes).tolist():
        yield int(size), rows[sizes == size]


def mistyped(column: Column, rows: Rows, carrier: str) -> Iterable[tuple[Rows, str]]:
    """The rows whose number cannot be the carrier's, with the detail of T04 that says why."""
    if carrier not in checked_carriers():
        return
    for size, chosen in _by_size(column, rows):
        possible = _kinds_of(carrier, size)
        if not possible:
            if carrier in CLOSED:
                yield chosen, carrier
            continue
        looks = _looks(Block(column.words(chosen, size)), possible)
        if carrier in CLOSED:
            yield chosen[~looks.formed], carrier
        yield chosen[looks.formed & ~looks.right], f"check={looks.name}"


def of_others(column: Column, rows: Rows, carrier: str) -> Iterable[tuple[Rows, str]]:
    """The rows whose number can only be another carrier's, with that carrier."""
    # Of closed carriers all forms are known, so that `mistyped` has said so.
    if carrier in CLOSED or not any(_cannot_have(carrier, other) for other in ("USPS", *TELLING)):
        return
    for size, chosen in _by_size(column, rows):
        for kind in _telling(size):
            if _cannot_have(carrier, kind.only):
                block = Block(column.words(chosen, size))
                yield chosen[kind.form.match(block) & check_digit_right(block, kind)], kind.only


def _cannot_have(carrier: str, other: str) -> bool:
    """Can a number with a form of `other` not be the carrier's?"""
    return carrier in NEVER_BY_USPS if other == "USPS" else other in TELLING and carrier not in TELLING[other]


def inferred(column: Column, rows: Rows) -> npt.NDArray[np.object_]:
    """For each row the only carrier that its number can belong to, or ""."""
    carriers = np.full(len(column.sizes), "", dtype=object)
    for size, chosen in _by_size(column, rows):
        possible = _telling(size)
        if not possible:
            continue
        block = Block(column.words(chosen, size))
        for kind in possible:
            carriers[chosen[kind.form.match(block) & check_digit_right(block, kind)]] = kind.only
    return carriers[rows]
