"""The simulated order book: what becomes of each message, and the ledger of all of them. Knows no XML and no HTTP.

Without a loaded book every well-formed Amazon order exists, with as many units as are ever confirmed; a shipment that
was confirmed before (same order, item and tracking number) is refused, since without quantities that is the only sign
of something sent twice. With a loaded book only its orders and items exist, and only the units that are left can be
confirmed, which is how Amazon itself refuses (18021). RULES are for demonstrations: they refuse by what an id looks
like.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cws_filedrop.marketplaces.sandbox.reading import PackageItem, PackageMessage, ReadableDocument
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity

TOO_MANY: Final = (
    "The quantities you provided for order id ({order}) were larger than the quantities that could be fulfilled. Please"
    " review the quantity from the order report and take into account any items that have been cancelled or already"
    " fulfilled."
)
NO_ORDER: Final = (
    "Your order cannot be found using Merchant ID {merchant} and Order {order}. Enter the correct order ID and then"
    " resubmit your feed."
)
BAD_TRACKING: Final = "The tracking number {tracking} has an invalid format, such as a wrong length."
ODD_TRACKING: Final = "The tracking number {tracking} does not match the expected format for the carrier."

# By the middle seven digits of the order id, then by how the tracking number begins.
RULES: Final = {
    "0000404": (ResultSeverity.ERROR, "18028", NO_ORDER),
    "0000409": (ResultSeverity.ERROR, "18021", TOO_MANY),
    "0000422": (ResultSeverity.ERROR, "18181", BAD_TRACKING),
    "0000299": (ResultSeverity.WARNING, "18181", ODD_TRACKING),
}
TRACKING_RULES: Final = {
    "BAD": (ResultSeverity.ERROR, "18181", BAD_TRACKING),
    "ODD": (ResultSeverity.WARNING, "18181", ODD_TRACKING),
}
REFUSALS: Final = {
    "18028": (ResultSeverity.ERROR, "18028", NO_ORDER),
    "18021": (ResultSeverity.ERROR, "18021", TOO_MANY),
}
OUTCOMES: Final = {ResultSeverity.WARNING: "warning", ResultSeverity.ERROR: "refused"}
WHOLE: Final = (PackageItem("", None),)
EVERYONE: Final = ""  # the account of a book that was loaded for all

MOST_BOUND: Final = 500  # order ids in one query
SHIP: Final = (
    "INSERT INTO shipped VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity"
)
PARCEL: Final = (
    "INSERT INTO parcels (account, order_id, item, tracking, carrier, shipped_at, quantity, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
LEDGER: Final = (
    "INSERT INTO ledger (at, account, feed, message, order_id, item_code, tracking, carrier, quantity, outcome, code)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

Row = tuple[object, ...]
Packages = dict[str, set[tuple[str, str]]]  # of each order: (item code, tracking number)
Units = dict[str, Counter[str]]  # of each order: units of each item


@dataclass(slots=True)
class DocumentOrders:
    """The orders that a document is about, as they are while it is processed. `left` is filled only if `is_loaded`.

    Kept up to date message by message: two messages of one document may be about the same units.
    """

    is_loaded: bool
    left: Units
    packages: Packages
    cancelled: set[str]

    def carry_out(self, message: PackageMessage) -> dict[str, int] | str:
        """Ship what a message says. Returns the units of each item, or the code of the refusal."""
        if message.by_merchant:
            return "18028"
        shipped = self._by_units(message) if self.is_loaded else self._by_word(message)
        if isinstance(shipped, dict):
            before = self.packages.setdefault(message.order_id, set())
            before.update((code, message.tracking) for code in shipped)
        return shipped

    def _by_word(self, message: PackageMessage) -> dict[str, int] | str:
        """Without a loaded book: refuse what was confirmed before. The whole order ("") covers each of its items."""
        wanted = _units(message.items) or {"": 0}
        before = self.packages.get(message.order_id, set())
        if message.order_id in self.cancelled or any((code, message.tracking) in before for code in ("", *wanted)):
            return "18021"
        return {code: number or 0 for code, number in wanted.items()}

    def _by_units(self, message: PackageMessage) -> dict[str, int] | str:
        """With a loaded book: refuse what is not in it, and more units than are left."""
        left = self.left.get(message.order_id)
        wanted = _units(message.items)
        if left is None or not wanted.keys() <= left.keys():
            return "18028"
        units = {code: left[code] if number is None else number for code, number in wanted.items()}
        if not message.items:
            units = {code: number for code, number in left.items() if number > 0}
        if not units or not all(0 < number <= left[code] for code, number in units.items()):
            return "18021"
        left.subtract(units)
        return units


def process(
    connection: sqlite3.Connection, account: str, feed: int, document: ReadableDocument, now: float
) -> list[ReportedResult]:
    """Carry out every message that can be, and write all of them into the ledger. Returns the results to report.

    A message with a warning is carried out like any other; Amazon counts it as successful.
    """
    book = _opened(connection, account, sorted({message.order_id for message in document.messages}))
    results: list[ReportedResult] = []
    shipments: list[Row] = []
    parcels: list[Row] = []
    lines: list[Row] = []
    for message in document.messages:
        result = _ruled(message, document.merchant)
        if result is None or result.severity is ResultSeverity.WARNING:
            shipped = book.carry_out(message)
            if isinstance(shipped, str):
                result = _result(message, document.merchant, REFUSALS[shipped])
            else:
                found = [(account, message.order_id, code, message.tracking, n) for code, n in shipped.items()]
                shipments += found
                parcels += [(*row[:4], _carrier(message), message.shipped_at, row[4] or 1, now) for row in found]
        if result is not None:
            results.append(result)
        lines += _ledger_rows((now, account, feed), message, result)
    connection.executemany(SHIP, shipments)
    connection.executemany(PARCEL, parcels)
    connection.executemany(LEDGER, lines)
    return results


def _opened(connection: sqlite3.Connection, account: str, order_ids: list[str]) -> DocumentOrders:
    """The state of some orders of an account, before the document is processed."""
    gone = connection.execute("SELECT order_id FROM cancelled WHERE account = ?", (account,))
    book = DocumentOrders(is_loaded(connection, account), {}, {}, {row[0] for row in gone})
    for start in range(0, len(order_ids), MOST_BOUND):
        some = order_ids[start : start + MOST_BOUND]
        if book.is_loaded:
            for order_id, item, units in connection.execute(
                _selected("book", "units - cancelled", some), (account, EVERYONE, *some)
            ):
                book.left.setdefault(order_id, Counter())[item] = units
        query = _selected("shipped", "quantity, tracking", some)
        for order_id, item, quantity, tracking in connection.execute(query, (account, account, *some)):
            book.packages.setdefault(order_id, set()).add((item, tracking))
            book.left.get(order_id, Counter())[item] -= quantity
    return book


def is_loaded(connection: sqlite3.Connection, account: str) -> bool:
    """Has the account a loaded book?"""
    query = "SELECT 1 FROM book WHERE account IN (?, ?) LIMIT 1"
    return connection.execute(query, (account, EVERYONE)).fetchone() is not None


def _selected(table: str, columns: str, order_ids: list[str]) -> str:
    holes = ",".join("?" * len(order_ids))
    return f"SELECT order_id, item, {columns} FROM {table} WHERE account IN (?, ?) AND order_id IN ({holes})"  # noqa: S608


def load(connection: sqlite3.Connection, account: str, orders: Iterable[tuple[str, str, int, int]]) -> None:
    """Put (order id, item code, units, cancelled units) into an account's book; an empty account means all accounts."""
    rows = [(account, *order) for order in orders]
    connection.executemany(
        "INSERT OR REPLACE INTO book (account, order_id, item, units, cancelled) VALUES (?, ?, ?, ?, ?)", rows
    )


def remember(connection: sqlite3.Connection, account: str, facts: Iterable[tuple[str, str, str]]) -> None:
    """Keep other facts about orders: (order id, item code or "" for the order itself, JSON of its columns)."""
    rows = [(account, *fact) for fact in facts]
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)


def _carrier(message: PackageMessage) -> str:
    """How a package's carrier is shown: by name where the code is empty or Other."""
    return message.carrier_name if message.carrier in ("", "Other") and message.carrier_name else message.carrier


def ruled(number: int, order_id: str, tracking: str, merchant: str) -> ReportedResult | None:
    """The result that the rules for demonstrations give a message, if any applies."""
    rule = RULES.get(order_id[4:11]) or TRACKING_RULES.get(tracking[:3])
    if rule is None:
        return None
    severity, code, words = rule
    return ReportedResult(
        number, severity, code, words.format(order=order_id, merchant=merchant, tracking=tracking), order_id
    )


def _ruled(message: PackageMessage, merchant: str) -> ReportedResult | None:
    result = ruled(message.number, message.order_id, message.tracking, merchant)
    return replace(result, order_id="") if result and message.by_merchant else result


def _result(message: PackageMessage, merchant: str, rule: tuple[ResultSeverity, str, str]) -> ReportedResult:
    severity, code, words = rule
    text = words.format(order=message.order_id, merchant=merchant, tracking=message.tracking)
    return ReportedResult(message.number, severity, code, text, "" if message.by_merchant else message.order_id)


def _units(items: tuple[PackageItem, ...]) -> dict[str, int | None]:
    """Units of each item; None = all that are left."""
    units: dict[str, int | None] = {}
    for item in items:
        before = units.get(item.code, 0)
        units[item.code] = None if item.quantity is None or before is None else before + item.quantity
    return units


def _ledger_rows(head: Row, message: PackageMessage, result: ReportedResult | None) -> list[Row]:
    """A row for each order line of a message, or one for the whole order."""
    outcome = "accepted" if result is None else OUTCOMES[result.severity]
    tail = (outcome, "" if result is None else result.code)
    return [
        (*head, message.number, message.order_id, item.code, message.tracking, message.carrier, item.quantity, *tail)
        for item in message.items or WHOLE
    ]
