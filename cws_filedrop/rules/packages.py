"""O05, O07, Q02, Q03 against the order book: is a shipped row the same again, another package, or a correction?

Idempotence is by meaning (docs/domain.md#4-shipments): order, item and tracking number. An order's packages are what
was confirmed of it before or is on its way to Amazon. A row of the same order line

- with the tracking number of one of them is a duplicate (O05);
- with another number, while units are left to ship, is another package;
- with another number, when no units are left, corrects the package of the same quantity (O07), or the only package;
- and otherwise ships more than was ordered (Q02), or does not say which package it corrects (Q03).

A package of the whole order counts for each of its items. Where the ordered quantity is not known, another tracking
number is taken for a correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cws_filedrop.rules.book import KnownOrder, Package
from cws_filedrop.rules.columns import Mask
from cws_filedrop.rules.findings import Findings


class RowFinding(NamedTuple):
    """The issue to report for a row, and the tracking numbers of the packages that it corrects."""

    code: str
    column: str
    detail: str
    corrects: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShippedRow:
    """One shipped row of a known order. `quantity` is None where none is given; `in_file` counts the units of this
    order line in the whole file, including those in its other packages."""

    order: KnownOrder
    item: str
    tracking: str
    quantity: int | None
    in_file: int | None = None

    @property
    def ordered(self) -> int | None:
        """How many units of the item were ordered; None when not known, or for a whole order."""
        return self.order.items.get(self.item) if self.item else None


@dataclass
class PackageOutcomes:
    """The rows that are duplicates, and those that correct packages, by row."""

    duplicates: list[int] = field(default_factory=list)
    corrections: dict[int, tuple[str, ...]] = field(default_factory=dict)


def check(
    findings: Findings,
    found: Sequence[KnownOrder | None],
    shipped: Mask,
    *,
    items: Sequence[str],
    numbers: Sequence[str],
    quantities: Sequence[str],
    totals: Mapping[int, int],
) -> PackageOutcomes:
    """Note what is wrong or worth saying. `totals` has `in_file`, by row."""
    outcomes, noted = PackageOutcomes(), defaultdict[tuple[str, str], list[tuple[int, str]]](list)
    for place in np.flatnonzero(shipped & ~findings.rejected).tolist():
        order = found[place]
        if order is None:
            continue
        quantity = int(quantities[place]) if quantities[place] else None
        if not order.packages and (quantity or 0) <= (order.items.get(items[place]) or 0) and place not in totals:
            continue  # the first package, within what was ordered: most rows, and the rest takes ten times as long
        said = judged(ShippedRow(order, items[place], numbers[place], quantity, totals.get(place, quantity)))
        if said is None:
            continue
        noted[said.code, said.column].append((place, said.detail))
        if said.code == "O05":
            outcomes.duplicates.append(place)
        if said.corrects:
            outcomes.corrections[place] = said.corrects
    for (code, column), rows in noted.items():
        findings.add(code, column, np.array([row for row, _ in rows], np.int64), [detail for _, detail in rows])
    return outcomes


def judged(row: ShippedRow) -> RowFinding | None:
    """The issue to report for one row; None when there is none."""
    same = [one for one in row.order.packages if one.tracking == row.tracking and one.item in (row.item, "")]
    if same:
        return _again(same[-1])
    standing = [one for one in row.order.packages if not one.corrected_by]
    return _of_item(row, standing) if row.item else _of_all(row, standing)


def _again(same: Package) -> RowFinding:
    if same.corrected_by:
        return RowFinding("O05", "order-id", f"corrected={same.source}; {same.corrected_by} has corrected it since")
    return RowFinding("O05", "order-id", same.source)


def _of_all(row: ShippedRow, earlier: Sequence[Package]) -> RowFinding | None:
    """A row for the whole order."""
    if not earlier:
        return None
    if all(not one.item for one in earlier):
        return _correction(row, earlier)
    if row.order.items and set(row.order.items) <= {one.item for one in earlier}:
        if all(one.tracking == row.tracking for one in earlier):
            return RowFinding("O05", "order-id", earlier[-1].source)
        return _correction(row, earlier)
    return RowFinding("Q03", "order-item-id", f"rest={earlier[-1].source}")


def _of_item(row: ShippedRow, standing: Sequence[Package]) -> RowFinding | None:
    """A row for an item of the order."""
    mine = [one for one in standing if one.item == row.item]
    if not mine:
        whole = [one for one in standing if not one.item]
        return _correction(row, whole[-1:]) if whole else _too_much(row, 0)
    sent = _sum(mine, row.ordered)
    if row.quantity is None:
        return _without_quantity(row, mine, sent)
    if row.ordered is None or sent is None:
        return _correction(row, mine[-1:])
    if (row.in_file or row.quantity) <= row.ordered - sent:
        return None
    alike = [one for one in mine if (one.quantity or row.ordered) == row.quantity]
    return _correction(row, alike[-1:]) if alike else _too_much(row, sent)


def _without_quantity(row: ShippedRow, mine: Sequence[Package], sent: int | None) -> RowFinding:
    """A row that does not say how much is in the package: all of it is meant, if that makes sense."""
    if len(mine) > 1 or (row.ordered is not None and sent is not None and sent < row.ordered):
        return RowFinding("Q03", "quantity", f"earlier={mine[-1].source}")
    return _correction(row, mine)


def _too_much(row: ShippedRow, sent: int) -> RowFinding | None:
    wanted = row.in_file or row.quantity
    if row.ordered is None or wanted is None or wanted <= row.ordered - sent:
        return None
    parts = [f"{row.ordered} ordered", f"{sent} confirmed or on the way" if sent else ""]
    if wanted != row.quantity:
        parts.append(f"{wanted} in this file")
    return RowFinding("Q02", "quantity", ", ".join(filter(None, parts)))


def _correction(row: ShippedRow, corrected: Sequence[Package]) -> RowFinding:
    before = " and ".join(dict.fromkeys(one.tracking or "no tracking number" for one in corrected))
    detail = f"{before} before ({corrected[-1].source}), {row.tracking or 'none'} now"
    return RowFinding(
        "O07", "tracking-number", detail, tuple(one.tracking for one in corrected if one.item == row.item)
    )


def _sum(packages: Sequence[Package], ordered: int | None) -> int | None:
    """How many units some packages hold; None when not known."""
    total = 0
    for one in packages:
        count = ordered if one.quantity is None else one.quantity
        if count is None:
            return None
        total += count
    return total
