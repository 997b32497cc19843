"""`python -m bench [ROWS ...]`: convert files of so many rows, each in a process of its own, and print figures.

Rows a second and peak memory (MiB), with and without holding the documents against the schema.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import generate

CHILD = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from cws_filedrop.convert import Conversion, convert
from cws_filedrop.model import Context
source, out, validate = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "True"
how = Conversion("MERCHANT", Context(datetime(2026, 11, 22, 12, tzinfo=UTC)), validate=validate)
with open(source, "rb") as file:
    begun = time.perf_counter()
    made = convert(file, out, file_name="bench.txt", how=how)
    seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "peak_mib": peak, "lines": made.line_count}))
"""


def measured(source: Path, out: Path, *, validate: bool) -> dict[str, float]:
    """One conversion in a process of its own."""
    command = [sys.executable, "-c", CHILD, str(source), str(out), str(validate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main(sizes: list[int]) -> None:
    """Measure each size and print a row of the table."""
    print("| rows | schema | seconds | rows/s | peak MiB |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            source = Path(folder) / "bench.txt"
            with source.open("wb") as file:
                generate.write(file, size)
            for validate in (False, True):
                found = measured(source, Path(folder) / "out", validate=validate)
                rate, peak = found["lines"] / found["seconds"], found["peak_mib"]
                checked = "checked" if validate else "-"
                print(f"| {size:,} | {checked} | {found['seconds']:.2f} | {rate:,.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000])
