"""Faults that people put in by hand, once unnoticed: each with the test that notices it now."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from mutation.mutants import PACKAGE, Mutant

TABLE = Path(__file__).with_name("named.tsv")


class Named(NamedTuple):
    """A fault in words, what of which module it replaces by what (`\\n` ends a line), and the test that notices it."""

    fault: str
    module: str
    before: str
    after: str
    test: str

    @property
    def mutant(self) -> Mutant:
        """The module with the fault. Raises: ValueError, when the module does not have the place, or has it twice."""
        code = (PACKAGE / f"{self.module}.py").read_text(encoding="utf-8")
        before, after = self.before.replace("\\n", "\n"), self.after.replace("\\n", "\n")
        if code.count(before) != 1:
            raise ValueError(f"{self.fault}: {self.module} has {code.count(before)} times {before!r}")
        return Mutant(self.module, self.fault, 0, 0, self.before, self.after, code.replace(before, after))


def every() -> list[Named]:
    """All of them."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Named(*row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
