"""`cws-filedrop database`: the keys with which values in it are encrypted."""

from __future__ import annotations

import typer

from cws_filedrop.cli.terminal.shared import settings

app = typer.Typer(help="The database: a new key for its encrypted values.", no_args_is_help=True)


@app.callback()
def noun() -> None:
    """The database: a new key for its encrypted values."""


@app.command("rotate-key")
def rotate_key() -> None:
    """Encrypt second factors, secrets of web hooks and buyers' data with a new key; the service may run meanwhile."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store import sealed_rows

    chosen = settings()
    number = sealed_rows.rotate(database(chosen))
    typer.echo(f"{number} values are encrypted with a new key in {chosen.key_file}; replace your copy of that file")
