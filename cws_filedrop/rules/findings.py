"""What rules find, collected column-wise while a piece of a file is judged. Knows no rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cws_filedrop.model import Severity
from cws_filedrop.rules.catalogue import CATALOGUE, severity_of
from cws_filedrop.rules.columns import Mask, Rows, Sheet, Spread, taken
from cws_filedrop.tables import ISSUE_COLUMNS, issues_frame

Trouble: TypeAlias = tuple[str, str]  # code, detail
RANKS: Final = {code: rank for rank, code in enumerate(CATALOGUE)}


class Finding(NamedTuple):
    """One code in one column, in some rows; `details` is one text for all, or one for each row."""

    code: str
    column: str
    rows: Rows
    details: str | Sequence[str]


class Findings:
    """The issues of one piece of a file; `rejected` marks the rows that have an error."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._found: list[Finding] = []
        self.rejected: Mask = np.zeros(sheet.size, np.bool_)

    def add(self, code: str, column: str, rows: Rows, details: str | Sequence[str] = "") -> None:
        """Note a code for some rows."""
        if not len(rows):
            return
        self._found.append(Finding(code, column, rows, details))
        entry = CATALOGUE[code]
        severities = {wording.severity for wording in entry.kinds.values()} | {entry.severity}
        if severities == {Severity.ERROR}:
            self.rejected[rows] = True
        elif Severity.ERROR in severities:
            self.rejected[_errors(code, rows, details)] = True

    def add_where(self, code: str, column: str, mask: Mask, detail: str = "") -> None:
        """Note a code for the rows of a mask."""
        self.add(code, column, np.flatnonzero(mask), detail)

    def add_troubles(
        self, column: str, cells: Spread, troubles: Sequence[Trouble | None], where: Mask | None = None
    ) -> None:
        """Note what is wrong with each distinct text, if anything, for its rows; `where` says which rows count."""
        if not any(troubles):
            return
        troubled = np.array([trouble is not None for trouble in troubles])[cells.codes]
        rows = np.flatnonzero(troubled if where is None else troubled & where)
        by_row = [troubles[code] or ("", "") for code in cells.codes[rows]]
        codes = np.array([code for code, _ in by_row])
        for code in sorted(set(codes.tolist())):
            chosen = np.flatnonzero(codes == code)
            self.add(code, column, rows[chosen], [by_row[at][1] for at in chosen])

    def frame(self) -> pd.DataFrame:
        """ISSUES in line order, then in the catalogue's order."""
        if not self._found:
            return _no_issues().copy()
        rows = np.concatenate([finding.rows for finding in self._found])
        part = np.repeat(np.arange(len(self._found)), [len(finding.rows) for finding in self._found])
        ranks = np.array([RANKS[finding.code] for finding in self._found])[part]
        order = np.lexsort((ranks, rows))
        columns = {
            "line": np.asarray(self._sheet.index)[rows[order]].astype(np.int64),
            "code": self._named(part[order], lambda finding: finding.code),
            "column": self._named(part[order], lambda finding: finding.column),
            "value": _text(pa.concat_arrays([self._values(finding) for finding in self._found]), order),
            "detail": _text(pa.concat_arrays([_details(finding) for finding in self._found]), order),
        }
        return pd.DataFrame({name: columns[name] for name in ISSUE_COLUMNS}, copy=False)

    def _values(self, found: Finding) -> pa.StringArray:
        return self._sheet.typed(found.column).pick(found.rows)

    def _named(self, part: npt.NDArray[np.intp], name: Callable[[Finding], str]) -> pd.api.extensions.ExtensionArray:
        return _text(pa.array([name(found) for found in self._found], pa.string()), part)


def _errors(code: str, rows: Rows, details: str | Sequence[str]) -> Rows:
    """The rows whose wording, of the kind that their detail names, is an error."""
    if isinstance(details, str):
        return rows if severity_of(code, details) is Severity.ERROR else rows[:0]
    return rows[[severity_of(code, detail) is Severity.ERROR for detail in details]]


@cache
def _no_issues() -> pd.DataFrame:
    return issues_frame([])


def _details(found: Finding) -> pa.StringArray:
    if isinstance(found.details, str):
        return pa.repeat(pa.scalar(found.details, pa.string()), len(found.rows))
    return pa.array(found.details, pa.string())


def _text(values: pa.StringArray, order: npt.NDArray[np.intp]) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.ArrowExtensionArray(taken(values, order))
