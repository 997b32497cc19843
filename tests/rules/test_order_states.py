"""The table of docs/domain.md#10-orders."""

from __future__ import annotations

from cws_filedrop.model import OrderState
from cws_filedrop.rules.order_states import TRANSITIONS, OrderMove, moved


def test_every_state_has_its_moves() -> None:
    assert set(TRANSITIONS) == set(OrderState)


def test_what_was_shipped_is_not_packed_deferred_or_cancelled_any_more() -> None:
    assert [
        moved(OrderState.SHIPPED, move) for move in (OrderMove.PACKED, OrderMove.DEFERRED, OrderMove.CANCELLED)
    ] == [None] * 3


def test_a_cancelled_order_is_not_shipped() -> None:
    assert moved(OrderState.CANCELLED, OrderMove.SHIPPED) is None
    assert moved(OrderState.CANCELLED, OrderMove.CANCELLED) is OrderState.CANCELLED


def test_only_what_was_shipped_or_cancelled_can_be_refused() -> None:
    refused = {state for state in OrderState if moved(state, OrderMove.REFUSED)}
    assert refused == {
        OrderState.PARTLY_SHIPPED,
        OrderState.SHIPPED,
        OrderState.UNCONFIRMED,
        OrderState.CANCELLED,
    }


def test_a_refused_order_can_be_shipped_again() -> None:
    assert moved(OrderState.UNCONFIRMED, OrderMove.SHIPPED) is OrderState.SHIPPED


def test_every_state_can_be_reached() -> None:
    reached = {OrderState.NEW, OrderState.PARTLY_SHIPPED}  # the pieces decide about that (`ledger.state_of`)
    while more := {to for state in reached for to in TRANSITIONS[state].values()} - reached:
        reached |= more
    assert reached == set(OrderState)
