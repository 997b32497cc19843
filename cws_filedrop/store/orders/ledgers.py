"""The ledgers of orders (`rules.pieces.ledger`): read from claims and order lines, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.rules.pieces import ledger
from cws_filedrop.rules.pieces.ledger import LedgerRow
from cws_filedrop.store.database import BulkQuery, Database
from cws_filedrop.store.schema import CLAIMS, ORDER_LINES, ORDERS

_NAMES: Final = ("order_item_id", "tracking", *LedgerRow._fields[2:])
COLUMNS: Final = tuple(CLAIMS.c[name] for name in _NAMES)
COUNTS: Final = ("refused", "unknown", "cancelled")
_KEY: Final = ("account_id", "amazon_order_id", "order_item_id", "tracking")


@dataclass(slots=True)
class OrderLedger:
    """What was ordered, by item, and what Amazon was told of it; as `rules.pieces.ledger` takes them."""

    ordered: dict[str, int | None] = field(default_factory=dict)
    rows: list[LedgerRow] = field(default_factory=list)


_ROWS: Final = BulkQuery(
    lambda among: (
        sa.select(CLAIMS.c.amazon_order_id, *COLUMNS)
        .where(CLAIMS.c.account_id == sa.bindparam("account_id"), among(CLAIMS.c.amazon_order_id))
        .order_by(CLAIMS.c.upload_id, CLAIMS.c.line)
    )
)
_ORDERED: Final = BulkQuery(
    lambda among: (
        sa.select(ORDERS.c.amazon_order_id, ORDER_LINES.c.order_item_id, ORDER_LINES.c.quantity)
        .select_from(ORDERS.join(ORDER_LINES))
        .where(ORDERS.c.account_id == sa.bindparam("account_id"), among(ORDERS.c.amazon_order_id))
        .order_by(ORDER_LINES.c.order_item_id)
    )
)


def of_orders(connection: sa.Connection, account_id: int, orders: Iterable[str]) -> dict[str, OrderLedger]:
    """The ledgers of some orders, by Amazon's number; every order that is asked for has one."""
    found = {name: OrderLedger() for name in orders}
    for name, item, quantity in _ORDERED(connection, found, account_id=account_id):
        found[name].ordered[item] = quantity
    for name, *cells in _ROWS(connection, found, account_id=account_id):
        found[name].rows.append(LedgerRow._make(cells))
    return found


def keep_in(
    connection: sa.Connection, account_id: int, order: str, before: Sequence[LedgerRow], after: Sequence[LedgerRow]
) -> None:
    """Keep what `rules.pieces.ledger.settled` has changed about an order's rows."""
    same = [CLAIMS.c[name] == sa.bindparam(f"b_{name}") for name in _KEY]
    changed = [row for row, old in zip(after, before, strict=True) if row != old]
    if changed:
        values = [_named(account_id, order, row) for row in changed]
        connection.execute(CLAIMS.update().where(*same), values)


def _named(account_id: int, order: str, row: LedgerRow) -> dict[str, Any]:
    key = zip(_KEY, (account_id, order, row.item, row.tracking), strict=True)
    return {f"b_{name}": value for name, value in key} | {name: getattr(row, name) for name in COUNTS}


def words(db: Database, orders: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """What is open of orders of which something was told (`rules.pieces.ledger`), by account and Amazon's number."""
    by_account: dict[int, list[str]] = {}
    for account_id, name in orders:
        by_account.setdefault(account_id, []).append(name)
    with db.read() as connection:
        return {
            (account_id, name): ledger.words(one.ordered, one.rows) if one.rows else ""
            for account_id, names in by_account.items()
            for name, one in of_orders(connection, account_id, names).items()
        }


@dataclass(frozen=True, slots=True)
class PackageOfOrder:
    """One order line in one package, whose number in the order is for ever: how many units were told, and what became
    of them. `order_item_id` is "" for the whole order; `quantity` None for all that was ordered, which then counts as
    1."""

    package: int
    order_item_id: str
    tracking: str
    quantity: int | None
    told: int
    accepted: int
    refused: int
    unknown: int
    cancelled: int
    on_its_way: int
    upload_id: str
    line: int


def packages(db: Database, account_id: int, order: str) -> list[PackageOfOrder]:
    """The packages of an order, by number."""
    way = CLAIMS.c.told - CLAIMS.c.accepted - CLAIMS.c.refused - CLAIMS.c.unknown - CLAIMS.c.cancelled
    columns = [way.label(name) if name == "on_its_way" else CLAIMS.c[name] for name in PackageOfOrder.__slots__]
    mine = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    query = sa.select(*columns).where(*mine).order_by(CLAIMS.c.package, CLAIMS.c.order_item_id)
    with db.read() as connection:
        return [PackageOfOrder(*row) for row in connection.execute(query)]
