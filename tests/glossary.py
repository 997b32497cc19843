"""docs/glossary.md, read: what words mean here, and which names of code are retired."""

from __future__ import annotations

import re
from typing import NamedTuple

import docs_pages

PAGE = "docs/glossary.md"


class Retired(NamedTuple):
    """A name that must not come back; `use` are the names to choose from, where one that ends in … is a beginning."""

    word: str
    kind: str  # class or module
    use: tuple[str, ...]


def terms() -> dict[str, str]:
    """What each term means."""
    return dict(_rows("Terms"))


def retired() -> list[Retired]:
    """The retired names."""
    return [Retired(_names(word)[0], kind, tuple(_names(use))) for word, kind, use, _ in _rows("Retired words")]


def _rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without the first two."""
    section = docs_pages.text(PAGE).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in rows[2:]]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
