"""The rules that need the order book: O02 and I01 (repaired), O03, O04, S02, I02, Q04, D04, T05; and what is sent of a
row besides its own cells.

Each function takes the rows of one piece of a file, and in `found` the order of each row. What was confirmed of an
order before is the subject of `packages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa

from cws_filedrop.model import OrderState
from cws_filedrop.rules import dates, orders
from cws_filedrop.rules.book import KeptTracking, KnownOrder, OrderBook
from cws_filedrop.rules.columns import Cells, Column, Mask, Sheet, Spread, replaced
from cws_filedrop.rules.dates import Calendar, Dates
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.items import ITEM_ID, quantity
from cws_filedrop.rules.order_states import TRANSITIONS
from cws_filedrop.rules.statuses import RequestedStatuses

Found = Sequence[KnownOrder | None]
DIGITS: Final = re.compile(r"[0-9]{6,13}")
ROUNDED: Final = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
WORDS: Final = {
    OrderState.UNCONFIRMED: "unconfirmed: Amazon refused its confirmation",
    OrderState.PARTLY_SHIPPED: "partly shipped: Amazon has some of it",
}


@dataclass(frozen=True)
class NamedOrders:
    """The order of each row; None where it is not in the book. `ids` are Amazon's numbers."""

    ids: Column
    found: Found

    @property
    def any(self) -> bool:
        """Is any of them in the book?"""
        return any(self.found)


def resolve(sheet: Sheet, findings: Findings, book: OrderBook, *, unknown_orders: str) -> NamedOrders:
    """The order of each row; rows without one that Amazon could know are noted (O01, O02, O03)."""
    column = sheet["order-id"]
    if not book.orders and not book.ambiguous:
        orders.check(sheet, findings, unknown_orders=unknown_orders, current=book.current)
        return NamedOrders(column, [None] * sheet.size)
    names = column.texts(sheet.every)
    found = [book.orders.get(name) for name in names]
    settled = np.array([order is not None for order in found], np.bool_)
    for row in np.flatnonzero(~settled).tolist():
        if names[row] in book.ambiguous:
            findings.add("O03", "order-id", np.array([row]), "several")
            settled[row] = True
        elif (order := book.orders.get(orders.restored(names[row]))) is not None:
            findings.add("O02", "order-id", np.array([row]), f"repaired={order.amazon_order_id}")
            found[row] = order
            settled[row] = True
    orders.check(sheet, findings, unknown_orders=unknown_orders, settled=settled, current=book.current)
    ids = [name if order is None else order.amazon_order_id for name, order in zip(names, found, strict=True)]
    return NamedOrders(column if ids == names else Column(pa.array(ids, pa.string())), found)


def check_moves(sheet: Sheet, findings: Findings, found: Found, requested: RequestedStatuses) -> None:
    """Note the rows that request a state which their order can no longer reach (S02, O04)."""
    kinds = [requested.kinds.texts[code] for code in requested.kinds.codes.tolist()]
    column = "status" if "status" in sheet else "order-id"
    cancelled: list[int] = []
    impossible: list[int] = []
    for row, (order, kind) in enumerate(zip(found, kinds, strict=True)):
        if order is None or not kind or kind in TRANSITIONS[order.state]:
            continue
        (cancelled if order.state is OrderState.CANCELLED else impossible).append(row)
    findings.add("O04", "order-id", np.array(cancelled, np.int64))
    details = [f"it is {WORDS.get(order.state, order.state)}" for row in impossible if (order := found[row])]
    findings.add("S02", column, np.array(impossible, np.int64), details)


def check_requests(findings: Findings, found: Found, shipped: Mask) -> None:
    """Note the shipments of orders that their buyers wish to cancel (O04)."""
    asked = [row for row in np.flatnonzero(shipped).tolist() if (order := found[row]) and order.cancel_requested]
    findings.add("O04", "order-id", np.array(asked, np.int64), "requested")


# Items.


def repairs(sheet: Sheet, found: Found) -> dict[int, str]:
    """Item numbers damaged by a spreadsheet, restored where only one item of the order can have been meant; by row."""
    column = sheet["order-item-id"]
    repaired = {}
    for row in np.flatnonzero(column.given & (column.sizes != 14)).tolist():
        order = found[row]
        if order is not None and order.items:
            text = str(column.values[row])
            able = [item for item in order.items if _can_have_been(text, item)]
            if len(able) == 1:
                repaired[row] = able[0]
    return repaired


def _can_have_been(text: str, item: str) -> bool:
    """Can a spreadsheet have turned the item's number into that text?

    It drops leading zeros, or rounds: then the number must lie within half a unit of the last digit that is left.
    """
    if DIGITS.fullmatch(text):
        return text.zfill(14) == item
    rounded = ROUNDED.fullmatch(text)
    if rounded is None or not ITEM_ID.fullmatch(item):
        return False
    whole, part, power = rounded[1], rounded[2] or "", int(rounded[3])
    unit = Decimal(10) ** (power - len(part))
    return abs(Decimal(item) - Decimal(whole + part) * unit) * 2 <= unit


# A quantity without an item: of an order of one item it is that item's; otherwise it must be all that was ordered.


def only_items(sheet: Sheet, findings: Findings, found: Found) -> dict[int, str]:
    """The only item of the order, for rows that name none but say how many (Q04), or with which codes; by row."""
    bare = ~sheet["order-item-id"].given & (sheet["quantity"].given | sheet["transparency-code"].given)
    meant = {row: item for row in np.flatnonzero(bare).tolist() if (item := _only_item(found[row]))}
    counted = [row for row in meant if sheet["quantity"].given[row]]
    findings.add("Q04", "quantity", np.array(counted, np.int64), [f"item={meant[row]}" for row in counted])
    return meant


def only_right(sheet: Sheet, found: Found) -> dict[int, str]:
    """The only item of the order, for rows that give something that cannot be one; by row."""
    column = sheet["order-item-id"]
    rows = np.flatnonzero(column.given & (column.sizes != 14)).tolist()
    return {row: item for row in rows if (item := _only_item(found[row]))}


def _only_item(order: KnownOrder | None) -> str:
    return next(iter(order.items)) if order is not None and len(order.items) == 1 else ""


def check_whole(sheet: Sheet, findings: Findings, found: Found, shipped: Mask) -> Mask:
    """The rows without an item whose quantity the book can judge: fewer than all of the order's is Q03, more is Q02."""
    settled = np.zeros(sheet.size, np.bool_)
    bare = shipped & ~sheet["order-item-id"].given & sheet["quantity"].given
    for row in np.flatnonzero(bare).tolist():
        order, count = found[row], quantity(str(sheet["quantity"].values[row]).strip())
        ordered = _ordered(order)
        if not ordered or not count:
            continue
        settled[row] = True
        if int(count) > ordered:
            findings.add("Q02", "quantity", np.array([row]), f"{ordered} ordered")
        elif int(count) < ordered:
            findings.add("Q03", "quantity", np.array([row]), f"part={ordered}")
    return settled


def _ordered(order: KnownOrder | None) -> int:
    """How many units an order of several items has; 0 when not known."""
    counts = list(order.items.values()) if order is not None and len(order.items) > 1 else []
    return sum(count or 0 for count in counts) if all(counts) else 0


def check_items(findings: Findings, found: Found, items: Column) -> None:
    """Note the items that their order does not have (I02)."""
    wrong = {}
    for row, (order, item) in enumerate(zip(found, items.values.to_pylist(), strict=True)):
        if order is not None and item and order.items and item not in order.items and ITEM_ID.fullmatch(item):
            wrong[row] = f"only={only}" if (only := _only_item(order)) else ""
    findings.add("I02", "order-item-id", np.array(list(wrong), np.int64), list(wrong.values()))


# What is sent of a row besides its own cells.


@dataclass(frozen=True)
class SentTracking:
    """Tracking number and carrier of each row as they are sent; `tracked` marks the rows that have a number."""

    numbers: Cells
    codes: Cells
    names: Cells
    tracked: Mask


def with_kept(
    sheet: Sheet, findings: Findings, found: Found, shipped: Mask, items: Column, typed: SentTracking
) -> SentTracking:
    """The tracking as typed, filled in where a shipped row has no number and an earlier packed row gave one (T05)."""
    bare = np.flatnonzero(shipped & ~sheet["tracking-number"].given)
    rows = {row: kept for row in bare.tolist() if (kept := _kept(found[row], items, row)) is not None}
    if not rows:
        return typed
    places = np.array(list(rows), np.int64)
    findings.add("T05", "tracking-number", places, [kept.tracking for kept in rows.values()])
    tracked = typed.tracked.copy()
    tracked[places] = True
    codes = typed.codes.pick(sheet.every).to_pylist()
    silent = {row: kept for row, kept in rows.items() if not codes[row]}
    return SentTracking(
        replaced(typed.numbers, sheet.every, {row: kept.tracking for row, kept in rows.items()}),
        replaced(typed.codes, sheet.every, {row: kept.carrier_code for row, kept in silent.items()}),
        replaced(typed.names, sheet.every, {row: kept.carrier_name for row, kept in silent.items()}),
        tracked,
    )


def _kept(order: KnownOrder | None, items: Column, row: int) -> KeptTracking | None:
    if order is None or not order.kept:
        return None
    return order.kept.get(str(items.values[row])) or order.kept.get("")


def with_methods(sheet: Sheet, found: Found, methods: Spread, where: Mask) -> Cells:
    """Ship methods, filled in where a row gives none: from the seller's earlier change, else from Amazon's order."""
    usual = {}
    for row in np.flatnonzero(where & ~methods.given).tolist():
        order = found[row]
        if order is not None and (method := order.own_ship_method or order.ship_method):
            usual[row] = method
    return replaced(methods, sheet.every, usual) if usual else methods


# A day without a time is read as noon, which may be before an order of the same afternoon: the moment of the order is
# sent then.
def not_before(sheet: Sheet, findings: Findings, found: Found, shipped: Mask, read: Dates, calendar: Calendar) -> Cells:
    """FulfillmentDate of each row, none of them before the order was placed (D04)."""
    later: dict[int, str] = {}
    wrong: list[tuple[int, str]] = []
    for row, purchase, reading in _early(found, shipped, read):
        placed = datetime.fromisoformat(purchase).astimezone(calendar.zone)
        if reading.is_day and reading.at is not None and reading.at.date() in _days(placed, reading.at):
            later[row] = dates.written(min(placed, calendar.here))
        else:
            wrong.append((row, f"{placed.date().isoformat()}"))
    findings.add("D04", "ship-date", np.array([row for row, _ in wrong], np.int64), [day for _, day in wrong])
    return replaced(read.cells, sheet.every, later) if later else read.cells


def _days(placed: datetime, at: datetime) -> tuple[date, date]:
    """The day of an order in the seller's zone, and in the zone that a ship-date names."""
    return placed.date(), placed.astimezone(at.tzinfo).date()


def _early(found: Found, shipped: Mask, read: Dates) -> Iterator[tuple[int, str, dates.DateReading]]:
    stamps = ["" if reading.at is None else dates.stamped(reading.at) for reading in read.reads]
    codes = read.cells.codes
    for row in np.flatnonzero(shipped).tolist():
        order = found[row]
        if order is not None and order.purchase_date:
            stamp = stamps[codes[row]]
            if stamp and stamp < order.purchase_date:
                yield row, order.purchase_date, read.reads[codes[row]]
