"""An order file -> the order book: read, checked, merged, in bounded pieces; and what became of its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from cws_filedrop.formats.claims import ORDER_FORMATS
from cws_filedrop.formats.file import FileFacts, open_file
from cws_filedrop.model import Issue, JudgementContext
from cws_filedrop.rules import order_rows, wording
from cws_filedrop.store.database import Database
from cws_filedrop.store.orders import merge
from cws_filedrop.store.orders.merge import Merged

SHOWN_ISSUES: Final = 100


@dataclass
class ImportResult:
    """The result of importing a file. `refused` counts lines that were left out, `issues` has the first of them."""

    facts: FileFacts
    lines: int = 0
    continued: int = 0
    refused: int = 0
    issues: list[tuple[int, Issue]] = field(default_factory=list)
    new_orders: set[int] = field(default_factory=set)
    changed_orders: set[int] = field(default_factory=set)
    known_orders: set[int] = field(default_factory=set)
    new_lines: int = 0
    changed_lines: int = 0
    taken: list[tuple[int, str]] = field(default_factory=list)

    def add(self, merged: Merged) -> None:
        """Add what merging a piece did."""
        self.new_orders |= merged.new
        self.changed_orders |= merged.changed - self.new_orders
        self.known_orders |= merged.known
        self.known_orders -= self.new_orders | self.changed_orders
        self.new_lines += merged.new_lines
        self.changed_lines += merged.changed_lines
        self.taken += merged.taken

    def as_json(self) -> dict[str, Any]:
        """Plain values, version 1."""
        return {
            "version": 1,
            "format": self.facts.format.name,
            "encoding": self.facts.encoding,
            "lines": self.lines,
            "continued_lines": self.continued,
            "refused_lines": self.refused,
            "orders": {
                "new": len(self.new_orders),
                "changed": len(self.changed_orders),
                "unchanged": len(self.known_orders),
            },
            "order_lines": {"new": self.new_lines, "changed": self.changed_lines},
            "numbers_left_out": [{"line": line, "number": number} for line, number in self.taken],
            "issues": [{"line": line} | issue.as_json() for line, issue in self.issues],
        }


def import_file(
    db: Database, account_id: int, source: BinaryIO, *, file_name: str, judging: JudgementContext, now: datetime
) -> ImportResult:
    """Merge an order file into the order book of an account.

    Raises: FileRejected when the file as a whole cannot be used.
    """
    file = open_file(source, file_name=file_name, limits=judging.limits, wanted=ORDER_FORMATS)
    done = ImportResult(file.facts)
    for chunk in file.chunks():
        read = order_rows.read(chunk.lines, required=file.facts.format.required, context=judging)
        done.add(merge.merge(db, account_id, read.rows, now=now))
        done.lines += len(chunk.lines) + chunk.issues["line"].nunique()
        done.continued += read.continued
        done.refused += chunk.issues["line"].nunique() + read.refused
        for issues in (chunk.issues, read.issues):
            room = SHOWN_ISSUES - len(done.issues)
            done.issues += wording.issues(issues.head(room), heading=lambda column: _heading(file.facts, column))
    return done


def _heading(facts: FileFacts, column: str) -> str:
    return facts.format.heading(column) if column in facts.columns else column
