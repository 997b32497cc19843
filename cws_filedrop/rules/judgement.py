"""LINES (cells as text) to issues, verdicts and SHIPMENTS: which rows go to Amazon, and what to say about the others.

Pure and columnar: no file format, no order book, no clock. `judge` looks at one piece of a file; what several
lines of a file have to do with each other is found by `repeats` beforehand and handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cws_filedrop.model import Context, Verdict
from cws_filedrop.rules import carriage, characters, dates, extras, items, orders, statuses, tracking
from cws_filedrop.rules.carriers import Table, shipped_table
from cws_filedrop.rules.columns import Cells, Mask, Rows, Sheet
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.repeats import Repeats
from cws_filedrop.rules.statuses import Asked
from cws_filedrop.tables import SHIPMENT_COLUMNS

VERDICTS: Final = (Verdict.REJECTED, Verdict.DUPLICATE, Verdict.QUEUED, Verdict.UPDATED)
UPDATE_COLUMNS: Final = (
    "status",  # packed, deferred or cancelled
    "order-id",
    "order-item-id",
    "quantity",
    "tracking-number",  # of packed rows, as it would be sent; "" for the others
    "carrier-code",
    "carrier-name",
    "ship-method",
)


@dataclass(frozen=True)
class Judgement:
    """What became of the rows of one piece of a file.

    `verdicts` has every row (index of the lines, TEXT): queued, updated, rejected or duplicate. `issues` is ISSUES
    with rule columns. `shipments` is SHIPMENTS, of the queued rows. `updates` has UPDATE_COLUMNS, of the updated ones.
    """

    verdicts: pd.Series[str]
    issues: pd.DataFrame
    shipments: pd.DataFrame
    updates: pd.DataFrame


def judge(
    lines: pd.DataFrame,
    *,
    required: frozenset[str],
    context: Context,
    repeats: Repeats | None = None,
    carriers: Table | None = None,
) -> Judgement:
    """Judge some lines of a file, whose format needs the `required` columns; `carriers` replaces the shipped table."""
    sheet = Sheet(lines)
    findings = Findings(sheet)
    characters.check(sheet, findings)
    asked = statuses.read(sheet, findings)
    orders.check(sheet, findings, unknown_orders=context.policy.unknown_orders)
    table = carriers or shipped_table()
    lookup = carriage.Lookup(table, table.own(context.policy.carrier_aliases))
    made = _made(sheet, findings, asked, lookup)
    moments = dates.check(sheet, findings, asked.shipped, required="ship-date" in required, context=context)
    made["fulfillment-date"] = moments
    duplicates = _repeated(sheet, findings, repeats)
    verdicts = _verdicts(findings.rejected, duplicates, asked.shipped)
    return Judgement(
        verdicts=pd.Series(_text(pa.array(VERDICTS, pa.string()).take(verdicts)), index=lines.index, copy=False),
        issues=findings.frame(),
        shipments=_frame(sheet, made, SHIPMENT_COLUMNS, np.flatnonzero(verdicts == 2)),
        updates=_frame(sheet, made, UPDATE_COLUMNS, np.flatnonzero(verdicts == 3)),
    )


def _made(sheet: Sheet, findings: Findings, asked: Asked, lookup: carriage.Lookup) -> dict[str, Cells]:
    """The normalised cells of the rows, by the column they go to."""
    shipped = asked.shipped
    which = items.read(sheet, findings, shipped)
    numbers = tracking.check(sheet, findings, asked.travels)
    carried = carriage.check(sheet, findings, asked, numbers, lookup)
    return {
        "status": asked.kinds,
        "order-id": sheet["order-id"],
        "amazon-order-id": sheet["order-id"],
        "order-item-id": which.item,
        "order-item-code": which.item,
        "quantity": which.quantity,
        "carrier-code": carried.codes,
        "carrier-name": carried.names,
        "ship-method": extras.ship_methods(sheet, findings, shipped=shipped, tracked=numbers.good),
        "tracking-number": numbers.sent,
        "cod-collection-method": extras.cash_on_delivery(sheet, findings, shipped),
        "transparency-codes": which.codes,
        "ship-from": extras.ship_from(sheet, findings, shipped),
    }


def _repeated(sheet: Sheet, findings: Findings, repeats: Repeats | None) -> Rows:
    """Note what the whole file says about these rows; the rows that are duplicates of an earlier one."""
    if repeats is None or not repeats.found:
        return np.zeros(0, np.int64)
    numbers = np.asarray(sheet.index, dtype=np.int64)
    rows = repeats.rows(numbers)
    found = [repeats.found[number] for number in numbers[rows].tolist()]
    for code, column in sorted({(finding[0], finding[1]) for finding in found}):
        chosen = [at for at, finding in enumerate(found) if finding[:2] == (code, column)]
        findings.add(code, column, rows[chosen], [found[at][3] for at in chosen])
    return rows[[at for at, finding in enumerate(found) if finding[0] == "O05"]]


def _verdicts(rejected: Mask, duplicates: Rows, shipped: Mask) -> npt.NDArray[np.int64]:
    """The verdict of each row, as its place in VERDICTS."""
    verdicts = np.where(shipped, 2, 3)
    verdicts[duplicates] = 1
    verdicts[rejected] = 0
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
