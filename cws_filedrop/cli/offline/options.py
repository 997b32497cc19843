"""What `check` and `convert` have in common: their options, and the context made of them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import stop
from cws_filedrop.model import DateOrder, JudgementContext, Policy, Profile
from cws_filedrop.rules.book import LookUp


class UnknownOrderPolicy(StrEnum):
    """What to do with Amazon orders that are not in the order book."""

    ACCEPT = "accept"
    REJECT = "reject"


File = Annotated[Path, typer.Argument(help="a file of shipped orders")]
Now = Annotated[str, typer.Option(help="the moment the file arrived, ISO 8601 [default: now]")]
Zone = Annotated[str, typer.Option(help="time zone of dates that name none")]
OrderBook = Annotated[Path | None, typer.Option(help="an order report, or another order file, to check against")]
UnknownOrders = Annotated[
    UnknownOrderPolicy, typer.Option(help="what to do with Amazon orders that are not in the order book")
]
Order = Annotated[DateOrder | None, typer.Option(help="how 03/04/2026 is meant")]


def context(
    now: str,
    time_zone: str,
    date_order: DateOrder | None,
    unknown_orders: UnknownOrderPolicy = UnknownOrderPolicy.ACCEPT,
    profiles: tuple[Profile, ...] = (),
) -> JudgementContext:
    """The context the options ask for.

    Raises: typer.Exit with code 2 when a value cannot be used.
    """
    if time_zone not in zoneinfo.available_timezones():
        raise stop(f"--time-zone {time_zone}: not a time zone; use a name such as Europe/Berlin", 2)
    policy = Policy(time_zone=time_zone, date_order=date_order, unknown_orders=unknown_orders)
    return JudgementContext(_moment(now), policy, profiles=profiles)


def look_up(path: Path | None, given: JudgementContext) -> LookUp | None:
    """The look-up into the order book that the options name; None when they name none.

    Raises: typer.Exit with code 2 when the file cannot be used.
    """
    if path is None:
        return None
    from cws_filedrop.errors import FileRejected
    from cws_filedrop.reported import book

    with readable(path).open("rb") as source:
        try:
            orders = book(source, file_name=path.name, context=given)
        except FileRejected as error:
            raise stop(f"--order-book {path.name}: {error}", 2) from None
    return lambda _names: orders


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
