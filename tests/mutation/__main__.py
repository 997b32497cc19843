"""`make mutants`: puts faults into the code, one at a time, and says which of them no test noticed.

What was tried is kept in artefacts/mutants.jsonl, over several runs; `--record` makes the figures of
docs/reliability.md of it.
"""

from __future__ import annotations

import argparse
import sys
import time

from mutation import figures, mutants, named, trial
from mutation.plan import PARTS, Part


def main() -> int:
    """Do what was asked for. Returns 1 if a fault was noticed by nothing, and no reason for that is written down."""
    asked = _arguments()
    if asked.record:
        figures.record()
        return 0
    if asked.named:
        return 1 if _named() else 0
    left, done = 0, set[str]()
    for part in PARTS:
        if wanted := [name for name in part.names if _is_wanted(name, asked.only) and name not in done]:
            left += _part(part, wanted, asked)
        done.update(part.names)
    return 1 if left else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--sample", default="300", help="number of faults per part, or `all`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="modules below cws_filedrop, such as `rules/pieces feeds`")
    parser.add_argument("--seconds", type=float, default=40.0, help="worth of tests tried on a fault, the quick first")
    parser.add_argument("--survivors", action="store_true", help="only those that nothing noticed before")
    parser.add_argument("--resume", action="store_true", help="only those that were not tried before")
    parser.add_argument("--known-reach", action="store_true", help="believe what was measured before")
    parser.add_argument("--named", action="store_true", help="only those of named.tsv")
    parser.add_argument("--record", action="store_true", help="write down the figures of all that was tried")
    return parser.parse_args()


def _is_wanted(name: str, only: str) -> bool:
    return not only or any(name == one or name.startswith(f"{one}/") for one in only.split())


def _named() -> list[str]:
    """Try the faults that have names. Returns those that their tests do not notice."""
    loaded = trial.load(["pandas", "sqlalchemy", "dbos", "hypothesis", "sp_api.api"])
    left = []
    for one in named.every():
        by = trial.noticed(one.mutant, {one.test: 60.0}, loaded)
        print(f"{by or 'SURVIVED':8} {one.fault}: {one.test}", flush=True)
        left += [] if by == "test" else [one.fault]
    return left


def _part(part: Part, wanted: list[str], asked: argparse.Namespace) -> int:
    """Try faults of these modules. Returns how many nothing noticed and nobody explains."""
    reach = trial.reach(part, known=asked.known_reach)
    loaded = trial.load(reach.libraries)
    explained = {one[:3] for one in figures.reasons()}
    begin, left = time.monotonic(), 0
    chosen = _chosen(wanted, asked)
    for done, mutant in enumerate(chosen, 1):
        by = trial.killed(mutant, reach, loaded, most_seconds=asked.seconds)
        figures.add(mutant, by)
        left += not by and mutant.name not in explained
        print(f"{done}/{len(chosen)} {time.monotonic() - begin:.0f}s {by or 'SURVIVED':8} {mutant}", flush=True)
    return left


def _chosen(wanted: list[str], asked: argparse.Namespace) -> list[mutants.Mutant]:
    tried = figures.tried()
    if not asked.survivors:
        count = None if asked.sample == "all" else int(asked.sample)
        chosen = mutants.sample([mutants.read(name) for name in wanted], count, asked.seed)
        return [one for one in chosen if not asked.resume or one.name not in tried]
    left = {one.name for one in tried.values() if not one.by}
    modules = [mutants.read(name) for name in wanted if any(name == one[0] for one in left)]
    return [one for module in modules for one in mutants.known(module, left)]


if __name__ == "__main__":
    sys.exit(main())
