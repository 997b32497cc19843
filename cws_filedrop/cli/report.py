"""`cws-filedrop report`: statements for operators."""

from __future__ import annotations

import json as plain_json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop

app = typer.Typer(help="Statements: the commission of a month.", no_args_is_help=True)
EVERYONE: Final = "all"
SHOWN: Final = 200


@app.callback()
def report() -> None:
    """Statements for operators."""


@app.command()
def commission(
    month: Annotated[str, typer.Option(help="such as 2026-11; by purchase date, in the seller's time zone")],
    seller: Annotated[str, typer.Option(help="one seller, or all of them", autocompletion=answers.sellers)] = EVERYONE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write it to this file: tab-delimited, or JSON with --json")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """List the orders of a month that carry commission, and those that were cancelled in time and do not."""
    from cws_filedrop.reports.commission import text

    statements = _statements(month, seller)
    answer = {"version": 1, "statements": [one.as_json() for one in statements]} if json else {}
    if output is not None:
        body = plain_json.dumps(answer, indent=2, ensure_ascii=False).encode() + b"\n" if json else text(statements)
        _write(output, body)
    elif json:
        show_json(answer)
    else:
        for one in statements:
            _show(one)


def _statements(month: str, seller: str) -> Any:
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.orders import statements
    from cws_filedrop.rules import commission
    from cws_filedrop.store.sellers import sellers

    wanted = commission.month(month)
    if wanted is None:
        raise stop(f"--month {month}: write year and month, such as 2026-11", 2)
    db, now = database(settings()), datetime.now(UTC)
    if seller.lower() == EVERYONE:
        return statements.of_all(db, sellers.everyone(db), wanted, now=now)
    return [statements.of_seller(db, owner(db, seller), wanted, now=now)]


def _write(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as error:
        raise stop(f"--output {path}: {error.strerror}", 2) from error


def _show(statement: Any) -> None:
    from cws_filedrop.reports.commission import cells, shown, yes

    rows = [["" if cell is None else cell for cell in cells(one)] for one in statement.orders[:SHOWN]]
    headings = ("number", "order", "bought", "state", "cancelled", "commission", "why", "price")
    show_table(f"Commission of {statement.seller}, {statement.month} ({statement.time_zone})", headings, rows)
    if len(statement.orders) > SHOWN:
        typer.echo(f"and {len(statement.orders) - SHOWN:,} orders more; --output FILE writes them all\n")
    sums = [(yes(carries), statement.sum(carries=carries)) for carries in (True, False)]
    show_table(
        "Sums, without currency", ("commission", "orders", "price"), [(a, b.words, b.total_price) for a, b in sums]
    )
    if not statement.is_final:
        typer.echo(f"Not final: orders that are cancelled before {shown(statement.cancel_before)} carry none.")
