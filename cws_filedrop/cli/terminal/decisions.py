"""Carries out what a person decided, in the name of whoever may run commands on this machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from cws_filedrop.cli.terminal.opened import context
from cws_filedrop.cli.terminal.shared import settings, stop
from cws_filedrop.errors import NotPossible
from cws_filedrop.store.database import Database
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import COMMAND_LINE

Done = TypeVar("Done")


def recorded(db: Database, what: str, about: str, detail: str = "") -> None:
    """Keep what a command did, as is kept what pages do. `detail` holds no secret."""
    decisions.add(db, COMMAND_LINE, what=what, about=about, detail=detail, now=datetime.now(UTC))


def decided(action: Callable[..., Done], *given: object, create: bool = False, **more: object) -> Done:
    """What the action gives back. Raises: typer.Exit, with its words, when it cannot be done."""
    try:
        return action(context(settings(), create=create), *given, **more, who=COMMAND_LINE)
    except NotPossible as why:
        raise stop(str(why)) from None
