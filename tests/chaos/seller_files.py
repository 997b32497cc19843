"""What the sellers of a campaign drop: files of shipments with all that happens in a shop's life, made from a seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

HEADING = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method"
CANCELLING = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tcancel-reason"
UNKNOWN_TO_AMAZON = "0000404"  # the middle of an order id that the sandbox refuses


@dataclass(frozen=True, slots=True)
class Shipment:
    """A row, as it is meant."""

    order: str
    item: str
    units: int
    tracking: str


@dataclass
class SellerFiles:
    """One seller's files, one after the other. `booked`: Amazon knows its orders, and how many units were ordered."""

    seller: str
    number: int
    booked: bool
    chance: random.Random
    lines: int
    orders: dict[str, dict[str, int]] = field(default_factory=dict)  # units by item, by order
    told: list[Shipment] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    made: int = 0

    @property
    def merchant(self) -> str:
        return f"M{self.seller.upper()}"

    def next(self) -> bytes:
        """The next file."""
        if self.files and self.chance.random() < 0.05:
            return self.chance.choice(self.files)
        day, heading = time.strftime("%Y-%m-%d", time.gmtime()), HEADING
        if self.booked and self.chance.random() < 0.15:  # whether an order is cancelled shows only where it is known
            heading, lines = CANCELLING, [self._cancelled() for _ in range(self.chance.randint(1, 5))]
        else:
            rows = [row for _ in range(self.chance.randint(1, 2 * self.lines - 1)) for row in self._rows()]
            lines = [self._line(row, day) for row in rows]
        self.files.append("\r\n".join([heading, *lines, ""]).encode())
        return self.files[-1]

    def _cancelled(self) -> str:
        row = self._new(kept=False)
        return f"{row.order}\tcancelled\t{row.item}\t1\t\t\tNoInventory"

    def _line(self, row: Shipment, day: str) -> str:
        units = "many" if row.units == 0 else str(row.units)
        return f"{row.order}\t{row.item}\t{units}\t{day}\tOther\tRiver Post\t{row.tracking}\tGround"

    def _rows(self) -> Iterator[Shipment]:
        kind = self.chance.random()
        if kind < 0.05 and self.told:
            yield self.chance.choice(self.told)
        elif kind < 0.08 and self.told:
            before = self.chance.choice(self.told)
            yield Shipment(before.order, before.item, before.units, self._tracking("RP"))
        elif kind < 0.11:
            yield self._new(middle=UNKNOWN_TO_AMAZON)
        elif kind < 0.13:
            yield self._new(units=0)  # which no rule lets through
        elif kind < 0.17:
            yield self._new(prefix=self.chance.choice(["BAD", "ODD"]))
        elif kind < 0.22:  # three pieces in two packages
            first = self._new(ordered=3)
            yield first
            yield Shipment(first.order, first.item, 2, self._tracking("RP"))
        else:
            yield self._new()

    def _new(
        self, *, middle: str = "", units: int = 1, ordered: int = 1, prefix: str = "RP", kept: bool = True
    ) -> Shipment:
        self.made += 1
        order = f"90{self.number}-{middle or f'{self.chance.randrange(1_000_000, 9_999_999)}'}-{self.made:07d}"
        row = Shipment(order, f"{self.number:02d}{self.made:012d}", units, self._tracking(prefix))
        if not middle:
            self.orders.setdefault(order, {})[row.item] = ordered
        if kept and units and not middle and prefix == "RP" and ordered == 1:
            self.told.append(row)
        return row

    def _tracking(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.number}{self.made:09d}X"


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The rows of a file, by heading."""
    heading, *lines = content.decode().split("\r\n")[:-1]
    return [dict(zip(heading.split("\t"), line.split("\t"), strict=True)) for line in lines]
