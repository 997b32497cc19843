"""The house rules that a script can see: sizes, names, and one name for one thing."""

from __future__ import annotations

import ast
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "cws_filedrop"
GLOSSARY = ROOT / "docs" / "glossary.md"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "versions" not in path.parts)
SHAPES = ("web/",)  # of the API and of pages: their names are those of the documents that they describe
MOST_FILES, MOST_LINES, LONGEST = 30, 400, 60
# No more than there were when this was counted; each has its reason beside it.
TYPE_IGNORES, NOQAS = 50, 30


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in MODULES:
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


TREES = dict(_trees())


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield name, node


def _lengths() -> dict[str, int]:
    return {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _retired() -> dict[str, str]:
    """The retired words of the glossary, lower case, and what is used instead."""
    text = GLOSSARY.read_text(encoding="utf-8")
    table = text[text.index("## Retired words") :]
    rows = re.findall(r"^\| `(\w+)` \| (?:class|module) \| ([^|]+) \|", table, re.MULTILINE)
    return {word.lower(): instead for word, instead in rows}


def _words(name: str) -> list[str]:
    """The words of a class or module name: `RateLimit` and `rate_limit` are `rate`, `limit`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")


def test_no_folder_is_a_heap() -> None:
    folders = [SOURCE, *(path for path in SOURCE.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    sizes = {str(path): len([one for one in path.iterdir() if one.is_file()]) for path in folders}
    heaps = {path: size for path, size in sizes.items() if size > MOST_FILES and not path.endswith("templates")}
    assert heaps == {}


def test_no_module_is_longer_than_it_may_be() -> None:
    lengths = {path.as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_functions_are_short() -> None:
    lengths = _lengths()
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}
    ordered = sorted(lengths.values())
    assert statistics.median(ordered) <= 6
    assert ordered[len(ordered) * 9 // 10] <= 15


def test_no_retired_word_names_a_class_or_a_module() -> None:
    retired = _retired()
    assert len(retired) > 20
    names = [(name, node.name) for name, node in _classes()]
    names += [(name, Path(name).stem) for name in TREES]
    bad = {where: name for where, name in names if set(_words(name)) & set(retired)}
    assert bad == {}


@pytest.mark.parametrize("what", ["exceptions", "records", "stores"])
def test_one_name_for_one_thing(what: str) -> None:
    places = defaultdict(set)
    for name, node in _classes():
        if not node.name.startswith("_") and not name.startswith(SHAPES) and _is_a(what, node):
            places[node.name].add(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def _is_a(what: str, node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    raised = any(base.endswith(("Error", "Exception", "Refused", "Unavailable")) for base in bases)
    plain = any("dataclass" in ast.unparse(one) for one in node.decorator_list) or bool(bases & {"NamedTuple"})
    return {"exceptions": raised, "records": plain, "stores": not raised and not plain}[what]


def test_exceptions_to_the_checkers_do_not_grow() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert len(re.findall(r"# type: ignore", text)) <= TYPE_IGNORES
    assert len(re.findall(r"# noqa", text)) <= NOQAS
