"""How an order may move from state to state: by a seller's row, by Amazon's answer, by an operator's decision.

The table is shown in docs/domain.md#10-orders. A table and nothing else: it does not know where states are kept. Where
it leads to shipped or unconfirmed, the pieces decide between these and partly shipped (`ledger.state_of`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cws_filedrop.model import OrderState


class OrderMove(StrEnum):
    """What may happen to an order."""

    PACKED = "packed"
    SHIPPED = "shipped"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # Amazon refused its confirmation
    REOPENED = "reopened"  # by an operator


# A row that repeats an order's state is no mistake: it may bring a tracking number, or another package.
TRANSITIONS: Final[dict[OrderState, dict[OrderMove, OrderState]]] = {
    OrderState.NEW: {
        OrderMove.PACKED: OrderState.PACKED,
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.DEFERRED: OrderState.DEFERRED,
        OrderMove.CANCELLED: OrderState.CANCELLED,
    },
    OrderState.PACKED: {
        OrderMove.PACKED: OrderState.PACKED,
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.DEFERRED: OrderState.DEFERRED,
        OrderMove.CANCELLED: OrderState.CANCELLED,
        OrderMove.REOPENED: OrderState.NEW,
    },
    OrderState.DEFERRED: {
        OrderMove.PACKED: OrderState.PACKED,
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.DEFERRED: OrderState.DEFERRED,
        OrderMove.CANCELLED: OrderState.CANCELLED,
        OrderMove.REOPENED: OrderState.NEW,
    },
    OrderState.PARTLY_SHIPPED: {
        OrderMove.PACKED: OrderState.PARTLY_SHIPPED,
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.DEFERRED: OrderState.PARTLY_SHIPPED,
        OrderMove.REFUSED: OrderState.UNCONFIRMED,
        OrderMove.REOPENED: OrderState.NEW,
    },
    OrderState.SHIPPED: {
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.REFUSED: OrderState.UNCONFIRMED,
        OrderMove.REOPENED: OrderState.NEW,
    },
    OrderState.UNCONFIRMED: {
        OrderMove.SHIPPED: OrderState.SHIPPED,
        OrderMove.CANCELLED: OrderState.CANCELLED,
        OrderMove.REFUSED: OrderState.UNCONFIRMED,
        OrderMove.REOPENED: OrderState.NEW,
    },
    OrderState.CANCELLED: {
        OrderMove.CANCELLED: OrderState.CANCELLED,
        OrderMove.REFUSED: OrderState.UNCONFIRMED,
        OrderMove.REOPENED: OrderState.NEW,
    },
}


def moved(state: OrderState, move: OrderMove) -> OrderState | None:
    """The state that the move leads to; None if it is not possible (S02, O04)."""
    return TRANSITIONS[state].get(move)


def remark(move: OrderMove, state: OrderState, *, tracked: bool) -> str:
    """What a row says to its seller that moves an order without telling Amazon anything; `state` is the order's before,
    `tracked` whether the row has a tracking number."""
    match move:
        case OrderMove.CANCELLED if state is OrderState.CANCELLED:
            return "The order was cancelled here before; nothing was sent for this line."
        case OrderMove.CANCELLED:
            return "The order is cancelled here. Amazon was told nothing: cancel it in Seller Central, too."
        case OrderMove.PACKED:
            kept = "; the tracking number is kept for the time when it is shipped" if tracked else ""
            return f"The order is noted as packed. Amazon is told nothing before it is shipped{kept}."
        case _:
            return "The order is noted as deferred. Amazon was told nothing: it still has to be shipped in time."
