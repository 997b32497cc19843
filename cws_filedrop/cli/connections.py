"""`cws-filedrop connections`: which sellers are connected; close one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table

app = typer.Typer(help="Sellers who are connected: list them, close a connection.", no_args_is_help=True)


@app.command("list")
def list_(
    seller: Annotated[str, typer.Option(help="only this seller's", autocompletion=answers.sellers)] = "",
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show who is connected, who came first first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import connections

    found = connections.listing(database(settings()), seller=seller.lower())
    if json:
        show_json({"version": 1, "connections": [asdict(one) for one in found]})
        return
    rows = [
        (one.id, one.seller, one.door, one.address, one.client, one.since, "busy" if one.busy else "") for one in found
    ]
    show_table("Connections", ("id", "seller", "door", "from", "client", "since", ""), rows)


@app.command()
def close(
    connection: Annotated[str, typer.Argument(help="its id in `connections list`", autocompletion=answers.connections)],
) -> None:
    """Close a connection; a transfer that is under way is cut, and can be resumed."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.close_connection, connection)
    typer.echo(f"{connection} is being closed")
