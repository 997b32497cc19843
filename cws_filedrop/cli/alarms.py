"""`cws-filedrop alarms`: what is wrong, and since when."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table


def alarms(
    all_: Annotated[bool, typer.Option("--all", help="those that are over, too")] = False,
    limit: Annotated[int, typer.Option(help="the newest so many", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show what is wrong now and what to do about it. Exit code 1 when something is."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.outgoing import alarms as kept

    found = kept.listing(database(settings()), open_only=not all_, limit=limit)
    if json:
        show_json({"version": 1, "alarms": [asdict(one) for one in found]})
    else:
        rows = [(one.since, one.recovered_at or "", one.kind, one.text, one.remedy) for one in found]
        show_table("Alarms", ("since", "over", "kind", "what", "what to do"), rows)
    if any(one.recovered_at is None for one in found):
        raise typer.Exit(1)
