"""L03: a tracking number under another heading, proven by its check digit: the cells of the line are shifted.

A separator too many and one too few leave the number of cells right, so that only the cells can tell. Knows tracking
forms, no carriers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from cws_filedrop.rules.cells.known_forms import is_proven
from cws_filedrop.rules.check_digits import TrackingForm, check_digit_right, kinds
from cws_filedrop.rules.columns import Column, Mask, Rows, Sheet
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.forms import Block
from cws_filedrop.rules.orders import AMAZON_ID

TRACKING: Final = "tracking-number"
CARRIERS: Final = ("carrier-code", "carrier-name")
MOST_SURPLUS: Final = 2
MOST_CELLS: Final = 60
OTHERS: Final = (*CARRIERS, "ship-method", "transparency-code")


def check(sheet: Sheet, findings: Findings, travels: Mask) -> None:
    """Note the rows in whose carrier, ship method or transparency code a tracking number stands.

    A number for a carrier beside a tracking cell that is not empty is C03's: the two may be swapped.
    """
    for name in OTHERS:
        if name in sheet and not sheet[name].blank:
            looked_at = travels & sheet[name].given
            if name in CARRIERS and TRACKING in sheet:
                looked_at &= ~sheet[TRACKING].given
            rows = proven(sheet[name], np.flatnonzero(looked_at))
            findings.add("L03", name, rows, [_realigned(sheet, row, name) for row in rows.tolist()])


def proven(column: Column, rows: Rows) -> Rows:
    """Those of some rows whose cell is a tracking number with the right check digit."""
    found = np.zeros(len(column.sizes), np.bool_)
    for form in _checked(column.sizes[rows]):
        chosen = rows[column.sizes[rows] == form.form.size]
        block = Block(column.words(chosen, form.form.size))
        fits = form.form.match(block)
        if fits.any():
            fitting = chosen[fits]
            found[fitting] |= check_digit_right(block.part(np.flatnonzero(fits)), form)
    return np.flatnonzero(found)


def _checked(sizes: Rows) -> Iterator[TrackingForm]:
    """The forms of those sizes that have a check digit."""
    present = set(np.unique(sizes).tolist())
    return (form for form in kinds() if form.check and form.form.size in present)


def _realigned(sheet: Sheet, row: int, name: str) -> str:
    """The cells of the line without the empty ones that push the number out of its column, or "" if they do not."""
    names = sheet.names
    if TRACKING not in names:
        return ""
    wanted, found = names.index(TRACKING), names.index(name)
    cells = [sheet[one].texts(np.array([row]))[0] for one in names]
    pushing = cells[wanted:found]
    if not pushing or any(pushing):
        return ""
    return _shown([*cells[:wanted], *cells[found:]])


def without_surplus(cells: Sequence[str], columns: Sequence[str]) -> tuple[str, str] | None:
    """The tracking number of a line with a few empty cells too many, and the line as it most likely reads.

    None unless there is only one line that it can have been, with an order number of Amazon's in its place and a number
    that its check digit proves under `columns`' heading for it.
    """
    surplus = len(cells) - len(columns)
    if not 0 < surplus <= MOST_SURPLUS or TRACKING not in columns or len(cells) > MOST_CELLS:
        return None
    empty = [at for at, cell in enumerate(cells) if not cell]
    lines = {tuple(_without(cells, set(left))) for left in combinations(empty, surplus)}
    likely = [line for line in lines if _is_line(line, columns)]
    return (likely[0][columns.index(TRACKING)], _shown(likely[0])) if len(likely) == 1 else None


def _without(cells: Sequence[str], left_out: set[int]) -> list[str]:
    return [cell for at, cell in enumerate(cells) if at not in left_out]


def _is_line(line: Sequence[str], columns: Sequence[str]) -> bool:
    named = dict(zip(columns, line, strict=True))
    return bool(AMAZON_ID.fullmatch(named.get("order-id", ""))) and is_proven(named[TRACKING])


def _shown(cells: Sequence[str]) -> str:
    last = max(at for at, cell in enumerate(cells) if cell)
    return " ".join(f"[{cell}]" for cell in cells[: last + 1])
