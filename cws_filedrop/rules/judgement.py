"""LINES (cells as text) to issues, verdicts and SHIPMENTS: which rows go to Amazon, and what to say about the others.

Pure and columnar: no file format, no database, no clock. `judge` sees one piece of a file; how lines of the whole file
relate to each other is found by `repeats` beforehand and passed in, and so is what the order book knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cws_filedrop.model import JudgementContext, OrderState, Verdict
from cws_filedrop.rules import (
    booked,
    cancelling,
    carriage,
    characters,
    dates,
    extras,
    items,
    order_states,
    packages,
    shifted,
    statuses,
    tracking,
)
from cws_filedrop.rules.book import EMPTY, Effect, KnownOrder, OrderBook
from cws_filedrop.rules.booked import NamedOrders, SentTracking
from cws_filedrop.rules.cancelling import Cancellation
from cws_filedrop.rules.carriers import CarrierTable, shipped_table
from cws_filedrop.rules.columns import Cells, Column, Mask, Rows, Sheet
from cws_filedrop.rules.dates import ProvenOrders
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.order_states import OrderMove
from cws_filedrop.rules.packages import PackageOutcomes
from cws_filedrop.rules.repeats import Repeats
from cws_filedrop.rules.statuses import RequestedStatuses
from cws_filedrop.tables import SHIPMENT_COLUMNS

VERDICTS: Final = (Verdict.REJECTED, Verdict.DUPLICATE, Verdict.QUEUED, Verdict.UPDATED, Verdict.HELD)
REJECTED, DUPLICATE, QUEUED, UPDATED, HELD = range(len(VERDICTS))  # their places in it; from QUEUED on the line is good


@dataclass(frozen=True)
class Judgement:
    """What became of the rows of one piece of a file.

    `verdicts` has every row (index of the lines, TEXT): queued, updated, held, rejected or duplicate. `issues` is
    ISSUES with rule columns. `shipments` is SHIPMENTS, of the queued rows and of those held until an earlier line is
    answered. `effects` is what the good rows do to their orders. `quiet` are the lines whose buyers get no mail from
    us, `cancellations` what Amazon is to cancel, by line.
    """

    verdicts: pd.Series[str]
    issues: pd.DataFrame
    shipments: pd.DataFrame
    make_effects: Callable[[], list[Effect]]  # late, since only a caller that moves orders needs them
    quiet: frozenset[int]
    cancellations: dict[int, Cancellation]
    remarks: dict[int, str]

    @cached_property
    def effects(self) -> list[Effect]:
        """What the good rows do to their orders, in line order."""
        return self.make_effects()


def judge(
    lines: pd.DataFrame,
    *,
    required: frozenset[str],
    context: JudgementContext,
    repeats: Repeats | None = None,
    carriers: CarrierTable | None = None,
    book: OrderBook | None = None,
    orders: ProvenOrders | None = None,
) -> Judgement:
    """Judge some lines of a file whose format requires the `required` columns; `carriers` replaces the built-in table.

    `repeats` and `orders` (of day and month) are what the whole file shows of these lines.

    A rule notes what it finds and the next one goes on, so that a seller learns all that is wrong with a line at once.
    """
    sheet = Sheet(lines)
    findings = Findings(sheet)
    characters.check(sheet, findings)
    requested = statuses.read(sheet, findings)
    shifted.check(sheet, findings, requested.travels)
    table = carriers or shipped_table()
    lookup = carriage.CarrierLookup(table, table.own(context.policy.carrier_aliases))
    named = booked.resolve(sheet, findings, book or EMPTY, unknown_orders=context.policy.unknown_orders)
    made = _made(sheet, findings, requested, lookup, named)
    calendar = dates.calendar(context, orders)
    read = dates.check(sheet, findings, requested.shipped, calendar, required="ship-date" in required)
    made["fulfillment-date"] = read.cells
    if named.any:
        made["fulfillment-date"] = booked.not_before(sheet, findings, named.found, requested.shipped, read, calendar)
    wanted, which = context.policy.cancel_at_amazon, cast(Column, made["order-item-code"])
    cancelled = cancelling.check(sheet, findings, requested, named, which, wanted=wanted)
    again = _repeated(sheet, findings, repeats)
    outcomes = _packages(sheet, findings, requested, made, named, repeats)
    duplicates = np.union1d(again, outcomes.duplicates).astype(np.int64)
    sent = requested.shipped | cancelling.mask(cancelled, sheet.size) if cancelled else requested.shipped
    characters.note_marks(sheet, findings)
    bare = requested.shipped & ~sheet["tracking-number"].given & ~findings.rejected
    bare[duplicates] = False
    carriage.check_given(findings, np.flatnonzero(bare), made["carrier-code"], made["tracking-number"])
    verdicts = _verdicts(findings.rejected, duplicates, sent, list(outcomes.waiting))
    told = (verdicts == QUEUED) | (verdicts == HELD)
    return Judgement(
        verdicts=pd.Series(_text(pa.array(VERDICTS, pa.string()).take(verdicts)), index=lines.index, copy=False),
        issues=findings.frame(),
        shipments=_frame(sheet, made, SHIPMENT_COLUMNS, np.flatnonzero(told & requested.shipped)),
        make_effects=lambda: _effects(sheet, made, named, outcomes, np.flatnonzero(verdicts >= QUEUED)),
        quiet=frozenset(np.asarray(sheet.index)[requested.quiet].tolist()),
        cancellations={order.line: order for row, order in cancelled.items() if not findings.rejected[row]},
        remarks=_remarks(sheet, requested, named, made["tracking-number"], np.flatnonzero(verdicts == UPDATED)),
    )


def _remarks(
    sheet: Sheet, requested: RequestedStatuses, named: NamedOrders, numbers: Cells, rows: Rows
) -> dict[int, str]:
    """What there is to say of updated rows, by line."""
    if not len(rows):
        return {}
    kinds, lines = [requested.kinds.at(row) for row in rows.tolist()], np.asarray(sheet.index)[rows].tolist()
    tracked = [bool(number) for number in numbers.pick(rows).to_pylist()]
    known = [named.found[row] for row in rows.tolist()]
    return {
        line: order_states.remark(OrderMove(kind), order.state if order else OrderState.NEW, tracked=number)
        for line, kind, order, number in zip(lines, kinds, known, tracked, strict=True)
    }


def _made(
    sheet: Sheet, findings: Findings, requested: RequestedStatuses, lookup: carriage.CarrierLookup, named: NamedOrders
) -> dict[str, Cells]:
    """The normalised cells of the rows, by the column they go to."""
    shipped, found = requested.shipped, named.found
    which = _items(sheet, findings, shipped, named)
    given = carriage.given(sheet, lookup)
    numbers = tracking.check(sheet, findings, requested.travels, given.own, given.numbers)
    carried = carriage.check(sheet, findings, requested, numbers, given)
    sent = SentTracking(numbers.sent, carried.codes, carried.names, numbers.good)
    if named.any:
        booked.check_moves(sheet, findings, found, requested)
        booked.check_requests(findings, found, shipped)
        booked.check_items(findings, found, which.item)
        sent = booked.with_kept(sheet, findings, found, shipped, which.item, sent)
    methods = extras.ship_methods(sheet, findings, shipped=shipped, tracked=sent.tracked)
    usual = booked.with_methods(sheet, found, methods, shipped & sent.tracked) if named.any else methods
    return {
        "kind": requested.kinds,
        "amazon-order-id": named.ids,
        "order-item-code": which.item,
        "quantity": which.quantity,
        "carrier-code": sent.codes,
        "carrier-name": sent.names,
        "ship-method": usual,
        "own-ship-method": extras.own_methods(sheet),
        "tracking-number": sent.numbers,
        "cod-collection-method": extras.cash_on_delivery(sheet, findings, shipped),
        "transparency-codes": which.codes,
        "ship-from": extras.ship_from(sheet, findings, shipped),
    }


def _items(sheet: Sheet, findings: Findings, shipped: Mask, named: NamedOrders) -> items.Items:
    """Items and quantities, with what the order book knows of them."""
    if not named.any:
        return items.read(sheet, findings, shipped)
    repairs = booked.repairs(sheet, named.found) | booked.only_items(sheet, findings, named.found)
    settled = booked.check_whole(sheet, findings, named.found, shipped)
    only = booked.only_right(sheet, named.found)
    return items.read(sheet, findings, shipped, repairs, only, settled)


def _packages(
    sheet: Sheet,
    findings: Findings,
    requested: RequestedStatuses,
    made: dict[str, Cells],
    named: NamedOrders,
    repeats: Repeats | None,
) -> PackageOutcomes:
    """Compare the rows with what was confirmed before."""
    if not named.any:
        return PackageOutcomes()
    names = ("order-item-code", "tracking-number", "quantity")
    which, numbers, quantities = (cast(list[str], made[name].pick(sheet.every).to_pylist()) for name in names)
    totals = {} if repeats is None else repeats.pieces(np.asarray(sheet.index, dtype=np.int64))
    return packages.check(
        findings, named.found, requested.shipped, items=which, numbers=numbers, quantities=quantities, totals=totals
    )


EFFECT_COLUMNS: Final = (
    "amazon-order-id",
    "order-item-code",
    "kind",
    "own-ship-method",
    "tracking-number",
    "carrier-code",
    "carrier-name",
    "quantity",
)


def _effects(
    sheet: Sheet, made: dict[str, Cells], named: NamedOrders, outcomes: PackageOutcomes, rows: Rows
) -> list[Effect]:
    """What the good rows do to their orders."""
    cells = (made[name].pick(rows).to_pylist() for name in EFFECT_COLUMNS)
    lines = np.asarray(sheet.index)[rows].tolist()
    made_of = []
    for row, line, (ident, item, *rest, count) in zip(rows.tolist(), lines, zip(*cells, strict=True), strict=True):
        order, quantity = named.found[row], int(count) if count else None
        known = (order.no, order.version) if order else (0, 0)
        told = (outcomes.corrections.get(row, ()), quantity, _covers(order, item, quantity))
        others = (outcomes.replaced.get(row, ()), outcomes.waiting.get(row))
        made_of.append(Effect._make((line, ident, *known, item, *rest, *told, *others)))
    return made_of


def _covers(order: KnownOrder | None, item: str, quantity: int | None) -> bool:
    """Is nothing of the order left beside a row, as far as it is known what was ordered?"""
    if order is None or not item or not order.items:
        return True
    return len(order.items) == 1 and (quantity or 0) >= (order.items.get(item) or 0 if quantity else 0)


def _repeated(sheet: Sheet, findings: Findings, repeats: Repeats | None) -> Rows:
    """Note how these rows relate to the rest of the file; the rows that are duplicates of an earlier one."""
    if repeats is None or not repeats.found:
        return np.zeros(0, np.int64)
    numbers = np.asarray(sheet.index, dtype=np.int64)
    rows = repeats.rows(numbers)
    found = [repeats.found[number] for number in numbers[rows].tolist()]
    for code, column in sorted({(finding.code, finding.column) for finding in found}):
        chosen = [at for at, finding in enumerate(found) if (finding.code, finding.column) == (code, column)]
        findings.add(code, column, rows[chosen], [found[at].detail for at in chosen])
    return rows[[at for at, finding in enumerate(found) if finding.code == "O05"]]


def _verdicts(rejected: Mask, duplicates: Rows, shipped: Mask, waiting: list[int]) -> npt.NDArray[np.int64]:
    """The verdict of each row, as its place in VERDICTS."""
    # Rejected last: a duplicate with an error is rejected, and its error is what the seller has to see.
    verdicts = np.where(shipped, QUEUED, UPDATED)
    verdicts[waiting] = HELD
    verdicts[duplicates] = DUPLICATE
    verdicts[rejected] = REJECTED
    return verdicts


@cache
def _no_rows(columns: tuple[str, ...]) -> pd.DataFrame:
    cells = {column: _text(pa.array([], pa.string())) for column in columns}
    return pd.DataFrame(cells, index=pd.Index([], dtype="int64", name="line"))


def _text(values: pa.StringArray) -> pd.arrays.ArrowExtensionArray:
    return pd.arrays.ArrowExtensionArray(values)


def _frame(sheet: Sheet, made: dict[str, Cells], columns: tuple[str, ...], rows: Rows) -> pd.DataFrame:
    """The chosen rows as a frame."""
    if not len(rows):
        return _no_rows(columns).copy(deep=False)
    cells = {column: _text(made[column].pick(rows)) for column in columns}
    return pd.DataFrame(cells, index=sheet.index[rows], copy=False)
