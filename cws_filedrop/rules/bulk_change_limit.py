"""F09: does a file change far more than usual? One tracking number for many orders, or many cancellations at once.

Looks at a few columns of the whole file before any of it takes effect. Like `repeats`, it counts hashes, and looks
closely only at what is suspicious. How many cancellations are usual depends on the seller's past, not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from cws_filedrop.rules import repeats, statuses
from cws_filedrop.rules.cells.tracking_number import reading
from cws_filedrop.rules.columns import Sheet, Words

COLUMNS: Final = ("status", "tracking-number", "order-id")


class Marks(NamedTuple):
    """What matters of one piece: how many lines cancel, and the hashes of the tracking numbers."""

    cancelled: int
    numbers: Words


class Crowd(NamedTuple):
    """A tracking number, and how many different orders of the file carry it."""

    tracking: str
    orders: int


def marks(lines: pd.DataFrame) -> Marks:
    """What matters of some lines."""
    sheet = Sheet(lines)
    cancelled = 0
    if "status" in sheet:
        cancelled = int(sheet["status"].distinct.having(lambda one: statuses.kind(one) == "cancelled").sum())
    numbers = repeats.hashes(repeats.trimmed(sheet["tracking-number"]))
    return Marks(cancelled, numbers[numbers != 0])


def suspects(pieces: Sequence[Marks], most_orders: int) -> Words:
    """Hashes, sorted, of the tracking numbers that are on more lines than `most_orders`.

    Lines and not orders: an order of many lines makes a suspect too, and `crowds` clears it.
    """
    numbers = np.sort(np.concatenate([piece.numbers for piece in pieces])) if pieces else np.zeros(0, np.uint64)
    if not most_orders or len(numbers) <= most_orders:
        return np.zeros(0, np.uint64)
    return np.unique(numbers[most_orders:][numbers[most_orders:] == numbers[:-most_orders]])


def crowds(chunks: Iterable[pd.DataFrame], wanted: Words, most_orders: int) -> list[Crowd]:
    """The suspects that too many different orders carry, worst first; placeholders such as `n/a` do not count."""
    orders: dict[str, set[str]] = defaultdict(set)
    for lines in chunks:
        sheet = Sheet(lines)
        column = repeats.trimmed(sheet["tracking-number"])
        rows = np.flatnonzero(repeats.among(repeats.hashes(column), wanted))
        for number, order in zip(column.texts(rows), sheet["order-id"].texts(rows), strict=True):
            orders[number].add(order)
    crowded = [Crowd(number, len(own)) for number, own in orders.items() if len(own) > most_orders]
    real = [crowd for crowd in crowded if reading(crowd.tracking).sent]
    return sorted(real, key=lambda crowd: -crowd.orders)
