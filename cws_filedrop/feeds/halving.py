"""Halves of a feed that Amazon refused as a whole, so that the message that spoils it is found and the others go."""

from __future__ import annotations

from collections.abc import Sequence

Message = tuple[int, str]  # its number in the feed, and the order it is about


def halves(messages: Sequence[Message]) -> list[list[int]]:
    """The numbers of the messages in two portions, in their order; messages of one order stay together, unless the feed
    is about that order alone. A single message is a portion of its own."""
    orders = list(dict.fromkeys(order for _, order in messages))
    if len(orders) > 1:
        first = set(orders[: (len(orders) + 1) // 2])
        parts = [[number for number, order in messages if (order in first) is wanted] for wanted in (True, False)]
    else:
        middle = (len(messages) + 1) // 2
        parts = [[number for number, _ in some] for some in (messages[:middle], messages[middle:])]
    return [part for part in parts if part]
