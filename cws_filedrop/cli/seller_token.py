"""`cws-filedrop seller token`: the tokens that a seller's programs use the API with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cws_filedrop.cli import completing
from cws_filedrop.cli.shared import database, seller_id, settings, show_json, stop
from cws_filedrop.cli.token_table import show_tokens

app = typer.Typer(help="Tokens of the API: add, list, switch off and on, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="user name", autocompletion=completing.sellers)]
TokenId = Annotated[int, typer.Argument(help="as `seller token list` shows it")]
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command()
def add(
    name: Name,
    label: Annotated[str, typer.Option(help="to tell it from others, such as the program's name")] = "",
    json: Json = False,
) -> None:
    """Make a token, and show it, once."""
    from cws_filedrop.store import tokens
    from cws_filedrop.store.token_rows import LONGEST_LABEL

    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise stop(f"--label: {LONGEST_LABEL} printable characters at most", 2)
    db = database(settings())
    made = tokens.add(db, seller_id(db, name), label, now=datetime.now(UTC))
    if made is None:
        raise stop(f"{name.lower()} has {tokens.MOST_TOKENS} tokens already; remove one of them")
    if json:
        show_json({"version": 1, "id": made[0], "label": label, "token": made[1]})
    else:
        typer.echo(f"id    {made[0]}\ntoken {made[1]}\nThis token is shown once.")


@app.command("list")
def list_(name: Name, json: Json = False) -> None:
    """Show a seller's tokens: their beginnings, never themselves."""
    from cws_filedrop.store import tokens

    db = database(settings())
    found = tokens.listing(db, seller_id(db, name))
    show_tokens(found, "seller", name.lower(), json=json)


@app.command()
def disable(name: Name, token: TokenId) -> None:
    """Let nobody in with a token any more."""
    _enable(name, token, enabled=False)


@app.command()
def enable(name: Name, token: TokenId) -> None:
    """Let its holder in again."""
    _enable(name, token, enabled=True)


@app.command()
def remove(name: Name, token: TokenId) -> None:
    """Forget a token."""
    from cws_filedrop.store import tokens

    db = database(settings())
    if not tokens.remove(db, seller_id(db, name), token):
        raise stop(f"{name.lower()} has no token {token}")
    typer.echo(f"token {token} is removed")


def _enable(name: str, token: int, *, enabled: bool) -> None:
    from cws_filedrop.store import tokens

    db = database(settings())
    if not tokens.enable(db, seller_id(db, name), token, enabled=enabled):
        raise stop(f"{name.lower()} has no token {token}")
    typer.echo(f"token {token} is switched {'on' if enabled else 'off'}")
