"""A short campaign through real processes; `make chaos` runs long ones."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from chaos.__main__ import main
from chaos.amazon_troubles import combinations, fault_of

from cws_filedrop.marketplaces.sandbox.faults import fault


def test_every_fault_that_is_planned_is_one_that_the_sandbox_knows() -> None:
    chance = random.Random(7)
    for operation, kind in combinations():
        for _ in range(20):
            assert fault(fault_of(chance, operation, kind)).kind == kind


@pytest.mark.timeout(500)
def test_a_short_campaign_breaks_no_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`SEED=n` plans another one. What is done is not run again."""
    seed, kept = os.environ.get("SEED", "1"), tmp_path / "figures.json"
    words = ["--seeds", seed, "--uploads", "10", "--lines", "4", "--kills", "3", "--faults", "10", "--seconds", "8"]
    words += ["--sellers", "2", "--no-small-disk", "--out", str(kept)]
    assert main(words) == 0, capsys.readouterr().out
    (figures,) = json.loads(kept.read_text())
    assert figures["broken"] == []
    assert len(figures["uploads"]) == 5  # every door
    assert sum(figures["uploads"].values()) == 10
    assert sum(figures["kills"].values()) >= 3
    assert figures["faults"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"seed {seed} is done already" in said
    assert f"| {seed} | 10 (folder" in said
