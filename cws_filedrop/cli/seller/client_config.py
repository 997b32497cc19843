"""`cws-filedrop seller client-config`: a file that FileZilla imports, so that a seller has nothing to set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, stop
from cws_filedrop.transports.landing.site_file import site_file


def client_config(
    name: Annotated[str, typer.Argument(help="user name", autocompletion=answers.sellers)],
    host: Annotated[str, typer.Option(help="host name by which sellers reach this machine [default: as set]")] = "",
    out: Annotated[Path | None, typer.Option(help="file to write [default: standard output]")] = None,
) -> None:
    """Write a site file for FileZilla (File > Import), without the password: FileZilla asks for it."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.sellers import sellers

    chosen = settings()
    if sellers.find(database(chosen), name) is None:
        raise stop(f"there is no seller named {name.lower()}")
    text = site_file(chosen, name.lower(), host)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise stop(f"{out}: {error.strerror}", 2) from None
    typer.echo(f"wrote {out}")
