"""Merges order files into the order book: new orders and lines are added, values that differ replace the old ones, and
blanks leave them as they are. Merging the same rows again changes nothing.

An order's state is taken from a file only when the order is new: from then on it moves by `rules.order_states` alone
(docs/domain.md#10-orders).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from cws_filedrop.model import OrderState
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ORDER_HISTORY, ORDER_LINES, ORDER_PEOPLE, ORDERS
from cws_filedrop.tables import PEOPLE_COLUMNS, arrow

PIECE: Final = 5_000  # rows in a transaction
ASKED_AT_ONCE: Final = 500
ORDER_CELLS: Final = (
    "number",
    "reference",
    "purchase-date",
    "payments-date",
    "latest-ship-date",
    "ship-method",
    "sales-channel",
    "tracking-number",
    "location",
    "cancel-request",
)
LINE_CELLS: Final = ("sku", "item-name", "quantity", "price", "total-price", "shipping-fee")
ENDED: Final = (str(OrderState.SHIPPED), str(OrderState.CANCELLED))
Cells = dict[str, Any]


@dataclass
class Merged:
    """The result of merging: numbers of orders (`orders.no`), and counts of lines.

    `taken` has (line, number) for orders whose own number already belongs to another order; it was left out.
    """

    new: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)
    new_lines: int = 0
    changed_lines: int = 0
    taken: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class _Order:
    """An order as a file describes it."""

    line: int
    cells: Cells = field(default_factory=dict)
    people: Cells = field(default_factory=dict)
    lines: dict[str, Cells] = field(default_factory=dict)
    state: str = ""


def merge(db: Database, account_id: int, rows: pd.DataFrame, *, now: datetime) -> Merged:
    """Merge ORDERS rows with PEOPLE_COLUMNS, piece by piece, each one short transaction."""
    merged = Merged()
    for start in range(0, len(rows), PIECE):
        orders = _orders(rows.iloc[start : start + PIECE])
        with db.write() as connection:
            _Merging(connection, account_id, stamp(now), merged).merge(orders)
    merged.changed -= merged.new
    merged.known -= merged.new | merged.changed
    return merged


def _orders(rows: pd.DataFrame) -> dict[str, _Order]:
    """The orders of some rows, by Amazon's number; later rows override earlier ones."""
    columns = {str(name): arrow(rows[name]).to_pylist() for name in rows.columns}
    orders: dict[str, _Order] = {}
    for place, (line, amazon_order_id) in enumerate(zip(rows.index, columns["amazon-order-id"], strict=True)):
        order = orders.setdefault(amazon_order_id, _Order(int(line)))
        asked = order.cells.get("cancel_request")
        order.cells |= _given(columns, ORDER_CELLS, place)
        order.cells |= _wished(asked, columns["cancel-request"][place])
        order.people |= _given(columns, PEOPLE_COLUMNS, place)
        order.state = columns["status"][place] or order.state
        item = order.lines.setdefault(columns["order-item-id"][place], {})
        item |= _given(columns, LINE_CELLS, place)
        if "quantity" in item:
            item["quantity"] = int(item["quantity"])
    return orders


def _given(columns: Mapping[str, Sequence[str]], names: Iterable[str], place: int) -> Cells:
    """The cells of a row that are not empty: what a file leaves blank changes nothing."""
    return {name.replace("-", "_"): cell for name in names if (cell := columns[name][place])}


def _wished(before: str | None, now: str) -> Cells:
    """The buyer's wish to cancel, of any line of the order; a report may also say that there is none any more."""
    if not now:
        return {}
    return {"cancel_request": "yes" if "yes" in (before, now) else ""}


@dataclass
class _Merging:
    """Merging within one transaction."""

    connection: sa.Connection
    account_id: int
    now: str
    merged: Merged

    def merge(self, orders: dict[str, _Order]) -> None:
        """Merge some orders."""
        self._leave_out_taken_numbers(orders)
        known = self._known(list(orders))
        new = {name: order for name, order in orders.items() if name not in known}
        numbers = {name: row["no"] for name, row in known.items()} | self._insert(new)
        by_number = {numbers[name]: order for name, order in orders.items()}
        changed = self._update([(row, orders[name]) for name, row in known.items()]) | self._lines(by_number)
        ended = {row["no"] for row in known.values() if row["state"] in ENDED}
        self._people({no: order for no, order in by_number.items() if order.people}, ended)
        self.merged.new.update(numbers[name] for name in new)
        self.merged.known.update(numbers.values())
        self._note_changes(changed - self.merged.new)

    def _known(self, amazon_order_ids: Sequence[str]) -> dict[str, Cells]:
        rows = self._rows(ORDERS, ORDERS.c.amazon_order_id, amazon_order_ids, ORDERS.c.account_id == self.account_id)
        return {row["amazon_order_id"]: row for row in rows}

    def _rows(self, table: sa.Table, column: sa.Column[Any], keys: Sequence[Any], *where: Any) -> Iterator[Cells]:
        for start in range(0, len(keys), ASKED_AT_ONCE):
            query = sa.select(table).where(column.in_(keys[start : start + ASKED_AT_ONCE]), *where)
            rows = self.connection.execute(query)
            names = list(rows.keys())
            yield from (dict(zip(names, row, strict=True)) for row in rows)

    def _leave_out_taken_numbers(self, orders: Mapping[str, _Order]) -> None:
        given = {order.cells["number"]: name for name, order in orders.items() if "number" in order.cells}
        held = {
            row["number"]: row["amazon_order_id"]
            for row in self._rows(ORDERS, ORDERS.c.number, list(given), ORDERS.c.account_id == self.account_id)
        }
        for name, order in orders.items():
            number = order.cells.get("number")
            if number is not None and held.get(number, given[number]) != name:
                self.merged.taken.append((order.line, order.cells.pop("number")))

    def _insert(self, orders: Mapping[str, _Order]) -> dict[str, int]:
        blank = {name.replace("-", "_"): None if name == "number" else "" for name in ORDER_CELLS}
        fixed = {"account_id": self.account_id, "created_at": self.now, "changed_at": self.now}
        rows = [
            blank | order.cells | fixed | {"amazon_order_id": name, "state": order.state or str(OrderState.NEW)}
            for name, order in orders.items()
        ]
        if not rows:
            return {}
        inserted = self.connection.execute(ORDERS.insert().returning(ORDERS.c.amazon_order_id, ORDERS.c.no), rows)
        numbers = {row[0]: row[1] for row in inserted}
        history = [self._event(numbers[name], orders[name].state or OrderState.NEW, "imported") for name in orders]
        self.connection.execute(ORDER_HISTORY.insert(), history)
        return numbers

    def _event(self, order_no: int, state: str, what: str) -> Cells:
        return {"order_no": order_no, "at": self.now, "who": "import", "state": str(state), "what": what}

    def _update(self, orders: Sequence[tuple[Cells, _Order]]) -> set[int]:
        names = [name.replace("-", "_") for name in ORDER_CELLS]
        rows = [
            {"b_no": row["no"]} | {name: order.cells.get(name, row[name]) for name in names}
            for row, order in orders
            if row | order.cells != row
        ]
        if rows:
            self.connection.execute(ORDERS.update().where(ORDERS.c.no == sa.bindparam("b_no")), rows)
        return {row["b_no"] for row in rows}

    def _lines(self, orders: Mapping[int, _Order]) -> set[int]:
        kept = {
            (row["order_no"], row["order_item_id"]): row
            for row in self._rows(ORDER_LINES, ORDER_LINES.c.order_no, list(orders))
        }
        given = {(no, item): cells for no, order in orders.items() for item, cells in order.lines.items()}
        new = [key for key in given if key not in kept]
        differ = [key for key, cells in given.items() if key in kept and kept[key] | cells != kept[key]]
        blank = {name.replace("-", "_"): None if name == "quantity" else "" for name in LINE_CELLS}
        if new:
            rows = [blank | given[key] | {"order_no": key[0], "order_item_id": key[1]} for key in new]
            self.connection.execute(ORDER_LINES.insert(), rows)
        if differ:
            of_order, of_item = ORDER_LINES.c.order_no, ORDER_LINES.c.order_item_id
            same = (of_order == sa.bindparam("b_no"), of_item == sa.bindparam("b_item"))
            changes = [
                {"b_no": key[0], "b_item": key[1]} | {name: given[key].get(name, kept[key][name]) for name in blank}
                for key in differ
            ]
            self.connection.execute(ORDER_LINES.update().where(*same), changes)
        self.merged.new_lines += len(new)
        self.merged.changed_lines += len(differ)
        return {key[0] for key in (*new, *differ)}

    def _people(self, orders: Mapping[int, _Order], ended: set[int]) -> None:
        kept = {
            row["order_no"]: json.loads(row["cells"])
            for row in self._rows(ORDER_PEOPLE, ORDER_PEOPLE.c.order_no, list(orders))
        }
        new = [no for no in orders if no not in kept and no not in ended]  # those were removed on purpose, and stay so
        differ = [no for no in kept if kept[no] | orders[no].people != kept[no]]
        if new:
            rows = [{"order_no": no, "cells": _packed(orders[no].people)} for no in new]
            self.connection.execute(ORDER_PEOPLE.insert(), rows)
        if differ:
            changes = [{"b_no": no, "cells": _packed(kept[no] | orders[no].people)} for no in differ]
            self.connection.execute(
                ORDER_PEOPLE.update().where(ORDER_PEOPLE.c.order_no == sa.bindparam("b_no")), changes
            )

    def _note_changes(self, order_nos: set[int]) -> None:
        if not order_nos:
            return
        self.merged.changed.update(order_nos)
        states = {row["no"]: row["state"] for row in self._rows(ORDERS, ORDERS.c.no, sorted(order_nos))}
        changed = [{"b_no": no, "b_at": self.now} for no in states]
        values = {"changed_at": sa.bindparam("b_at"), "version": ORDERS.c.version + 1, "made_by": ""}
        self.connection.execute(ORDERS.update().where(ORDERS.c.no == sa.bindparam("b_no")).values(values), changed)
        history = [self._event(no, state, "changed by an order file") for no, state in states.items()]
        self.connection.execute(ORDER_HISTORY.insert(), history)


def _packed(people: Cells) -> str:
    return json.dumps(people, ensure_ascii=False)
