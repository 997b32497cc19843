"""`make coverage` counts what processes ran that end abruptly, as our readers and the service's processes do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import CoverageData

ROOT = Path(__file__).parents[2]
ENDS = {
    "by itself": "pass",
    "by os._exit": "os._exit(3)",
    "by SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)",
}
CHILD = "import os, signal, time; from cws_filedrop import backoff; backoff.login_failed(1.0).seconds(2); {end}"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=False)"


@pytest.mark.parametrize("end", ENDS)
def test_a_child_is_counted_however_it_ends(end: str, tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    words = ["coverage", "run", f"--rcfile={ROOT / 'setup.cfg'}", "parent.py", CHILD.format(end=ENDS[end])]
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tmp_path,
        env={**own, "COVERAGE_FILE": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = CoverageData(basename=str(tmp_path / "all"))
    for path in tmp_path.glob("data.*"):
        part = CoverageData(basename=str(path))
        part.read()
        found.update(part)
    source = ROOT / "cws_filedrop" / "backoff.py"
    called = next(number for number, line in enumerate(source.read_text().splitlines(), 1) if "grown =" in line)
    assert called in (found.lines(str(source)) or [])
