"""`cws-filedrop convert FILE --out DIR`: feed documents and results; no service, no network, no database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.offline.options import (
    File,
    Now,
    Order,
    OrderBook,
    UnknownOrderPolicy,
    UnknownOrders,
    Zone,
    context,
    look_up,
    readable,
)
from cws_filedrop.cli.offline.profile_source import Chosen, chosen
from cws_filedrop.cli.terminal import shared
from cws_filedrop.cli.terminal.shared import show_json, stop
from cws_filedrop.formatting import printable


def convert(
    file: File,
    out: Annotated[Path, typer.Option(help="an empty folder, or that of an earlier run")],
    merchant_id: Annotated[str, typer.Option(help="merchant id to put into the documents")] = "MERCHANT",
    now: Now = "",
    time_zone: Zone = "UTC",
    date_order: Order = None,
    order_book: OrderBook = None,
    unknown_orders: UnknownOrders = UnknownOrderPolicy.ACCEPT,
    profile: Chosen = "",
    json: Annotated[bool, typer.Option("--json", help="one JSON object, for machines")] = False,
) -> None:
    """Write feed documents, results, receipt and rejected lines into a folder. Exit code 1 when lines were rejected."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from cws_filedrop import convert as converting
    from cws_filedrop.errors import FileRejected

    given = context(now, time_zone, date_order, unknown_orders, chosen(profile))
    columns = (TextColumn("lines"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with readable(file).open("rb") as source, Progress(*columns, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("", total=None)
        how = converting.Conversion(
            shared.merchant_id(merchant_id),
            given,
            tell=lambda lines: progress.update(bar, completed=lines),
            look_up=look_up(order_book, given),
        )
        try:
            made = converting.convert(source, out, file_name=file.name, how=how)
        except FileRejected as error:
            if json:
                issues = [issue.as_json() for issue in error.issues]
                show_json({"version": 1, "file": file.name, "out": str(out), "file_issues": issues})
            raise stop(f"{file.name}: {error}") from None
    if json:
        summary = {"documents": made.document_count, "line_count": made.line_count, "summary": made.outcome.counts}
        show_json({"version": 1, "file": file.name, "out": str(out)} | summary)
    else:
        counts = ", ".join(f"{verdict} {number:,}" for verdict, number in made.outcome.counts.items())
        typer.echo(
            f"{printable(file.name)}: {made.line_count:,} lines ({counts}), {made.document_count:,} documents in {out}"
        )
    if not converting.all_good(made.outcome.counts):
        raise typer.Exit(1)
