"""How long `convert` takes, and the naive way beside it; each measurement in a process of its own.

`python -m bench.convert SOURCE OUT WAY ROUNDS` is that process; WAY is checked or unchecked, or these after "naive-".
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from xml.parsers.expat import ParserCreate

from bench import generate, naive
from cws_filedrop.convert import Conversion, convert
from cws_filedrop.model import JudgementContext

CONTEXT: Final = JudgementContext(datetime(2026, 11, 22, 12, tzinfo=UTC))
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 5_000_000)
NAIVE_ROWS: Final = 100_000
WARM_ROWS: Final = 1_000
ROUNDS: Final = {1_000: 15, 10_000: 7, 100_000: 5, 1_000_000: 3}
LIBRARIES: Final = ("pandas", "pyarrow", "numpy", "lxml")
WORDS: Final = {True: "checked", False: "-"}


@dataclass(frozen=True)
class Figure:
    """The median time of some rounds, and the most memory the process ever held."""

    rows: int
    validate: bool
    seconds: float
    peak_mib: float


def once(source: Path, out: Path, way: str) -> float:
    """Seconds of one conversion."""
    validate = not way.endswith("unchecked")
    begun = time.perf_counter()
    if way.startswith("naive"):
        naive.convert(source, out, merchant_id="MERCHANT", context=CONTEXT, validate=validate)
    else:
        with source.open("rb") as file:
            convert(file, out, file_name=source.name, how=Conversion("MERCHANT", CONTEXT, validate=validate))
    return time.perf_counter() - begun


def child(source: Path, out: Path, way: str, rounds: int) -> dict[str, float]:
    """What the process that measures says: a small file first, so that nothing is timed that happens once."""
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.txt"
        with warm.open("wb") as file:
            generate.write(file, WARM_ROWS)
        once(warm, Path(folder) / "out", way)
    seconds = statistics.median(once(source, out, way) for _ in range(rounds))
    return {"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(source: Path, rows: int, *, validate: bool, slow: bool = False) -> Figure:
    """One way of doing it, in a process of its own."""
    way = f"{'naive-' if slow else ''}{'checked' if validate else 'unchecked'}"
    rounds = 1 if slow else ROUNDS.get(rows, 1)
    with tempfile.TemporaryDirectory(dir=source.parent) as out:
        command = [sys.executable, "-m", "bench.convert", str(source), out, way, str(rounds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return Figure(rows, validate, found["seconds"], found["peak_mib"])


def figures(sizes: tuple[int, ...]) -> Iterator[str]:
    """The table, row by row as it is measured: the naive way first, since all others are compared with it."""
    yield "| rows | schema | seconds | rows/s | peak MiB | times naive |"
    yield "| --- | --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        source = Path(folder) / "bench.txt"
        _generate(source, NAIVE_ROWS)
        peers = {validate: measured(source, NAIVE_ROWS, validate=validate, slow=True) for validate in (False, True)}
        for peer in peers.values():
            yield f"| {_told(peer, 'naive, ')} | 1 |"
        for rows in sizes:
            _generate(source, rows)
            for validate, peer in peers.items():
                found = measured(source, rows, validate=validate)
                times = peer.seconds / peer.rows * rows / found.seconds
                yield f"| {_told(found)} | {'' if rows == peer.rows else '~ '}{times:.0f} |"


def yardstick() -> str:
    """How fast this machine is just now: a plain C parser over the documents of 100,000 rows."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        source, out = Path(folder) / "bench.txt", Path(folder) / "out"
        _generate(source, NAIVE_ROWS)
        once(source, out, "unchecked")
        bodies = [path.read_bytes() for path in out.glob("feed-*.xml")]
        seconds = []
        for _ in range(5):
            begun = time.process_time()
            for body in bodies:
                ParserCreate().Parse(body, True)
            seconds.append(time.process_time() - begun)
    took = statistics.median(seconds) * 1_000_000 / NAIVE_ROWS
    return f"Yardstick: expat, one thread, reads the documents of 1,000,000 rows in {took:.2f} s."


def _generate(source: Path, rows: int) -> None:
    with source.open("wb") as file:
        generate.write(file, rows)


def _told(figure: Figure, words: str = "") -> str:
    seconds = f"{figure.seconds:.3f}" if figure.seconds < 1 else f"{figure.seconds:.2f}"
    rate = f"{figure.rows / figure.seconds:,.0f}"
    return f"{figure.rows:,} | {words}{WORDS[figure.validate]} | {seconds} | {rate} | {figure.peak_mib:.0f}"


def machine() -> str:
    """What the figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} shared cores, Python {platform.python_version()}, {libraries}"


if __name__ == "__main__":
    print(json.dumps(child(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
