"""Lines that wait until an earlier one is answered (O09): they go on by themselves once it is, judged anew.

All of it belongs to the transaction that brings the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Verdict
from cws_filedrop.rules import catalogue, packages
from cws_filedrop.rules.book import Effect, KnownOrder, PackageStanding
from cws_filedrop.rules.packages import RowFinding, ShippedRow
from cws_filedrop.store.database import BulkQuery, Database
from cws_filedrop.store.orders import effects, ledgers, snapshot
from cws_filedrop.store.schema import LINES
from cws_filedrop.store.uploads import claims, waiting_lines
from cws_filedrop.store.uploads.claims import ShipmentKey
from cws_filedrop.store.uploads.packed_lines import unpack

_IN_WAIT: Final = (LINES.c.verdict == sa.literal_column(f"'{Verdict.HELD}'"), LINES.c.shipment.is_not(None))
_WAITING: Final = BulkQuery(
    lambda among: (
        sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.code, LINES.c.message, LINES.c.shipment)
        .where(LINES.c.account_id == sa.bindparam("account_id"), among(LINES.c.amazon_order_id), *_IN_WAIT)
        .order_by(LINES.c.upload_id, LINES.c.line)
    )
)
# What a line has become by what the rules say of it now; None = nothing stands in its way.
_VERDICTS: Final = {
    "O05": Verdict.DUPLICATE,
    "O07": Verdict.QUEUED,
    "O08": Verdict.QUEUED,
    "O09": Verdict.HELD,
    "Q02": Verdict.REJECTED,
    "Q03": Verdict.REJECTED,
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A line that waits, and what it would tell."""

    row: Any
    key: ShipmentKey

    @property
    def place(self) -> tuple[str, int]:
        return self.row.upload_id, self.row.line


def of_feed(connection: sa.Connection, account_id: int, feed_no: int) -> list[str]:
    """Orders of a feed that have lines which wait."""
    answered = LINES.alias("answered")
    same = (answered.c.feed_no == feed_no, answered.c.amazon_order_id == LINES.c.amazon_order_id)
    query = sa.select(LINES.c.amazon_order_id).distinct().where(LINES.c.account_id == account_id, *_IN_WAIT)
    return list(connection.execute(query.where(sa.exists().where(*same))).scalars())


def release_in(connection: sa.Connection, account_id: int, orders: Iterable[str], *, now: str) -> list[str]:
    """Let lines of some orders go on that wait for nothing undecided any more. Returns the uploads that are done
    now."""
    rows = list(_WAITING(connection, orders, account_id=account_id))
    if not rows:
        return []
    done = []
    for row, key in zip(rows, claims.keys(unpack(rows)), strict=True):
        if _go_on(connection, account_id, _Waiting(row, key), now):
            done.append(row.upload_id)
    effects.settle_in(connection, account_id, list(dict.fromkeys(orders)), [], now=now)
    return done


def _go_on(connection: sa.Connection, account_id: int, waiting: _Waiting, now: str) -> bool:
    """Judge a line anew; true when it waits for nothing any more, not even for Amazon."""
    found = packages.judged(_row(connection, account_id, waiting))
    verdict = Verdict.QUEUED if found is None else _VERDICTS[found.code]
    if verdict is Verdict.QUEUED and claims.claim_in(connection, account_id, *_claim(waiting)):
        found = RowFinding("O05", "order-id", "")
        verdict = Verdict.DUPLICATE
    _tell(connection, waiting, verdict, found)
    if verdict is Verdict.QUEUED:
        effect = _effect(waiting, found)
        waiting_lines.replace_in(connection, account_id, waiting.row.upload_id, [effect], now=now)
        effects.correct_in(connection, account_id, waiting.row.upload_id, [effect])
    if verdict in (Verdict.QUEUED, Verdict.HELD):
        return False
    waiting_lines.answered_in(connection, {waiting.row.upload_id: 1}, now=now)
    return True


def _row(connection: sa.Connection, account_id: int, waiting: _Waiting) -> ShippedRow:
    """The line against its order as it is now, without those that came after it and wait as well."""
    name = waiting.key.order
    told = snapshot.packages(connection, account_id, [name]).get(name, [])
    before = [one for one in told if one.standing is not PackageStanding.IN_WAIT or one.place < waiting.place]
    ordered = ledgers.of_orders(connection, account_id, [name])[name].ordered
    order = KnownOrder(0, name, items=ordered, packages=before)
    return ShippedRow(order, waiting.key.item, waiting.key.tracking, waiting.key.quantity, waiting.key.quantity)


def _claim(waiting: _Waiting) -> tuple[str, list[int], list[ShipmentKey | None]]:
    return waiting.row.upload_id, [waiting.row.line], [waiting.key]


def _tell(connection: sa.Connection, waiting: _Waiting, verdict: Verdict, found: RowFinding | None) -> None:
    """Write what has become of a line; what else was said about it stays."""
    said = catalogue.issue(found.code, value=str(waiting.key.quantity or ""), detail=found.detail) if found else None
    others = [
        (code, text)
        for code, text in zip(waiting.row.code.split(" | "), waiting.row.message.split(" | "), strict=False)
        if code != "O09"
    ]
    told = [*others, *([(said.code, said.message)] if said else [])]
    values = {"verdict": str(verdict), "code": " | ".join(code for code, _ in told if code)}
    values["message"] = " | ".join(text for _, text in told if text)
    mine = (LINES.c.upload_id == waiting.row.upload_id, LINES.c.line == waiting.row.line)
    connection.execute(LINES.update().where(*mine).values(values))


def _effect(waiting: _Waiting, found: RowFinding | None) -> Effect:
    """What a line that goes on does to its order."""
    key, line = waiting.key, waiting.row.line
    corrects, replaces = (found.corrects, found.replaces) if found else ((), ())
    told = (line, key.order, 0, 0, key.item, "shipped", "", key.tracking, "", "")
    return Effect(*told, corrects=corrects, quantity=key.quantity, replaces=replaces)


def release_due(db: Database, *, now: str) -> list[str]:
    """Let all lines go on that wait for nothing undecided any more; what an answer missed is made up for here. Returns
    the uploads that are done now."""
    query = sa.select(LINES.c.account_id, LINES.c.amazon_order_id).distinct().where(*_IN_WAIT)
    with db.read() as connection:
        found = connection.execute(query).all()
    done: list[str] = []
    for account_id in dict.fromkeys(row.account_id for row in found):
        orders = [row.amazon_order_id for row in found if row.account_id == account_id]
        with db.write() as connection:
            done += release_in(connection, account_id, orders, now=now)
    return done
