"""What became of the faults that were tried: kept over several runs, counted; and why nothing notices some of them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from mutation.mutants import ROOT, Mutant, is_wording
from mutation.plan import PARTS

TRIED = ROOT / "artefacts" / "mutants.jsonl"
HERE = Path(__file__).parent
REASONS = HERE / "reasons.tsv"
FIGURES = HERE / "figures.tsv"


@dataclass(frozen=True)
class Tried:
    """A fault that was tried, and what noticed it; "" = nothing."""

    module: str
    function: str
    line: int
    before: str
    after: str
    by: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.module, self.before, self.after


class Reason(NamedTuple):
    """Why nothing notices a fault. `equivalent`: it makes no difference that anybody could see."""

    module: str
    before: str
    after: str
    kind: str
    why: str


class Counted(NamedTuple):
    """A row of the table of faults."""

    module: str
    mutants: int
    killed: int
    survived: int
    equivalent: int

    @property
    def score(self) -> str:
        judged = self.killed + self.survived
        return f"{100 * self.killed / judged:.0f} %" if judged else ""


def tried() -> dict[tuple[str, str, str], Tried]:
    """All that was tried on this machine."""
    if not TRIED.exists():
        return {}
    found = [Tried(**json.loads(line)) for line in TRIED.read_text(encoding="utf-8").splitlines()]
    return {one.name: one for one in found}  # the last word counts


def add(mutant: Mutant, by: str) -> None:
    """Keep what became of a fault."""
    one = Tried(mutant.module, mutant.function, mutant.begin, mutant.before, mutant.after, by)
    TRIED.parent.mkdir(exist_ok=True)
    with TRIED.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(one)) + "\n")


def reasons() -> list[Reason]:
    """The faults that nothing notices, and why that is so."""
    with REASONS.open(encoding="utf-8", newline="") as file:
        return [Reason(*row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]


def record() -> None:
    """Write down the figures of all that was tried, for docs/reliability.md."""
    equivalent = {one[:3] for one in reasons() if one.kind == "equivalent"}
    counts: dict[str, Counter[str]] = {}
    for one in tried().values():
        if is_wording(one.before, one.after):
            continue
        what = "killed" if one.by else "equivalent" if one.name in equivalent else "survived"
        counts.setdefault(one.module, Counter())[what] += 1
    rows = [
        (name, found.total(), found["killed"], found["survived"], found["equivalent"])
        for name, found in sorted(counts.items())
    ]
    lines = ["\t".join(Counted._fields), *("\t".join(map(str, row)) for row in rows)]
    FIGURES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def counted() -> list[Counted]:
    """The figures as they were written down."""
    rows = [line.split("\t") for line in FIGURES.read_text(encoding="utf-8").splitlines()[1:]]
    return [Counted(row[0], *map(int, row[1:])) for row in rows]


def table() -> str:
    """The figures as a table in Markdown: a row for each module, and one for each part."""
    rows = ["| module | mutants | killed | survived | equivalent | score |", "| --- | --- | --- | --- | --- | --- |"]
    found = {one.module: one for one in counted()}
    for part in PARTS:
        mine = [found.pop(name) for name in part.names if name in found]
        rows += [_row(f"`{one.module}`", one) for one in mine]
        rows += [_row(f"**{part.title}**", _total(mine))] if mine else []
    return "\n".join(rows)


def _total(some: Iterable[Counted]) -> Counted:
    return Counted("", *(sum(column) for column in zip(*(one[1:] for one in some), strict=True)))


def _row(title: str, one: Counted) -> str:
    return f"| {title} | {one.mutants} | {one.killed} | {one.survived} | {one.equivalent} | {one.score} |"
