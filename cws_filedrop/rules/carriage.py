"""C01-C04, M02 and T04: the carrier of each row, and whether its tracking number can be that carrier's.

Applies the table of carriers and the tracking forms to the rows of a file. Knows no dates and no orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cws_filedrop.rules import check_digits
from cws_filedrop.rules.carriers import OTHER, CarrierTable, is_none, is_other
from cws_filedrop.rules.cells import carrier_name
from cws_filedrop.rules.columns import Cells, Mask, Rows, Sheet, Spread
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.rules.statuses import RequestedStatuses
from cws_filedrop.rules.tracking import Tracking

CODE: Final = "carrier-code"
NAME: Final = "carrier-name"
LONGEST: Final = 50  # docs/amazon.md#1-fulfillment
OWN: Final = frozenset(
    {OTHER, "Self Delivery", "Consegna Mezzi Propri", "Mezzi propri", "Interno"}
)  # may number freely
MOST_SUGGESTED: Final = 500  # distinct names of a piece that a near name is looked for; more are no typing errors
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
        if kind := carrier_name.no_name(name):
            return NamedCarrier(OTHER, "", ((column, ("C03", kind)),))
        return NamedCarrier(OTHER, name, ((column, ("C02", name)),))

    def _code(self, name: str) -> str:
        found = self.table.find(name, self.own)
        return found.code if found else ""

    def _one(self, typed: str, column: str) -> NamedCarrier | None:
        found = self.table.find(typed, self.own)
        code = found.code if found else carrier_name.certain(typed, self._code)
        if not code or is_other(code):  # which says nothing without a name
            return None
        exact = found is not None and found.exact
        return NamedCarrier(code, "", () if exact else ((column, ("C04", f"mapped={code}")),))

    def suggested(self, one: NamedCarrier) -> NamedCarrier:
        """The same, with the name of Amazon's list that an unlisted one may stand for."""
        known = (*self.table.folds, *self.table.aliases)
        troubles = tuple((column, self._near(trouble, known)) for column, trouble in one.troubles)
        return one._replace(troubles=troubles)

    def _near(self, trouble: Trouble, known: tuple[str, ...]) -> Trouble:
        code, name = trouble
        near = carrier_name.nearest(name, self._code, known) if code == "C02" else ""
        return (code, f"near={near}") if near and not is_other(near) else trouble

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
        if kind := carrier_name.no_name(name):
            return NamedCarrier(OTHER, "", ((NAME, ("C03", kind)),))
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


@dataclass(frozen=True)
class GivenCarriers:
    """The carriers as the rows name them: the distinct pairs of cells, what each stands for, and which a row has."""

    rows: npt.NDArray[np.int32]
    pairs: Sequence[tuple[str, str]]
    named: Sequence[NamedCarrier]

    @property
    def own(self) -> Mask:
        """The rows whose parcels may go by numbers of the seller's own."""
        flags = [one.code in OWN or not any(pair) for one, pair in zip(self.named, self.pairs, strict=True)]
        return np.array(flags, np.bool_)[self.rows]

    @property
    def numbers(self) -> Spread:
        """For each row the cell that holds a tracking number in place of a carrier's name, or ""."""
        cells = [
            next((pair[column == NAME] for column, (_, kind) in one.troubles if kind == "tracking"), "")
            for one, pair in zip(self.named, self.pairs, strict=True)
        ]
        return Spread(self.rows, cells)


def given(sheet: Sheet, lookup: CarrierLookup) -> GivenCarriers:
    """The carriers that the rows name."""
    rows, pairs = _pairs(sheet[CODE].distinct, sheet[NAME].distinct)
    named = [lookup.named(code, name) for code, name in pairs]
    if len(pairs) <= MOST_SUGGESTED:
        named = [lookup.suggested(one) for one in named]
    return GivenCarriers(rows, pairs, named)


def _note(findings: Findings, carriers: GivenCarriers, travels: Mask) -> None:
    cells = Spread(carriers.rows, [one.code for one in carriers.named])
    for column in (CODE, NAME):
        seen = [next((trouble for at, trouble in one.troubles if at == column), None) for one in carriers.named]
        findings.add_troubles(column, cells, seen, travels)


def _inferred(sheet: Sheet, findings: Findings, tracking: Tracking, codes: Spread, shipped: Mask) -> Spread:
    """The codes, filled in where the tracking number can belong to one carrier only."""
    rows = np.flatnonzero(tracking.good & ~codes.given)
    if not len(rows):
        return codes
    guesses = check_digits.inferred(tracking.bare, rows)
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
    """Note numbers that their carrier cannot have given (T04)."""
    for at, carrier in enumerate(codes.texts):
        if not carrier:
            continue
        rows = np.flatnonzero(tracking.good & (codes.codes == at))
        for wrong, detail in check_digits.mistyped(tracking.bare, rows, carrier):
            findings.add("T04", "tracking-number", wrong, detail)
        for wrong, other in check_digits.of_others(tracking.bare, rows, carrier):
            findings.add("T04", "tracking-number", wrong, f"other={other}")


def _merged(codes: Spread) -> Spread:
    """The same column with each text once: later steps take one place in `texts` for one carrier."""
    texts = list(dict.fromkeys(codes.texts))
    if len(texts) == len(codes.texts):
        return codes
    return Spread(np.array([texts.index(text) for text in codes.texts], np.int32)[codes.codes], texts)


def check(
    sheet: Sheet, findings: Findings, requested: RequestedStatuses, tracking: Tracking, carriers: GivenCarriers
) -> Carriage:
    """The carrier of each row that travels."""
    _note(findings, carriers, requested.travels)
    codes = _merged(Spread(carriers.rows, [one.code for one in carriers.named]))
    codes = _inferred(sheet, findings, tracking, codes, requested.shipped)
    _check_numbers(findings, tracking, codes)
    return Carriage(codes, Spread(carriers.rows, [one.name for one in carriers.named]))


def check_given(findings: Findings, rows: Rows, codes: Cells, numbers: Cells) -> None:
    """Note the rows, of those that go to Amazon, that send neither a carrier nor a tracking number (C01)."""
    sent = zip(rows.tolist(), codes.pick(rows).to_pylist(), numbers.pick(rows).to_pylist(), strict=True)
    bare = [row for row, code, number in sent if not code and not number]
    findings.add("C01", CODE, np.array(bare, np.int64), "nothing")
