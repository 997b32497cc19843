"""Small faults for a module of ours, one at a time: what mutmut's operators make of its source, and where.

mutmut thinks of the faults; this module only leaves out those that no test should have to notice: words for the log and
for programmers, decorators, sentences, and the case of letters in texts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst
import libcst.matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "cws_filedrop"
# Calls whose words are for programmers: a log event has tests of its own, `Impossible` says that we are mistaken.
STRICT = re.compile(r",? *strict=\w+|, (?=\))")  # zip stops us where something else went wrong already
NOT_TOLD = m.Call(func=m.Attribute(value=m.Name("LOG") | m.Name("_LOG"))) | m.Call(
    func=m.Name("Impossible") | m.Name("cast")
)
LEFT_OUT = m.Decorator() | m.ImportFrom() | NOT_TOLD


@dataclass(frozen=True)
class Mutant:
    """A module with one fault. `before` and `after` are the lines that differ, without their indentation."""

    module: str  # path below cws_filedrop, without .py
    function: str  # "" at the level of the module
    begin: int  # the lines of the statement, in the right source
    end: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is known by as long as its lines stay as they are, wherever they move to."""
        return self.module, self.before, self.after

    def __str__(self) -> str:
        return f"{self.module}:{self.begin} {self.function or 'module'}: {self.before}  ->  {self.after}"


@dataclass(frozen=True)
class Module:
    """A module's source, taken apart."""

    name: str
    code: str
    tree: libcst.Module
    mutations: list[Mutation]
    parents: dict[libcst.CSTNode, libcst.CSTNode]
    places: dict[libcst.CSTNode, CodeRange]

    def above(self, node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
        """The node, and what it is a part of, the nearest first."""
        found: libcst.CSTNode | None = node
        while found is not None:
            yield found
            found = self.parents.get(found)


def names(*patterns: str) -> list[str]:
    """The modules that patterns such as `store/feeds/*` or `rules/pieces` (a folder and all in it) mean."""
    found: set[Path] = set()
    for pattern in patterns:
        folder = PACKAGE / pattern
        found.update(folder.rglob("*.py") if folder.is_dir() else PACKAGE.glob(f"{pattern}.py"))
    return sorted(one.relative_to(PACKAGE).with_suffix("").as_posix() for one in found if one.stem != "__init__")


def read(name: str) -> Module:
    """A module of ours with every fault that is worth a trial."""
    code = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    wrapper = MetadataWrapper(libcst.parse_module(code))
    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    tree = wrapper.visit(visitor)
    kept = MetadataWrapper(tree, unsafe_skip_copy=True)  # the same nodes, so that mutations are found in it
    module = Module(
        name,
        code,
        tree,
        visitor.mutations,
        dict(kept.resolve(ParentNodeProvider)),
        dict(kept.resolve(PositionProvider)),
    )
    wanted = [one for one in module.mutations if _worth_it(module, one)]
    return Module(name, code, tree, wanted, module.parents, module.places)


def _worth_it(module: Module, mutation: Mutation) -> bool:
    if any(m.matches(node, LEFT_OUT) for node in module.above(mutation.original_node)):
        return False
    if m.matches(mutation.original_node, m.SimpleString()):
        return "XX" in mutation.mutated_node.value  # type: ignore[attr-defined]
    alias = m.Assign(value=m.Subscript() | m.BinaryOperation(operator=m.BitOr()))
    return mutation.contained_by_top_level_function is not None or not m.matches(mutation.original_node, alias)


def sample(modules: list[Module], count: int | None, seed: int) -> list[Mutant]:
    """That many of all faults, by chance; those whose source does not compile are none. `count` None means all."""
    every = [(module, mutation) for module in modules for mutation in module.mutations]
    if count is not None and count < len(every):
        every = random.Random(seed).sample(every, count)
        every.sort(key=lambda pair: pair[0].name)
    made = [mutant for module, mutation in every if (mutant := mutated(module, mutation))]
    return list({one.source: one for one in made}.values())


def known(module: Module, wanted: Collection[tuple[str, str, str]]) -> list[Mutant]:
    """The faults of a module that have these names."""
    lines = [before for name, before, _ in wanted if name == module.name]
    texts = module.code.splitlines()
    found = {}
    for mutation in module.mutations:
        place = module.places.get(mutation.original_node)
        near = [] if place is None else texts[place.start.line - 1 : place.end.line]
        if place is not None and not any(line.strip() in before for before in lines for line in near if line.strip()):
            continue
        if (mutant := mutated(module, mutation)) and mutant.name in wanted:
            found[mutant.source] = mutant
    return list(found.values())


def mutated(module: Module, mutation: Mutation) -> Mutant | None:
    """The module with that fault, or None if it is no other module, or none at all."""
    node = mutation.original_node
    source = _with_fault(module, mutation)
    if source == module.code or not _compiles(source):
        return None
    statement = next(one for one in module.above(node) if m.matches(one, m.SimpleStatementLine() | _COMPOUND))
    function = next((one.name.value for one in module.above(node) if isinstance(one, libcst.FunctionDef)), "")
    function = "" if isinstance(statement, libcst.FunctionDef) else function  # a default: made when it is defined
    end = module.places[node].end.line if node in module.places else module.places[statement].start.line
    before, after = _differing(module.code.splitlines(), source.splitlines())
    if is_wording(before, after):
        return None
    return Mutant(module.name, function, module.places[statement].start.line, end, before, after, source)


def is_wording(before: str, after: str) -> bool:
    """Is it a sentence that differs, the name of a log, or only how strictly `zip` counts?"""
    marked = re.search(r"XX(.*)XX", after)
    if marked is not None and marked[1] in before and " " in marked[1].strip():
        return True
    return before.startswith(("LOG:", "_LOG:")) or STRICT.sub("", before) == STRICT.sub("", after)


def _with_fault(module: Module, mutation: Mutation) -> str:
    *_, top, _ = module.above(mutation.original_node)  # only one statement of the module is walked through
    changed = top.deep_replace(mutation.original_node, mutation.mutated_node)
    return module.tree.with_changes(body=[changed if one is top else one for one in module.tree.body]).code


_COMPOUND = m.If() | m.For() | m.While() | m.With() | m.Try() | m.Match() | m.FunctionDef() | m.ClassDef()


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _differing(right: list[str], wrong: list[str]) -> tuple[str, str]:
    while right and wrong and right[-1] == wrong[-1]:
        right, wrong = right[:-1], wrong[:-1]
    same = next((no for no, pair in enumerate(zip(right, wrong, strict=False)) if pair[0] != pair[1]), len(wrong))
    same = min(same, len(right))
    return tuple(" ".join(line.strip() for line in lines[same:]) for lines in (right, wrong))  # type: ignore[return-value]
