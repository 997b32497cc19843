"""`cws-filedrop carriers`: other names of carriers, and the names that nobody knows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop

app = typer.Typer(
    help="What sellers write for carriers: names for codes of Amazon's list, and names that are not known.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="for machines")]
SellerName = Annotated[
    str, typer.Option("--seller", help="only in this seller's files [default: all]", autocompletion=answers.sellers)
]


@app.command("list")
def list_(
    seller: SellerName = "",
    shipped: Annotated[bool, typer.Option("--shipped", help="those that come with the program instead")] = False,
    json: Json = False,
) -> None:
    """Show the names that were added."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.decisions import carriers
    from cws_filedrop.errors import NotPossible

    try:
        found = carriers.shipped() if shipped else carriers.listed(context(settings()), seller)
    except NotPossible as why:
        raise stop(str(why)) from None
    if json:
        show_json({"version": 1, "carriers": [asdict(one) for one in found]})
        return
    show_table("Names of carriers", ("name", "is", "since"), [(one.name, one.code, one.changed_at) for one in found])


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="what sellers write; case and punctuation do not matter")],
    code: Annotated[str, typer.Argument(help="a carrier of Amazon's list, as it is written there")],
    seller: SellerName = "",
) -> None:
    """Have a name read as a carrier of Amazon's list, in files dropped from now on."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import carriers
    from cws_filedrop.store.sellers.carrier_names import CarrierName

    decided(carriers.put, [CarrierName(name, code)], seller=seller)
    typer.echo(f"{name} is read as {code}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="as `carriers list` shows it")], seller: SellerName = "") -> None:
    """Forget a name that was added."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import carriers

    decided(carriers.remove, name, seller=seller)
    typer.echo(f"{name} is forgotten")


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="lines of name, tab, carrier of Amazon's list", exists=True, dir_okay=False)
    ],
    seller: SellerName = "",
    replace: Annotated[bool, typer.Option("--replace", help="forget all names that are not in the file")] = False,
) -> None:
    """Add the names of a file; of a file with any line that is wrong, none."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import carriers

    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise stop(f"{file} is not UTF-8") from None
    count = decided(carriers.take, text, seller=seller, replacing=replace)
    typer.echo(f"{count:,} names are read from now on")


@app.command()
def unknown(
    days: Annotated[int, typer.Option(help="in files of the last so many days", min=1)] = 30, json: Json = False
) -> None:
    """Show the names that files use and nobody knows, most used first: Amazon is told Other with that name."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.decisions import carriers

    found = carriers.unknown(context(settings()), since=datetime.now(UTC) - timedelta(days=days))
    if json:
        show_json({"version": 1, "days": days, "carriers": [asdict(one) for one in found]})
        return
    rows = [(one.name, one.lines, one.files, ", ".join(one.sellers), one.last_at) for one in found]
    show_table("Carriers that are not on Amazon's list", ("name", "lines", "files", "sellers", "last"), rows)
