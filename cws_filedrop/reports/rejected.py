"""rejected.txt and unconfirmed.txt: only the lines to be mended, in the seller's own columns, with what to do.

The seller's cells are given back as they were typed, formulas too: this file is corrected and dropped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from cws_filedrop.model import Issue
from cws_filedrop.reports import table

ADDED: Final = ("error-code", "error-column", "error-message", "what-to-do")


def header(headings: Sequence[str], delimiter: str) -> bytes:
    """The seller's heading row, and ours. The delimiter stays the seller's, so that lines can stay as typed."""
    return (delimiter.join((*headings, *ADDED)) + table.END).encode()


def rows(raw: Mapping[int, str], issues: Iterable[tuple[int, Issue]], delimiter: str, width: int) -> bytes:
    """The lines of `raw` (by line number, as typed) with their errors; several in one line are joined by " | ".

    `width` is the number of the seller's columns. Empty cells beyond them are left out, so that the added columns stand
    under their headings; a line with too few cells is not filled up, or it would pass when it is dropped back unmended.
    """
    found: dict[int, list[Issue]] = {}
    for line, issue in issues:
        found.setdefault(line, []).append(issue)
    return "".join(_row(text, found.get(line, []), delimiter, width) for line, text in raw.items()).encode(
        errors="replace"
    )


def _row(text: str, issues: list[Issue], delimiter: str, width: int) -> str:
    while text.endswith(delimiter) and text.count(delimiter) >= width:
        text = text[: -len(delimiter)]
    added = [
        " | ".join(issue.code for issue in issues),
        " | ".join(issue.column for issue in issues),
        " | ".join(issue.message for issue in issues),
        " | ".join(issue.remedy for issue in issues),
    ]
    return text + delimiter + delimiter.join(_cell(cell, delimiter) for cell in added) + table.END


@lru_cache(maxsize=4096)  # what to do is said of many lines in the same words
def _cell(text: str, delimiter: str) -> str:
    plain = table.disarmed(" ".join(text.split()))
    if delimiter != "\t" and (delimiter in plain or '"' in plain):
        return '"' + plain.replace('"', '""') + '"'
    return plain
