"""Bytes -> verdicts: read, check, normalise, in bounded pieces. Pure orchestration of `formats` and `rules`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from itertools import chain, islice
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.formats import split
from cws_filedrop.formats.chunk import Chunk
from cws_filedrop.formats.file import FileFacts, SellerFile, open_file
from cws_filedrop.model import Issue, JudgementContext, Profile, Severity, Verdict
from cws_filedrop.rules import bulk_change_limit, dates, orders, repeats, shifted, wording
from cws_filedrop.rules.book import Effect, LookUp
from cws_filedrop.rules.cancelling import Cancellation
from cws_filedrop.rules.judgement import Judgement, judge
from cws_filedrop.tables import ISSUE_COLUMNS, KEY_COLUMNS, TEXT, arrow, issues_frame
from cws_filedrop.upload_outcome import UploadOutcome, UsedProfile

KERNELS: Final[Any] = pc  # its stubs know little of kernels on text
Hashes = npt.NDArray[np.uint64]
SEVEREST_FIRST: Final = (Severity.ERROR, Severity.HELD, Severity.WARNING, Severity.INFO)
SHOWN_ISSUES: Final = 20
SHOWN_OF_A_CODE: Final = 3
MOST_REALIGNED: Final = 1_000  # odd lines of a chunk that are looked at again
MOST_CARRIERS: Final = 50  # unknown names that are counted of a file
LINE_KEYS: Final = ("order-id", "order-item-id")  # the columns that repeats are found by
KEYS: Final = {"order-id": "order-id", "order-item-id": "order-item-id", "tracking": "tracking-number"}


@dataclass(frozen=True, eq=False)
class Piece:
    """The verdicts of some lines of a file.

    `keys` (KEY_COLUMNS, as typed) and `verdicts` have every line; `issues` (ISSUES) name the seller's own headings;
    `shipments` are the good lines that go to Amazon; `raw` has the rejected ones as typed, by line; `quiet` are those
    whose buyers get no mail from us, `cancellations` what Amazon is to cancel, by line.
    """

    keys: pd.DataFrame
    verdicts: pd.Series[str]
    issues: pd.DataFrame
    shipments: pd.DataFrame
    make_effects: Callable[[], list[Effect]]
    raw: dict[int, str]
    quiet: frozenset[int]
    cancellations: dict[int, Cancellation]
    remarks: dict[int, str]  # what there is to say of lines that are only noted, by line
    answering: str  # who answers, in words
    again: Callable[[int], Piece]  # the lines after one of them, judged again because their orders have changed

    def until(self, line: int) -> Piece:
        """The same for the lines up to and including one of them."""
        return replace(
            self,
            keys=self.keys.loc[:line],
            verdicts=self.verdicts.loc[:line],
            issues=self.issues[self.issues["line"] <= line],
            shipments=self.shipments.loc[:line],
            make_effects=lambda: [effect for effect in self.effects if effect.line <= line],
            raw={number: cells for number, cells in self.raw.items() if number <= line},
            remarks={number: text for number, text in self.remarks.items() if number <= line},
        )

    @cached_property
    def effects(self) -> list[Effect]:
        """What the good lines do to their orders, in line order."""
        return self.make_effects()

    @cached_property
    def issues_by_line(self) -> dict[int, list[Issue]]:
        """The issues in words, by line; what rejects a line stands before what is only worth knowing about it."""
        by_line: dict[int, list[Issue]] = {}
        found = wording.issues(self.issues, answering=self.answering) if len(self.issues) else ()
        for line, issue in found:
            by_line.setdefault(line, []).append(issue)
        for issues in by_line.values():
            if len(issues) > 1:
                issues.sort(key=lambda issue: SEVEREST_FIRST.index(issue.severity))
        return by_line


@dataclass
class Outcome:
    """What became of a file as a whole, added up piece by piece."""

    facts: FileFacts
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    first_issues: list[tuple[int, Issue]] = field(default_factory=list)
    unknown_carriers: Counter[str] = field(default_factory=Counter)

    @property
    def line_count(self) -> int:
        """Lines seen so far."""
        return sum(self.counts.values())

    def add(self, piece: Piece) -> None:
        """Add a piece's lines to the totals."""
        self.counts.update(_counted(piece.verdicts))
        self.codes.update(_counted(piece.issues["code"]))
        if self.codes["C02"] and len(self.unknown_carriers) < MOST_CARRIERS:
            self.unknown_carriers.update(_counted(piece.issues["value"][piece.issues["code"] == "C02"]))
        if len(piece.issues) and len(self.first_issues) < SHOWN_ISSUES:
            self._show(piece)

    def _show(self, piece: Piece) -> None:
        """Keep the first few issues of each code, so that a common one does not crowd out the others."""
        shown = Counter(issue.code for _, issue in self.first_issues)
        for line, issues in piece.issues_by_line.items():
            for issue in issues:
                shown[issue.code] += 1
                if shown[issue.code] <= SHOWN_OF_A_CODE and len(self.first_issues) < SHOWN_ISSUES:
                    self.first_issues.append((line, issue))

    def so_far(self) -> UploadOutcome:
        """What is known by now, to be kept and shown."""
        facts = self.facts
        return UploadOutcome(
            profile=UsedProfile(used.name, used.text) if (used := facts.profile) else None,
            format=facts.format.name,
            encoding=facts.encoding,
            line_ends=facts.line_ends,
            packed=facts.packed,
            notes=tuple(facts.notes),
            file_issues=tuple(facts.issues),
            counts=dict(self.counts),
            codes=dict(self.codes),
            first_issues=tuple(self.first_issues),
            unknown_carriers=dict(self.unknown_carriers.most_common(MOST_CARRIERS)),
        )


class BulkChange(NamedTuple):
    """How many lines of a file cancel an order, and the tracking numbers that too many orders share, worst first."""

    cancelled: int
    crowds: list[bulk_change_limit.Crowd]


class LineMarks(NamedTuple):
    """What some lines show of the rest of the file: hashes of their orders and order lines, and whether their dates
    prove an order of day and month."""

    keys: Hashes
    dated: bool


class InFile(NamedTuple):
    """What the whole file shows of its lines."""

    repeats: repeats.Repeats | None
    orders: dates.ProvenOrders | None = None


class Examination:
    """A file that could be read, and the verdicts of its lines. `pieces()` may be called more than once."""

    def __init__(self, file: SellerFile, context: JudgementContext, look_up: LookUp | None) -> None:
        self.facts = file.facts
        self._file = file
        self._context = _read_by(file.facts.profile, context)
        self._look_up = look_up
        # A file of one chunk, as most are, is kept: to read it again would cost as much as judging it.
        self._whole: list[Chunk] | None = None

    def _begun(self) -> tuple[list[Chunk], Iterator[Chunk]]:
        """The first two chunks (or fewer), and the remaining ones."""
        if self._whole is not None:
            return self._whole, iter(())
        chunks = self._file.chunks()
        begun = list(islice(chunks, 2))
        if len(begun) < 2:
            self._whole = begun
        return begun, chunks

    def alarm(self, most_orders: int) -> BulkChange:
        """What the whole file would change at once; up to `most_orders` orders may share a tracking number."""
        begun, _ = self._begun()
        is_small = len(begun) < 2
        marks = list(
            map(bulk_change_limit.marks, _lines(begun))
            if is_small
            else self._file.scan(bulk_change_limit.COLUMNS, bulk_change_limit.marks)
        )
        cancelled = sum(mark.cancelled for mark in marks)
        suspects = bulk_change_limit.suspects(marks, most_orders)
        if not len(suspects):
            return BulkChange(cancelled, [])
        again = begun if is_small else self._file.chunks()
        return BulkChange(cancelled, bulk_change_limit.crowds(_lines(again), suspects, most_orders))

    def pieces(self) -> Iterator[Piece]:
        """Every non-blank line once, in order; memory does not grow with the file."""
        begun, rest = self._begun()
        if len(begun) == 1:
            yield self._piece(begun[0], self._related([self._marks(begun[0].lines)], lambda: begun))
        elif begun:
            # The whole file is scanned before its first line is judged: a line's verdict may depend on a later one, and
            # a piece that has been handed out cannot be taken back.
            columns = (*LINE_KEYS, "ship-date") if self._context.policy.date_order else LINE_KEYS
            in_file = self._related(self._file.scan(columns, self._marks), self._file.chunks)
            for chunk in chain(begun, rest):
                yield self._piece(chunk, in_file)

    def _marks(self, lines: pd.DataFrame) -> LineMarks:
        """What some lines show of the rest of the file. Safe in any thread."""
        shown = dates.orders_in(lines) if self._context.policy.date_order else dates.ProvenOrders()
        return LineMarks(repeats.keys(lines), any(shown))

    def _related(self, marks: Iterable[LineMarks], chunks: Callable[[], Iterable[Chunk]]) -> InFile:
        """What the whole file shows; further passes only if some lines call for a close look."""
        known, policy = list(marks), self._context.policy
        suspects = repeats.suspects([one.keys for one in known])
        again = pd.concat([repeats.select(chunk.lines, suspects) for chunk in chunks()]) if len(suspects) else None
        found = None if again is None else repeats.settle(again, dates.calendar(self._context), policy.carrier_aliases)
        if policy.date_order is None or not any(one.dated for one in known):
            return InFile(found)
        proven = reduce(dates.ProvenOrders.joined, (dates.orders_in(chunk.lines) for chunk in chunks()))
        return InFile(found, proven)

    def _piece(self, chunk: Chunk, in_file: InFile) -> Piece:
        required = self.facts.format.required
        book = self._look_up(orders.names(chunk.lines)) if self._look_up else None
        judgement = judge(
            chunk.lines,
            required=required,
            context=self._context,
            repeats=in_file.repeats,
            orders=in_file.orders,
            book=book,
        )
        issues = _headed(_merged(_realigned(chunk, self.facts), judgement), self.facts)
        keys, verdicts = _every_line(chunk, judgement.verdicts)
        rejected = verdicts.index[verdicts == str(Verdict.REJECTED)].to_list()
        raw = dict(zip(rejected, chunk.raw(rejected), strict=True)) if rejected else {}
        good = (judgement.shipments, lambda: judgement.effects)
        return Piece(
            keys,
            verdicts,
            issues,
            *good,
            raw,
            judgement.quiet,
            judgement.cancellations,
            judgement.remarks,
            self._context.answering,
            again=lambda line: self._piece(chunk.after(line), in_file),
        )


def examine(
    source: BinaryIO, *, file_name: str, context: JudgementContext, look_up: LookUp | None = None
) -> Examination:
    """Open a seller's file and get ready to judge its lines; `look_up` asks the order book.

    Raises: FileRejected when the file as a whole cannot be used.
    """
    remembered = context.policy.known_headings
    file = open_file(
        source, file_name=file_name, limits=context.limits, profiles=context.profiles, remembered=remembered
    )
    file.facts.check_filled()
    return Examination(file, context, look_up)


def _read_by(profile: Profile | None, context: JudgementContext) -> JudgementContext:
    """The context, with what the profile of a file says about dates and carriers."""
    if profile is None:
        return context
    policy = context.policy
    order = None if profile.year_first else profile.date_order or policy.date_order
    aliases = (*policy.carrier_aliases, *profile.carriers)  # of two for one name the last one counts
    return replace(context, policy=replace(policy, date_order=order, carrier_aliases=aliases))


def is_error(issue: Issue) -> bool:
    """Does this issue reject its line?"""
    return issue.severity is Severity.ERROR


def _lines(chunks: Iterable[Chunk]) -> Iterator[pd.DataFrame]:
    return (chunk.lines for chunk in chunks)


def _counted(texts: pd.Series[str]) -> dict[str, int]:
    """How often each text occurs."""
    return {entry["values"]: entry["counts"] for entry in KERNELS.value_counts(arrow(texts)).to_pylist()}


def _every_line(chunk: Chunk, verdicts: pd.Series[str]) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Keys and verdicts of all lines in order, including those with a wrong number of cells, which are rejected."""
    if not len(chunk.issues):
        return _keys(chunk.lines), verdicts
    lines, odd = chunk.lines.index.to_numpy(), np.unique(chunk.issues["line"].to_numpy())
    numbers = np.concatenate((lines, odd))
    order = np.argsort(numbers, kind="stable")
    blank = pa.array([""] * len(lines), pa.string())
    cells = {name: arrow(chunk.lines[of]) if of in chunk.lines else blank for name, of in KEYS.items()}
    more = dict.fromkeys(cells, "") | {"verdict": str(Verdict.REJECTED)}
    cells["verdict"] = arrow(verdicts)
    index = pd.Index(numbers[order], name=chunk.lines.index.name)
    columns = {name: _inserted(column, more[name], order) for name, column in cells.items()}
    frame = pd.DataFrame(columns, index=index, copy=False)
    return frame[list(KEY_COLUMNS)], frame["verdict"]


def _keys(lines: pd.DataFrame) -> pd.DataFrame:
    blank = pd.arrays.ArrowExtensionArray(pa.repeat(pa.scalar("", pa.string()), len(lines)))
    cells = {name: lines[of].array if of in lines else blank for name, of in KEYS.items()}
    return pd.DataFrame(cells, index=lines.index, copy=False)


def _inserted(cells: Any, more: str, order: npt.NDArray[np.int64]) -> pd.arrays.ArrowExtensionArray:
    """The cells, filled up with `more` to the length of `order`, and then put into that order."""
    missing = len(order) - len(cells)
    if missing:
        cells = pa.concat_arrays([cells, pa.repeat(pa.scalar(more, pa.string()), missing)]).take(pa.array(order))
    return pd.arrays.ArrowExtensionArray(cells)


def _realigned(chunk: Chunk, facts: FileFacts) -> pd.DataFrame:
    """The issues of a chunk, and for lines with cells too many what they most likely read, if proven (L03)."""
    odd = chunk.issues["line"][chunk.issues["code"] == "L01"].to_list()[:MOST_REALIGNED]
    columns = (*facts.columns, *[""] * (facts.cells - len(facts.columns)))
    found = []
    for line, text in zip(odd, chunk.raw(odd), strict=True) if odd else ():
        if meant := shifted.without_surplus(_cells(text, facts.delimiter), columns):
            found.append((line, "L03", "", meant[0], f"surplus={meant[1]}"))
    return pd.concat([chunk.issues, issues_frame(found)], ignore_index=True) if found else chunk.issues


def _cells(text: str, delimiter: str) -> list[str]:
    """The cells of a line; none where quotes do not let them be told."""
    try:
        return split.cells(text, delimiter)
    except ValueError:
        return []


def _merged(own: pd.DataFrame, judgement: Judgement) -> pd.DataFrame:
    if not len(own):
        return judgement.issues
    merged: pd.DataFrame = pd.concat([own, judgement.issues], ignore_index=True)
    return merged.sort_values("line", kind="stable", ignore_index=True)[list(ISSUE_COLUMNS)]


def _headed(issues: pd.DataFrame, facts: FileFacts) -> pd.DataFrame:
    if not len(issues):
        return issues
    known = set(facts.columns) - {""}  # "" stands for columns that are ignored
    names = {column: facts.format.heading(column) for column in issues["column"].unique() if column in known}
    return issues.assign(column=issues["column"].replace(names).astype(TEXT))
