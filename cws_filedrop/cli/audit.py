"""`cws-filedrop audit`: what was done at the doors and pages, and what was refused there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cws_filedrop import private
from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop
from cws_filedrop.drop.audit_events import AuditEventKind


def audit(
    seller: Annotated[
        str,
        typer.Option(
            help="only of this seller, or of logins tried by this name; 'operator NAME' for operators",
            autocompletion=answers.sellers,
        ),
    ] = "",
    address: Annotated[str, typer.Option(help="only from this address")] = "",
    event: Annotated[AuditEventKind | None, typer.Option(help="only of this kind")] = None,
    since: Annotated[str, typer.Option(help="from this day or moment (UTC) onwards, such as 2026-11-23")] = "",
    until: Annotated[str, typer.Option(help="up to this day or moment (UTC), itself left out")] = "",
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    export: Annotated[
        Path | None,
        typer.Option(help="write all of them, oldest first, as JSON lines into this file; - for standard output"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show logins, refusals, uploads, downloads, deletions, changes of tokens and hooks, newest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.doors import audit
    from cws_filedrop.store.doors.audit import AuditQuery

    wanted = {"seller": seller.lower(), "address": address, "event": str(event or ""), "since": since, "until": until}
    if export is not None:
        _export(export, wanted)
        return
    db, query = database(settings()), AuditQuery(**wanted)
    entries = audit.matching(db, query, limit=limit)
    if json:
        show_json({"version": 1, "entries": [asdict(entry) for entry in entries]})
        return
    rows = [(entry.at, entry.event, entry.seller, entry.door, entry.address, _what(entry)) for entry in entries]
    show_table("Audit", ("when", "event", "who", "door", "from", "what"), rows)


def _export(path: Path, wanted: Mapping[str, str]) -> None:
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.outgoing.audit.lines import line
    from cws_filedrop.store.doors import audit
    from cws_filedrop.store.doors.audit import AuditQuery

    entries, number = audit.everything(database(settings()), AuditQuery(**wanted)), 0
    with _opened(path) as file:
        for entry_id, entry in entries:
            file.write(line(entry_id, entry) + "\n")
            number += 1
    if str(path) != "-":
        typer.echo(f"{number} entries are in {path}")


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if str(path) == "-":
        yield sys.stdout
        return
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, private.FILE)
    except OSError as error:
        raise stop(f"--export {path}: {error.strerror}", 2) from error
    with open(opened, "w", encoding="utf-8") as file:
        yield file


def _what(row: object) -> str:
    parts = (getattr(row, name) for name in ("name", "upload_id", "client", "detail"))
    size, times = getattr(row, "size", None), getattr(row, "times", 1)
    words = [part for part in parts if part]
    words += [f"{size:,} bytes"] if size is not None else []
    return "; ".join(words + ([f"{times} times"] if times > 1 else []))
