"""O05, O07, O08, O09, Q02, Q03 against the order book: is a shipped row the same again, another package, or other data?

Idempotence is by meaning (docs/domain.md#4-shipments): order, item and tracking number. What was told of an order
before are its packages; those that Amazon refused or never had count for nothing here. A row of the same order line

- with the tracking number of one of them is a duplicate (O05), whatever else differs; with another quantity it is other
  data for that package, or Q02 once Amazon has confirmed that;
- with another number, while units are left to ship, is another package;
- with another number, when no units are left, is other data for the package of the same quantity, or the only package;
  without a number it is a duplicate, since a blank corrects nothing;
- and otherwise ships more than was ordered (Q02), or does not say which package it means (Q03).

Other data take the place of a line that was not sent yet (O08), wait for the answer to one that was (O09), and correct
what Amazon has confirmed (O07). A package of the whole order counts for each of its items. Where the ordered quantity
is not known, another tracking number is taken for other data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from cws_filedrop.rules.book import KnownOrder, LinePlace, Package, PackageStanding
from cws_filedrop.rules.columns import Mask
from cws_filedrop.rules.findings import Findings

VOID: Final = (PackageStanding.REFUSED, PackageStanding.WITHDRAWN)


class RowFinding(NamedTuple):
    """The issue to report for a row, the tracking numbers of the packages that it corrects, the lines that it replaces,
    and the line whose answer it waits for."""

    code: str
    column: str
    detail: str
    corrects: tuple[str, ...] = ()
    replaces: tuple[LinePlace, ...] = ()
    waits_for: LinePlace | None = None
    meant: tuple[Package, ...] = ()  # the packages for which it has other data


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
    """The rows that are duplicates; and those that correct packages, replace lines, or wait for one, by row."""

    duplicates: list[int] = field(default_factory=list)
    corrections: dict[int, tuple[str, ...]] = field(default_factory=dict)
    replaced: dict[int, tuple[LinePlace, ...]] = field(default_factory=dict)
    waiting: dict[int, LinePlace] = field(default_factory=dict)

    def add(self, row: int, found: RowFinding) -> None:
        """Note what was found of a row."""
        if found.code == "O05":
            self.duplicates.append(row)
        if found.corrects:
            self.corrections[row] = found.corrects
        if found.replaces:
            self.replaced[row] = found.replaces
        if found.waits_for:
            self.waiting[row] = found.waits_for


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
        if said is not None:
            noted[said.code, said.column].append((place, said.detail))
            outcomes.add(place, said)
    for (code, column), rows in noted.items():
        findings.add(code, column, np.array([row for row, _ in rows], np.int64), [detail for _, detail in rows])
    return outcomes


def judged(row: ShippedRow) -> RowFinding | None:
    """The issue to report for one row; None when there is none."""
    told = [one for one in row.order.packages if one.standing not in VOID]
    same = [one for one in told if one.item in (row.item, "") and alike(one.tracking, row.tracking)]
    if same and not _other_quantity(row, same[-1]):
        return _again(same[-1])
    return _decided(row, told, same[-1] if same else None)


def alike(tracking: str, other: str) -> bool:
    """Are these the same tracking number? Some systems write them in capitals, some do not."""
    return tracking.casefold() == other.casefold()


def _other_quantity(row: ShippedRow, same: Package) -> bool:
    if not row.item or not same.item or same.corrected_by:
        return False
    return same.quantity is not None and row.quantity is not None and same.quantity != row.quantity


_AGAIN: Final = {
    PackageStanding.IN_WAIT: "waits",
    PackageStanding.QUEUED: "queued",
    PackageStanding.SENT: "sent",
    PackageStanding.UNKNOWN: "unknown",
    PackageStanding.CONFIRMED: "confirmed",
}


def _again(same: Package) -> RowFinding:
    if same.corrected_by:
        return RowFinding("O05", "order-id", f"corrected={same.source}; {same.corrected_by} has corrected it since")
    return RowFinding("O05", "order-id", f"{_AGAIN[same.standing]}={same.source}")


def _decided(row: ShippedRow, told: Sequence[Package], same: Package | None) -> RowFinding | None:
    """The finding for a row that repeats no package as it is, by how far what it has other data for has come."""
    counted = [one for one in told if one.standing is not PackageStanding.IN_WAIT and not one.corrected_by]
    found = _other_pieces(row, counted, same) if same else _of_item(row, counted) if row.item else _of_all(row, counted)
    if found is None or not found.meant:
        return found
    waiting = [one for one in told if one.standing is PackageStanding.IN_WAIT and one.item == row.item]
    if not row.tracking:
        return RowFinding("O05", "order-id", f"blank={found.meant[-1].source}, with {_numbers(found.meant)}")
    if unsent := [one for one in found.meant if one.standing is PackageStanding.QUEUED]:
        return _instead(row, told, [*waiting, *unsent], same)
    if undecided := [one for one in found.meant if one.standing.is_undecided]:
        last = undecided[-1]
        kind = "unknown=" if last.standing is PackageStanding.UNKNOWN else ""
        places = tuple(one.place for one in waiting)
        return RowFinding("O09", "tracking-number", f"{kind}{last.source}", (), places, last.place)
    return found._replace(replaces=tuple(one.place for one in waiting))


def _instead(
    row: ShippedRow, told: Sequence[Package], unsent: Sequence[Package], same: Package | None
) -> RowFinding | None:
    """The finding for a row that takes the place of lines which were not sent yet: as if these had never been there."""
    gone = {one.source for one in unsent}
    left = [
        replace(one, corrected_by="") if one.corrected_by in gone else one for one in told if one.source not in gone
    ]
    places = tuple(one.place for one in unsent)
    found = _decided(row, left, None if same in unsent else same)
    if found is None:
        return RowFinding("O08", "tracking-number", f"{unsent[-1].source}, with {_numbers(unsent)}", (), places)
    return found._replace(replaces=(*places, *found.replaces)) if found.code in ("O07", "O09") else found


def _of_all(row: ShippedRow, earlier: Sequence[Package]) -> RowFinding | None:
    """A row for the whole order."""
    if not earlier:
        return None
    if all(not one.item for one in earlier):
        return _correction(row, earlier)
    if row.order.items and set(row.order.items) <= {one.item for one in earlier}:
        if all(alike(one.tracking, row.tracking) for one in earlier):
            return _again(earlier[-1])
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


def _other_pieces(row: ShippedRow, standing: Sequence[Package], same: Package) -> RowFinding | None:
    """A row with another quantity for a package that was told before."""
    if same.standing is PackageStanding.CONFIRMED:  # told again, Amazon would count its pieces twice
        return RowFinding("Q02", "quantity", f"package={same.quantity} in {same.tracking or 'it'} ({same.source})")
    others = [one for one in standing if one.item == row.item and one is not same]
    return _too_much(row, _sum(others, row.ordered) or 0) or _correction(row, [same])


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


def _correction(row: ShippedRow, meant: Sequence[Package]) -> RowFinding:
    detail = f"{_numbers(meant)} before ({meant[-1].source}), {row.tracking or 'none'} now"
    corrects = tuple(one.tracking for one in meant if one.item == row.item)
    return RowFinding("O07", "tracking-number", detail, corrects, meant=tuple(meant))


def _numbers(packages: Sequence[Package]) -> str:
    return " and ".join(dict.fromkeys(one.tracking or "no tracking number" for one in packages))


def _sum(packages: Sequence[Package], ordered: int | None) -> int | None:
    """How many units some packages hold; None when not known."""
    total = 0
    for one in packages:
        count = ordered if one.quantity is None else one.quantity
        if count is None:
            return None
        total += count
    return total
