"""The ledger by the piece: what Amazon was told of an order, package by package, and what follows for the order.

One row per order line and package (tracking number), with counts of units and never a row a unit
(docs/domain.md#10-orders). Every unit that was told is accepted, refused, unknown, cancelled (it was taken back, or
went in another package), or still on its way. Where a row says nothing of its quantity, all that was ordered is meant,
and its counts count that as 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cws_filedrop.model import OrderState

Ordered = Mapping[str, int | None]  # units ordered, by item; None = nobody has said how many


class LedgerRow(NamedTuple):
    """One order line in one package. `item` is "" for the whole order, `quantity` None for all that was ordered.

    `upload_id` and `line` are the line that told it last; `refused_by` names the line that Amazon refused last, and
    `corrected_by` the line that corrects this package, as `line_key` does ("" = none). Refused units that nobody
    answers for were a correction: what it was to correct stands, and nothing is open by them.
    """

    item: str
    tracking: str
    quantity: int | None
    told: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    cancelled: int = 0
    upload_id: str = ""
    line: int = 0
    corrected_by: str = ""
    refused_by: str = ""

    @property
    def on_its_way(self) -> int:
        """Units that Amazon has not answered for."""
        return self.told - self.accepted - self.refused - self.unknown - self.cancelled

    @property
    def open_refusal(self) -> int:
        """Refused units, without those of a correction of what Amazon has."""
        return self.refused if self.refused_by else 0

    @property
    def counts_all(self) -> bool:
        """Do its counts count all that was ordered as 1?"""
        return self.quantity is None or not self.item


def line_key(upload_id: str, line: int) -> str:
    """How rows name a line of an upload."""
    return f"{upload_id} {line}"


def told_again(row: LedgerRow, quantity: int | None, ordered: int | None, upload_id: str, line: int) -> LedgerRow:
    """A row whose package is told once more by another line; what became of its earlier units stays in its counts."""
    again = row._replace(quantity=quantity, upload_id=upload_id, line=line, corrected_by="")
    counts = [row.accepted, row.refused, row.unknown, row.cancelled]
    if row.counts_all and not again.counts_all:
        counts = [count * (ordered or 1) for count in counts]
    elif again.counts_all and not row.counts_all:
        counts = [min(count, 1) for count in counts]
    accepted, refused, unknown, cancelled = counts
    told = sum(counts) + (1 if again.counts_all else quantity or 1)
    return again._replace(told=told, accepted=accepted, refused=refused, unknown=unknown, cancelled=cancelled)


class LinePieces(NamedTuple):
    """How an order line stands, in units; `ordered` is None where nobody has said how many. The counts overlap
    nowhere."""

    ordered: int | None
    accepted: int
    on_its_way: int
    unknown: int
    refused: int  # and not told again since, nor confirmed in another package

    @property
    def open(self) -> int:
        """Units that Amazon has not, and that are not on their way there."""
        if self.ordered is None:
            return self.refused
        return self.ordered - self.accepted - self.on_its_way - self.unknown

    @property
    def total(self) -> int:
        """Units ordered, as far as that is known."""
        return self.ordered or max(1, self.accepted + self.on_its_way + self.unknown + self.refused)


def pieces(ordered: Ordered, rows: Sequence[LedgerRow]) -> dict[str, LinePieces]:
    """How each line of an order stands; those that no order file has named are there by the rows about them."""
    standing = _standing(rows)
    return {item: _of_line(item, ordered.get(item), standing) for item in _items(ordered, rows)}


def _items(ordered: Ordered, rows: Sequence[LedgerRow]) -> list[str]:
    return list(dict.fromkeys([*ordered, *(row.item for row in rows if row.item)])) or [""]


def _of_line(item: str, ordered: int | None, rows: Sequence[LedgerRow]) -> LinePieces:
    mine = [row for row in rows if row.item in (item, "")]

    def sum_of(count: Callable[[LedgerRow], int]) -> int:
        return sum(_units(row, count(row), ordered) for row in mine)

    accepted, way = sum_of(lambda row: row.accepted), sum_of(lambda row: row.on_its_way)
    unknown, refused = sum_of(lambda row: row.unknown), sum(_still_refused(row, mine, ordered) for row in mine)
    if ordered is None:
        return LinePieces(None, accepted, way, unknown, max(refused - way - unknown, 0))
    accepted = min(accepted, ordered)
    way = min(way, ordered - accepted)
    unknown = min(unknown, ordered - accepted - way)
    return LinePieces(ordered, accepted, way, unknown, min(refused, ordered - accepted - way - unknown))


def _units(row: LedgerRow, count: int, ordered: int | None) -> int:
    """A count of a row in units of one order line."""
    if row.counts_all:
        return (ordered or 1) if count else 0
    return count


def _still_refused(row: LedgerRow, mine: Sequence[LedgerRow], ordered: int | None) -> int:
    """Units of an order line that a row counts as refused. Where nobody has said how many were ordered, what a later
    upload brought and Amazon accepted is taken for them."""
    refused = _units(row, row.open_refusal, ordered)
    if ordered is not None or not refused:
        return refused
    accepted = [one for one in mine if one.accepted]
    if any(one.counts_all for one in accepted):  # all of it: nothing is left that could be refused
        return 0
    upload_id = row.refused_by.partition(" ")[0]
    return max(refused - sum(one.accepted for one in accepted if one.upload_id > upload_id), 0)


def _standing(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The rows, with a package and its correction counted once: what Amazon has accepted stands, and of two the
    later."""
    correctors = {line_key(row.upload_id, row.line): row for row in rows}
    muted: set[int] = set()
    for row in rows:
        by = correctors.get(row.corrected_by)
        if not row.corrected_by or by is row:
            continue
        muted.add(id(by) if by is not None and row.accepted and not by.accepted else id(row))
    return [row for row in rows if id(row) not in muted]


def state_of(ordered: Ordered, rows: Sequence[LedgerRow]) -> OrderState | None:
    """The state of an order of which something was told; None if all of that was taken back."""
    lines = pieces(ordered, rows).values()
    if not any(line.open for line in lines):
        return OrderState.SHIPPED if any(row.told > row.cancelled for row in rows) else None
    if any(line.accepted for line in lines):
        return OrderState.PARTLY_SHIPPED
    if any(line.refused for line in lines):
        return OrderState.UNCONFIRMED
    return OrderState.PARTLY_SHIPPED if any(line.on_its_way or line.unknown for line in lines) else None


def words(ordered: Ordered, rows: Sequence[LedgerRow]) -> str:
    """What is open of an order, such as "1 of 2 lines not confirmed, 1 of 3 pieces refused"; "" = nothing is."""
    lines = list(pieces(ordered, rows).values())
    refused, total = sum(line.refused for line in lines), sum(line.total for line in lines)
    unsure, left = sum(line.unknown for line in lines), [line for line in lines if line.open]
    said = [f"{len(left)} of {len(lines)} lines not confirmed"] if left and len(lines) > 1 else []
    if refused:
        said.append(f"{refused} of {_counted(total)} refused")
    elif left and len(lines) == 1:
        said.append(f"{left[0].open} of {_counted(total)} not confirmed")
    if unsure:
        said.append(f"{unsure} of {_counted(total)} unknown")
    return ", ".join(said)


def _counted(units: int) -> str:
    return f"{units} piece" if units == 1 else f"{units} pieces"


def settled(ordered: Ordered, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The rows, without refused and unknown units that Amazon has since accepted in these or other packages: they count
    as cancelled. Of several refusals the last ones stay."""
    lines = pieces(ordered, rows)
    standing = _standing(rows)
    room = {item: _room(item, lines[item], standing) for item in lines}
    newest = sorted(range(len(rows)), key=lambda place: rows[place].refused_by, reverse=True)
    done = {place: _reduced(rows[place], room, ordered) for place in newest}
    return [done[place] for place in range(len(rows))]


def _room(item: str, line: LinePieces, rows: Sequence[LedgerRow]) -> int:
    """Units of an order line that can still be refused: those that Amazon has not accepted."""
    if line.ordered is not None:
        return line.ordered - line.accepted
    mine = [row for row in rows if row.item in (item, "")]
    return sum(_still_refused(row, mine, None) for row in mine)


def _reduced(row: LedgerRow, room: dict[str, int], ordered: Ordered) -> LedgerRow:
    """A row whose refused units fit into the room that is left of its order lines; the room is used up."""
    if not row.open_refusal and not row.unknown:
        return row
    lines = [row.item] if row.item else list(room)
    free = max(room[item] for item in lines)
    refused = min(row.open_refusal, free)
    for item in lines:
        room[item] = max(room[item] - _units(row, refused, ordered.get(item)), 0)
    unknown = row.unknown if free or any(ordered.get(item) is None for item in lines) else 0
    gone = row.open_refusal - refused + row.unknown - unknown
    refused += row.refused - row.open_refusal
    return row._replace(refused=refused, unknown=unknown, cancelled=row.cancelled + gone)
