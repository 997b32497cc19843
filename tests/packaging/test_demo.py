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


def demonstrated(folder: Path, *options: str) -> str:
    """What the demonstration says at 80 columns."""
    words = ["demo", "--samples", str(SAMPLES), "--data", str(folder / "data"), *options]
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", *words],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_line_of_every_sample_has_its_verdict(tmp_path: Path) -> None:
    shown = demonstrated(tmp_path, "--all")
    lines, _, files = shown.partition("every file")
    table, _, sums = files.partition(" files, ")
    told = {found[1]: int(found[2].replace(",", "")) for found in re.finditer(r"^(\S+\.\w+) +([\d,]+) ", table, re.M)}
    assert set(told) == samples()
    assert min(told.values()) > 0
    total = {name: int(number.replace(",", "")) for name, number in re.findall(r"^  ([a-z-]+) +([\d,]+)  ", sums, re.M)}
    assert set(total) <= FINAL
    assert sum(total.values()) == sum(told.values()) > 10_000
    assert sums.startswith(f"{sum(told.values()):,} lines: answered by the built-in sandbox")
    assert (tmp_path / "data" / "cws_filedrop.db").exists()
    fits_a_screen(lines + sums)


def fits_a_screen(shown: str) -> None:
    """Without the table of all files, and with six lines on where it goes on serving, it is at most 25 lines."""
    lines = shown.strip().splitlines()
    assert len(lines) + 6 <= 25, shown
    assert max(map(len, lines)) <= 80
    assert '    "shiped" is not a status we know; did you mean "shipped"?' in lines
    assert sum(line.startswith(("  rejected: ", "  unconfirmed: ")) for line in lines) == 3
