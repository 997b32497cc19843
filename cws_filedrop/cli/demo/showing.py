"""What the demonstration says: one file beside what became of its lines, the sums, three examples, where it serves.

At most 25 lines of 80 columns, since the rest would scroll away what a newcomer is to see; `--all` shows every file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cws_filedrop.formatting import printable

COLOURS: Final = {
    "confirmed": "green",
    "confirmed-warning": "yellow",
    "updated": "cyan",
    "duplicate": "cyan",
    "rejected": "red",
    "unconfirmed": "red",
    "unknown": "magenta",
    "held": "yellow",
}
WIDTH: Final = 80  # columns, whatever the terminal has
BAR: Final = 48  # columns of the longest bar
SHOWN: Final = 6  # lines of the first file
CELLS: Final = 3  # of each of its lines: what it is about
CLIPPED: Final = 50  # columns of these
TELLING: Final = ("D06", "Q02", "A-18028", "O05", "I02")  # codes that explain themselves best
EXAMPLES: Final = 3
NONE: Final = "[red]no result yet[/]"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a result: what became of one line of a file."""

    line: int
    verdict: str
    codes: str
    message: str

    @classmethod
    def read(cls, text: str) -> Row:
        """From a line of result.txt."""
        line, _, _, _, verdict, codes, message, *_ = text.split("\t")
        return cls(int(line or 0), verdict, codes, message)

    @property
    def sentence(self) -> str:
        """The first sentence that explains a line that did not simply go well."""
        first, dot, _ = self.message.partition(" | ")[0].partition(". ")
        return "" if self.verdict == "confirmed" else first + dot.strip()


@dataclass(frozen=True, slots=True)
class Answered:
    """A dropped file and the lines of its result; no lines while it has none."""

    path: Path
    rows: list[Row]


def show(console: Console, results: Sequence[Answered], seconds: float, *, every: bool) -> None:
    """What became of the files: the first line by line, the sums, and three telling answers from the others."""
    first, *others = results
    _show_lines(console, first)
    if every:
        _show_files(console, results)
    _show_sums(console, results, seconds)
    for row in _examples(others):
        _say(console, f"  {_coloured(row.verdict)}: ", row.sentence)
    for answered in (one for one in results if not one.rows):
        console.print(f"  [red]no result yet: {escape(printable(answered.path.name))}[/]")


def show_ways_in(console: Console, ways: Sequence[tuple[str, str]]) -> None:
    """Where it goes on serving."""
    console.rule("it goes on serving until Ctrl-C (every file: cws-filedrop demo --all)", align="left")
    for name, value in ways:
        console.print(f"  {name:<8}{value}", soft_wrap=True)


def _show_lines(console: Console, answered: Answered) -> None:
    try:
        dropped = answered.path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:  # packed, or a workbook: there are no lines to look at
        return
    console.rule(f"{escape(printable(answered.path.name))}, and what became of each line", align="left")
    became = {row.line: row for row in answered.rows}
    for number, line in enumerate(dropped[: SHOWN + 1], start=1):
        if row := became.get(number):
            cells = printable("  ".join(line.split("\t")[:CELLS]))
            console.print(f"  {escape(_clipped(cells, CLIPPED)):<{CLIPPED}}  {_coloured(row.verdict)}")
            if row.sentence:
                _say(console, "    ", row.sentence)


def _show_files(console: Console, results: Sequence[Answered]) -> None:
    table = Table(box=None, pad_edge=False, width=WIDTH)
    table.add_column("file", no_wrap=True)
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("verdicts", ratio=1)
    for answered in results:
        counted = Counter(row.verdict for row in answered.rows).most_common()
        words = ", ".join(f"{_coloured(name)} {number:,}" for name, number in counted)
        table.add_row(
            escape(printable(answered.path.name)), f"{len(answered.rows):,}", words or "[red]no result yet[/]"
        )
    console.rule("every file", align="left")
    console.print(table)


def _show_sums(console: Console, results: Sequence[Answered], seconds: float) -> None:
    verdicts = Counter(row.verdict for answered in results for row in answered.rows)
    title = f"{len(results):,} files, {verdicts.total():,} lines: answered by the built-in sandbox in {seconds:.0f} s"
    console.rule(title, align="left")
    longest = max(verdicts.values(), default=1)
    for name, number in verdicts.most_common():
        bar = "\N{FULL BLOCK}" * max(1, round(BAR * number / longest))
        colour = COLOURS.get(name, "white")
        console.print(f"  [{colour}]{name:<18}[/]{number:>7,}  [{colour}]{bar}[/]")


def _examples(results: Sequence[Answered]) -> Iterator[Row]:
    """Three answers from other files, each with a code of its own."""
    by_code = {row.codes.partition(" | ")[0]: row for answered in results for row in answered.rows}
    return islice((by_code[code] for code in TELLING if code in by_code), EXAMPLES)


def _say(console: Console, before: str, sentence: str) -> None:
    """A sentence after a word; what does not fit the line is cut off, since the demonstration is to fit a screen."""
    room = WIDTH - Text.from_markup(before).cell_len
    console.print(before + escape(_clipped(sentence, room)), soft_wrap=True)


def _coloured(verdict: str) -> str:
    return f"[{COLOURS.get(verdict, 'white')}]{verdict}[/]"


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"
