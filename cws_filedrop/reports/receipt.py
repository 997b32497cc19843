"""receipt.txt, for people: what arrived, what was found in it, what happens next."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cws_filedrop.formatting import printable
from cws_filedrop.model import Issue
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.upload_outcome import UploadOutcome

WIDTH: Final = 78
NEXT: Final = {
    "waiting": "Good lines go to Amazon now. The result follows when Amazon has answered for the last line: usually"
    " within minutes, at busy times within hours.",
    "done": "Nothing of this file waits for Amazon; the result is complete.",
    "rejected": "Nothing was sent. Correct the file and drop it again.",
    "cut": "Nothing of this file was sent. Upload it again, whole; the same name replaces it.",
    "held": "Nothing of this file is sent until you or the operator say so.",
    "replaced": "Nothing: a later file of the same name came in its place and was read.",
    "failed": "Something went wrong on our side. Your file is safe, the operator is informed; do not drop it again.",
    "converted": "Nothing was sent: the feed documents lie beside this file.",
    "rehearsal": "This was a rehearsal: nothing was sent, nothing was changed.",
}
HEADLINES: Final = {
    "waiting": "received and read",
    "done": "received and read",
    "rejected": "NOT USABLE: the whole file was rejected",
    "cut": "NOT COMPLETE: the file looks cut off in transfer",
    "held": "HELD",
    "replaced": "set aside, and replaced since",
    "failed": "received, not read yet",
    "converted": "read and converted",
    "rehearsal": "REHEARSAL: received and read",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is in a receipt."""

    name: str
    upload_id: str
    arrived_at: str
    door: str
    size: int
    sha256: str
    grade: str
    evidence: str
    state: str
    line_count: int
    outcome: UploadOutcome
    marketplace: MarketplaceKind = MarketplaceKind.AMAZON


def text(receipt: Receipt) -> str:
    """The receipt, 78 columns wide, with CRLF line ends."""
    outcome = receipt.outcome
    lines = [f"{printable(receipt.name)}: {HEADLINES[receipt.state]}", "=" * WIDTH, ""]
    lines += [*_wrapped(receipt.marketplace.notice, ""), ""] if receipt.marketplace.notice else []
    lines += _facts(receipt)
    lines += _counts(outcome.counts, receipt.line_count)
    lines += ["What happens next", *_wrapped(receipt.marketplace.said(NEXT[receipt.state]), "  "), ""]
    lines += _section("About the whole file", [*map(_words, outcome.whole_file), *outcome.notes])
    lines += _section("About lines", [_line_issue(line, issue) for line, issue in outcome.first_issues])
    lines += _rest(outcome)
    return "\r\n".join(lines).rstrip() + "\r\n"


def _facts(receipt: Receipt) -> list[str]:
    outcome = receipt.outcome
    facts = {
        "upload": receipt.upload_id,
        "arrived": f"{receipt.arrived_at[:19].replace('T', ' ')} UTC",
        "came by": receipt.door,
        "complete": f"{receipt.grade}{f' ({receipt.evidence})' if receipt.evidence else ''}",
        "size": f"{receipt.size:,} bytes",
        "SHA-256": receipt.sha256,
        "format": outcome.format,
        "written in": ", ".join(filter(None, (outcome.encoding, outcome.line_ends, outcome.packed))),
        "lines": f"{receipt.line_count:,}" if receipt.line_count else "",
    }
    return [*_columns(facts), ""]


def _columns(facts: Mapping[str, str]) -> list[str]:
    lines = []
    for name, value in facts.items():
        if value:
            wrapped = textwrap.wrap(value, WIDTH - 12, break_on_hyphens=False) or [""]
            lines += [f"{name:<12}{wrapped[0]}", *(" " * 12 + more for more in wrapped[1:])]
    return lines


def _counts(counts: Mapping[str, int], line_count: int) -> list[str]:
    if not counts:
        return []
    width = len(f"{max(counts.values()):,}")
    rows = [f"  {number:>{width},}  {verdict}" for verdict, number in sorted(counts.items(), key=lambda item: -item[1])]
    return ["Lines by verdict", *rows, ""]


def _words(issue: Issue) -> str:
    return f"{issue.code} {issue.message} {issue.remedy}"


def _line_issue(line: int, issue: Issue) -> str:
    where = f"line {line}" + (f", {issue.column}" if issue.column else "")
    return f"{where}: {_words(issue)}"


def _section(title: str, sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    return [title, *(line for sentence in sentences for line in _wrapped(sentence, "    ", first="  - ")), ""]


def _rest(outcome: UploadOutcome) -> list[str]:
    more = sum(outcome.codes.values()) - len(outcome.first_issues)
    if more <= 0:
        return []
    codes = ", ".join(f"{code} {number:,}" for code, number in sorted(outcome.codes.items()))
    return _wrapped(f"And {more:,} more; in all: {codes}. Rejected lines are all in the rejected file.", "  ")


def _wrapped(sentence: str, indent: str, *, first: str | None = None) -> list[str]:
    start = indent if first is None else first
    words = " ".join(sentence.split())
    # Never broken at hyphens: order numbers and column names have some, and people search for them.
    return textwrap.wrap(words, WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False)
