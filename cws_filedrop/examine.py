"""Bytes -> verdicts: read, check, normalise, in bounded pieces. Pure orchestration of `formats` and `rules`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import pandas as pd

from cws_filedrop.formats import Chunk, FileFacts, SellerFile, open_file
from cws_filedrop.model import Context, Issue, Severity, Verdict
from cws_filedrop.rules import Judgement, catalogue, judge, repeats
from cws_filedrop.tables import ISSUE_COLUMNS, KEY_COLUMNS, TEXT, arrow

SHOWN_ISSUES: Final = 20
SHOWN_OF_A_CODE: Final = 3
KEYS: Final = {"order-id": "order-id", "order-item-id": "order-item-id", "tracking": "tracking-number"}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The verdicts of some lines of a file.

    `keys` (KEY_COLUMNS, as typed) and `verdicts` have every line; `issues` (ISSUES) name the seller's own headings;
    `shipments` and `updates` hold the good lines; `raw` the rejected ones as they were typed, by line.
    """

    keys: pd.DataFrame
    verdicts: pd.Series[str]
    issues: pd.DataFrame
    shipments: pd.DataFrame
    updates: pd.DataFrame
    raw: dict[int, str]


@dataclass
class Outcome:
    """What became of a file as a whole, added up piece by piece."""

    facts: FileFacts
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    first_issues: list[tuple[int, Issue]] = field(default_factory=list)

    @property
    def line_count(self) -> int:
        """Lines seen so far."""
        return sum(self.counts.values())

    def add(self, piece: Piece) -> None:
        """Count a piece in."""
        self.counts.update(arrow(piece.verdicts).to_pylist())
        self.codes.update(arrow(piece.issues["code"]).to_pylist())
        if len(piece.issues) and len(self.first_issues) < SHOWN_ISSUES:
            self._show(piece.issues)

    def _show(self, issues: pd.DataFrame) -> None:
        """Keep the first few issues of each code, so that the many of one kind do not hide the others."""
        shown = Counter(issue.code for _, issue in self.first_issues)
        few = issues[issues.groupby("code").cumcount() < SHOWN_OF_A_CODE]
        for line, issue in catalogue.issues(few):
            shown[issue.code] += 1
            if shown[issue.code] <= SHOWN_OF_A_CODE and len(self.first_issues) < SHOWN_ISSUES:
                self.first_issues.append((line, issue))

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be kept and shown."""
        return {
            "format": self.facts.format.name,
            "encoding": self.facts.encoding,
            "line_ends": self.facts.line_ends,
            "packed": self.facts.packed,
            "notes": list(self.facts.notes),
            "file_issues": [issue.as_json() for issue in self.facts.issues],
            "counts": dict(self.counts),
            "codes": dict(self.codes),
            "first_issues": [{"line": line} | issue.as_json() for line, issue in self.first_issues],
        }


class Examination:
    """A file that could be read, and the verdicts of its lines. `pieces()` may be asked for more than once."""

    def __init__(self, file: SellerFile, context: Context) -> None:
        self.facts = file.facts
        self._file = file
        self._context = context

    def pieces(self) -> Iterator[Piece]:
        """Every non-blank line once, in order; memory does not grow with the file."""
        chunks = self._file.chunks()
        first = next(chunks, None)
        if first is None:
            return
        second = next(chunks, None)
        if second is None:
            yield self._piece(first, _repeats(lambda: [first]))
            return
        found = _repeats(self._file.chunks)
        for chunk in _chained(first, second, chunks):
            yield self._piece(chunk, found)

    def _piece(self, chunk: Chunk, found: repeats.Repeats | None) -> Piece:
        required = self.facts.format.required
        judgement = judge(chunk.lines, required=required, context=self._context, repeats=found)
        keys, verdicts = _keys(chunk), judgement.verdicts
        if len(chunk.issues):
            odd = pd.Series(str(Verdict.REJECTED), index=keys.index.difference(verdicts.index), dtype=TEXT)
            verdicts = pd.concat([verdicts, odd]).sort_index()
        issues = _headed(_merged(chunk, judgement), self.facts)
        rejected = verdicts.index[verdicts == str(Verdict.REJECTED)].to_list()
        raw = dict(zip(rejected, chunk.raw(rejected), strict=True)) if rejected else {}
        return Piece(keys, verdicts, issues, judgement.shipments, judgement.updates, raw)


def examine(source: BinaryIO, *, file_name: str, context: Context) -> Examination:
    """Open a seller's file and get ready to judge its lines.

    Raises: FileRejected when the file as a whole cannot be used.
    """
    return Examination(open_file(source, file_name=file_name, limits=context.limits), context)


def is_error(issue: Issue) -> bool:
    """Does this issue reject its line?"""
    return issue.severity is Severity.ERROR


def _chained(first: Chunk, second: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield second
    yield from rest


def _repeats(chunks: Callable[[], Iterable[Chunk]]) -> repeats.Repeats | None:
    """What the same order line twice in the file comes to; a second look only if there are any, and only at them."""
    suspects = repeats.suspects([repeats.keys(chunk.lines) for chunk in chunks()])
    if not len(suspects):
        return None
    return repeats.settle(pd.concat([repeats.select(chunk.lines, suspects) for chunk in chunks()]))


def _keys(chunk: Chunk) -> pd.DataFrame:
    index = chunk.lines.index
    empty = pd.Series("", index=index, dtype=TEXT)
    keys = pd.DataFrame({name: chunk.lines.get(column, empty) for name, column in KEYS.items()}, index=index)
    if len(chunk.issues):
        odd = pd.Index(chunk.issues["line"].unique()).difference(index)
        blank = pd.DataFrame({name: pd.Series("", index=odd, dtype=TEXT) for name in KEY_COLUMNS})
        keys = pd.concat([keys, blank]).sort_index()
    return keys


def _merged(chunk: Chunk, judgement: Judgement) -> pd.DataFrame:
    if not len(chunk.issues):
        return judgement.issues
    merged: pd.DataFrame = pd.concat([chunk.issues, judgement.issues], ignore_index=True)
    return merged.sort_values("line", kind="stable", ignore_index=True)[list(ISSUE_COLUMNS)]


def _headed(issues: pd.DataFrame, facts: FileFacts) -> pd.DataFrame:
    if not len(issues):
        return issues
    known = set(facts.columns) - {""}  # "" stands for columns that are ignored
    names = {column: facts.format.heading(column) for column in issues["column"].unique() if column in known}
    return issues.assign(column=issues["column"].replace(names).astype(TEXT))
