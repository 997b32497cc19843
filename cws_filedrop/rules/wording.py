"""ISSUES, a table of codes -> issues in words. May not know how any of them was detected."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from cws_filedrop.model import Issue
from cws_filedrop.rules import catalogue
from cws_filedrop.tables import ISSUE_COLUMNS, arrow


def _as_typed(column: str) -> str:
    return column


def issues(frame: pd.DataFrame, heading: Callable[[str], str] = _as_typed) -> list[tuple[int, Issue]]:
    """ISSUES as (line, issue), in the frame's order; `heading` turns a rule column into the seller's own heading."""
    cells = [frame["line"].tolist(), *(arrow(frame[name]).to_pylist() for name in ISSUE_COLUMNS[1:])]
    known: dict[tuple[str, str, str, str], Issue] = {}
    rendered: list[tuple[int, Issue]] = []
    for line, code, column, value, detail in zip(*cells, strict=True):
        key = (code, column, value, detail)
        if key not in known:
            typed = heading(column) if column else ""
            known[key] = catalogue.issue(code, column=typed, value=value, detail=detail)
        rendered.append((int(line), known[key]))
    return rendered
