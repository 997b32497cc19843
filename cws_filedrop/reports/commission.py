"""The monthly statement of commission: which orders carry it and which do not. Holds nothing about buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cws_filedrop.model import OrderState
from cws_filedrop.reports import table
from cws_filedrop.rules.commission import Month

COLUMNS: Final = (
    "seller",
    "order-number",
    "amazon-order-id",
    "purchase-date",
    "state",
    "cancelled-at",
    "carries-commission",
    "why",
    "total-price",
)
SUM: Final = "sum"
OTHER_DATE: Final = " (purchase date not known: when we first heard of it)"


@dataclass(frozen=True, slots=True)
class StatementOrder:
    """An order in a statement; moments are in the seller's time zone. `total_price` has no currency; None = unknown."""

    number: str
    amazon_order_id: str
    at: datetime
    is_purchase: bool
    state: OrderState
    cancelled_at: datetime | None
    carries: bool
    why: str
    total_price: Decimal | None

    @property
    def reason(self) -> str:
        """Why it carries commission or not; and, where `at` is not the purchase, what it is."""
        return self.why + ("" if self.is_purchase else OTHER_DATE)


@dataclass(frozen=True, slots=True)
class StatementTotal:
    """Totals over some orders of a statement; `without_price` of them have no known price and are not in the sum."""

    orders: int
    total_price: Decimal
    without_price: int

    @property
    def words(self) -> str:
        """Their number, in words."""
        more = f", {self.without_price:,} without a known price" if self.without_price else ""
        return f"{self.orders:,} order{'' if self.orders == 1 else 's'}{more}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of one seller account. `cancel_before` is the deadline; until then the statement is not final."""

    seller: str
    merchant_id: str
    month: Month
    time_zone: str
    cancel_before: datetime
    is_final: bool
    orders: Sequence[StatementOrder]

    def sum(self, *, carries: bool) -> StatementTotal:
        """The total of the orders that carry commission, or of those that do not."""
        prices = [order.total_price for order in self.orders if order.carries is carries]
        known = [price for price in prices if price is not None]
        return StatementTotal(len(prices), sum(known, Decimal(0)), len(prices) - len(known))

    def as_json(self) -> dict[str, Any]:
        """Plain values: prices as text, moments as ISO 8601 with the offset of the seller's time zone."""
        return {
            "seller": self.seller,
            "merchant_id": self.merchant_id,
            "month": str(self.month),
            "time_zone": self.time_zone,
            "cancel_before": self.cancel_before.isoformat(),
            "final": self.is_final,
            "carrying": _sum_json(self.sum(carries=True)),
            "not_carrying": _sum_json(self.sum(carries=False)),
            "orders": [_order_json(one) for one in self.orders],
        }


def text(statements: Sequence[Statement]) -> bytes:
    """Statements as a tab-delimited table: a row per order, and after each seller's orders two rows of sums."""
    return table.heading(COLUMNS) + b"".join(table.plain_rows(_rows(one)) for one in statements)


def _rows(statement: Statement) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [(statement.seller, *cells(one)) for one in statement.orders]
    for carries in (True, False):
        total = statement.sum(carries=carries)
        rows.append((statement.seller, SUM, "", "", "", "", yes(carries), total.words, total.total_price))
    return rows


def cells(one: StatementOrder) -> tuple[object, ...]:
    """An order's row, for COLUMNS without the first; None for a price that is not known."""
    cancelled, carries = shown(one.cancelled_at), yes(one.carries)
    return one.number, one.amazon_order_id, shown(one.at), one.state, cancelled, carries, one.reason, one.total_price


def shown(moment: datetime | None) -> str:
    """A moment as statements show it, to the second; "" for none."""
    return "" if moment is None else moment.isoformat(timespec="seconds")


def yes(answer: bool) -> str:
    """`yes` or `no`."""
    return "yes" if answer else "no"


def _sum_json(total: StatementTotal) -> dict[str, Any]:
    return {"orders": total.orders, "total_price": str(total.total_price), "without_price": total.without_price}


def _order_json(one: StatementOrder) -> dict[str, Any]:
    return {
        "number": one.number,
        "amazon_order_id": one.amazon_order_id,
        "purchase_date": shown(one.at) if one.is_purchase else "",
        "first_heard_of": "" if one.is_purchase else shown(one.at),
        "state": str(one.state),
        "cancelled_at": shown(one.cancelled_at),
        "carries_commission": one.carries,
        "why": one.why,
        "total_price": None if one.total_price is None else str(one.total_price),
    }
