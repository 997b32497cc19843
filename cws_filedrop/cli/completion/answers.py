"""What the shell is offered when an argument is half typed. Quick, and silent whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from cws_filedrop.cli.terminal.shared import GlobalOptions, settings

Completed = list[tuple[str, str]]


Completion = Callable[[typer.Context, str], Completed]


def _kept(what: str, *, folded: bool = False) -> Completion:
    """Completes to the database's names of that kind (`store.lists.completions`); `folded`: they are lower case."""

    def complete(ctx: typer.Context, incomplete: str) -> Completed:
        return _begun(ctx, what, incomplete.lower() if folded else incomplete)

    return complete


sellers = _kept("sellers", folded=True)
users = _kept("users")
uploads = _kept("uploads")  # the newest of them
uploads_aside = _kept("aside")
feeds = _kept("feeds")  # the newest of them
stopped_feeds = _kept("stopped")
connections = _kept("connections")
profiles = _kept("profiles")


def _begun(ctx: typer.Context, what: str, incomplete: str) -> Completed:
    try:
        from cws_filedrop.store.lists import completions

        given = ctx.find_root().params.get("config")
        GlobalOptions.config = Path(given) if given else None
        chosen = settings()
        url = chosen.database.url or f"sqlite:///{chosen.data / 'cws_filedrop.db'}"
        names = completions.names(url, what, incomplete)
    except Exception:  # no settings, no database, no driver: a traceback would land in the line being typed
        return []
    return [(name, _safe(about)) for name, about in names if name.startswith(incomplete)]


def _safe(about: str) -> str:
    """Without what the shells' scripts or rich take for markup."""
    return "".join(one for one in about if one.isalnum() or one in " ,.-")


def one_of(*words: str) -> Callable[[str], list[str]]:
    """Completes to one of these words."""

    def complete(incomplete: str) -> list[str]:
        return _begin(words, incomplete)

    return complete


def some_of(*words: str) -> Callable[[str], list[str]]:
    """Completes the last of several words with commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{word}" for word in _begin(words, last)]

    return complete


def time_zones(incomplete: str) -> list[str]:
    """Names of time zones."""
    import zoneinfo

    return sorted(_begin(zoneinfo.available_timezones(), incomplete))


def _begin(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
