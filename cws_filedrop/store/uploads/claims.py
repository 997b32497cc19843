"""Claims: the ledger's rows, one per order line and package, so that no shipment is sent twice and no refusal is
forgotten.

Idempotence is by meaning (docs/domain.md#4-shipments): the primary key is account, order, item and tracking number. A
row stays when Amazon refuses what it tells, with counts of its units (`rules.pieces.ledger`); then the same may be
told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pandas as pd
import sqlalchemy as sa

from cws_filedrop.model import FeedKind, Verdict
from cws_filedrop.rules.book import LinePlace
from cws_filedrop.rules.pieces import ledger
from cws_filedrop.rules.pieces.ledger import LedgerRow, line_key
from cws_filedrop.store.database import BulkQuery, insert_new
from cws_filedrop.store.schema import CLAIMS, LINES, ORDER_LINES, ORDERS
from cws_filedrop.tables import arrow

_CELLS: Final = ("amazon-order-id", "order-item-code", "tracking-number", "quantity")
_NAMES: Final = ("amazon_order_id", "order_item_id", "tracking")
_Same = tuple[str, str, str]
ACCEPTED: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)


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

    @property
    def units(self) -> int:
        """Units that it tells, as the ledger counts them: all of it counts as 1."""
        return self.quantity if self.quantity and self.item else 1


@dataclass(frozen=True, slots=True)
class _Holder:
    """A row that there is already: its package's number, and the row."""

    package: int
    row: LedgerRow

    @property
    def line(self) -> tuple[str, int]:
        return self.row.upload_id, self.row.line

    @property
    def gives_way(self) -> bool:
        """May the same shipment be told again? Nothing of it may be on its way, unknown, or accepted."""
        return not (self.row.on_its_way or self.row.unknown or self.row.accepted)


def keys(shipments: Mapping[str, Any] | pd.DataFrame) -> list[ShipmentKey]:
    """What SHIPMENTS claim, given as a frame or as its columns."""
    columns = [arrow(shipments[name]).to_pylist() for name in _CELLS]
    return [
        ShipmentKey(order, item, tracking, int(count) if count else None)
        for order, item, tracking, count in zip(*columns, strict=True)
    ]


def claim_in(
    connection: sa.Connection,
    account_id: int,
    upload_id: str,
    lines: list[int],
    keys: list[ShipmentKey | None],
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
    claimed = [(key, lines[place]) for place in wanted.values() if (key := keys[place]) is not None]
    known = _holders(connection, account_id, wanted)
    mine = {(upload_id, line) for line in lines}
    new = [one for one in claimed if one[0].same not in known]
    done = _insert(connection, account_id, upload_id, new, known)
    # All keys were different, and all were new: almost every batch ends here, without asking who holds what.
    if done == len(claimed) == sum(key is not None for key in keys):
        return {}
    again = [
        (key, line)
        for key, line in claimed
        if key.same in known and known[key.same].line not in mine and known[key.same].gives_way
    ]
    _tell_again(connection, account_id, upload_id, again, known)
    held = {same: one.line for same, one in _holders(connection, account_id, wanted).items()}
    # Held by a line outside this batch: another upload's, or an earlier batch's of this one.
    lost = {place: held[key.same] for place, key in enumerate(keys) if key is not None and held[key.same] not in mine}
    twice = {
        place: held[key.same]
        for place, key in enumerate(keys)
        if key is not None and held[key.same] == (upload_id, lines[wanted[key.same]]) and wanted[key.same] != place
    }
    return lost | twice


def _insert(
    connection: sa.Connection,
    account_id: int,
    upload_id: str,
    new: Sequence[tuple[ShipmentKey, int]],
    known: Mapping[_Same, _Holder],
) -> int:
    """Insert rows that are new, each with its package's number. Returns how many were."""
    numbers: dict[str, dict[str, int]] = {}
    for (order, _, tracking), holder in known.items():
        numbers.setdefault(order, {})[tracking] = holder.package
    rows = []
    for key, line in new:
        of_order = numbers.setdefault(key.order, {})
        package = of_order.setdefault(key.tracking, max(of_order.values(), default=0) + 1)
        rows.append((account_id, *key, upload_id, line, package, key.units))
    names = ("account_id", *_NAMES, "quantity", "upload_id", "line", "package", "told")
    return insert_new(connection, CLAIMS, names, rows) if rows else 0


_HELD: Final = BulkQuery(
    lambda among: sa.select(
        CLAIMS.c.amazon_order_id,
        CLAIMS.c.package,
        CLAIMS.c.order_item_id,
        CLAIMS.c.tracking,
        *(CLAIMS.c[name] for name in LedgerRow._fields[2:]),
    ).where(CLAIMS.c.account_id == sa.bindparam("account_id"), among(CLAIMS.c.amazon_order_id))
)
_ORDERED: Final = BulkQuery(
    lambda among: (
        sa.select(ORDERS.c.amazon_order_id, ORDER_LINES.c.order_item_id, ORDER_LINES.c.quantity)
        .select_from(ORDERS.join(ORDER_LINES))
        .where(ORDERS.c.account_id == sa.bindparam("account_id"), among(ORDERS.c.amazon_order_id))
    )
)


def _holders(connection: sa.Connection, account_id: int, keys: Iterable[_Same]) -> dict[_Same, _Holder]:
    """All claims on the orders of these keys, by key."""
    found = _HELD(connection, {key[0] for key in keys}, account_id=account_id)
    return {(order, cells[0], cells[1]): _Holder(package, LedgerRow._make(cells)) for order, package, *cells in found}


def _tell_again(
    connection: sa.Connection,
    account_id: int,
    upload_id: str,
    again: Sequence[tuple[ShipmentKey, int]],
    known: Mapping[_Same, _Holder],
) -> None:
    """Let other lines tell packages that are in the ledger already."""
    orders = {key.order for key, _ in again}
    ordered = {(order, item): count for order, item, count in _ORDERED(connection, orders, account_id=account_id)}
    for key, line in again:
        before = known[key.same].row
        row = ledger.told_again(before, key.quantity, ordered.get((key.order, key.item)), upload_id, line)
        values = row._asdict()
        del values["item"], values["tracking"]
        same = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == key.order)
        package = (CLAIMS.c.order_item_id == key.item, CLAIMS.c.tracking == key.tracking)
        unchanged = (CLAIMS.c.upload_id == before.upload_id, CLAIMS.c.line == before.line)
        connection.execute(CLAIMS.update().where(*same, *package, *unchanged).values(values))


_ON_ITS_WAY: Final = CLAIMS.c.told - CLAIMS.c.accepted - CLAIMS.c.refused - CLAIMS.c.unknown - CLAIMS.c.cancelled


def answered_in(connection: sa.Connection, feed_no: int) -> None:
    """Count what Amazon answered to the lines of a feed, by the verdicts that they have now."""
    way = _ON_ITS_WAY
    accepted = LINES.c.verdict.in_(ACCEPTED)
    refused, unknown = LINES.c.verdict == Verdict.UNCONFIRMED, LINES.c.verdict == Verdict.UNKNOWN
    # What was refused before and is refused again are the same units: the larger number counts.
    both = sa.case((CLAIMS.c.refused < way, CLAIMS.c.refused), else_=way)
    gone = sa.case((accepted, CLAIMS.c.accepted), (refused, both), else_=0)
    values = {
        "accepted": sa.case((accepted, way), else_=CLAIMS.c.accepted),
        "refused": sa.case((refused, CLAIMS.c.refused + way - both), else_=CLAIMS.c.refused),
        "unknown": sa.case((unknown, CLAIMS.c.unknown + way), else_=CLAIMS.c.unknown),
        "cancelled": CLAIMS.c.cancelled + gone,
        "refused_by": sa.case((refused, LINES.c.upload_id + " " + _text(LINES.c.line)), else_=CLAIMS.c.refused_by),
    }
    told = (LINES.c.feed_no == feed_no, LINES.c.kind == FeedKind.FULFILLMENT)
    connection.execute(CLAIMS.update().where(*told, *_same_line(), way > 0).values(values))


def refused_corrections_in(connection: sa.Connection, account_id: int, order: str, line: LinePlace) -> list[str]:
    """Packages that a refused line was to correct stand again. Where Amazon has one, nothing is open by the refusal.
    Returns the tracking numbers of these."""
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    corrected = (*ours, CLAIMS.c.corrected_by == line_key(*line))
    query = sa.select(CLAIMS.c.tracking).where(*corrected, CLAIMS.c.accepted > 0).order_by(CLAIMS.c.package)
    stands = list(connection.execute(query).scalars())
    if stands:
        mine = (CLAIMS.c.upload_id == line[0], CLAIMS.c.line == line[1])
        connection.execute(CLAIMS.update().where(*ours, *mine).values(refused_by=""))
    connection.execute(CLAIMS.update().where(*corrected).values(corrected_by=""))
    return stands


def _same_line() -> tuple[sa.ColumnElement[bool], ...]:
    """The line of `lines` that told a row of `claims` last."""
    order = (CLAIMS.c.account_id == LINES.c.account_id, CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id)
    return (*order, CLAIMS.c.upload_id == LINES.c.upload_id, CLAIMS.c.line == LINES.c.line)


def _text(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    return sa.cast(number, sa.Text)


def is_open() -> sa.ColumnElement[bool]:
    """A condition on LINES: units of theirs are refused or unknown, and were not accepted otherwise since."""
    order = (CLAIMS.c.account_id == LINES.c.account_id, CLAIMS.c.amazon_order_id == LINES.c.amazon_order_id)
    key = LINES.c.upload_id + " " + _text(LINES.c.line)
    refused = (CLAIMS.c.refused > 0) & (CLAIMS.c.refused_by == key)
    mine = (CLAIMS.c.upload_id == LINES.c.upload_id) & (CLAIMS.c.line == LINES.c.line)
    undecided = mine & (CLAIMS.c.told > CLAIMS.c.accepted + CLAIMS.c.refused + CLAIMS.c.cancelled)
    unknown = LINES.c.verdict == Verdict.UNKNOWN
    return sa.exists().where(*order, sa.or_(sa.and_(~unknown, refused), sa.and_(unknown, undecided)))


def take_back_in(connection: sa.Connection, account_id: int, order: str, lines: Iterable[tuple[str, int]]) -> None:
    """Count as cancelled what some lines of an order told and Amazon has not: they can be dropped again, and packages
    that they were to correct stand again."""
    places = list(lines)
    if not places:
        return
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    mine = (CLAIMS.c.upload_id == sa.bindparam("b_upload"), CLAIMS.c.line == sa.bindparam("b_line"))
    gone = {"cancelled": CLAIMS.c.told - CLAIMS.c.accepted - CLAIMS.c.refused, "unknown": 0}
    rows = [{"b_upload": upload_id, "b_line": line} for upload_id, line in places]
    connection.execute(CLAIMS.update().where(*ours, *mine).values(gone), rows)
    stand_again_in(connection, account_id, order, [line_key(*place) for place in places])


def stand_again_in(connection: sa.Connection, account_id: int, order: str, correctors: Sequence[str]) -> None:
    """Let the packages stand again that some lines (as `line_key` names them) were to correct."""
    corrected = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    connection.execute(CLAIMS.update().where(*corrected, CLAIMS.c.corrected_by.in_(correctors)).values(corrected_by=""))


def accept_in(connection: sa.Connection, account_id: int, order: str, lines: Iterable[LinePlace]) -> None:
    """Count as accepted what lines of an order told, whatever Amazon has answered: its own order shows it."""
    places = [{"b_upload": upload, "b_line": line, "b_by": line_key(upload, line)} for upload, line in lines]
    if not places:
        return
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    mine = (CLAIMS.c.upload_id == sa.bindparam("b_upload")) & (CLAIMS.c.line == sa.bindparam("b_line"))
    told = CLAIMS.update().where(*ours, mine, CLAIMS.c.accepted == 0)
    undecided = {"accepted": CLAIMS.c.unknown + _ON_ITS_WAY, "unknown": 0}
    connection.execute(told.where(CLAIMS.c.unknown + _ON_ITS_WAY > 0).values(undecided), places)
    by = sa.or_(CLAIMS.c.refused_by == sa.bindparam("b_by"), mine & (CLAIMS.c.refused_by == ""))
    refused = CLAIMS.update().where(*ours, by, CLAIMS.c.refused > 0)
    connection.execute(refused.values(accepted=CLAIMS.c.accepted + CLAIMS.c.refused, refused=0), places)


def refuse_unknown_in(connection: sa.Connection, account_id: int, order: str, lines: Iterable[LinePlace]) -> None:
    """Count as refused what nobody knew of some lines of an order: its own order at Amazon plainly lacks it, and has no
    units left for it."""
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order, CLAIMS.c.unknown > 0)
    for upload_id, line in lines:
        mine = (CLAIMS.c.upload_id == upload_id, CLAIMS.c.line == line)
        values = {"refused": CLAIMS.c.refused + CLAIMS.c.unknown, "unknown": 0, "refused_by": line_key(upload_id, line)}
        connection.execute(CLAIMS.update().where(*ours, *mine).values(values))
        refused_corrections_in(connection, account_id, order, (upload_id, line))


def settle_by_hand_in(connection: sa.Connection, account_id: int, order: str, *, shipped: bool) -> None:
    """Count what somebody has said of an order: nothing of it is refused any more, and unknown units are accepted if it
    was shipped, and taken back otherwise."""
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    taken = CLAIMS.c.unknown if shipped else 0
    gone = CLAIMS.c.cancelled + CLAIMS.c.refused + CLAIMS.c.unknown - taken
    values = {"accepted": CLAIMS.c.accepted + taken, "refused": 0, "unknown": 0, "cancelled": gone}
    connection.execute(CLAIMS.update().where(*ours, CLAIMS.c.refused + CLAIMS.c.unknown > 0).values(values))


def sent_again_in(connection: sa.Connection, account_id: int, order: str, lines: Iterable[LinePlace]) -> None:
    """Count as on its way what nobody knew of some lines of an order: Amazon plainly lacks it, so it is sent again."""
    rows = [{"b_upload": upload_id, "b_line": line} for upload_id, line in lines]
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    mine = (CLAIMS.c.upload_id == sa.bindparam("b_upload"), CLAIMS.c.line == sa.bindparam("b_line"))
    if rows:
        connection.execute(CLAIMS.update().where(*ours, *mine).values(unknown=0), rows)


def tell_after_all_in(connection: sa.Connection, account_id: int, order: str, line: tuple[str, int]) -> bool:
    """Count as on its way again what was taken back of a line; false when it has no claim."""
    ours = (CLAIMS.c.account_id == account_id, CLAIMS.c.amazon_order_id == order)
    mine = (CLAIMS.c.upload_id == line[0], CLAIMS.c.line == line[1])
    units = sa.case((CLAIMS.c.order_item_id == "", 1), else_=sa.func.coalesce(CLAIMS.c.quantity, 1))
    again = CLAIMS.update().where(*ours, *mine).values(cancelled=CLAIMS.c.cancelled - units)
    return connection.execute(again).rowcount > 0


def forget_in(connection: sa.Connection, upload_id: str, *, but: sa.Select[Any]) -> None:
    """Forget what the lines of an upload told, but for those lines; rows that count more than that stay."""
    mine = (CLAIMS.c.upload_id == upload_id, CLAIMS.c.line.not_in(but))
    nothing = (CLAIMS.c.accepted == 0, CLAIMS.c.refused == 0, CLAIMS.c.unknown == 0)
    connection.execute(CLAIMS.delete().where(*mine, *nothing))
    connection.execute(CLAIMS.update().where(*mine).values(cancelled=CLAIMS.c.cancelled + _ON_ITS_WAY))
