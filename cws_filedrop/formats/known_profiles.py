"""The profiles that come with the package, by name: data, in `cws_filedrop/profiles`. May not know what they say."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from cws_filedrop.formats import profile
from cws_filedrop.model import Profile

ENDING: Final = ".toml"


@cache
def names() -> tuple[str, ...]:
    """Their names, sorted."""
    found = (one.name for one in files("cws_filedrop").joinpath("profiles").iterdir())
    return tuple(sorted(name.removesuffix(ENDING) for name in found if name.endswith(ENDING)))


def text(name: str) -> str:
    """The TOML of one of them.

    Raises: KeyError if there is none of that name.
    """
    if name not in names():
        raise KeyError(name)
    return files("cws_filedrop").joinpath("profiles", f"{name}{ENDING}").read_text(encoding="utf-8")


@cache
def known(name: str) -> Profile:
    """One of them, read.

    Raises: KeyError if there is none of that name.
    """
    return profile.parse(text(name), name)
