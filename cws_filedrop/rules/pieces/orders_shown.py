"""What Amazon's own order shows of the packages that Amazon was told of (docs/amazon.md#9-orders-api).

Pure: an order as Amazon shows it and packages as they were told, in; a word for each package, out. Whatever is in doubt
is `other`: only `shown` may be called confirmed, and only `unshipped` may be told again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class ShownItem(Protocol):
    """An order line at Amazon, in units."""

    @property
    def item_code(self) -> str: ...
    @property
    def ordered(self) -> int: ...
    @property
    def shipped(self) -> int: ...
    @property
    def cancelled(self) -> int: ...


class ShownPackage(Protocol):
    """A package at Amazon; `items` are (item code, units), empty where Amazon does not say."""

    @property
    def tracking(self) -> str: ...
    @property
    def items(self) -> Sequence[tuple[str, int]]: ...


class ShownOrder(Protocol):
    """An order at Amazon (marketplaces.orders_api.AmazonOrder)."""

    @property
    def items(self) -> Sequence[ShownItem]: ...
    @property
    def packages(self) -> Sequence[ShownPackage]: ...


class ReportedPackage(Protocol):
    """A package that Amazon was told of: `item` "" = the whole order, `quantity` None = all units of it."""

    @property
    def item(self) -> str: ...
    @property
    def tracking(self) -> str: ...
    @property
    def quantity(self) -> int | None: ...


class Showing(StrEnum):
    """What an order shows of one package."""

    SHOWN = "shown"  # its number, or, if it was told without one, its units
    OTHER = "other"  # units of it are shipped, but with other numbers or none, or fewer than were told
    UNSHIPPED = "unshipped"  # plainly not: all its units are still to be shipped
    CANCELLED = "cancelled"  # nothing of it is shipped, and less than was told is left to ship
    NO_ORDER = "no order"  # Amazon knows no such order


def showings(told: Sequence[ReportedPackage], order: ShownOrder | None) -> list[Showing]:
    """What the order shows of each of these packages, which are all that it was told of.

    No shipped unit stands for two packages: those told without a number share what is shipped beside numbers of ours,
    the first of them first.
    """
    if order is None:
        return [Showing.NO_ORDER] * len(told)
    free = _without_our_numbers(told, order)
    return [_by_number(one, order) if one.tracking else _by_units(one, order, free) for one in told]


def units_shown(told: ReportedPackage, order: ShownOrder) -> bool:
    """Are as many units as were told shipped, in whatever package?"""
    items = _items(told, order)
    return bool(items) and all(item.shipped >= _wanted(told, item) for item in items)


def plain_number(tracking: str) -> str:
    """A tracking number without blanks, hyphens and case."""
    return "".join(letter for letter in tracking.upper() if letter.isalnum())


def _items(told: ReportedPackage, order: ShownOrder) -> list[ShownItem]:
    return [item for item in order.items if told.item in ("", item.item_code)]


def _wanted(told: ReportedPackage, item: ShownItem) -> int:
    """How many units of an item were told, as far as they can be shipped."""
    rest = item.ordered - item.cancelled
    return rest if told.quantity is None or not told.item else min(told.quantity, rest)


def _by_number(told: ReportedPackage, order: ShownOrder) -> Showing:
    number = plain_number(told.tracking)
    same = [one for one in order.packages if plain_number(one.tracking) == number]
    if not same:
        return _not_there(told, order)
    return Showing.SHOWN if any(not one.items for one in same) or _holds(told, same, order) else Showing.OTHER


def _holds(told: ReportedPackage, packages: Sequence[ShownPackage], order: ShownOrder) -> bool:
    """Do these packages hold what was told? Where no number of units was, the item's being there is enough."""
    held: Counter[str] = Counter()
    for one in packages:
        held.update(dict(one.items))
    if not told.item or told.quantity is None:
        return held[told.item] > 0 if told.item else bool(held)
    return held[told.item] >= max(1, min((_wanted(told, item) for item in _items(told, order)), default=1))


def _by_units(told: ReportedPackage, order: ShownOrder, free: Counter[str]) -> Showing:
    items = _items(told, order)
    wanted = {item.item_code: _wanted(told, item) for item in items}
    if any(wanted.values()) and all(free[code] >= units for code, units in wanted.items()):
        free.subtract(wanted)
        return Showing.SHOWN
    return Showing.OTHER if any(free[code] > 0 for code in wanted) else _not_there(told, order)


def _not_there(told: ReportedPackage, order: ShownOrder) -> Showing:
    """What to make of a package that is not among those shown."""
    items = _items(told, order)
    told_units = [told.quantity if told.quantity and told.item else item.ordered for item in items]
    left = [item.ordered - item.shipped - item.cancelled for item in items]
    if items and all(rest >= units for rest, units in zip(left, told_units, strict=True)):
        return Showing.UNSHIPPED
    return Showing.OTHER if not items or any(item.shipped for item in items) else Showing.CANCELLED


def _without_our_numbers(told: Sequence[ReportedPackage], order: ShownOrder) -> Counter[str]:
    """Shipped units by item, without those in packages that bear one of the numbers told."""
    numbers = {plain_number(one.tracking) for one in told if one.tracking}
    free = Counter({item.item_code: item.shipped for item in order.items})
    for one in order.packages:
        if plain_number(one.tracking) in numbers:
            free.subtract(dict(one.items))
    return free
