"""Orders of which Amazon's own order and our ledger disagree, by the last read-back. Only reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop.rules.pieces.ledger_differences import differences
from cws_filedrop.store.database import Database
from cws_filedrop.store.lists import doubtful_read_backs
from cws_filedrop.store.lists.doubtful_read_backs import DoubtfulReadBack
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.orders.ledgers import OrderLedger

LOOKED_DAYS: Final = 90  # read-backs that are older are not compared
PATIENCE: Final = timedelta(hours=2)  # in which Amazon may still come to show what it accepted


@dataclass(frozen=True, slots=True)
class OrderDifference:
    """An order, its state here and at Amazon, when that was looked at, and what differs, in words."""

    account_id: int
    order_id: str
    state: str
    amazon_status: str
    looked_at: str
    differences: tuple[str, ...]


def listing(db: Database, *, now: datetime, account_id: int | None = None, limit: int = 200) -> list[OrderDifference]:
    """At most `limit` orders that differ, last looked at first."""
    found: list[OrderDifference] = []
    since, until = now - timedelta(days=LOOKED_DAYS), now - PATIENCE
    for some in doubtful_read_backs.doubtful(db, since=since, until=until, account_id=account_id):
        known = _ledgers(db, some)
        found += [made for one in some if (made := _difference(one, known[one.account_id, one.order_id])) is not None]
        if len(found) >= limit:
            break
    return found[:limit]


def _ledgers(db: Database, some: Iterable[DoubtfulReadBack]) -> dict[tuple[int, str], OrderLedger]:
    by_account: dict[int, list[str]] = {}
    for one in some:
        by_account.setdefault(one.account_id, []).append(one.order_id)
    with db.read() as connection:
        return {
            (account_id, name): ledger
            for account_id, names in by_account.items()
            for name, ledger in ledgers.of_orders(connection, account_id, names).items()
        }


def _difference(one: DoubtfulReadBack, known: OrderLedger) -> OrderDifference | None:
    said = differences(known.ordered, known.rows, one.shown)
    status = one.shown.get("status") or "no such order"
    made = OrderDifference(one.account_id, one.order_id, one.state, status, one.looked_at, tuple(said))
    return made if said else None
