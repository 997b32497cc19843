"""`make chaos`, or `PYTHONPATH=tests python -m chaos --seeds 1-5`: campaigns, one after the other, and their figures.

The figures of each seed are kept in a file as soon as it is done; a seed that is there with the same plan, and kept all
promises, is not run again. Exit code 1 when a promise was broken; what the service left then stays in the folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import children
from chaos.campaign import Campaign, Plan

NUMBERS = {
    "uploads": "of each seed",
    "lines": "of a file, on average",
    "kills": "of each seed, at least",
    "faults": "of each seed, unless that takes three times as long",
    "seconds": "about how long things go wrong",
    "drain_seconds": "how long everything may take to end then",
    "sellers": "that drop files",
}
ROOT = Path(__file__).parents[2] / "artefacts" / "chaos"


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for."""
    given = _parser().parse_args(words)
    kept: Path = given.out
    kept.parent.mkdir(parents=True, exist_ok=True)
    for seed in _seeds(given.seeds):
        plan = _plan(seed, given)
        if _is_done(kept, plan):
            print(f"seed {seed} is done already", flush=True)
            continue
        _keep(kept, _run(plan, kept.parent / f"seed-{seed}"))
    figures = [one for one in _read(kept) if one["plan"]["seed"] in _seeds(given.seeds)]
    print(table(figures))
    return 1 if any(one["broken"] for one in figures) else 0


def _plan(seed: int, given: argparse.Namespace) -> Plan:
    named = {name: getattr(given, name) for name in NUMBERS}
    return Plan(seed, **named, small_disk=not given.no_small_disk)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seeds", default="1-5", help="such as 1-5 or 3,8")
    for name, meaning in NUMBERS.items():
        usual = getattr(Plan, name)
        words = f"{meaning} [{usual}]"
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual, help=words)
    parser.add_argument("--no-small-disk", action="store_true", help="nor is any disk full, then")
    parser.add_argument("--out", type=Path, default=ROOT / "figures.json", help="where figures are kept")
    return parser


def _seeds(text: str) -> list[int]:
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _run(plan: Plan, folder: Path) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {plan.seed} …", flush=True)
    with children.none_left():
        figures = asdict(Campaign(folder, plan).run())
    for one in figures["broken"][:20]:
        print(
            f"  seed {plan.seed}: {one['promise']}: {one['upload']} line {one['line'] or '-'}: {one['why']}", flush=True
        )
    if not figures["broken"]:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def _read(kept: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kept.read_text()) if kept.exists() else []
    return found


def _is_done(kept: Path, plan: Plan) -> bool:
    return any(one["plan"] == asdict(plan) and not one["broken"] for one in _read(kept))


def _keep(kept: Path, figures: dict[str, Any]) -> None:
    others = [one for one in _read(kept) if one["plan"]["seed"] != figures["plan"]["seed"]]
    everything = sorted([*others, figures], key=lambda one: one["plan"]["seed"])
    kept.write_text(json.dumps(everything, indent=1))


ROWS = ("uploads", "kills", "stops", "faults", "verdicts", "seconds")


def table(figures: Sequence[dict[str, Any]]) -> str:
    """A row of figures for each seed, and their sums; Markdown."""
    heading = (
        "seed",
        "uploads (by door)",
        "lines",
        "kills",
        "stops",
        "faults (combinations)",
        "verdicts",
        "broken",
        "s",
    )
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    lines += [f"| {' | '.join(_cells(str(one['plan']['seed']), [one]))} |" for one in figures]
    if len(figures) > 1:
        lines.append(f"| {' | '.join(_cells('all', figures))} |")
    return "\n".join(lines)


def _cells(name: str, some: Sequence[dict[str, Any]]) -> list[str]:
    sums: dict[str, Counter[str]] = {row: Counter() for row in ROWS}
    for one in some:
        for row in ROWS:
            sums[row].update(one[row])
    struck = {pair for one in some for pair in one["struck"]}
    faults = f"{sums['faults'].total()} ({len(struck)})"
    counted = [_counted(sums[row]) for row in ("uploads", "kills", "stops")]
    lines = str(sum(one["lines"] for one in some))
    broken = str(sum(len(one["broken"]) for one in some))
    told = ", ".join(f"{word} {number}" for word, number in sorted(sums["verdicts"].items()))
    return [name, counted[0], lines, *counted[1:], faults, told, broken, f"{sum(sums['seconds'].values()):.0f}"]


def _counted(numbers: Counter[str]) -> str:
    parts = ", ".join(f"{word} {number}" for word, number in sorted(numbers.items()))
    return f"{numbers.total()} ({parts})"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it ends what it started, and unmounts
    sys.exit(main())
