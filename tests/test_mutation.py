"""`make mutants` tells faults that tests notice from others, and what is written down about faults is true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutation import figures, mutants, named
from mutation.named import Named
from mutation.plan import PARTS

ROOT = Path(__file__).parents[1]
# A fault of the table of states that the test does not read, and one that it notices.
PROGRAM = """
import sys
from mutation import mutants, trial
module = "rules/feed_states"
faults = (
    (module, "if submitted and named:", "if submitted or named:"),
    (module, *("**dict.fromkeys((_E.INTENDED, _E.STOPPED), %s)," % end for end in ("_S.STOPPED", "None"))),
)
loaded = trial.load([])
for fault in sorted(mutants.known(mutants.read(module), faults), key=lambda one: one.begin):
    print(trial.noticed(fault, {sys.argv[1]: 1.0}, loaded) or "nothing")
"""


def test_a_fault_is_noticed_or_not() -> None:
    test = "tests/rules/test_feed_states.py::test_a_retry_goes_on_from_where_the_feed_stood"
    paths = os.pathsep.join((str(ROOT / "tests"), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, test],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout.split(), done.returncode) == (["nothing", "test"], 0), done.stderr


def test_every_module_of_a_part_is_there() -> None:
    assert [part.title for part in PARTS if not part.names] == []
    assert [test for part in PARTS for test in part.tests if not (ROOT / test).exists()] == []


@pytest.mark.parametrize("one", named.every(), ids=lambda one: one.fault.replace(" ", "-"))
def test_faults_that_have_a_name_can_still_be_made_and_their_tests_are_there(one: Named) -> None:
    assert one.mutant.source
    file, _, test = one.test.partition("::")
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", sorted({one.module for one in figures.reasons()}))
def test_what_is_explained_is_still_in_the_code(module: str) -> None:
    explained = {one[:3] for one in figures.reasons() if one.module == module}
    assert {one.name for one in mutants.known(mutants.read(module), explained)} == explained
    assert {one.kind for one in figures.reasons()} <= {"equivalent", "accepted"}
