"""`demo` does the main job on every sample file, as the README promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_files"
FINAL = {"confirmed", "confirmed-warning", "unconfirmed", "updated", "duplicate", "rejected"}


def samples() -> set[str]:
    """The names of all files of shipments among the samples."""
    found = (path for path in SAMPLES.rglob("*") if path.is_file() and SAMPLES / "expected" not in path.parents)
    return {path.name for path in found} - {"README.md", "order-book.txt"}


def test_every_line_of_every_sample_has_its_verdict(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", "demo", "--samples", str(SAMPLES), "--data", str(tmp_path / "data")],
        env={**os.environ, "COLUMNS": "240", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout[done.stdout.index("what became of every line") :]
    told = {found[1]: int(found[2].replace(",", "")) for found in re.finditer(r"^ ?(\S+\.\w+) +([\d,]+) ", table, re.M)}
    assert set(told) == samples()
    assert min(told.values()) > 0
    *_, ending = table.partition("all lines: ")
    total = {name: int(number.replace(",", "")) for name, number in re.findall(r"([a-z-]+) ([\d,]+)", ending)}
    assert set(total) <= FINAL
    assert sum(total.values()) == sum(told.values()) > 10_000
    assert (tmp_path / "data" / "cws_filedrop.db").exists()
