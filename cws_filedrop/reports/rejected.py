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
    return (delimiter.join((*headings[: _own(headings)], *ADDED)) + table.END).encode()


def _own(headings: Sequence[str]) -> int:
    """How many of the headings are the seller's own: a file that was corrected and dropped again may end in ours."""
    last = tuple(heading.strip().casefold().replace("_", "-") for heading in headings[-len(ADDED) :])
    return len(headings) - len(ADDED) if last == ADDED else len(headings)


def rows(raw: Mapping[int, str], issues: Iterable[tuple[int, Issue]], delimiter: str, headings: Sequence[str]) -> bytes:
    """The lines of `raw` (by line number, as typed) with their errors; several in one line are joined by " | ".

    Cells beyond the seller's own columns are left out, so that the added columns are under their headings: empty ones,
    and what an earlier file of ours said. A line with a wrong number of cells stays as it is, or it would pass when
    dropped again uncorrected.
    """
    by_line: dict[int, list[Issue]] = {}
    for line, issue in issues:
        by_line.setdefault(line, []).append(issue)
    own = _own(headings)
    texts = ((_first(text, delimiter, own) if own < len(headings) else text, line) for line, text in raw.items())
    return "".join(_row(text, by_line.get(line, []), delimiter, own) for text, line in texts).encode(errors="replace")


def _first(text: str, delimiter: str, count: int) -> str:
    """The first cells of a line as typed; a delimiter within quotes ends none, where lines may have quotes."""
    quoted, left = False, count
    for at, letter in enumerate(text):
        if letter == '"' and delimiter != "\t":
            quoted = not quoted
        elif letter == delimiter and not quoted:
            left -= 1
            if not left:
                return text[:at]
    return text


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
