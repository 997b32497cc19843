"""ISSUES, a table of codes -> issues in words. May not know how any of them was detected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pandas as pd

from cws_filedrop.model import Issue
from cws_filedrop.rules import catalogue
from cws_filedrop.tables import ISSUE_COLUMNS, arrow

AMAZON: Final = "Amazon"
_OF_ANSWERS: Final = frozenset({"O05", "O07", "O08", "O09", "Q02"})  # they say what was answered to earlier lines


def _named(issue: Issue, answering: str) -> Issue:
    """An issue that names who has answered."""
    if answering == AMAZON or issue.code not in _OF_ANSWERS:
        return issue
    message = issue.message.replace(AMAZON, answering)
    return replace(issue, message=message[:1].upper() + message[1:])


def _as_typed(column: str) -> str:
    return column


def issues(
    frame: pd.DataFrame, heading: Callable[[str], str] = _as_typed, *, answering: str = AMAZON
) -> list[tuple[int, Issue]]:
    """ISSUES as (line, issue), in the frame's order; `heading` turns a rule column into the seller's own heading, and
    `answering` is who has answered earlier lines, in words."""
    cells = [frame["line"].tolist(), *(arrow(frame[name]).to_pylist() for name in ISSUE_COLUMNS[1:])]
    known: dict[tuple[str, str, str, str], Issue] = {}
    rendered: list[tuple[int, Issue]] = []
    for line, code, column, value, detail in zip(*cells, strict=True):
        key = (code, column, value, detail)
        if key not in known:
            typed = heading(column) if column else ""
            known[key] = _named(catalogue.issue(code, column=typed, value=value, detail=detail), answering)
        rendered.append((int(line), known[key]))
    return rendered
