"""A seller's file -> feed documents and reports in a folder, without network or database (docs/domain.md#11-json).

Memory does not grow with the file: pieces are judged, written and forgotten; documents are validated in two threads
while the next ones are built.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pandas as pd

from cws_filedrop.errors import ConfigError, FileRejected
from cws_filedrop.examine import Examination, Outcome, Piece, examine
from cws_filedrop.feeds import order_fulfillment
from cws_filedrop.feeds.order_fulfillment import FeedDocument
from cws_filedrop.model import Issue, JudgementContext, Verdict
from cws_filedrop.reports import receipt, rejected, result, table
from cws_filedrop.rules.book import LookUp
from cws_filedrop.tables import KEY_COLUMNS
from cws_filedrop.upload_outcome import UploadOutcome

MESSAGES: Final = 2_000  # the size that two threads validate fastest
FEW: Final = 5 * MESSAGES  # fewer rows than this wait for more, so that documents are full
AHEAD: Final = 32  # documents built ahead of validation, so that its threads have work while a piece is judged
OWN_FILES: Final = ("feed-*.xml", "result.txt", "receipt.txt", "rejected.txt")
PART: Final = ".part"  # what a file is called while it is written


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to convert: in whose name, judged by what, and whether documents are validated."""

    merchant_id: str
    context: JudgementContext
    validate: bool = True
    look_up: LookUp | None = None  # finds orders in the order book
    tell: Callable[[int], None] = lambda _lines: None  # called with the number of lines done so far


@dataclass(frozen=True, slots=True)
class Converted:
    """The outcome, and how many documents there are."""

    outcome: UploadOutcome
    document_count: int

    @property
    def line_count(self) -> int:
        """Lines that have a verdict."""
        return sum(self.outcome.counts.values())


def convert(source: BinaryIO, out: Path, *, file_name: str, how: Conversion) -> Converted:
    """Write `feed-0001.xml …`, `result.txt`, `receipt.txt`, and `rejected.txt` if lines were rejected, into `out`.

    What an earlier run left there is replaced. Raises: ConfigError when `out` holds anything else; FileRejected when
    the whole file cannot be used (result and receipt say so).
    """
    prepare(out)
    sha256, size = digest(source)
    card = {"name": file_name, "sha256": sha256, "size": size, "arrived_at": how.context.now.isoformat()}
    try:
        examination = examine(source, file_name=file_name, context=how.context, look_up=how.look_up)
        if examination.facts.holding:
            raise FileRejected(*examination.facts.holding)
    except FileRejected as error:
        _write(out / "result.txt", [result.header(), result.whole_file(error.issues[0])])
        refused = UploadOutcome(file_issues=error.issues)
        _write(out / "receipt.txt", [_receipt(card, "rejected", refused)])
        raise
    run = _Run(examination, out, how)
    documents = run.write()
    done = Converted(run.outcome.so_far(), documents)
    state = "converted" if done.line_count else "done"
    _write(out / "receipt.txt", [_receipt(card, state, done.outcome, done.line_count)])
    return done


def digest(source: BinaryIO) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and size in bytes of a file, which is rewound afterwards."""
    hashed = hashlib.sha256()
    while block := source.read(1 << 20):
        hashed.update(block)
    size = source.tell()
    source.seek(0)
    return hashed.hexdigest(), size


def prepare(out: Path) -> None:
    """Make the folder, or clear what an earlier run wrote into it.

    Raises: ConfigError when it holds anything else, or cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out} cannot be used as a folder: {error.strerror}") from error
    own = {path for pattern in OWN_FILES for ending in ("", PART) for path in out.glob(pattern + ending)}
    strange = sorted(path.name for path in out.iterdir() if path not in own)
    if strange:
        raise ConfigError(f"{out} holds other files ({strange[0]}); name an empty folder")
    for path in own:
        path.unlink()


class _Run:
    """One pass over a file: results, rejected lines and documents, each written as soon as it is ready."""

    def __init__(self, examination: Examination, out: Path, how: Conversion) -> None:
        self._examination = examination
        self._out = out
        self._how = how
        self.outcome = Outcome(examination.facts)

    def write(self) -> int:
        """Write everything; how many documents."""
        documents = self._documents()
        checked = order_fulfillment.checked(documents, ahead=AHEAD) if self._how.validate else documents
        count = 0
        for count, document in enumerate(checked, 1):
            _write(self._out / f"feed-{count:04d}.xml", [document.body])
        return count

    def _documents(self) -> Iterator[FeedDocument]:
        first_message_id = 1
        for shipments in _whole_orders(self._shipments()):
            for document in order_fulfillment.documents(
                shipments, self._how.merchant_id, first_message_id=first_message_id, max_messages=MESSAGES
            ):
                first_message_id += document.message_count
                yield document

    def _shipments(self) -> Iterator[pd.DataFrame]:
        facts = self._examination.facts
        bad = self._out / "rejected.txt"
        with (self._out / f"result.txt{PART}").open("wb") as results:
            results.write(result.header())
            for piece in self._examination.pieces():
                self.outcome.add(piece)
                results.write(result_rows(piece))
                if piece.raw:
                    new = not bad.exists()
                    with bad.open("ab") as file:
                        file.write(rejected.header(facts.headings, facts.delimiter) if new else b"")
                        file.write(rejected_rows(piece, self._examination))
                self._how.tell(self.outcome.line_count)
                yield piece.shipments
        os.replace(self._out / f"result.txt{PART}", self._out / "result.txt")


def _whole_orders(tables: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same rows, cut so that adjacent rows of one order are never in two tables; small tables are joined.

    Rows of one order may be one package, and only rows of one table can become one message.
    """
    held: pd.DataFrame | None = None
    for more in tables:
        if held is not None and len(held):
            end = _before_last_order(held["amazon-order-id"]) if len(held) >= FEW else 0
            if end:
                yield held.iloc[:end]
            more = pd.concat([held.iloc[end:], more])
        held = more
    if held is not None and len(held):
        yield held


def _before_last_order(orders: pd.Series[str]) -> int:
    """The position at which the rows of the last order begin."""
    end = len(orders)
    while end and orders.iloc[end - 1] == orders.iloc[-1]:
        end -= 1
    return end


def result_rows(piece: Piece) -> bytes:
    """The rows of result.txt for a piece of which nothing was sent yet."""
    size, told = len(piece.keys), _told(piece)
    places = piece.keys.index.get_indexer(pd.Index(list(told), dtype="int64"))
    codes = table.sparse([code for code, _ in told.values()], places, size)
    messages = table.sparse([message for _, message in told.values()], places, size)
    keys = (piece.keys[name] for name in KEY_COLUMNS)
    return table.rows([table.numbers(piece.keys.index), *keys, piece.verdicts, codes, messages, ""])


def first_issues(piece: Piece) -> tuple[list[str], list[str]]:
    """What result.txt says about each line: the codes of its issues, and their messages; "" where there are none."""
    codes, messages = [""] * len(piece.keys), [""] * len(piece.keys)
    told = _told(piece)
    places = piece.keys.index.get_indexer(pd.Index(list(told), dtype="int64")).tolist()
    for place, (code, message) in zip(places, told.values(), strict=True):
        codes[place], messages[place] = code, message
    return codes, messages


def _told(piece: Piece) -> dict[int, tuple[str, str]]:
    """The codes and messages of lines, by line: their issues', and what there is to say of a line that goes nowhere."""
    told = {
        line: (" | ".join([issue.code for issue in issues]), " | ".join([issue.message for issue in issues]))
        for line, issues in piece.issues_by_line.items()
    }
    for line, remark in piece.remarks.items():
        codes, messages = told.get(line, ("", ""))
        told[line] = (codes, f"{messages} | {remark}" if messages else remark)
    return told


def rejected_rows(piece: Piece, examination: Examination) -> bytes:
    """The rows of rejected.txt for a piece: lines that were rejected, with only their errors."""
    facts, by_line = examination.facts, piece.issues_by_line
    issues = ((line, issue) for line in piece.raw for issue in by_line.get(line, ()) if _rejects(issue))
    return rejected.rows(piece.raw, issues, facts.delimiter, facts.headings)


def _rejects(issue: Issue) -> bool:
    return issue.severity == "error"


def _receipt(card: dict[str, object], state: str, outcome: UploadOutcome, line_count: int = 0) -> bytes:
    return receipt.text(
        receipt.Receipt(
            name=str(card["name"]),
            upload_id="",
            arrived_at=str(card["arrived_at"]),
            door="",
            size=int(str(card["size"])),
            sha256=str(card["sha256"]),
            grade="",
            evidence="",
            state=state,
            line_count=line_count,
            outcome=outcome,
        )
    ).encode()


def _write(path: Path, chunks: list[bytes]) -> None:
    part = path.with_name(f"{path.name}{PART}")
    with part.open("wb") as file:
        file.writelines(chunks)
    os.replace(part, path)


def all_good(counts: Mapping[str, int]) -> bool:
    """Was every line accepted?"""
    return not counts.get(Verdict.REJECTED, 0)
