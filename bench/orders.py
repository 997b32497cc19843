"""What the order book costs: `python -m bench.orders [LINES]`. One process, one table of figures.

A file of shipped orders is made (`bench.generate`), and an order report of what it ships. The report is imported; then
the file is checked without and with the order book, and dropped: read, judged and recorded as the service does it.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from pipeline.contexts import context_on, put

from bench import generate
from bench.convert import machine
from cws_filedrop import log
from cws_filedrop.examine import examine
from cws_filedrop.model import JudgementContext
from cws_filedrop.orders import importing
from cws_filedrop.pipeline import large
from cws_filedrop.pipeline.reading_main import RARELY
from cws_filedrop.rules.book import OrderBook
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.orders import snapshot
from cws_filedrop.store.uploads import uploads

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADING: Final = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\n"
LINES: Final = 100_000


def report(shipped: Path) -> bytes:
    """An order report of what a file ships; lines that cannot be read are left out."""
    with shipped.open("rb") as source:
        pieces = [
            piece.shipments for piece in examine(source, file_name="s.txt", context=JudgementContext(NOW)).pieces()
        ]
    rows = {
        (order, item): f"{order}\t{item or '0' * 14}\t2020-01-01T00:00:00Z\tStandard\tSKU-{item[-4:]}\t9\n"
        for piece in pieces
        for order, item in zip(piece["amazon-order-id"], piece["order-item-code"], strict=True)
    }
    return (HEADING + "".join(rows.values())).encode()


def judge(file: Path, look_up: Callable[[Sequence[str]], OrderBook] | None) -> int:
    """Judge every line; how many."""
    with file.open("rb") as source:
        examination = examine(source, file_name=file.name, context=JudgementContext(NOW), look_up=look_up)
        return sum(len(piece.verdicts) for piece in examination.pieces())


def figures(lines: int, folder: Path) -> Iterator[str]:
    """The rows of the table."""
    context, file, orders = context_on(folder), folder / "shipped.txt", folder / "orders.txt"
    with file.open("wb") as out:
        generate.write(out, lines)
    orders.write_bytes(report(file))
    yield row("import of an order report, into an empty book", *timed(lambda: take_in(context, orders)))
    yield row("the same report again", *timed(lambda: take_in(context, orders)))
    yield row("checks without an order book", *timed(lambda: judge(file, None)))
    waited = [0.0]
    yield row("checks with it", *timed(lambda: judge(file, lambda names: asked(context, names, waited)), waited))
    yield row("- of that, asking the book", lines, waited[0], peak())
    upload_id = put(context, file.read_bytes(), name=file.name)
    yield row("dropped: checked, recorded, orders moved", *timed(lambda: drop(context, upload_id)))
    again = put(context, file.read_bytes(), name=file.name)
    yield row("dropped again: every line a duplicate", *timed(lambda: drop(context, again)))


def take_in(context: ServiceContext, orders: Path) -> int:
    """Import; how many lines."""
    with orders.open("rb") as source:
        done = importing.import_file(
            context.db, 1, source, file_name="orders.txt", judging=JudgementContext(NOW), now=NOW
        )
    return done.lines


def asked(context: ServiceContext, names: Sequence[str], waited: list[float]) -> OrderBook:
    """What the book knows, and how long that took."""
    began = time.perf_counter()
    found = snapshot.snapshot(context.db, 1, names)
    waited[0] += time.perf_counter() - began
    return found


def drop(context: ServiceContext, upload_id: str) -> int:
    """Read and record as the service's process for large files does; how many lines."""
    (upload,) = uploads.some(context.db, [upload_id])
    return large.read(replace(context, clock=lambda: NOW), upload).line_count


def timed(work: Callable[[], int], waited: list[float] | None = None) -> tuple[int, float, float]:
    """How many lines, seconds (without what was waited for elsewhere), peak memory in MiB."""
    began = time.perf_counter()
    count = work()
    return count, time.perf_counter() - began - (waited or [0.0])[0], peak()


def peak() -> float:
    """The most memory this process has had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(what: str, count: int, seconds: float, mib: float) -> str:
    """A row of the table."""
    return f"| {what} | {count:,} | {seconds:.2f} | {count / seconds:,.0f} | {mib:.0f} |"


if __name__ == "__main__":
    log.configure("error", json=True)
    gc.freeze()  # as the service's own processes for reading do
    gc.set_threshold(*RARELY)
    with tempfile.TemporaryDirectory() as place:
        print(f"On {machine()}:\n")
        print("| what | lines | seconds | lines/s | peak memory so far, MiB |\n| --- | --- | --- | --- | --- |")
        for line in figures(int((sys.argv[1:] or [str(LINES)])[0]), Path(place)):
            print(line, flush=True)
