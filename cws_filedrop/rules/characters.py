"""L02: control characters, which XML cannot carry, in any cell; L04: marks of spreadsheets. Knows no meanings."""

from __future__ import annotations

import numpy as np

from cws_filedrop.rules.columns import Column, Rows, Sheet
from cws_filedrop.rules.findings import Findings


def rows_with_controls(column: Column) -> Rows:
    """The rows holding U+0000-001F, U+007F-009F, U+FFFE or U+FFFF. (UTF-8 cannot hold a lone surrogate.)"""
    cells = column.data[: int(column.offsets[-1])]
    if not len(cells) or (cells.min() >= 0x20 and cells.max() < 0x7F):
        return np.zeros(0, np.int64)
    after, then = column.data[1 : len(cells) + 1], column.data[2 : len(cells) + 2]
    low = (cells < 0x20) | (cells == 0x7F)
    high = (cells == 0xC2) & (after < 0xA0)
    never = (cells == 0xEF) & (after == 0xBF) & (then >= 0xBE)
    return column.rows_of(np.flatnonzero(low | high | never))


def check(sheet: Sheet, findings: Findings) -> None:
    """Note L02 for every cell that holds a control character."""
    for name in sheet.names:
        findings.add("L02", name, rows_with_controls(sheet[name]))


def note_marks(sheet: Sheet, findings: Findings) -> None:
    """Note L04 for every cell that was used without the mark by which a spreadsheet keeps it as text."""
    for name, rows in sheet.marked.items():
        findings.add("L04", name, rows)
