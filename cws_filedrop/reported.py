"""An order book made from a single order file, for checks without a database (`check --order-book`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from cws_filedrop.formats.claims import ORDER_FORMATS
from cws_filedrop.formats.file import open_file
from cws_filedrop.model import JudgementContext, OrderState
from cws_filedrop.rules import order_rows
from cws_filedrop.rules.book import CURRENT, KnownOrder, OrderBook, named
from cws_filedrop.rules.dates import stamped
from cws_filedrop.tables import arrow


def book(source: BinaryIO, *, file_name: str, context: JudgementContext) -> OrderBook:
    """The orders of a file; lines that cannot be read are left out, as on import.

    Raises: FileRejected when the file as a whole cannot be used.
    """
    orders: dict[str, tuple[KnownOrder, str, str]] = {}
    for row in _rows(source, file_name, context):
        name = row["amazon-order-id"]
        order, number, reference = orders.setdefault(name, (KnownOrder(len(orders) + 1, name), "", ""))
        order.items[row["order-item-id"]] = int(row["quantity"]) if row["quantity"] else None
        order.state = OrderState(row["status"] or order.state)
        order.purchase_date = row["purchase-date"] or order.purchase_date
        order.cancel_requested |= row["cancel-request"] == "yes"
        order.ship_method = row["ship-method"] or order.ship_method
        orders[name] = (order, row["number"] or number, row["reference"] or reference)
    newest = max((order.purchase_date for order, _, _ in orders.values()), default="")
    return replace(named(orders.values()), current=newest >= stamped(context.now - CURRENT))


def _rows(source: BinaryIO, file_name: str, context: JudgementContext) -> Iterator[dict[str, str]]:
    file = open_file(source, file_name=file_name, limits=context.limits, wanted=ORDER_FORMATS)
    for chunk in file.chunks():
        read = order_rows.read(chunk.lines, required=file.facts.format.required, context=context).rows
        columns = {str(name): arrow(read[name]).to_pylist() for name in read.columns}
        yield from (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
