"""Which orders of a month carry commission (docs/domain.md#10-orders).

All except those that were cancelled in time and stayed so. "In time" is before the 2nd of the following month, 00:00 in
the seller's time zone. Knows an order by its history alone; not where that is kept, nor what the commission amounts to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final, NamedTuple

from cws_filedrop.model import OrderState

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_PRICE: Final = re.compile(r"[0-9]+([.,][0-9]{1,2})?")


class Month(NamedTuple):
    """A month of the calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def following(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def first(self, zone: tzinfo) -> datetime:
        """Its first moment in a time zone."""
        return datetime(self.year, self.number, 1, tzinfo=zone)

    def deadline(self, zone: tzinfo) -> datetime:
        """The moment before which its orders have to be cancelled to carry no commission."""
        after = self.following()
        return datetime(after.year, after.number, 2, tzinfo=zone)


class StateChange(NamedTuple):
    """One change of an order: the aware moment, and its state afterwards."""

    at: datetime
    state: OrderState


@dataclass(frozen=True, slots=True)
class Charge:
    """Does an order carry commission, and why (in words)? `cancelled_at` is since when it is cancelled, if it is."""

    carries: bool
    why: str
    cancelled_at: datetime | None = None


def month(text: str) -> Month | None:
    """The month that a text such as 2026-11 names; None if it names none."""
    found = _MONTH.fullmatch(text)
    return Month(int(found[1]), int(found[2])) if found and 1 < int(found[1]) < 9999 else None


def charge(history: Sequence[StateChange], deadline: datetime) -> Charge:
    """The charge that follows from an order's history, oldest first. Only a cancellation that still stands counts."""
    cancelled_at: datetime | None = None
    earlier = False
    for change in history:
        if change.state is not OrderState.CANCELLED:
            earlier = earlier or cancelled_at is not None
            cancelled_at = None
        elif cancelled_at is None:  # said again later, it was still cancelled at the first time
            cancelled_at = change.at
    if cancelled_at is None:
        return Charge(True, "cancelled once, and not any more" if earlier else "not cancelled")
    if cancelled_at < deadline:
        return Charge(False, "cancelled in time", cancelled_at)
    return Charge(True, "cancelled too late", cancelled_at)


def total(prices: Iterable[str]) -> Decimal | None:
    """The sum of the prices of an order's lines, as files write them; None if any of them is not known."""
    amounts = [_amount(price.strip()) for price in prices]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if amounts and len(known) == len(amounts) else None


def _amount(text: str) -> Decimal | None:
    # 1,234 could be a thousand and some, or a little over one: a price that is ambiguous counts as not known.
    return Decimal(text.replace(",", ".")) if _PRICE.fullmatch(text) else None
