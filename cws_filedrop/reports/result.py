"""result.txt: every line of the file once, with what became of it (docs/domain.md#7-outbox)."""

from __future__ import annotations

from typing import Final

from cws_filedrop.model import Issue, Verdict
from cws_filedrop.reports import table

COLUMNS: Final = ("line", "order-id", "order-item-id", "tracking", "verdict", "code", "message", "amazon-feed-id")


def header() -> bytes:
    """The heading row."""
    return table.heading(COLUMNS)


def whole_file(issue: Issue) -> bytes:
    """The single row for a file that could not be used at all."""
    message = f"the whole file: {issue.message}"
    return table.plain_rows([("1", "", "", "", str(Verdict.REJECTED), issue.code, message, "")])
