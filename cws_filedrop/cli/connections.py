"""`cws-filedrop connections`: which sellers are connected; close one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table

app = typer.Typer(help="Connected sellers: list them, close a connection.", no_args_is_help=True)


@app.command("list")
def list_(
    seller: Annotated[str, typer.Option(help="only of this seller", autocompletion=answers.sellers)] = "",
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show who is connected, longest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import connections

    connected = connections.listing(database(settings()), seller=seller.lower())
    if json:
        show_json({"version": 1, "connections": [asdict(row) for row in connected]})
        return
    rows = [
        (row.id, row.seller, row.door, row.address, row.client, row.since, "busy" if row.busy else "")
        for row in connected
    ]
    show_table("Connections", ("id", "seller", "door", "from", "client", "since", ""), rows)


@app.command()
def close(
    connection: Annotated[str, typer.Argument(help="its id in `connections list`", autocompletion=answers.connections)],
) -> None:
    """Close a connection; a transfer under way is cut off, and can be resumed."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.close_connection, connection)
    typer.echo(f"{connection} is being closed")
