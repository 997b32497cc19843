"""`python -m bench pollock FOLDER`: the polluted files of the Pollock benchmark through the reader.

FOLDER is `polluted_files` of HPI-Information-Systems/Pollock (GitHub), which is fetched for the measurement and never
kept here. Each of its files is read by one profile of nine columns; separator, quotes and encoding are not told. What
counts: accepted rows that equal no record of the clean file ("silently wrong"), and the simple score, 10 at most, by
the benchmark's own rules: success, and precision, recall and F1 of headings, records and cells.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import profile
from cws_filedrop.formats.file import SellerFile, open_file
from cws_filedrop.model import Limits
from cws_filedrop.tables import arrow

COLUMNS: Final = {
    "DATE": "ship_date",
    "TIME": "ship_method",
    "Qty": "quantity",
    "PRODUCTID": "order-id",
    "Price": "order-item-id",
    "ProductType": "carrier",
    "ProductDescription": "carrier-name",
    "URL": "tracking",
    "Comments": "transparency_code",
}
KINDS: Final = ("row_more_sep", "row_less_sep", "row_extra_quote", "row_field_delimiter", "file")
Row = tuple[str, ...]


@dataclass
class Measured:
    """What came of some files: rows accepted and silently wrong, files that were not read, scores."""

    files: int = 0
    accepted: int = 0
    refused_rows: int = 0
    unread: list[str] = field(default_factory=list)
    wrong: list[tuple[str, Row]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def measure(folder: Path, wanted: str = "") -> Measured:
    """Read the files whose names begin with `wanted`."""
    reader = profile.parse(_toml(), "pollock")
    found = Measured()
    for path in sorted((folder / "csv").glob(f"{wanted}*.csv")):
        with path.open("rb") as source:
            try:
                file = open_file(source, file_name=path.name, limits=Limits(), profiles=[reader])
            except FileRejected:
                file = None
            _measure(path, folder / "clean" / path.name, file, found)
    return found


def _toml() -> str:
    return "[columns]\n" + "".join(f'{ours} = "{theirs}"\n' for theirs, ours in COLUMNS.items())


def _measure(path: Path, clean: Path, file: SellerFile | None, found: Measured) -> None:
    found.files += 1
    head, records = _clean(clean)
    if file is None:
        found.unread.append(path.name)
        found.scores.append(10.0 if not head and not records else 0.0)
        return
    rows: list[Row] = []
    for chunk in file.chunks():
        names = [profile.headings()[ours] for ours in COLUMNS.values()]
        blank = [""] * len(chunk.lines)
        columns = [arrow(chunk.lines[name]).to_pylist() if name in chunk.lines else blank for name in names]
        rows += zip(*columns, strict=True)
        found.refused_rows += len(chunk.issues)
    known = {_even(record) for record in records}
    found.accepted += len(rows)
    found.wrong += [(path.name, row) for row in rows if _even(row) not in known]
    found.scores.append(_score(head, records, rows))


def _clean(path: Path) -> tuple[Row, list[Row]]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = [tuple(row) for row in csv.reader(text)]
    return (rows[0] if rows else ()), rows[1:]


def _even(row: Iterable[str]) -> Row:
    """A row without regard to blanks: a line end within a cell is read as one."""
    return tuple(" ".join(cell.split()) for cell in row)


def _score(head: Row, records: Sequence[Row], rows: Sequence[Row]) -> float:
    loaded = [_even(row) for row in rows]
    clean = [_even(row) for row in records]
    return (
        1.0
        + sum(_agreement(head, tuple(COLUMNS)))
        + sum(_agreement(["".join(row) for row in clean], ["".join(row) for row in loaded]))
        + sum(_agreement([*head, *(c for row in clean for c in row)], [*COLUMNS, *(c for row in loaded for c in row)]))
    )


def _agreement(wanted: Sequence[Hashable], given: Sequence[Hashable]) -> tuple[float, float, float]:
    """Precision, recall and F1 of two bags, as the benchmark computes them."""
    if not wanted:
        return 1.0, 1.0, 1.0
    both = sum((Counter(wanted) & Counter(given)).values())
    if not both:
        return 0.0, 0.0, 0.0
    first, second = both / len(wanted), both / len(given)
    return first, second, 2 * first * second / (first + second)


def main(folder: Path) -> list[str]:
    """The table of figures, by kind of pollution; which rows were silently wrong goes to standard error."""
    measured = {kind: measure(folder, kind) for kind in KINDS}
    heads = ("pollution", "files", "rows accepted", "refused", "silently wrong", "files not read", "simple score")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for kind, one in (measured | {"all": _together(measured.values())}).items():
        counts = (one.files, one.accepted, one.refused_rows, len(one.wrong), len(one.unread))
        score = sum(one.scores) / max(1, len(one.scores))
        lines.append(f"| {kind} | {' | '.join(f'{count:,}' for count in counts)} | {score:.3f} |")
    for name, row in (wrong for one in measured.values() for wrong in one.wrong):
        print(name, row, file=sys.stderr)
    return lines


def _together(parts: Iterable[Measured]) -> Measured:
    total = Measured()
    for one in parts:
        total.files, total.accepted = total.files + one.files, total.accepted + one.accepted
        total.refused_rows += one.refused_rows
        total.unread, total.wrong = total.unread + one.unread, total.wrong + one.wrong
        total.scores += one.scores
    return total
