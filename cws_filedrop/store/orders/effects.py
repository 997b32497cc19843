"""What the good rows of an upload do to their orders: states, kept tracking, corrections, and the history of it.

`apply_in` belongs to the transaction that records the rows. If an order has changed since its rows were judged, it
raises Stale and does nothing: the rows have to be judged again. `undoing` takes an upload's effects back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from cws_filedrop.model import OrderState
from cws_filedrop.reports.marketplace import MarketplaceKind, is_sandbox_feed
from cws_filedrop.rules.book import Effect
from cws_filedrop.rules.order_states import TRANSITIONS, OrderMove, moved
from cws_filedrop.rules.pieces import ledger
from cws_filedrop.rules.pieces.ledger import LedgerRow, line_key
from cws_filedrop.store.database import BulkQuery, insert_many
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.schema import CLAIMS, FEEDS, ORDER_HISTORY, ORDER_KEPT, ORDERS
from cws_filedrop.store.uploads import waiting_lines

# Where rows of one file request different moves for one order, the one of lowest rank counts: a parcel that was handed
# over is a fact, whatever another row intends.
_BY_RANK: Final = (OrderMove.SHIPPED, OrderMove.PACKED, OrderMove.DEFERRED, OrderMove.CANCELLED)
_RANKS: Final[dict[str, int]] = {move: rank for rank, move in enumerate(_BY_RANK)}
_EVENT: Final = ("order_no", "at", "who", "before", "state", "what", "upload_id", "line")
STATES: Final = {str(state): state for state in OrderState}


class Stale(Exception):
    """Some of the orders have changed since the rows were judged."""


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """An order as it stands now."""

    no: int
    state: OrderState
    version: int
    shipped_at: str | None


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that was changed: its version when the rows were judged, and how it is known now."""

    order_no: int
    version: int
    found: OrderStanding

    def renewed(self, effect: Effect) -> Effect:
        """An effect judged by the order's former version, for the present one: only its own upload has changed it."""
        if (effect.order_no, effect.version) != (self.order_no, self.version):
            return effect
        return effect._replace(order_no=self.found.no, version=self.found.version + 1)


_STANDING: Final = BulkQuery(
    lambda among: (
        sa.select(ORDERS.c.amazon_order_id, ORDERS.c.no, ORDERS.c.state, ORDERS.c.version, ORDERS.c.shipped_at)
        .where(ORDERS.c.account_id == sa.bindparam("account_id"), among(ORDERS.c.amazon_order_id))
        .with_for_update()
    )
)


def standing(connection: sa.Connection, account_id: int, effects: Sequence[Effect]) -> dict[str, OrderStanding]:
    """The orders of some effects, by Amazon's number. Raises: Stale."""
    names = dict.fromkeys(effect.amazon_order_id for effect in effects)
    found = {
        name: OrderStanding(no, STATES[state], version, shipped_at)
        for name, no, state, version, shipped_at in _STANDING(connection, names, account_id=account_id)
    }
    for effect in effects:
        now = found.get(effect.amazon_order_id)
        if (now.no, now.version) != (effect.order_no, effect.version) if now else effect.order_no:
            raise Stale(effect.amazon_order_id)
    return found


def apply_in(
    connection: sa.Connection, account_id: int, upload_id: str, effects: Sequence[Effect], *, now: str
) -> dict[str, ChangedOrder]:
    """Apply the rows' effects. Returns how their orders are known afterwards, by Amazon's number. Raises: Stale."""
    found = standing(connection, account_id, effects)
    if not waiting_lines.as_judged_in(connection, effects):
        raise Stale(effects[0].amazon_order_id)
    waiting_lines.replace_in(connection, account_id, upload_id, effects, now=now)
    grouped: dict[str, list[Effect]] = {}
    for effect in effects:
        grouped.setdefault(effect.amazon_order_id, []).append(effect)
    partly = _partly(connection, account_id, grouped, found)
    ends = {name: _end(found.get(name), asked, now, partly.get(name)) for name, asked in grouped.items()}
    before = {name: str(order.state) for name, order in found.items()}
    _update(connection, [(*ends[name], order.no) for name, order in found.items()])
    found |= _make(connection, account_id, upload_id, {name: ends[name] for name in ends if name not in found})
    history = [
        (found[name].no, now, "seller", before.get(name, ""), ends[name].state, _what(one), upload_id, one.line)
        for name, asked in grouped.items()
        for one in _told(asked)
    ]
    insert_many(connection, ORDER_HISTORY, _EVENT, history)
    _keep(
        connection, upload_id, [(found[one.amazon_order_id].no, one) for one in effects if one.kind == OrderMove.PACKED]
    )
    correct_in(connection, account_id, upload_id, effects)
    return {name: ChangedOrder(asked[0].order_no, asked[0].version, found[name]) for name, asked in grouped.items()}


class _End(NamedTuple):
    """An order after the rows about it; "" leaves a tracking number or a ship method as it is."""

    state: str
    at: str
    shipped_at: str | None
    tracking: str
    method: str


def _partly(
    connection: sa.Connection,
    account_id: int,
    grouped: Mapping[str, Sequence[Effect]],
    found: Mapping[str, OrderStanding],
) -> dict[str, OrderState]:
    """The states of orders of which something may be left to ship beside the rows about them."""
    doubtful = {
        name: told
        for name, asked in grouped.items()
        if name in found
        and found[name].state is not OrderState.SHIPPED
        and not any(one.covers for one in asked)
        and (told := [one for one in asked if one.kind == OrderMove.SHIPPED and one.waits_for is None])
    }
    # One row of an order of which nothing was told before, and which leaves something open: no need to add up.
    plain = {name for name, told in doubtful.items() if len(told) == 1 and found[name].state in _UNTOLD}
    partly = dict.fromkeys(plain, OrderState.PARTLY_SHIPPED)
    if len(plain) == len(doubtful):
        return partly
    known = ledgers.of_orders(connection, account_id, doubtful.keys() - plain)
    states = {name: ledger.state_of(one.ordered, _with(one.rows, doubtful[name])) for name, one in known.items()}
    return partly | {name: state for name, state in states.items() if state is not None}


_UNTOLD: Final = (OrderState.NEW, OrderState.PACKED, OrderState.DEFERRED)


def _with(rows: Sequence[LedgerRow], told: Sequence[Effect]) -> list[LedgerRow]:
    """The rows of an order's ledger, and those that its new lines are going to be."""
    return [*rows, *(LedgerRow(one.item, one.tracking, one.quantity, one.quantity or 1) for one in told)]


def _end(order: OrderStanding | None, asked: Sequence[Effect], now: str, partly: OrderState | None) -> _End:
    """How an order ends; `partly` is what its pieces say, where that is not plain."""
    state = OrderState.NEW if order is None else order.state
    asked = [one for one in asked if one.waits_for is None]
    if not asked:
        return _End(str(state), now, order.shipped_at if order else None, "", "")
    kind = asked[0].kind if len(asked) == 1 else min((one.kind for one in asked), key=_RANKS.__getitem__)
    after = TRANSITIONS[state].get(OrderMove(kind), state)
    if partly is not None and after is OrderState.SHIPPED:
        after = partly
    shipped_at = (order.shipped_at if order else None) or (now if after is OrderState.SHIPPED else None)
    tracking = next((one.tracking for one in asked if one.tracking), "")
    return _End(str(after), now, shipped_at, tracking, next((one.ship_method for one in asked if one.ship_method), ""))


def _make(
    connection: sa.Connection, account_id: int, upload_id: str, ends: Mapping[str, _End]
) -> dict[str, OrderStanding]:
    """Add orders that no order file has named to the book. They count as listed: sellers know their own orders."""
    if not ends:
        return {}
    rows = [
        {"account_id": account_id, "amazon_order_id": name, "made_by": upload_id, "version": 1}
        | {"created_at": end.at, "changed_at": end.at, "listed_at": end.at}
        | {"state": end.state, "shipped_at": end.shipped_at}
        | {"tracking_number": end.tracking, "own_ship_method": end.method}
        for name, end in ends.items()
    ]
    made = connection.execute(ORDERS.insert().returning(ORDERS.c.amazon_order_id, ORDERS.c.no), rows)
    return {row[0]: OrderStanding(row[1], OrderState.NEW, 0, None) for row in made}


def _told(asked: Sequence[Effect]) -> list[Effect]:
    """The first effect of each kind: one event in the history is enough for an order of many lines."""
    return list({one.kind: one for one in reversed(asked)}.values())[::-1]


def _what(effect: Effect) -> str:
    what = effect.kind + (f" with {effect.tracking}" if effect.tracking else "")
    if effect.waits_for:
        return f"{what}: waits until line {effect.waits_for[1]} of upload {effect.waits_for[0]} is answered"
    if effect.corrects:
        what += f" instead of {' and '.join(one or 'no tracking number' for one in effect.corrects)}"
    return what


# One statement for every move, since it runs for each of a file's orders:
#
# - `listed_at` = `changed_at` means that the seller's order files are up to date with the order. A change by the
#   seller's own file is no news to the seller: both then move on together and the order stays listed. An order that
#   was not listed before stays so, or the seller would never get it.
# - "" leaves a tracking number or ship method as it is: most rows give none, and must not wipe out an earlier one.
# - `version` grows with every move, so that rows judged by the former version are found to be stale.
#
# The parameters are numbered because the moment and the texts are used twice.
_MOVE: Final = """
    UPDATE orders SET state = {0}, listed_at = CASE WHEN listed_at = changed_at THEN {1} ELSE listed_at END,
        changed_at = {1}, shipped_at = {2}, tracking_number = CASE WHEN {3} = '' THEN tracking_number ELSE {3} END,
        own_ship_method = CASE WHEN {4} = '' THEN own_ship_method ELSE {4} END, version = version + 1
    WHERE no = {5}
"""


def _update(connection: sa.Connection, ends: Sequence[tuple[Any, ...]]) -> None:
    """Move orders; each row is an `_End` and the order's `no`. Plain SQL, which takes half the time for many orders."""
    if not ends:
        return
    if connection.dialect.paramstyle == "qmark":
        connection.exec_driver_sql(_MOVE.format(*(f"?{n}" for n in range(1, 7))), list(ends))
    else:
        names = [f"p{n}" for n in range(6)]
        marks = (f"CAST(%({name})s AS {'BIGINT' if name == 'p5' else 'TEXT'})" for name in names)
        rows = [dict(zip(names, end, strict=True)) for end in ends]
        connection.exec_driver_sql(_MOVE.format(*marks), rows)


def _keep(connection: sa.Connection, upload_id: str, packed: Sequence[tuple[int, Effect]]) -> None:
    """Keep the tracking numbers of packed rows; a later one replaces an earlier one."""
    rows = {
        (no, one.item): {
            "order_no": no,
            "order_item_id": one.item,
            "tracking": one.tracking,
            "carrier_code": one.carrier_code,
            "carrier_name": one.carrier_name,
            "upload_id": upload_id,
        }
        for no, one in packed
        if one.tracking
    }
    if rows:
        same = (ORDER_KEPT.c.order_no == sa.bindparam("b_no"), ORDER_KEPT.c.order_item_id == sa.bindparam("b_item"))
        connection.execute(ORDER_KEPT.delete().where(*same), [{"b_no": no, "b_item": item} for no, item in rows])
        connection.execute(ORDER_KEPT.insert(), list(rows.values()))


def correct_in(connection: sa.Connection, account_id: int, upload_id: str, effects: Sequence[Effect]) -> None:
    """Note which packages some lines of an upload correct."""
    rows = [
        {
            "b_order": one.amazon_order_id,
            "b_item": one.item,
            "b_tracking": tracking,
            "b_by": line_key(upload_id, one.line),
        }
        for one in effects
        if one.waits_for is None
        for tracking in one.corrects
    ]
    if rows:
        claims = CLAIMS.c
        same = (
            claims.account_id == account_id,
            claims.amazon_order_id == sa.bindparam("b_order"),
            claims.order_item_id == sa.bindparam("b_item"),
            claims.tracking == sa.bindparam("b_tracking"),
        )
        connection.execute(CLAIMS.update().where(*same).values(corrected_by=sa.bindparam("b_by")), rows)


@dataclass(frozen=True, slots=True)
class LineRefusal:
    """Amazon's refusal of a line."""

    amazon_order_id: str
    upload_id: str
    line: int
    words: str


def refuse_in(connection: sa.Connection, account_id: int, refusals: Sequence[LineRefusal], *, now: str) -> None:
    """Move orders whose cancellation Amazon refused to unconfirmed, if they can be (docs/domain.md#10-orders)."""
    first = {one.amazon_order_id: one for one in reversed(refusals)}
    changes = [
        _Change(row.no, row.state, state, first[row.amazon_order_id], row.shipped_at)
        for row in _STANDING(connection, first, account_id=account_id)
        if (state := moved(OrderState(row.state), OrderMove.REFUSED)) is not None
    ]
    _move(connection, account_id, changes, now)


class _Change(NamedTuple):
    """An order that Amazon's answer moves, or that has a refusal to remember."""

    no: int
    before: str
    state: OrderState
    refusal: LineRefusal | None
    shipped_at: str | None


def settle_in(
    connection: sa.Connection,
    account_id: int,
    orders: Sequence[str],
    refusals: Sequence[LineRefusal],
    *,
    now: str,
    why: str = "",
) -> None:
    """Renew ledgers and states of orders about which Amazon has answered something; of the others nothing changes.

    `why` is noted in the histories, also of orders whose state stays.
    """
    first = {one.amazon_order_id: one for one in reversed(refusals)}
    names = list(dict.fromkeys([*orders, *first]))
    known = ledgers.of_orders(connection, account_id, names)
    changes = []
    for row in _STANDING(connection, names, account_id=account_id):
        mine = known[row.amazon_order_id]
        after = ledger.settled(mine.ordered, mine.rows)
        ledgers.keep_in(connection, account_id, row.amazon_order_id, mine.rows, after)
        refusal, before = first.get(row.amazon_order_id), OrderState(row.state)
        state = _answered(before, ledger.state_of(mine.ordered, after), refused=refusal is not None)
        if state is not before or ((why or refusal is not None) and state in _TOLD):
            changes.append(_Change(row.no, row.state, state, refusal, row.shipped_at))
    _move(connection, account_id, changes, now, why)


_TOLD: Final = (OrderState.SHIPPED, OrderState.PARTLY_SHIPPED, OrderState.UNCONFIRMED)


def _answered(before: OrderState, by_pieces: OrderState | None, *, refused: bool) -> OrderState:
    """The state of an order after an answer: its pieces decide once it was shipped, whatever they are of others."""
    if before in _TOLD:
        return by_pieces or before
    return moved(before, OrderMove.REFUSED) or before if refused else before


def _who_answers(connection: sa.Connection, account_id: int) -> MarketplaceKind:
    """Who took the account's last feed."""
    mine = (FEEDS.c.account_id == account_id, FEEDS.c.amazon_feed_id.is_not(None))
    last = sa.select(FEEDS.c.amazon_feed_id).where(*mine).order_by(FEEDS.c.no.desc()).limit(1)
    sandbox = is_sandbox_feed(connection.execute(last).scalar())
    return MarketplaceKind.SANDBOX if sandbox else MarketplaceKind.AMAZON


def _move(connection: sa.Connection, account_id: int, changes: Sequence[_Change], now: str, why: str = "") -> None:
    """Move orders, and note it in their histories."""
    if not changes:
        return
    history, who = [], _who_answers(connection, account_id)
    usual = who.said("by what Amazon answered to its pieces")
    for one in changes:
        event = {"order_no": one.no, "at": now, "who": str(who), "before": one.before, "state": str(one.state)}
        said = one.refusal
        event["what"] = f"refused: {said.words}" if said else why or usual
        history.append(event | {"upload_id": said.upload_id if said else "", "line": said.line if said else None})
    rows = [
        {"b_no": one.no, "b_state": str(one.state), "b_at": now, "b_shipped": one.shipped_at or _shipped(one, now)}
        for one in changes
    ]
    values = {"state": sa.bindparam("b_state"), "changed_at": sa.bindparam("b_at"), "version": ORDERS.c.version + 1}
    moving = ORDERS.update().where(ORDERS.c.no == sa.bindparam("b_no"))
    connection.execute(moving.values(values | {"shipped_at": sa.bindparam("b_shipped")}), rows)
    connection.execute(ORDER_HISTORY.insert(), history)


def _shipped(change: _Change, now: str) -> str | None:
    return now if change.state is OrderState.SHIPPED else None
