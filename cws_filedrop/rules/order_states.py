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
