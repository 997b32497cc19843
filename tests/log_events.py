"""What the source says of the log: every call of a logger with a dotted name, found in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cws_filedrop

SOURCE: Final = Path(cws_filedrop.__file__).parent
LEVELS: Final = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "exception": "error",
    "critical": "critical",
}
LOGGERS: Final = {"LOG", "_LOG"}
UNNAMED: Final = {"exc_info"}
TRACED: Final = "exception"


@dataclass(frozen=True)
class Call:
    """One place where an event is logged; `more` says that further fields come out of a mapping."""

    event: str
    level: str
    fields: tuple[str, ...]
    more: bool
    module: str
    line: int


def calls() -> list[Call]:
    """All of them, by module and line."""
    found = (call for path in sorted(SOURCE.rglob("*.py")) for call in _calls_in(path))
    return sorted(found, key=lambda call: (call.module, call.line))


def _calls_in(path: Path) -> Iterator[Call]:
    module = path.relative_to(SOURCE.parent).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _is_log(node.func):
            assert isinstance(node.func, ast.Attribute)
            given = [word.arg for word in node.keywords]
            named = [name for name in given if name and name not in UNNAMED]
            traced = node.func.attr == "exception" or "exc_info" in given
            fields = (*named, *([TRACED] if traced else []))
            yield Call(_name(node), LEVELS[node.func.attr], fields, None in given, module, node.lineno)


def _is_log(func: ast.expr) -> bool:
    if not (isinstance(func, ast.Attribute) and func.attr in LEVELS):
        return False
    of = func.value
    return (isinstance(of, ast.Name) and of.id in LOGGERS) or isinstance(of, ast.Call)


def _name(node: ast.Call) -> str:
    """The event's name; "" when it cannot be read off."""
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def loggers() -> set[str]:
    """The names under which modules keep a logger; one that is not known here would not be looked at."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.targets if isinstance(node, ast.Assign) else [node.target] if _is_annotated(node) else []
            if named and _makes_logger(node.value):  # type: ignore[attr-defined]
                found |= {one.id if isinstance(one, ast.Name) else ast.unparse(one) for one in named}
    return found


def _is_annotated(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is not None


def _makes_logger(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in ("log.get", "structlog.get_logger")
