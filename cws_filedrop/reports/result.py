"""result.txt: every line of the file once, with what became of it (DOMAIN 7)."""

from __future__ import annotations

from typing import Final

import pandas as pd

from cws_filedrop.model import Issue, Verdict
from cws_filedrop.reports import table

COLUMNS: Final = ("line", "order-id", "order-item-id", "tracking", "verdict", "code", "message", "amazon-feed-id")


def header() -> bytes:
    """The heading row."""
    return table.heading(COLUMNS)


def rows(frame: pd.DataFrame) -> bytes:
    """Rows of a frame of COLUMNS (line is a number, the others text; null is empty)."""
    return table.rows([frame["line"].astype(str), *(frame[name] for name in COLUMNS[1:])])


def whole_file(issue: Issue) -> bytes:
    """The one row that stands for a file that could not be used at all."""
    row = ("1", "", "", "", str(Verdict.REJECTED), issue.code, f"the whole file: {issue.message}", "")
    return rows(pd.DataFrame([row], columns=list(COLUMNS)))
