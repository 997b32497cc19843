"""What `check` and `convert` have in common: their options, and the context made of them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.shared import stop
from cws_filedrop.model import Context, DateOrder, Policy

File = Annotated[Path, typer.Argument(help="a file of shipped orders")]
Now = Annotated[str, typer.Option(help="the moment the file arrived, ISO 8601 [default: now]")]
Zone = Annotated[str, typer.Option(help="in which days without a zone are read")]
Order = Annotated[DateOrder | None, typer.Option(help="how 03/04/2026 is meant")]


def context(now: str, time_zone: str, date_order: DateOrder | None) -> Context:
    """The context the options ask for.

    Raises: typer.Exit with code 2 when a value cannot be used.
    """
    if time_zone not in zoneinfo.available_timezones():
        raise stop(f"--time-zone {time_zone}: not a time zone; use a name such as Europe/Berlin", 2)
    return Context(_moment(now), Policy(time_zone=time_zone, date_order=date_order))


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise stop(f"--now {text}: write it as 2026-11-22T12:00:00Z", 2) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def readable(path: Path) -> Path:
    """The file, if it is one that can be read.

    Raises: typer.Exit with code 2 otherwise.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise stop(f"{path}: {error.strerror}", 2) from None
    return path
