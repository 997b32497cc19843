"""The table of rooms in `docs/architecture.md`: made of the contracts in setup.cfg and the packages' own docstrings."""

from __future__ import annotations

import ast
from configparser import ConfigParser
from pathlib import Path
from typing import Final

from cws_filedrop.rules.feed_states import TRANSITIONS

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "cws_filedrop"
FLOORS: Final = "importlinter:contract:floors"


def floors() -> list[list[str]]:
    """The rooms of each floor, from the top."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config[FLOORS]["layers"].strip().splitlines()
    return [[room.strip() for room in line.split("|")] for line in lines]


def table() -> str:
    """Every room, what it is for, and what it may import."""
    below = floors()
    rows = ["| room | what it is for | may import |", "| --- | --- | --- |"]
    while below:
        floor, below = below[0], below[1:]
        may = f"{_named(below[0])} and below" if below else "nothing of ours"
        rows += [f"| `{room}` | {_purpose(room)} | {may} |" for room in floor if room != "__main__"]
    return "\n".join(rows)


def feed_states() -> str:
    """How a feed may move, as a drawing; what only repeats is left out."""
    arrows = [
        (state, leads_to, event)
        for state, moves in TRANSITIONS.items()
        for event, leads_to in moves.items()
        if leads_to is not state
    ]
    ends = [state for state in TRANSITIONS if state not in {begin for begin, _, _ in arrows}]
    drawn = [f"    {state} --> {leads_to}: {event}" for state, leads_to, event in arrows]
    begins = ["    [*] --> open: the account's turn, a createFeed token taken", "    [*] --> waiting: lines came back"]
    return "\n".join(["```mermaid", "stateDiagram-v2", *begins, *drawn, *(f"    {end} --> [*]" for end in ends), "```"])


def _named(floor: list[str]) -> str:
    return ", ".join(f"`{room}`" for room in floor)


def _purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = SOURCE / room / "__init__.py"
    tree = ast.parse((path if path.exists() else SOURCE / f"{room}.py").read_text(encoding="utf-8"))
    words = " ".join((ast.get_docstring(tree) or "").split())
    return words.partition(". ")[0].rstrip(".").replace("|", "\\|") + "."


def imports(path: Path) -> set[str]:
    """The rooms that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cws_filedrop"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found - {"__version__"}
