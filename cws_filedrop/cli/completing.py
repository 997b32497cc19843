"""What the shell is told when an argument is half typed. Quick, and silent whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from cws_filedrop.cli.shared import Chosen, settings

Completed = list[tuple[str, str]]


def sellers(ctx: typer.Context, incomplete: str) -> Completed:
    """Names of sellers."""
    return _kept(ctx, "sellers", incomplete.lower())


def users(ctx: typer.Context, incomplete: str) -> Completed:
    """Names of the pages' users."""
    return _kept(ctx, "users", incomplete)


def uploads(ctx: typer.Context, incomplete: str) -> Completed:
    """Ids of uploads, the newest of them."""
    return _kept(ctx, "uploads", incomplete)


def uploads_aside(ctx: typer.Context, incomplete: str) -> Completed:
    """Ids of uploads that were set aside."""
    return _kept(ctx, "aside", incomplete)


def feeds(ctx: typer.Context, incomplete: str) -> Completed:
    """Numbers of feeds, the newest of them."""
    return _kept(ctx, "feeds", incomplete)


def stopped_feeds(ctx: typer.Context, incomplete: str) -> Completed:
    """Numbers of feeds that are stopped."""
    return _kept(ctx, "stopped", incomplete)


def connections(ctx: typer.Context, incomplete: str) -> Completed:
    """Ids of connections."""
    return _kept(ctx, "connections", incomplete)


def profiles(ctx: typer.Context, incomplete: str) -> Completed:
    """Names of profiles that sellers have."""
    return _kept(ctx, "profiles", incomplete)


def _kept(ctx: typer.Context, what: str, incomplete: str) -> Completed:
    try:
        from cws_filedrop.store import glance

        given = ctx.find_root().params.get("config")
        Chosen.config = Path(given) if given else None
        chosen = settings()
        url = chosen.database.url or f"sqlite:///{chosen.data / 'cws_filedrop.db'}"
        found = glance.names(url, what, incomplete)
    except Exception:  # no settings, no database, no driver: then there is nothing to offer
        return []
    return [(name, _safe(about)) for name, about in found if name.startswith(incomplete)]


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
