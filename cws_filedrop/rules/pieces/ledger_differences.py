"""Where Amazon's own order and our ledger disagree, in words for somebody who looks into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cws_filedrop.rules.pieces.ledger import LedgerRow, LinePieces, Ordered, pieces


def differences(ordered: Ordered, rows: Sequence[LedgerRow], shown: Mapping[str, Any]) -> list[str]:
    """What differs; `shown` is an order as it was read back (store.feeds.read_backs.ReadBack.shown)."""
    lines = pieces(ordered, rows)
    if not shown.get("status"):
        return ["Amazon knows no such order"] if any(line.accepted for line in lines.values()) else []
    items = {one["item"]: one for one in shown.get("items", [])}
    found = [words for item, line in lines.items() if item for words in _of_line(item, line, items.get(item))]
    if "" in lines and lines[""].accepted and any(one["shipped"] < _rest(one) for one in items.values()):
        found.append(f"we have the whole order as accepted, Amazon shows it as {shown['status']}")
    return found


def _of_line(item: str, line: LinePieces, shown: Mapping[str, Any] | None) -> Iterator[str]:
    if shown is None:
        if line.accepted:
            yield f"{item}: Amazon's order does not have this item"
        return
    if line.ordered is not None and line.ordered != shown["ordered"]:
        yield f"{item}: {line.ordered} ordered in the order book, {shown['ordered']} at Amazon"
    ours = line.accepted if line.ordered is not None or not line.accepted else min(line.accepted, shown["shipped"])
    if shown["shipped"] != ours:
        yield f"{item}: {ours} accepted in our ledger, {shown['shipped']} of {shown['ordered']} shipped at Amazon"
    if shown["cancelled"] and line.open:
        yield f"{item}: {shown['cancelled']} cancelled at Amazon, {line.open} open here"


def _rest(shown: Mapping[str, Any]) -> int:
    rest: int = shown["ordered"] - shown["cancelled"]
    return rest
