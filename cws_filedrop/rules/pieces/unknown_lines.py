"""Lines of which nobody knows whether Amazon has them: what its own order says for certain. Pure.

An order that accounts for every shipped unit by a package of another number is as certain as one that shows ours: the
line is not there. Whether it can still go depends on the units that are left. Where packages do not say what they hold,
nothing is certain (docs/domain.md#10-orders).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from cws_filedrop.model import Verdict
from cws_filedrop.rules.pieces.already_shipped import RefusedAsShipped, judged
from cws_filedrop.rules.pieces.orders_shown import (
    ReportedPackage,
    Showing,
    ShownItem,
    ShownOrder,
    ShownPackage,
    plain_number,
)

UNCERTAIN: Final = "its packages do not say which units they hold, so nobody can tell whether ours is among them"


def is_not_there(told: ReportedPackage, order: ShownOrder) -> bool:
    """Does the order account for all shipped units of the package's items by packages that are not it?"""
    if any(_may_be(told, one) for one in order.packages):
        return False
    held: Counter[str] = Counter()
    for one in order.packages:
        held.update(dict(one.items))
    items = _items(told, order)
    return bool(items) and all(held[item.item_code] == item.shipped for item in items)


def without_room(
    told: ReportedPackage, ours: Sequence[ReportedPackage], order: ShownOrder | None
) -> RefusedAsShipped | None:
    """What became of a package that is not there and cannot come there any more, since too few units are left.

    None while it may still be sent, or nothing is certain. `ours` are packages of the order that Amazon has of us.
    """
    if order is None or not is_not_there(told, order) or _has_room(told, order):
        return None
    if not any(item.ordered - item.cancelled for item in _items(told, order)):
        return RefusedAsShipped(Verdict.UNCONFIRMED, "Amazon's own order is cancelled: nothing of it can be shipped")
    return judged(told, ours, order)


def cancellation_shown(items: Sequence[str], order: ShownOrder | None) -> Showing:
    """What an order shows of the cancellation of these items."""
    if order is None:
        return Showing.NO_ORDER
    mine = [one for one in order.items if one.item_code in items]
    if mine and all(one.cancelled >= one.ordered for one in mine):
        return Showing.SHOWN
    touched = not mine or any(one.shipped or one.cancelled for one in mine)
    return Showing.OTHER if touched else Showing.UNSHIPPED


def shipped_instead(items: Sequence[str], order: ShownOrder | None) -> RefusedAsShipped | None:
    """That a cancellation cannot have happened, since units are shipped; None if that is not so."""
    mine = [one for one in (order.items if order else ()) if one.item_code in items]
    if not (shipped := sum(one.shipped for one in mine)):
        return None
    words = f"it is not cancelled: Amazon's own order has {shipped} of {sum(one.ordered for one in mine)} shipped"
    return RefusedAsShipped(Verdict.UNCONFIRMED, words)


def _items(told: ReportedPackage, order: ShownOrder) -> list[ShownItem]:
    return [item for item in order.items if told.item in ("", item.item_code)]


def _may_be(told: ReportedPackage, package: ShownPackage) -> bool:
    """Could that be the package? Its number is the same, and it holds the item, or does not say what it holds."""
    same = plain_number(told.tracking) == plain_number(package.tracking)
    return same and (not told.item or not package.items or told.item in dict(package.items))


def _has_room(told: ReportedPackage, order: ShownOrder) -> bool:
    left = sum(item.ordered - item.shipped - item.cancelled for item in _items(told, order))
    return left >= (told.quantity or 1 if told.item else 1)
