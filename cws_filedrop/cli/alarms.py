"""`cws-filedrop alarms`: what is wrong, and since when."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table


def alarms(
    all_: Annotated[bool, typer.Option("--all", help="include those that are over")] = False,
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show what is wrong now and what to do about it. Exit code 1 when something is."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.outgoing.alarms import listing

    shown = listing(database(settings()), open_only=not all_, limit=limit)
    if json:
        show_json({"version": 1, "alarms": [asdict(alarm) for alarm in shown]})
    else:
        rows = [(alarm.since, alarm.recovered_at or "", alarm.kind, alarm.text, alarm.remedy) for alarm in shown]
        show_table("Alarms", ("since", "over", "kind", "what", "what to do"), rows)
    if any(alarm.recovered_at is None for alarm in shown):
        raise typer.Exit(1)
