"""Claims: one row per shipment that is on its way or confirmed, so that none is sent twice.

Idempotence is by meaning (docs/domain.md#4-shipments): the primary key is account, order, item and tracking number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import pandas as pd
import sqlalchemy as sa

from cws_filedrop.store.database import BulkQuery, insert_new
from cws_filedrop.store.schema import CLAIMS
from cws_filedrop.tables import arrow

_CELLS: Final = ("amazon-order-id", "order-item-code", "tracking-number", "quantity")
_NAMES: Final = ("amazon_order_id", "order_item_id", "tracking")
_Same = tuple[str, str, str]


class ShipmentKey(NamedTuple):
    """What a shipment claims. Two shipments with the same first three are the same; `quantity` None = all of it."""

    order: str
    item: str
    tracking: str
    quantity: int | None

    @property
    def same(self) -> _Same:
        """What makes two shipments the same."""
        return self[:3]


def keys(shipments: Mapping[str, Any] | pd.DataFrame) -> list[ShipmentKey]:
    """What SHIPMENTS claim, given as a frame or as its columns."""
    columns = [arrow(shipments[name]).to_pylist() for name in _CELLS]
    return [
        ShipmentKey(order, item, tracking, int(count) if count else None)
        for order, item, tracking, count in zip(*columns, strict=True)
    ]


def claim_in(
    connection: sa.Connection, account_id: int, upload_id: str, lines: list[int], keys: list[ShipmentKey | None]
) -> dict[int, tuple[str, int]]:
    """Claim every key. Returns the places (in the batch) that lost, each with the line that holds the claim.

    The insert decides, not a look beforehand: of two uploads that bring the same shipment at the same time, the primary
    key lets one in, and ON CONFLICT DO NOTHING tells the other. Recording a batch again after a crash finds its own
    claims (`mine`), and has lost nothing.
    """
    # Of lines in the batch with the same key, one is put forward; the others are `twice` below.
    wanted = {key.same: place for place, key in enumerate(keys) if key is not None}
    if not wanted:
        return {}
    claimed = [(keys[place], lines[place]) for place in wanted.values()]
    rows = [(account_id, *key, upload_id, line) for key, line in claimed if key is not None]
    done = insert_new(connection, CLAIMS, ("account_id", *_NAMES, "quantity", "upload_id", "line"), rows)
    # All keys were different, and all were new: almost every batch ends here, without asking who holds what.
    if done == len(rows) == sum(key is not None for key in keys):
        return {}
    held = _holders(connection, account_id, wanted)
    mine = {(upload_id, line) for line in lines}
    # Held by a line outside this batch: another upload's, or an earlier batch's of this one.
    lost = {place: held[key.same] for place, key in enumerate(keys) if key is not None and held[key.same] not in mine}
    twice = {
        place: held[key.same]
        for place, key in enumerate(keys)
        if key is not None and held[key.same] == (upload_id, lines[wanted[key.same]]) and wanted[key.same] != place
    }
    return lost | twice


_HELD: Final = BulkQuery(
    lambda among: sa.select(*(CLAIMS.c[name] for name in _NAMES), CLAIMS.c.upload_id, CLAIMS.c.line).where(
        CLAIMS.c.account_id == sa.bindparam("account_id"), among(CLAIMS.c.amazon_order_id)
    )
)


def _holders(connection: sa.Connection, account_id: int, keys: Iterable[_Same]) -> dict[_Same, tuple[str, int]]:
    """All claims on the orders of these keys: the line that holds each, by key."""
    found = _HELD(connection, {key[0] for key in keys}, account_id=account_id)
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in found}


def release_in(connection: sa.Connection, account_id: int, given_up: Iterable[ShipmentKey]) -> None:
    """Release claims, so that the same shipments can be dropped again; packages they had corrected stand again."""
    wanted = list(given_up)
    held = _holders(connection, account_id, [key.same for key in wanted])
    rows = [
        {"b_order": key.order, "b_item": key.item, "b_tracking": key.tracking, "b_line": corrector(*held[key.same])}
        for key in wanted
        if key.same in held
    ]
    if rows:
        ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == sa.bindparam("b_order"))
        same = (CLAIMS.c.order_item_id == sa.bindparam("b_item"), CLAIMS.c.tracking == sa.bindparam("b_tracking"))
        connection.execute(CLAIMS.delete().where(*ours, *same), rows)
        corrected = CLAIMS.update().where(*ours, CLAIMS.c.corrected_by == sa.bindparam("b_line"))
        connection.execute(corrected.values(corrected_by=""), rows)


def corrector(upload_id: str, line: int) -> str:
    """How a claim names the line that corrects it."""
    return f"{upload_id} {line}"
