"""`cws-filedrop seller policy`: how a seller's files are read and judged."""

from __future__ import annotations

import zoneinfo
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated, Any

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop
from cws_filedrop.model import DateOrder


class OnError(StrEnum):
    """What becomes of the good lines of a file that has bad ones."""

    CONTINUE = "continue"
    HOLD_FILE = "hold-file"


class Doubtful(StrEnum):
    """What becomes of an upload that may have been cut off."""

    TAKE = "take"
    HOLD = "hold"


class UnknownOrders(StrEnum):
    """What becomes of orders that are not in the order book."""

    ACCEPT = "accept"
    REJECT = "reject"


class OnOff(StrEnum):
    """A switch."""

    ON = "on"
    OFF = "off"


def policy(
    name: Annotated[str, typer.Argument(help="user name: letters and digits", autocompletion=answers.sellers)],
    time_zone: Annotated[
        str | None, typer.Option(help="time zone of dates that name none", autocompletion=answers.time_zones)
    ] = None,
    date_order: Annotated[DateOrder | None, typer.Option(help="how 03/04/2026 is meant")] = None,
    on_error: Annotated[
        OnError | None, typer.Option(help="what to do with the good lines when others are rejected")
    ] = None,
    doubtful: Annotated[
        Doubtful | None, typer.Option(help="what to do with uploads that may have been cut off")
    ] = None,
    unknown_orders: Annotated[
        UnknownOrders | None, typer.Option(help="what to do with orders not in the order book")
    ] = None,
    cancel_at_amazon: Annotated[
        OnOff | None, typer.Option(help="also cancel at Amazon what a row cancels with a cancel-reason")
    ] = None,
    resend_unknown: Annotated[
        OnOff | None, typer.Option(help="send lines of unknown outcome again once Amazon's order plainly lacks them")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show how a seller's files are read and judged, or change it for files dropped from now on."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    if time_zone is not None and time_zone not in zoneinfo.available_timezones():
        raise stop(f"{time_zone!r} is not a time zone; use a name such as Europe/Berlin", 2)
    db = database(settings())
    known = sellers.find(db, name.lower())
    if known is None:
        raise stop(f"there is no seller named {name.lower()}")
    given: dict[str, Any] = {
        "time_zone": time_zone,
        "date_order": date_order,
        "on_error": on_error and str(on_error),
        "doubtful": doubtful and str(doubtful),
        "unknown_orders": unknown_orders and str(unknown_orders),
        "cancel_at_amazon": None if cancel_at_amazon is None else cancel_at_amazon is OnOff.ON,
        "resend_unknown": None if resend_unknown is None else resend_unknown is OnOff.ON,
    }
    changed = {key: value for key, value in given.items() if value is not None}
    wanted = replace(known.policy, **changed)
    if changed:
        sellers.set_policy(db, name, wanted)
        recorded(db, "seller.policy", known.name, "; ".join(f"{key}: {value}" for key, value in changed.items()))
    if json:
        show_json({"version": 1, "seller": known.name, "policy": asdict(wanted)})
        return
    rows = [(key.replace("_", " "), _shown(getattr(wanted, key))) for key in given]
    show_table(f"How files of {known.name} are read", ("what", "value"), rows)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(OnOff.ON if value else OnOff.OFF)
    return "not said" if value is None else str(value)
