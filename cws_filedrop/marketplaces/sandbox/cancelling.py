"""OrderAcknowledgement documents as Amazon would read them: what is cancelled, and what comes of it.

Amazon has published no code for an order that cannot be cancelled any more; the sandbox uses 18028, whose text covers
orders that are incomplete or invalid.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import XMLParser  # only for documents that passed the schema

from cws_filedrop.feeds import schema
from cws_filedrop.marketplaces.sandbox import orders
from cws_filedrop.marketplaces.sandbox.reading import INVALID, NUMBERED_TWICE, RefusedDocument, ill_formed
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity

LEFT: Final = "SELECT 1 FROM shipped WHERE account = ? AND order_id = ? LIMIT 1"
BOOKED: Final = "SELECT item FROM book WHERE account IN (?, ?) AND order_id = ?"
CANCEL: Final = "UPDATE book SET cancelled = units WHERE account IN (?, ?) AND order_id = ? AND item = ?"


@dataclass(frozen=True, slots=True)
class CancellationMessage:
    """An order, and the items of it that are cancelled; none if it is merely acknowledged."""

    number: int
    order_id: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancellations:
    """A document that can be processed."""

    merchant: str
    messages: tuple[CancellationMessage, ...]


def read(document: bytes) -> Cancellations | RefusedDocument:
    """What is in a document."""
    if schema.fault(document, schema.DocumentKind.ORDER_ACKNOWLEDGEMENT) is not None:
        return ill_formed(document)
    parser = XMLParser()  # noqa: S314 - the schema allows no DTD
    parser.feed(document)
    root = parser.close()
    messages = []
    for element in root.iterfind("Message"):
        said = element[-1]
        cancels = said.findtext("StatusCode") == "Failure"
        items = tuple(item.findtext("AmazonOrderItemCode", "") for item in said.iterfind("Item")) if cancels else ()
        messages.append(CancellationMessage(int(element[0].text or ""), said.findtext("AmazonOrderID", ""), items))
    repeated = [number for number, times in Counter(one.number for one in messages).items() if times > 1]
    if repeated:
        return RefusedDocument(0, tuple(("25", NUMBERED_TWICE.format(number), 0) for number in repeated[:10]))
    if any(not one.items for one in messages):
        return RefusedDocument(0, (("25", INVALID, 0),))  # what it would mean is not known here
    return Cancellations(root.findtext("Header/MerchantIdentifier", ""), tuple(messages))


def process(
    connection: sqlite3.Connection, account: str, feed: int, document: Cancellations, now: float
) -> list[ReportedResult]:
    """Cancel every order that can be, and write all of them into the ledger. Returns the results to report."""
    results: list[ReportedResult] = []
    for message in document.messages:
        result = orders.ruled(message.number, message.order_id, "", document.merchant)
        if result is None and not _cancelled(connection, account, message):
            words = orders.NO_ORDER.format(order=message.order_id, merchant=document.merchant)
            result = ReportedResult(message.number, ResultSeverity.ERROR, "18028", words, message.order_id)
        if result is not None:
            results.append(result)
        outcome, code = ("cancelled", "") if result is None else (orders.OUTCOMES[result.severity], result.code)
        head = (now, account, feed, message.number, message.order_id)
        connection.executemany(orders.LEDGER, [(*head, item, "", "", None, outcome, code) for item in message.items])
    return results


def _cancelled(connection: sqlite3.Connection, account: str, message: CancellationMessage) -> bool:
    """Cancel an order, if none of it was shipped and all of it is meant."""
    order = (account, message.order_id)
    if connection.execute(LEFT, order).fetchone() is not None:
        return False
    if orders.is_loaded(connection, account):
        booked = {row[0] for row in connection.execute(BOOKED, (account, orders.EVERYONE, message.order_id))}
        if not booked or booked != set(message.items):
            return False
        rows = [(account, orders.EVERYONE, message.order_id, item) for item in message.items]
        connection.executemany(CANCEL, rows)
    connection.execute("INSERT OR IGNORE INTO cancelled VALUES (?, ?)", order)
    return True
