"""`cws-filedrop audit`: what was done at the doors, and what was refused there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table
from cws_filedrop.drop.audit_events import AuditEventKind


def audit(
    seller: Annotated[
        str, typer.Option(help="only of this seller, or of logins tried by this name", autocompletion=answers.sellers)
    ] = "",
    address: Annotated[str, typer.Option(help="only from this address")] = "",
    event: Annotated[AuditEventKind | None, typer.Option(help="only of this kind")] = None,
    since: Annotated[str, typer.Option(help="from this day or moment (UTC) onwards, such as 2026-11-23")] = "",
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show logins, refusals, uploads, downloads and deletions, newest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import audit

    wanted = {"seller": seller, "address": address, "event": str(event or ""), "since": since}
    entries = audit.listing(database(settings()), **wanted, limit=limit)
    if json:
        show_json({"version": 1, "entries": [asdict(entry) for entry in entries]})
        return
    rows = [(entry.at, entry.event, entry.seller, entry.door, entry.address, _what(entry)) for entry in entries]
    show_table("Audit", ("when", "event", "who", "door", "from", "what"), rows)


def _what(row: object) -> str:
    parts = (getattr(row, name) for name in ("name", "upload_id", "client", "detail"))
    size, times = getattr(row, "size", None), getattr(row, "times", 1)
    words = [part for part in parts if part]
    words += [f"{size:,} bytes"] if size is not None else []
    return "; ".join(words + ([f"{times} times"] if times > 1 else []))
