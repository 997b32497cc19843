"""C01-C04, M02 and T04: the carrier of each row, and whether its tracking number can be that carrier's.

Applies the table of carriers and the tracking forms to the rows of a file. Knows no dates and no orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cws_filedrop.rules import check_digits
from cws_filedrop.rules.carriers import OTHER, CarrierTable, is_none, is_other
from cws_filedrop.rules.columns import Mask, Sheet, Spread
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.rules.statuses import RequestedStatuses
from cws_filedrop.rules.tracking import Tracking

CODE: Final = "carrier-code"
NAME: Final = "carrier-name"
LONGEST: Final = 50  # docs/amazon.md#1-fulfillment
MOST_PAIRS: Final = 1 << 16  # of distinct codes and names; up to here counting into a table beats sorting the rows


class NamedCarrier(NamedTuple):
    """What is sent for one pair of cells (code, name), and what is wrong with it, by column."""

    code: str = ""
    name: str = ""
    troubles: tuple[tuple[str, Trouble], ...] = ()


@dataclass(frozen=True)
class CarrierLookup:
    """The table of carriers together with the seller's own names."""

    table: CarrierTable
    own: Mapping[str, str]

    def _unlisted(self, name: str, column: str) -> NamedCarrier:
        if len(name) > LONGEST:
            return NamedCarrier(OTHER, "", ((column, ("M02", str(len(name)))),))
        return NamedCarrier(OTHER, name, ((column, ("C02", name)),))

    def _one(self, typed: str, column: str) -> NamedCarrier | None:
        found = self.table.find(typed, self.own)
        if found is None:
            return None
        return NamedCarrier(found.code, "", () if found.exact else ((column, ("C04", f"mapped={found.code}")),))

    def _by_name(self, name: str, column: str) -> NamedCarrier:
        """A carrier given by name alone."""
        if is_none(name):
            return NamedCarrier("", "", ((column, ("C04", "none")),))
        if is_other(name):
            return NamedCarrier(OTHER, "", ((column, ("C03", "")),))
        return self._one(name, column) or self._unlisted(name, column)

    def _other(self, code: str, name: str) -> NamedCarrier:
        """A carrier that the seller declares not to be in the list."""
        if not name or is_none(name) or is_other(name):
            return NamedCarrier(OTHER, "", ((CODE, ("C03", "")),))
        if len(name) > LONGEST:
            return NamedCarrier(OTHER, "", ((NAME, ("M02", str(len(name)))),))
        mapped = () if code == OTHER else ((CODE, ("C04", f"mapped={OTHER}")),)
        return NamedCarrier(OTHER, name, mapped)

    def named(self, code: str, name: str) -> NamedCarrier:
        """The carrier that a code and a name stand for; both may be empty. A code that is understood decides alone."""
        if not code:
            return self._by_name(name, NAME) if name else NamedCarrier()
        if is_other(code):
            return self._other(code, name)
        if is_none(code):
            return self._by_name(name, NAME) if name else self._by_name(code, CODE)
        return self._one(code, CODE) or (self._by_name(name, NAME) if name else self._unlisted(code, CODE))


def _pairs(codes: Spread, names: Spread) -> tuple[npt.NDArray[np.int32], list[tuple[str, str]]]:
    """The distinct pairs of the two columns, and for each row which of them it has."""
    if len(names.texts) == 1:
        return codes.codes, [(text, names.texts[0]) for text in codes.texts]
    width = len(names.texts)
    joined = codes.codes.astype(np.int64) * width + names.codes
    if len(codes.texts) * width <= MOST_PAIRS:
        present = np.flatnonzero(np.bincount(joined))
        which = np.zeros(len(codes.texts) * width, np.int32)
        which[present] = np.arange(len(present))
        rows = which[joined]
    else:
        present, inverse = np.unique(joined, return_inverse=True)
        rows = inverse.astype(np.int32)
    return rows, [(codes.texts[pair // width], names.texts[pair % width]) for pair in present.tolist()]


@dataclass(frozen=True)
class Carriage:
    """Carrier code and name of each row, as sent."""

    codes: Spread
    names: Spread


def _note(findings: Findings, rows: npt.NDArray[np.int32], named: list[NamedCarrier], travels: Mask) -> None:
    for column in (CODE, NAME):
        seen = [next((trouble for where, trouble in one.troubles if where == column), None) for one in named]
        findings.add_troubles(column, Spread(rows, [one.code for one in named]), seen, travels)


def _inferred(sheet: Sheet, findings: Findings, tracking: Tracking, codes: Spread, shipped: Mask) -> Spread:
    """The codes, filled in where the tracking number can belong to one carrier only."""
    rows = np.flatnonzero(tracking.good & ~codes.given)
    if not len(rows):
        return codes
    guesses = check_digits.inferred(tracking.sent, rows)
    known = guesses != ""
    findings.add("C04", "tracking-number", rows[known], guesses[known].tolist())
    lost = rows[~known]
    lost = lost[shipped[lost]]
    findings.add("C01", CODE, lost, sheet["tracking-number"].texts(lost))
    texts = list(dict.fromkeys(chain(codes.texts, guesses.tolist())))
    filled = np.array([texts.index(text) for text in codes.texts], np.int32)[codes.codes]
    filled[rows] = [texts.index(text) for text in guesses.tolist()]
    return Spread(filled, texts)


def _check_numbers(findings: Findings, tracking: Tracking, codes: Spread) -> None:
    for at, carrier in enumerate(codes.texts):
        if carrier in check_digits.checked_carriers():
            rows = np.flatnonzero(tracking.good & (codes.codes == at))
            for wrong, detail in check_digits.mistyped(tracking.sent, rows, carrier):
                findings.add("T04", "tracking-number", wrong, detail)


def _merged(codes: Spread) -> Spread:
    """The same column with each text once: later steps take one place in `texts` for one carrier."""
    texts = list(dict.fromkeys(codes.texts))
    if len(texts) == len(codes.texts):
        return codes
    return Spread(np.array([texts.index(text) for text in codes.texts], np.int32)[codes.codes], texts)


def check(
    sheet: Sheet, findings: Findings, requested: RequestedStatuses, tracking: Tracking, lookup: CarrierLookup
) -> Carriage:
    """The carrier of each row that travels."""
    rows, pairs = _pairs(sheet[CODE].distinct, sheet[NAME].distinct)
    named = [lookup.named(code, name) for code, name in pairs]
    _note(findings, rows, named, requested.travels)
    codes = _merged(Spread(rows, [one.code for one in named]))
    codes = _inferred(sheet, findings, tracking, codes, requested.shipped)
    _check_numbers(findings, tracking, codes)
    return Carriage(codes, Spread(rows, [one.name for one in named]))
