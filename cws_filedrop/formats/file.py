"""A seller's file, opened: its facts, and its lines in chunks, which can be read any number of times.

A file is read twice. The first pass surveys it (encoding, line ends, counts), a look at the first rows finds the
headings, the second pass parses. It cannot be one pass: a single byte near the end decides whether the whole file is
UTF-8, and a file that is too long must be refused before any of its lines has an effect. The survey is cheap (a few
scans of the bytes, no parsing), and reading again keeps memory flat where keeping the text would not. May not know what
any cell means.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final, TypeVar

import pandas as pd

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import header, opening, packed, recognition, stream
from cws_filedrop.formats.blank import pieces
from cws_filedrop.formats.cells import Layout, parse
from cws_filedrop.formats.chunk import Chunk, cut, cut_records
from cws_filedrop.formats.claims import FORMATS, ORDER_FORMATS
from cws_filedrop.formats.encoding import decision, text
from cws_filedrop.formats.encoding.text import Encoding
from cws_filedrop.formats.header import Header
from cws_filedrop.formats.layout import Format
from cws_filedrop.formats.meaning import TOLD_BY, applied, filled_in
from cws_filedrop.formats.packed import Contents
from cws_filedrop.formats.profile import telling_column
from cws_filedrop.formats.records import Records, records
from cws_filedrop.formats.split import is_blank, unwrapped
from cws_filedrop.formats.stream import blocks, plain_ends
from cws_filedrop.formats.surplus import is_joined, settled
from cws_filedrop.formats.survey import Survey, survey
from cws_filedrop.model import Issue, Limits, Profile, Severity
from cws_filedrop.rules import catalogue

THREADS: Final = 2
MOST_SHORT: Final = 50_000  # lines; up to here it does not matter what they hold
SHORTEST: Final = 12  # characters of a line of shipments, on average
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file as a whole.

    `columns` has the rule column of each heading, "" where it is ignored; a line has `cells` cells. `line_count` counts
    the non-blank lines below the headings. `ended` says whether the last line had a line end. `notes` are sentences for
    the seller about what was understood although it was written differently. `profile` is the one the file is read by,
    if any.
    """

    format: Format
    encoding: str
    line_ends: str
    delimiter: str
    packed: str
    header_line: int
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    cells: int
    line_count: int
    ended: bool
    issues: tuple[Issue, ...]
    notes: tuple[str, ...]
    profile: Profile | None = None
    returned: bool = False  # an order file that came back
    filled: int = field(default=0, compare=False)  # bytes that say something, as far as that matters

    def check_filled(self) -> None:
        """Let a file pass in which shipments can be.

        Raises: FileRejected F05 for one of very many lines so short that an order number does not fit into them.
        """
        if self.line_count > MOST_SHORT and self.filled < SHORTEST * self.line_count:
            detail = f"shape={self.line_count:,} lines have {self.filled // self.line_count} characters on average"
            raise FileRejected(catalogue.issue("F05", detail=detail))

    @property
    def holding(self) -> tuple[Issue, ...]:
        """Why the file waits for its seller's word before anything of it happens."""
        return tuple(issue for issue in self.issues if issue.severity is Severity.HELD)


class SellerFile:
    """A file that can be read. `chunks` may be called more than once, even before an earlier iterator is exhausted."""

    def __init__(self, contents: Contents, encoding: Encoding, facts: FileFacts) -> None:
        self.facts = facts
        self._contents = contents
        self._encoding = encoding

    def chunks(self, rows: int = 50_000) -> Iterator[Chunk]:
        """The lines below the headings, in order, at most `rows` in a chunk; memory does not grow with the file.

        Raises: ValueError if `rows` is not positive.
        """
        if rows < 1:
            raise ValueError("a chunk needs at least one row")
        return self._chunks(rows)

    def scan(self, columns: Collection[str], look: Callable[[pd.DataFrame], Found]) -> Iterator[Found]:
        """What `look` returns for some columns of the file's lines, block by block; faster than `chunks`.

        Blocks are parsed two at a time, in threads; lines are numbered within their block.
        """
        profile, wanted = self.facts.profile, frozenset(columns)
        needed = wanted | ({telling_column(profile, heading) for heading, _ in profile.leave_out} if profile else set())
        needed |= TOLD_BY if self.facts.returned else set()
        layout = self._layout(tuple(column if column in needed else "" for column in self.facts.columns))

        def looked_at(text: bytes) -> Found:
            lines = parse(text, layout, first=0).lines
            if self.facts.returned:
                lines = filled_in(lines)[[name for name in lines.columns if name in wanted]]
            return look(lines if profile is None else applied(profile, lines, wanted))

        texts = self._blocks() if profile is None else (block.blanked for block in self._records())
        ahead: deque[Future[Found]] = deque()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="file-scan") as pool:
            for text in texts:
                ahead.append(pool.submit(looked_at, text))
                if len(ahead) > THREADS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _layout(self, columns: tuple[str, ...]) -> Layout:
        # In order files people's own words are read, in which a mark may stand for inches.
        shipments = self.facts.format.name not in ORDER_FORMATS
        headings = tuple(unwrapped(heading) for heading in self.facts.headings)
        return Layout(self.facts.delimiter, columns, self.facts.cells, whole_quotes=shipments, headings=headings)

    def _chunks(self, rows: int) -> Iterator[Chunk]:
        layout = self._layout(self.facts.columns)
        if self.facts.profile is not None:
            yield from self._by_profile(self.facts.profile, layout, rows)
            return
        number = self.facts.header_line + 1
        for block in self._blocks():
            parsed = parse(block, layout, first=number)
            if self.facts.returned:
                parsed = replace(parsed, lines=filled_in(parsed.lines))
            yield from cut(parsed, block, first=number, rows=rows)
            number += len(parsed.ends)

    def _by_profile(self, profile: Profile, layout: Layout, rows: int) -> Iterator[Chunk]:
        for block in self._records():
            parsed = parse(block.blanked, layout, first=0)
            yield from cut_records(replace(parsed, lines=applied(profile, parsed.lines)), block, rows=rows)

    def count_records(self) -> int:
        """How many non-empty records there are below the headings. Not a count of lines: cells may span lines."""
        return sum(block.count(self.facts.delimiter) for block in self._records())

    def count_untouched(self) -> int:
        """How many lines of an order file that came back are not filled in."""
        layout = self._layout(self.facts.columns)
        parsed = (parse(block, layout, first=0).lines for block in self._blocks())
        return sum(len(lines) - len(filled_in(lines)) for lines in parsed)

    def count_left_out(self) -> int:
        """How many lines the profile leaves out: the well-formed ones that `scan` does not show."""
        layout, profile = self._layout(self.facts.columns), self.facts.profile
        parsed = (parse(block.blanked, layout, first=0).lines for block in self._records())
        return sum(len(lines) - len(applied(profile, lines)) for lines in parsed) if profile else 0

    def _records(self) -> Iterator[Records]:
        width, first = len(self.facts.columns), self.facts.header_line + 1
        return records(self._blocks(), self.facts.delimiter, width, first=first)

    def cell_count(self, typed: int) -> int:
        """How many cells a line of this file has; the heading row has `typed` (docs/domain.md#3-formats)."""
        width, delimiter, facts = len(self.facts.columns), self.facts.delimiter, self.facts
        used = (
            [name for _, names in facts.profile.columns for name in names] if facts.profile else facts.format.headings
        )
        ignored = [name for name, column in zip(facts.headings, facts.columns, strict=True) if not column]
        if any(is_joined(heading, used) for heading in ignored):
            return typed
        return settled(lambda: self._below(stream.PEEK), self._below, delimiter, headings=width, typed=typed)

    def _blocks(self) -> Iterator[bytes]:
        return self._below()

    def _below(self, size: int | None = None) -> Iterator[bytes]:
        """The text below the headings, in blocks of whole lines."""
        skip = self.facts.header_line
        for block in blocks(self._contents, self._encoding, **({"size": size} if size else {})):
            block = _ended(plain_ends(block))
            if skip:
                block, passed = _without_first(block, skip)
                skip -= passed
            yield from pieces(block)


def open_file(
    source: BinaryIO,
    *,
    file_name: str,
    limits: Limits,
    wanted: Mapping[str, Format] = FORMATS,
    profiles: Sequence[Profile] = (),
    remembered: Collection[str] = (),
) -> SellerFile:
    """Open a file of one of the wanted layouts, or of the seller's own; `source` must be seekable, and stay open while
    its chunks are read. `remembered` are the marks of headings that were released before.

    Raises: FileRejected with issues F01 to F06 when the file as a whole cannot be used.
    """
    contents = packed.contents(source, limits)
    marked = opening.sniffed(contents)
    # Surveyed as UTF-8 before it is known to be that: in every encoding that comes into question, line ends and
    # separators are the same single bytes.
    surveyed = survey(blocks(contents, marked or text.UTF_8))
    encoding = _encoding(contents, marked, surveyed)
    rows = opening.first_rows(contents, encoding)
    head = recognition.recognised(rows, wanted, profiles)
    head = replace(head, issues=header.released(head.issues, remembered))
    notes = (*_packed_notes(contents, file_name), *head.notes)
    line_count = 0 if head.profile else _line_count(surveyed, head, rows)
    file = SellerFile(contents, encoding, _facts(contents, encoding, surveyed, (head, line_count, notes)))
    if head.profile:
        line_count = file.count_records()
        file.facts = replace(file.facts, line_count=line_count)
    file.facts = _counted(file.facts, file.cell_count(head.row.count), head.row.count)
    if head.profile and head.profile.leave_out:
        file.facts = _without(file.facts, file.count_left_out())
        line_count = file.facts.line_count
    if head.returned:
        line_count -= file.count_untouched()
        file.facts = replace(file.facts, line_count=line_count)
    if line_count > limits.lines:
        raise FileRejected(catalogue.issue("F05", detail=f"{line_count:,} lines, {limits.lines:,} are allowed"))
    if not line_count:
        left_out = head.returned or (head.profile and head.profile.leave_out)
        raise FileRejected(catalogue.issue("F01", detail="left-out" if left_out else "no-rows"))
    return file


def _encoding(contents: Contents, marked: Encoding | None, surveyed: Survey) -> Encoding:
    if surveyed.utf8.fits:
        return marked or text.UTF_8
    return legacy(contents, marked or text.UTF_8, cut=surveyed.utf8.cut)


def legacy(contents: Contents, announced: Encoding, *, cut: bool = False) -> Encoding:
    """The encoding of a file that is not all UTF-8; `cut` says that it ends inside a character.

    Raises: FileRejected F02.
    """
    if cut or announced.codec != text.UTF_8.codec:
        raise text.undecodable(announced)
    cells = text.OddCells()
    cells.add(blocks(contents, announced))
    return decision.decided(cells, announced)


def _line_count(surveyed: Survey, head: Header, rows: Iterable[tuple[int, str]]) -> int:
    above = [line for number, line in rows if number <= head.row.line and not is_blank(line, head.row.delimiter)]
    return surveyed.lines - surveyed.blank[head.row.delimiter] - len(above)


def _packed_notes(contents: Contents, file_name: str) -> Iterator[str]:
    if contents.name:
        yield f'"{catalogue.shown(contents.name)}" was read out of {catalogue.shown(file_name)}.'


def _facts(
    contents: Contents, encoding: Encoding, surveyed: Survey, rest: tuple[Header, int, tuple[str, ...]]
) -> FileFacts:
    head, line_count, notes = rest
    return FileFacts(
        format=head.format,
        encoding=encoding.words,
        line_ends=surveyed.line_ends,
        delimiter=head.row.delimiter,
        packed=contents.packed,
        header_line=head.row.line,
        headings=head.row.typed,
        columns=head.columns,
        cells=len(head.columns),
        line_count=line_count,
        ended=surveyed.ended,
        issues=head.issues,
        notes=notes,
        profile=head.profile,
        returned=head.returned,
        filled=surveyed.filled,
    )


def _without(facts: FileFacts, left_out: int) -> FileFacts:
    """The facts without the lines that the profile leaves out, and a note about them."""
    if not left_out:
        return facts
    note = f"Lines that the profile leaves out, since they are no shipments: {left_out:,}."
    return replace(facts, line_count=facts.line_count - left_out, notes=(*facts.notes, note))


def _counted(facts: FileFacts, cells: int, typed: int) -> FileFacts:
    """The facts with the number of cells of a line, and a note when the heading row has fewer."""
    if cells <= typed:
        return replace(facts, cells=cells)
    note = f"The lines have {cells:,} cells, the heading row has {typed:,}; the empty ones at the end were left out."
    return replace(facts, cells=cells, notes=(*facts.notes, note))


def _ended(block: bytes) -> bytes:
    return block if block.endswith(b"\n") else block + b"\n"


def _without_first(block: bytes, lines: int) -> tuple[bytes, int]:
    """The block without its first `lines` lines, and how many of those it had."""
    before, low, high = 0, 0, len(block)
    while high - low > 1:  # where the last of them ends; by halves, since there may be millions
        middle = (low + high) // 2
        count = before + block.count(b"\n", low, middle)
        low, high, before = (low, middle, before) if count >= lines else (middle, high, count)
    return block[high:], min(lines, before + block.count(b"\n", low, high))
