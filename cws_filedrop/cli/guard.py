"""`cws-filedrop guard`: addresses that are kept out for guessing at passwords."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table

app = typer.Typer(help="Banned addresses (for guessing at passwords): list them, lift a ban.", no_args_is_help=True)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show the addresses that are banned, and until when."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import guard

    banned = guard.banned(database(settings()), time.time())
    if json:
        show_json({"version": 1, "banned": [asdict(record) for record in banned]})
        return
    rows = [
        (record.who, datetime.fromtimestamp(record.until, UTC).isoformat(" ", "seconds"), record.bans)
        for record in banned
    ]
    show_table("Kept out", ("address", "until (UTC)", "times"), rows)


@app.command()
def unban(who: Annotated[str, typer.Argument(help="an address, or a user name")]) -> None:
    """Lift the ban of an address or a user name; takes effect in a running service within seconds."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.unban, who)
    typer.echo(f"{who} may try again")
