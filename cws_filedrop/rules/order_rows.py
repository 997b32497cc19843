"""The lines of an order file -> ORDERS: what was ordered, normalised, and what is wrong with the other lines.

Pure and columnar, as `judgement` is for shipped-order files. Knows no order book.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from cws_filedrop.model import JudgementContext, OrderState
from cws_filedrop.rules import dates, items, orders
from cws_filedrop.rules.columns import Cells, Column, Mask, Sheet, Spread
from cws_filedrop.rules.dates import Calendar, NamedMoment
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.tables import ORDER_COLUMNS, PEOPLE_COLUMNS

COMMENT: Final = re.compile(r"\s*Amazon\s*/\s*(\S+)\s*", re.IGNORECASE)
MIDNIGHT: Final = time()
YES: Final = frozenset(("true", "yes", "1"))
END_OF_DAY: Final = time(23, 59, 59)
# How the ancestor writes an order's state; its "user folders" hold new orders that were put aside.
STATES: Final = {
    "new": OrderState.NEW,
    "packed": OrderState.PACKED,
    "in process": OrderState.PACKED,
    "shipped": OrderState.SHIPPED,
    "unconfirm": OrderState.UNCONFIRMED,
    "unconfirmed": OrderState.UNCONFIRMED,
    "deferred": OrderState.DEFERRED,
    "cancelled": OrderState.CANCELLED,
    "canceled": OrderState.CANCELLED,
}


@dataclass(frozen=True)
class OrderRows:
    """`rows` is ORDERS with PEOPLE_COLUMNS, index = line number; `issues` is ISSUES, most of them of lines that are
    left out, which `refused` counts.

    `continued` counts the lines that merely continue the line above, which Amazon writes for further promotions.
    """

    rows: pd.DataFrame
    issues: pd.DataFrame
    refused: int
    continued: int


def read(lines: pd.DataFrame, *, required: frozenset[str], context: JudgementContext) -> OrderRows:
    """Normalise some lines of an order file whose format requires the `required` columns."""
    continued = _continued(lines, required)
    sheet = Sheet(lines[~continued] if continued.any() else lines)
    findings = Findings(sheet)
    calendar = dates.calendar(context)
    made: dict[str, Cells] = {name: sheet[name] for name in (*ORDER_COLUMNS, *PEOPLE_COLUMNS)}
    made["amazon-order-id"] = _order_ids(sheet, findings)
    made["order-item-id"] = items.read_ids(sheet, findings)
    findings.add_where("I01", "order-item-id", ~sheet["order-item-id"].given, "missing")
    made["quantity"] = items.read_quantities(sheet, findings)
    for column, of_day in (
        ("purchase-date", MIDNIGHT),
        ("payments-date", MIDNIGHT),
        ("latest-ship-date", END_OF_DAY),
    ):
        made[column] = _moments(sheet, findings, column, calendar, of_day, needed=column in required)
    made["status"] = _states(sheet)
    made["cancel-request"] = _flags(sheet, "cancel-request")
    _note_flags(sheet, findings)
    good = np.flatnonzero(~findings.rejected)
    columns = {name: pd.arrays.ArrowExtensionArray(cells.pick(good)) for name, cells in made.items()}
    rows = pd.DataFrame(columns, index=sheet.index[good], copy=False)
    return OrderRows(rows, findings.frame(), int(findings.rejected.sum()), int(continued.sum()))


def _continued(lines: pd.DataFrame, required: frozenset[str]) -> Mask:
    """Lines that are empty in every column which an order line must have, except perhaps the order's number."""
    sheet = Sheet(lines)
    names = required - {"amazon-order-id", "number"}
    nothing: Mask = np.logical_and.reduce([~sheet[name].given for name in sorted(names)])
    return nothing


def _order_ids(sheet: Sheet, findings: Findings) -> Column:
    column = "amazon-order-id"
    cells = sheet[column]
    if column not in sheet or not cells.given.all():
        column, cells = "comments", Column(_in_comments(sheet))
    rows = np.flatnonzero(~orders.amazon(cells))
    troubles = [_trouble(text) for text in cells.texts(rows)]
    for code in ("O01", "O02"):
        chosen = [at for at, trouble in enumerate(troubles) if trouble[0] == code]
        findings.add(code, column, rows[chosen], [troubles[at][1] for at in chosen])
    return cells


def _in_comments(sheet: Sheet) -> pa.StringArray:
    """Amazon's order number: from its own column, else from `Amazon/<number>` in the comments."""
    own, comments = sheet["amazon-order-id"], sheet["comments"]
    texts = zip(own.texts(sheet.every), comments.texts(sheet.every), strict=True)
    return pa.array([given or _after_slash(comment) for given, comment in texts], pa.string())


def _after_slash(comment: str) -> str:
    found = COMMENT.fullmatch(comment)
    return found[1] if found else comment


def _trouble(text: str) -> Trouble:
    code, detail = orders.trouble(text)
    return (code, detail) if code != "O03" else ("O02", "")


def _moments(
    sheet: Sheet, findings: Findings, column: str, calendar: Calendar, of_day: time, *, needed: bool
) -> Spread:
    """The moments of a column; one that cannot be read costs the order only where it is `needed`."""
    typed = sheet[column].distinct
    found = [dates.when(text, calendar, of_day=of_day) if text else None for text in typed.texts]
    troubles = [None if isinstance(one, NamedMoment) else one for one in found]
    if not needed:
        troubles = [one and ("D01", "left-out") for one in troubles]
    findings.add_troubles(column, typed, troubles)
    return Spread(typed.codes, [dates.stamped(one.moment) if isinstance(one, NamedMoment) else "" for one in found])


def _flags(sheet: Sheet, column: str) -> Spread:
    """Yes and no, as Amazon's reports write them; "" where nothing is said."""
    typed = sheet[column].distinct
    return Spread(typed.codes, [("yes" if text.casefold() in YES else "no") if text else "" for text in typed.texts])


def _note_flags(sheet: Sheet, findings: Findings) -> None:
    """Note what Amazon's report marks and sellers should know before they ship (O04, N01)."""
    order = "amazon-order-id"
    for column, code, detail in (("cancel-request", "O04", "requested"), ("invoiced-by-amazon", "N01", "invoice")):
        flagged = sheet[column].distinct.having(lambda text: text.casefold() in YES)
        findings.add_where(code, order, flagged, detail)


def _states(sheet: Sheet) -> Spread:
    typed = sheet["status"].distinct
    return Spread(typed.codes, [str(STATES.get(text.casefold(), "")) for text in typed.texts])
