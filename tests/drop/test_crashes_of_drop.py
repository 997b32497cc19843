"""kill -9 at every disk operation: nothing is lost, nothing is reported twice (see `crashing`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("crashing.py")
FEWEST_STEPS = {
    "whole": 7,
    "renamed": 8,
    "cut": 7,
    "taken-back": 10,
    "resumed": 14,
    "collected": 7,
    "linked": 9,
    "given_back": 7,
    "replaced": 7,
    "recovered": 8,
    "accepted": 6,
    "delivered": 3,
}


@pytest.mark.parametrize("scenario", FEWEST_STEPS)
def test_killed_at_every_step(scenario: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), scenario, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) >= FEWEST_STEPS[scenario]
