"""What names a profile on a command line: a TOML file, or one that comes with the package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import stop
from cws_filedrop.model import Profile

Chosen = Annotated[str, typer.Option("--profile", help="a layout of your own: a TOML file, or the name of a known one")]


def chosen(source: str) -> tuple[Profile, ...]:
    """The profile that an option names; none if it names none.

    Raises: ConfigError when it is no profile, typer.Exit with code 2 when there is nothing of that name.
    """
    return (load(source),) if source else ()


def load(source: str, name: str = "") -> Profile:
    """The profile of a TOML file or of a known one, called `name`, or else as they are.

    Raises: ConfigError when it is no profile, typer.Exit with code 2 when there is nothing of that name.
    """
    from cws_filedrop.formats import known_profiles, profile

    path = Path(source)
    if source in known_profiles.names() and not path.exists():
        return profile.parse(known_profiles.text(source), name or source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise stop(f"{path} is not a TOML file: it is not written in UTF-8", 2) from None
    except OSError as error:
        known = ", ".join(known_profiles.names())
        raise stop(f"{path}: {error.strerror}; give a TOML file or one of {known}", 2) from None
    return profile.parse(text, name or _called(path))


def _called(path: Path) -> str:
    """A name for the profile of a file: My Shop.toml -> my-shop."""
    return re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40].strip("-") or "own"
