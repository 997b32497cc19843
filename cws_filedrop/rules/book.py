"""What the order book knows of the orders that some rows name: plain values, from the store or from an order report.

The rules that look at it are in `booked`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from cws_filedrop.model import OrderState

LinePlace = tuple[str, int]  # an upload's id, and a line of it


class PackageStanding(StrEnum):
    """How a package that was told stands."""

    IN_WAIT = "in wait"  # its line is held until an earlier one is answered
    QUEUED = "queued"  # nothing of it has gone to Amazon
    SENT = "sent"  # Amazon may have it
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # it was taken back: Amazon has nothing of it

    @property
    def is_unsent(self) -> bool:
        """Is its line still waiting with us?"""
        return self in (PackageStanding.IN_WAIT, PackageStanding.QUEUED)

    @property
    def is_undecided(self) -> bool:
        """May Amazon have it, or not?"""
        return self in (PackageStanding.SENT, PackageStanding.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Package:
    """A shipment that was told, how it stands, and the line it came from.

    `item` is "" for the whole order; `quantity` is None for all that was ordered. `corrected_by` names the later line
    that corrected this package ("" = it stands).
    """

    item: str
    tracking: str
    quantity: int | None
    upload_id: str
    line: int
    corrected_by: str = ""
    standing: PackageStanding = PackageStanding.CONFIRMED

    @property
    def place(self) -> LinePlace:
        """The line it came from."""
        return self.upload_id, self.line

    @property
    def source(self) -> str:
        """The line it came from, in words."""
        return line_named(self.upload_id, self.line)


def line_named(upload_id: str, line: int) -> str:
    """A line of an upload in words."""
    return f"line {line} of upload {upload_id}"


@dataclass(frozen=True, slots=True)
class KeptTracking:
    """The tracking that a packed row gave ahead of shipment, as it would be sent."""

    tracking: str
    carrier_code: str
    carrier_name: str


@dataclass(slots=True)
class KnownOrder:
    """An order of the book. Moments are stamps (UTC), "" = not known.

    `items` is how many units of each item were ordered (None = not known); empty when no order file named the order.
    `kept` is by item, "" = the whole order; `packages` are in order of arrival. `version` changes with everything that
    a rule may look at, so that the store can tell whether a judgement is out of date.
    """

    no: int
    amazon_order_id: str
    state: OrderState = OrderState.NEW
    version: int = 0
    purchase_date: str = ""
    ship_method: str = ""  # the one Amazon gave
    own_ship_method: str = ""  # the seller's change of it
    cancel_requested: bool = False  # by the buyer
    items: dict[str, int | None] = field(default_factory=dict)
    kept: dict[str, KeptTracking] = field(default_factory=dict)
    packages: list[Package] = field(default_factory=list)


CURRENT: Final = timedelta(days=2)  # a book that got orders within this time is kept up to date


@dataclass(frozen=True)
class OrderBook:
    """Orders by every name that rows may use: Amazon's number, the service's own, the seller's reference.

    `ambiguous` are references that the seller gave to several orders: no row may mean one of them by guess. `current`
    if orders came in of late, so that one which it does not hold is worth a word.
    """

    orders: Mapping[str, KnownOrder]
    ambiguous: frozenset[str] = frozenset()
    current: bool = False


class Effect(NamedTuple):
    """What a good row does to its order; `order_no` is 0 for an order that is not in the book yet.

    `version` is the order's when the row was judged. Carrier and tracking number are as they would be sent. `quantity`
    is None for all that was ordered; `covers` says that nothing of the order is left beside this row.
    """

    line: int
    amazon_order_id: str
    order_no: int
    version: int
    item: str
    kind: str  # order_states.OrderMove
    ship_method: str  # as the row gives it
    tracking: str
    carrier_code: str
    carrier_name: str
    corrects: tuple[str, ...] = ()  # tracking numbers of this item's packages that it corrects
    quantity: int | None = None
    covers: bool = True
    replaces: tuple[LinePlace, ...] = ()  # lines that were not sent yet, and are not any more
    waits_for: LinePlace | None = None  # the line that has to be answered before this one goes on


EMPTY: Final = OrderBook({})
LookUp = Callable[[Sequence[str]], OrderBook]  # the orders that some names mean


def named(orders: Iterable[tuple[KnownOrder, str, str]]) -> OrderBook:
    """A book of (order, the service's own number, the seller's reference; "" = none).

    A name that could mean several orders means the one whose Amazon number it is, else the one whose own number it is.
    """
    known = list(orders)
    by_reference: dict[str, KnownOrder] = {}
    ambiguous = set()
    for order, _, reference in known:
        if reference and by_reference.setdefault(reference, order) is not order:
            ambiguous.add(reference)
    names = {reference: order for reference, order in by_reference.items() if reference not in ambiguous}
    names |= {number: order for order, number, _ in known if number}
    names |= {order.amazon_order_id: order for order, _, _ in known}
    return OrderBook(names, frozenset(ambiguous - set(names)))
