"""Tokens outlive a password: whoever changes it since somebody knew it is asked what becomes of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import typer

from cws_filedrop.store.token_rows import Token


def ask(
    name: str, tokens: Sequence[Token], *, end: bool | None, kind: str, disable_all: Callable[[], int], typed: bool
) -> None:
    """Switch them off, if so said; asked where somebody sits there and has not said. `typed`: input is not a password.

    Said in words either way.
    """
    on = sum(one.enabled for one in tokens)
    if not on:
        return
    if end is None and typed and sys.stdin.isatty():
        end = typer.confirm(f"{on} API tokens of {name} open the API without the password. Switch them off?")
    if end:
        disable_all()
        typer.echo(f"{on} API tokens are switched off")
    else:
        typer.echo(f"{on} API tokens go on opening the API ({kind} token list; --end-tokens ends them)")
