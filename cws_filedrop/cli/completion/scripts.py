"""`cws-filedrop completion`: the script with which a shell completes our commands, and the answers that it gets."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

PROGRAM = "cws-filedrop"
VARIABLE = "_CWS_FILEDROP_COMPLETE"  # set by the shell when it asks for completions


class Shell(StrEnum):
    """Shells that can be served."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="the shell you use")]) -> None:
    """Print the script that lets a shell complete commands, options, sellers' names, upload ids and more.

    For bash put `eval "$(cws-filedrop completion bash)"` into ~/.bashrc; for zsh `eval "$(cws-filedrop completion
    zsh)"` into ~/.zshrc, after compinit; for fish `cws-filedrop completion fish | source` into its configuration.
    """
    typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell))


def answer(app: typer.Typer) -> None:
    """Answer the shell that asks for completions, and exit. Whatever goes wrong, nothing of it shows at the prompt."""
    completion_init()  # typer's own completion classes, which add_completion=False leaves out
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            app(prog_name=PROGRAM)
        except Exception:
            sys.exit(1)
