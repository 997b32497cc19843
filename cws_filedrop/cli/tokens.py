"""The commands for API tokens, whoever owns them. A token itself is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer

from cws_filedrop.cli.completion.answers import Completion
from cws_filedrop.cli.terminal.shared import show_json, show_table
from cws_filedrop.cli.terminal.terms import GivenTerms

SCOPE: Final = typer.Option(
    None, "--scope", help="what it is for: read, upload (sellers'), manage; may be repeated [default: all]"
)
EXPIRES: Final = typer.Option("", help="its last day (UTC), such as 2026-12-31 [default: none]")
NETWORKS: Final = typer.Option(
    "", help="where it may come from, such as '192.0.2.0/24 2001:db8::/32' [default: anywhere]"
)
Made = tuple[int, str, str]  # id, label, the token itself
Listed = tuple[str, Sequence[Mapping[str, Any]]]  # the owner's name, and its `token_rows.Token`s as plain values


@dataclass(frozen=True, slots=True)
class Owners:
    """The kind of owner (seller or user), and what to call to add, list, switch and remove tokens by an owner's name.

    `enable` and `remove` return in words what was done. Each raises typer.Exit where nothing can be done.
    """

    kind: str
    names: Completion
    add: Callable[[str, str, GivenTerms], Made]
    listing: Callable[[str], Listed]
    enable: Callable[[str, int, bool], str]
    remove: Callable[[str, int], str]


def token_commands(owners: Owners, *, summary: str, adding: str) -> typer.Typer:
    """Add, list, disable, enable, remove; `summary` and `adding` are help texts, of all and of the first."""
    app = typer.Typer(help=summary, no_args_is_help=True)
    owner = typer.Argument(help="user name", autocompletion=owners.names)
    number = typer.Argument(help=f"as `{owners.kind} token list` shows it")
    labelled = typer.Option("", help="to tell tokens apart, such as the program's name")
    for_machines = typer.Option(False, "--json", help="for machines")

    @app.command(help=adding)
    def add(
        name: str = owner,
        label: str = labelled,
        scope: list[str] | None = SCOPE,
        expires: str = EXPIRES,
        networks: str = NETWORKS,
        json: bool = for_machines,
    ) -> None:
        _show_new(owners.add(name, label, GivenTerms(tuple(scope or ()), expires, networks)), json=json)

    @app.command("list", help=f"Show a {owners.kind}'s tokens: only how they begin.")
    def list_(name: str = owner, json: bool = for_machines) -> None:
        _show_all(owners.listing(name), owners.kind, json=json)

    @app.command()
    def disable(name: str = owner, token: int = number) -> None:
        """Switch a token off: it lets nobody in any more."""
        typer.echo(owners.enable(name, token, False))

    @app.command()
    def enable(name: str = owner, token: int = number) -> None:
        """Switch a token on again."""
        typer.echo(owners.enable(name, token, True))

    @app.command()
    def remove(name: str = owner, token: int = number) -> None:
        """Remove a token."""
        typer.echo(owners.remove(name, token))

    return app


def _show_new(made: Made, *, json: bool) -> None:
    number, label, token = made
    if json:
        show_json({"version": 1, "id": number, "label": label, "token": token})
    else:
        typer.echo(f"id    {number}\ntoken {token}\nThis token is shown once.")


def _show_all(listed: Listed, kind: str, *, json: bool) -> None:
    owner, tokens = listed
    if json:
        show_json({"version": 1, kind: owner, "tokens": tokens})
        return
    headings = ("id", "label", "token", "state", "for", "until", "from", "made", "last used")
    show_table(f"Tokens of {owner}", headings, [_row(token) for token in tokens])


def _row(token: Mapping[str, Any]) -> tuple[Any, ...]:
    state = "on" if token["enabled"] else "off"
    used = token["used_at"] or "never"
    until, networks = token["expires_at"] or "", token["networks"]
    scopes = " ".join(token["scopes"])
    return token["id"], token["label"], f"{token['hint']}…", state, scopes, until, networks, token["created_at"], used
