"""`cws-filedrop seller`: who may drop files, and how their lines are judged."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Final

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.seller import policy as seller_policy
from cws_filedrop.cli.seller.policy import OnOff
from cws_filedrop.cli.terminal import shared
from cws_filedrop.cli.terminal.shared import END_OR_KEEP, given_password, settings, show_json, show_table, stop
from cws_filedrop.model import Account, DateOrder, MailEvent, Policy, Seller

app = typer.Typer(help="Sellers: add, list, change their password, switch off, remove.", no_args_is_help=True)
app.command("policy")(seller_policy.policy)
ON_ERROR: Final = ("continue", "hold-file")
DOUBTFUL: Final = ("take", "hold")
UNKNOWN_ORDERS: Final = ("accept", "reject")
NAME: Final = re.compile(r"[A-Za-z0-9]{2,32}")


Name = Annotated[str, typer.Argument(help="user name: letters and digits", autocompletion=answers.sellers)]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="user name: letters and digits")],
    merchant_id: Annotated[str, typer.Option(help="the seller's merchant id at Amazon")],
    marketplace: Annotated[
        str, typer.Option(help="marketplace id; the default is the United States")
    ] = "ATVPDKIKX0DER",
    time_zone: Annotated[
        str, typer.Option(help="time zone of dates that name none", autocompletion=answers.time_zones)
    ] = "UTC",
    date_order: Annotated[DateOrder | None, typer.Option(help="how 03/04/2026 is meant")] = None,
    on_error: Annotated[
        str,
        typer.Option(help="continue, or hold-file when any line is rejected", autocompletion=answers.one_of(*ON_ERROR)),
    ] = "continue",
    doubtful: Annotated[
        str,
        typer.Option(help="take or hold uploads that may have been cut off", autocompletion=answers.one_of(*DOUBTFUL)),
    ] = "take",
    unknown_orders: Annotated[
        str,
        typer.Option(
            help="accept or reject orders not in the order book", autocompletion=answers.one_of(*UNKNOWN_ORDERS)
        ),
    ] = "accept",
    refresh_token: Annotated[str, typer.Option(help="Amazon consent, as env:NAME or file:PATH")] = "",
    password: Annotated[str, typer.Option(help="[default: a new one, shown once]", envvar="CWS_SELLER_PASSWORD")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
) -> None:
    """Add a seller and show the password, once."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.credentials import passwords
    from cws_filedrop.store.sellers import sellers

    if not NAME.fullmatch(name):
        raise stop(f"{name!r}: a user name is 2 to 32 letters and digits, nothing else", 2)
    if time_zone not in zoneinfo.available_timezones():
        raise stop(f"{time_zone!r} is not a time zone; use a name such as Europe/Berlin", 2)
    shared.merchant_id(merchant_id)
    # A reference, since the row is in the database and its backups, where a token must not be.
    if refresh_token and not re.fullmatch("(env|file):.+", refresh_token):
        raise stop("--refresh-token: write env:NAME or file:PATH, never the token itself", 2)
    _one_of("--on-error", on_error, ON_ERROR)
    _one_of("--doubtful", doubtful, DOUBTFUL)
    _one_of("--unknown-orders", unknown_orders, UNKNOWN_ORDERS)
    policy = Policy(time_zone, date_order, unknown_orders, on_error, doubtful)
    seller = Seller(0, name.lower(), Account(0, merchant_id, marketplace), policy)
    password = _chosen(password, password_stdin)
    chosen = password or passwords.generated()
    db = database(settings(), create=True)
    hashed = passwords.hashed(chosen)
    if not sellers.add(db, seller, password_hash=hashed, now=datetime.now(UTC), refresh_token=refresh_token):
        raise stop(f"there is a seller named {name.lower()} already")
    recorded(db, "seller.add", name.lower(), f"{merchant_id} in {marketplace}")
    typer.echo(f"seller   {name.lower()}")
    if not password:
        typer.echo(f"password {chosen}")
        typer.echo("This password is shown once; `cws-filedrop seller passwd` makes a new one.")


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show every seller."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    known = sellers.everyone(database(settings()))
    if json:
        show_json({"version": 1, "sellers": [_plain(seller) for seller in known]})
        return
    rows = [
        (one.name, one.account.merchant_id, one.account.marketplace_id, one.policy.time_zone, _state(one))
        for one in known
    ]
    show_table("Sellers", ("name", "merchant id", "marketplace", "time zone", "state"), rows)


@app.command()
def passwd(
    name: Name,
    password: Annotated[str, typer.Option(help="[default: a new one, shown once]", envvar="CWS_SELLER_PASSWORD")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="change the one for FTP without encryption")] = False,
    no_clear: Annotated[bool, typer.Option("--no-clear", help="take the one for FTP without encryption away")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
    end_tokens: Annotated[bool | None, END_OR_KEEP] = None,
) -> None:
    """Give a seller a new password; sessions of the old one end at their next login."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.credentials import passwords
    from cws_filedrop.decisions import seller_logins

    if no_clear:
        decided(seller_logins.forget_clear_password, name)
        typer.echo(f"{name.lower()} logs in with encryption only")
        return
    password = _chosen(password, password_stdin)
    chosen = password or passwords.generated()
    decided(seller_logins.set_password, name, chosen, clear=clear)
    if password:
        typer.echo("changed")
    else:
        typer.echo(f"password {chosen}\nThis password is shown once.")
    _ask_about_tokens(name, end=end_tokens, typed=not password_stdin)


@app.command("forget-factor")
def forget_factor(name: Name) -> None:
    """Stop asking a seller for codes on the pages, when the phone is lost."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_logins

    typer.echo(decided(seller_logins.forget_factor, name))


def _chosen(password: str, from_stdin: bool) -> str:
    """The password that was given, "" for none. Raises: typer.Exit when it will not do."""
    from cws_filedrop.credentials import passwords

    given = given_password() if from_stdin else password
    if (given or from_stdin) and (fault := passwords.fault(given)):
        raise stop(fault, 2)
    return given


def _ask_about_tokens(name: str, *, end: bool | None, typed: bool) -> None:
    from cws_filedrop.cli.terminal import tokens_left
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.decisions import seller_tokens
    from cws_filedrop.store.sellers import tokens

    db = database(settings())
    mine = tokens.listing(db, seller_id(db, name))
    ending = partial(decided, seller_tokens.disable_all, name)
    tokens_left.ask(name.lower(), mine, end=end, kind="seller", disable_all=ending, typed=typed)


@app.command("set")
def set_(
    name: Name,
    networks: Annotated[
        str | None, typer.Option(help="where logins may come from, such as '192.0.2.0/24 2001:db8::/32'; '' = anywhere")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="day (UTC) from which it may not log in; '' = never")] = None,
    file_bytes: Annotated[int | None, typer.Option(help="largest file; 0 = the common limit", min=0)] = None,
    files_an_hour: Annotated[int | None, typer.Option(help="most uploads within an hour; 0 = no limit", min=0)] = None,
    kept_bytes: Annotated[int | None, typer.Option(help="most bytes in all its folders; 0 = no limit", min=0)] = None,
    waiting_files: Annotated[int | None, typer.Option(help="most files not picked up yet; 0 = no limit", min=0)] = None,
    connections: Annotated[
        int | None, typer.Option(help="most connections at once, over all doors; 0 = no limit", min=0)
    ] = None,
    mail: Annotated[str | None, typer.Option(help="where mails go, separated by commas; '' = no mails")] = None,
    mail_on: Annotated[
        str | None,
        typer.Option(
            help="what mails are about: errors (the default), warnings, success, digest (one a day)",
            autocompletion=answers.some_of(*MailEvent),
        ),
    ] = None,
    buyer_mails: Annotated[
        OnOff | None, typer.Option(help="write to buyers when Amazon has confirmed a shipment")
    ] = None,
) -> None:
    """Change how a seller may log in, its limits, and what mails it gets."""
    values: dict[str, object] = {}
    if networks is not None:
        values["networks"] = _networks(networks)
    if expires is not None:
        values["expires_at"] = _day(expires)
    limits = {
        "file_bytes": file_bytes,
        "files_an_hour": files_an_hour,
        "kept_bytes": kept_bytes,
        "waiting_files": waiting_files,
        "connections": connections,
    }
    if given := {key: value for key, value in limits.items() if value is not None}:
        values["allowance"] = _allowance(name, given)
    mail_options = (mail, mail_on, buyer_mails)
    if not values and mail_options == (None, None, None):
        raise stop("nothing to change; give --networks, --expires, a limit, --mail, --mail-on or --buyer-mails", 2)
    if mail_options != (None, None, None):
        _set_mailing(name, *mail_options)
    if values:
        told = "; ".join(f"{key}: {value or 'none'}" for key, value in values.items())
        _change(name, values, "seller.settings", told)
    typer.echo("changed")


@app.command()
def disable(name: Name) -> None:
    """Keep a seller from logging in; files already here are still processed."""
    _change(name, {"enabled": False}, "seller.disable")
    typer.echo(f"{name.lower()} is switched off")


@app.command()
def enable(name: Name) -> None:
    """Let a seller in again."""
    _change(name, {"enabled": True}, "seller.enable")
    typer.echo(f"{name.lower()} is switched on")


@app.command()
def remove(name: Name) -> None:
    """Take a seller out of use. Its uploads and home folder stay for an operator to look at."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    db = database(settings())
    if not sellers.remove(db, name, now=datetime.now(UTC)):
        raise stop(f"there is no seller named {name.lower()}")
    recorded(db, "seller.remove", name.lower())
    typer.echo(f"{name.lower()} is removed")


def _change(name: str, values: dict[str, object], what: str, detail: str = "") -> None:
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    db = database(settings())
    if not sellers.change(db, name, values):
        raise stop(f"there is no seller named {name.lower()}")
    recorded(db, what, name.lower(), detail)


def _allowance(name: str, given: dict[str, int]) -> str:
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    known = sellers.find(database(settings()), name.lower())
    if known is None:
        raise stop(f"there is no seller named {name.lower()}")
    return sellers.allowance_text(replace(known.allowance, **given))


def _set_mailing(name: str, to: str | None, on: str | None, buyers: OnOff | None) -> None:
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    db = database(settings())
    known = sellers.find(db, name)
    if known is None:
        raise stop(f"there is no seller named {name.lower()}")
    wanted = known.mailing
    if to is not None:
        wanted = replace(wanted, addresses=_addresses(to), events=wanted.events or (MailEvent.ERRORS,))
    if on is not None:
        wanted = replace(wanted, events=_events(on))
    if buyers is not None:
        wanted = replace(wanted, buyers=buyers is OnOff.ON)
    if not wanted.addresses:
        if on:
            raise stop("--mail-on: say where mails go, too: --mail ADDRESS", 2)
        wanted = replace(wanted, events=())
    sellers.set_mailing(db, name, wanted)
    events = ", ".join(wanted.events)
    told = f"mails to {', '.join(wanted.addresses) or 'nobody'}; about {events or 'nothing'}; buyers: {wanted.buyers}"
    recorded(db, "seller.settings", name.lower(), told)


def _addresses(text: str) -> tuple[str, ...]:
    from cws_filedrop.notify.addresses import BadAddress, addresses

    try:
        return addresses(text)
    except BadAddress as error:
        raise stop(f"--mail: {error}", 2) from None


def _events(text: str) -> tuple[MailEvent, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        _one_of("--mail-on", word, tuple(MailEvent))
    return tuple(event for event in MailEvent if event in words)


def _networks(text: str) -> str:
    try:
        return " ".join(str(ipaddress.ip_network(word, strict=False)) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise stop(f"--networks: {error}; write them as 192.0.2.0/24", 2) from None


def _day(text: str) -> str | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise stop(f"--expires {text}: write it as 2026-12-31", 2) from None
    return f"{day.isoformat()}T00:00:00.000Z"


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise stop(f"{option} {value}: use {' or '.join(allowed)}", 2)


def _state(seller: Seller) -> str:
    return "on" if seller.enabled else "off"


def _plain(seller: Seller) -> dict[str, object]:
    return {
        "name": seller.name,
        "merchant_id": seller.account.merchant_id,
        "marketplace_id": seller.account.marketplace_id,
        "time_zone": seller.policy.time_zone,
        "enabled": seller.enabled,
        "mail": {
            "to": list(seller.mailing.addresses),
            "on": [str(event) for event in seller.mailing.events],
            "buyers": seller.mailing.buyers,
        },
        "profiles": [one.name for one in seller.profiles],
        "limits": {key: value for key, value in asdict(seller.allowance).items() if value},
    }
