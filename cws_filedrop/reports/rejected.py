"""rejected.txt and unconfirmed.txt: only the lines to correct, in the seller's own columns, with what to do.

The seller's cells are returned as typed, formulas included: this file is corrected and dropped again, and an apostrophe
put before a cell would come back as part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from cws_filedrop.model import Issue
from cws_filedrop.reports import table

ADDED: Final = ("error-code", "error-column", "error-message", "what-to-do")


def header(headings: Sequence[str], delimiter: str) -> bytes:
    """The seller's headings and ours. The delimiter stays the seller's, so that lines can stay as typed."""
    return (delimiter.join((*headings, *ADDED)) + table.END).encode()


def rows(raw: Mapping[int, str], issues: Iterable[tuple[int, Issue]], delimiter: str, width: int) -> bytes:
    """The lines of `raw` (by line number, as typed) with their errors; several in one line are joined by " | ".

    `width` is the number of the seller's columns. Empty cells beyond them are left out, so that the added columns are
    under their headings. A line with a wrong number of cells stays as it is, or it would pass when dropped again
    uncorrected.
    """
    by_line: dict[int, list[Issue]] = {}
    for line, issue in issues:
        by_line.setdefault(line, []).append(issue)
    return "".join(_row(text, by_line.get(line, []), delimiter, width) for line, text in raw.items()).encode(
        errors="replace"
    )


def _row(text: str, issues: list[Issue], delimiter: str, width: int) -> str:
    miscounted = any(issue.code == "L01" for issue in issues)
    while not miscounted and text.endswith(delimiter) and text.count(delimiter) >= width:
        text = text[: -len(delimiter)]
    added = [
        " | ".join(issue.code for issue in issues),
        " | ".join(issue.column for issue in issues),
        " | ".join(issue.message for issue in issues),
        " | ".join(issue.remedy for issue in issues),
    ]
    return text + delimiter + delimiter.join(_cell(cell, delimiter) for cell in added) + table.END


@lru_cache(maxsize=4096)  # many lines share the same messages and remedies
def _cell(text: str, delimiter: str) -> str:
    plain = table.disarmed(" ".join(text.split()))
    if delimiter != "\t" and (delimiter in plain or '"' in plain):
        return '"' + plain.replace('"', '""') + '"'
    return plain
