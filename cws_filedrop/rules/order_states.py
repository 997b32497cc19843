"""Which way an order may move: what a seller's row asks, what Amazon answers, what an operator says.

The table is shown in docs/domain.md#10-orders.

A table and nothing else; who keeps the states does not concern it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cws_filedrop.model import OrderState


class Move(StrEnum):
    """What is asked of an order."""

    PACKED = "packed"
    SHIPPED = "shipped"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # Amazon did not take its confirmation
    REOPENED = "reopened"  # by an operator


# A row that repeats where an order stands is no mistake: it may bring a tracking number, or another package.
TRANSITIONS: Final[dict[OrderState, dict[Move, OrderState]]] = {
    OrderState.NEW: {
        Move.PACKED: OrderState.PACKED,
        Move.SHIPPED: OrderState.SHIPPED,
        Move.DEFERRED: OrderState.DEFERRED,
        Move.CANCELLED: OrderState.CANCELLED,
    },
    OrderState.PACKED: {
        Move.PACKED: OrderState.PACKED,
        Move.SHIPPED: OrderState.SHIPPED,
        Move.DEFERRED: OrderState.DEFERRED,
        Move.CANCELLED: OrderState.CANCELLED,
        Move.REOPENED: OrderState.NEW,
    },
    OrderState.DEFERRED: {
        Move.PACKED: OrderState.PACKED,
        Move.SHIPPED: OrderState.SHIPPED,
        Move.DEFERRED: OrderState.DEFERRED,
        Move.CANCELLED: OrderState.CANCELLED,
        Move.REOPENED: OrderState.NEW,
    },
    OrderState.SHIPPED: {
        Move.SHIPPED: OrderState.SHIPPED,
        Move.REFUSED: OrderState.UNCONFIRMED,
        Move.REOPENED: OrderState.NEW,
    },
    OrderState.UNCONFIRMED: {
        Move.SHIPPED: OrderState.SHIPPED,
        Move.CANCELLED: OrderState.CANCELLED,
        Move.REFUSED: OrderState.UNCONFIRMED,
        Move.REOPENED: OrderState.NEW,
    },
    OrderState.CANCELLED: {
        Move.CANCELLED: OrderState.CANCELLED,
        Move.REFUSED: OrderState.UNCONFIRMED,
        Move.REOPENED: OrderState.NEW,
    },
}


def moved(state: OrderState, move: Move) -> OrderState | None:
    """Where the move leads; None if it is not possible (S02, O04)."""
    return TRANSITIONS[state].get(move)
