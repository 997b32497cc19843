"""18021: Amazon refused units because no more are left to ship. What its own order shows says what that means.

Pure: the package as it was told, the packages that Amazon has accepted of us, and the order as Amazon shows it, in; a
verdict and a sentence out (docs/domain.md#10-orders).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cws_filedrop.model import Verdict
from cws_filedrop.rules.pieces.orders_shown import ReportedPackage, Showing, ShownOrder, plain_number, showings


class RefusedAsShipped(NamedTuple):
    """What became of a package that Amazon refused as shipped before."""

    verdict: Verdict
    words: str


def judged(told: ReportedPackage, ours: Sequence[ReportedPackage], order: ShownOrder | None) -> RefusedAsShipped:
    """Whether Amazon had the package already; `ours` are the other packages of the order that it accepted."""
    if order is None:
        return RefusedAsShipped(Verdict.UNCONFIRMED, "Amazon has no order of that number")
    if told.tracking and showings([told], order) == [Showing.SHOWN]:
        words = "Amazon had it already: its own order shows this package"
        return RefusedAsShipped(Verdict.CONFIRMED, words)
    wanted, free = _wanted(told, order), _free(ours, order)
    if wanted and all(free[item] >= units for item, units in wanted.items()):
        other = _numbers(ours, told, order)
        shown = f"with {other}" if other else "without a tracking number, as when it is confirmed by hand"
        words = f"Amazon had these pieces already: its own order shows them {shown}"
        advice = "; if your number is right, correct it at Amazon" if told.tracking else ""
        return RefusedAsShipped(Verdict.CONFIRMED_WARNING, words + advice)
    return RefusedAsShipped(Verdict.UNCONFIRMED, _too_many(told, wanted, order))


def _wanted(told: ReportedPackage, order: ShownOrder) -> dict[str, int]:
    """Units that a package tells, by item; without those that Amazon has cancelled."""
    items = [item for item in order.items if told.item in ("", item.item_code)]
    all_ = told.quantity is None or not told.item
    return {item.item_code: item.ordered - item.cancelled if all_ else told.quantity or 0 for item in items}


def _free(ours: Sequence[ReportedPackage], order: ShownOrder) -> Counter[str]:
    """Units that Amazon shows as shipped beside those that it accepted of us."""
    free = Counter({item.item_code: item.shipped for item in order.items})
    for one in ours:
        free.subtract(_wanted(one, order))
    return free


def _numbers(ours: Sequence[ReportedPackage], told: ReportedPackage, order: ShownOrder) -> str:
    known = {plain_number(one.tracking) for one in ours}
    items = set(_wanted(told, order))
    found = [
        one.tracking
        for one in order.packages
        if plain_number(one.tracking) not in known and (not one.items or items & {item for item, _ in one.items})
    ]
    return " and ".join(dict.fromkeys(filter(None, found)))


def _too_many(told: ReportedPackage, wanted: dict[str, int], order: ShownOrder) -> str:
    mine = [item for item in order.items if item.item_code in wanted]
    if not mine:
        return "Amazon's own order does not have this item"
    ordered, shipped = sum(item.ordered - item.cancelled for item in mine), sum(item.shipped for item in mine)
    numbers = " and ".join(dict.fromkeys(one.tracking or "no tracking number" for one in order.packages))
    by = f" with {numbers}" if numbers and shipped else ""
    has = f"Amazon's own order has {ordered} ordered and {shipped} shipped{by}"
    return f"more pieces than are left: {has}, and this line tells {sum(wanted.values())}"
