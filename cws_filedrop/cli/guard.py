"""`cws-filedrop guard`: addresses that are kept out for guessing at passwords."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table

app = typer.Typer(help="Who is kept out for guessing at passwords; let them in again.", no_args_is_help=True)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show the addresses that are kept out, and until when."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import guard

    found = guard.banned(database(settings()), time.time())
    if json:
        show_json({"version": 1, "banned": [asdict(one) for one in found]})
        return
    rows = [(one.who, datetime.fromtimestamp(one.until, UTC).isoformat(" ", "seconds"), one.bans) for one in found]
    show_table("Kept out", ("address", "until (UTC)", "times"), rows)


@app.command()
def unban(who: Annotated[str, typer.Argument(help="an address, or a user name")]) -> None:
    """Forget what is held against an address or a user name; a running service does so within seconds."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.unban, who)
    typer.echo(f"{who} may try again")
