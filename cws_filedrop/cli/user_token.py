"""`cws-filedrop user token`: the tokens that operators' programs use the API with."""

from __future__ import annotations

from typing import Annotated

import typer

from cws_filedrop.cli import completing
from cws_filedrop.cli.shared import database, settings, show_json, stop
from cws_filedrop.cli.token_table import show_tokens

app = typer.Typer(help="Operators' tokens of the API: add, list, switch off and on, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="user name", autocompletion=completing.users)]
TokenId = Annotated[int, typer.Argument(help="as `user token list` shows it")]
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command()
def add(
    name: Name,
    label: Annotated[str, typer.Option(help="to tell it from others, such as the program's name")] = "",
    json: Json = False,
) -> None:
    """Make a token that may do what its user may, and show it, once."""
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import user_tokens

    made, token = decided(user_tokens.add, name, label)
    if json:
        show_json({"version": 1, "id": made.id, "label": made.label, "token": token})
    else:
        typer.echo(f"id    {made.id}\ntoken {token}\nThis token is shown once.")


@app.command("list")
def list_(name: Name, json: Json = False) -> None:
    """Show a user's tokens: their beginnings, never themselves."""
    from cws_filedrop.store import user_tokens, users

    db = database(settings())
    user = users.find(db, name)
    if user is None:
        raise stop(f"there is no user {name}")
    found = user_tokens.listing(db, user.id)
    show_tokens(found, "user", user.name, json=json)


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
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import user_tokens

    typer.echo(decided(user_tokens.remove, name, token))


def _enable(name: str, token: int, *, enabled: bool) -> None:
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import user_tokens

    typer.echo(decided(user_tokens.enable, name, token, enabled))
