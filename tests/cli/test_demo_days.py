"""The sample files are good for years: what the demonstration drops is never long past."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli.commands import SAMPLES
from rich.console import Console

from cws_filedrop.cli.demo.lately import WRITTEN, days_since, moved
from cws_filedrop.cli.demo.running import samples_in
from cws_filedrop.cli.demo.showing import Answered, Row, show
from cws_filedrop.cli.offline.check import examined
from cws_filedrop.formats import known_profiles
from cws_filedrop.model import JudgementContext

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(path: Path, now: datetime, profile: str = "") -> Any:
    context = JudgementContext(now)
    if profile:
        context = replace(context, profiles=(known_profiles.known(profile),))
    found = examined(path, context)
    return found["summary"], [(line["line"], [one["code"] for one in line["issues"]]) for line in found["lines"]]


FUTURE = "D03.txt"  # shows a day in the future, which will be past


@pytest.mark.parametrize(
    "path", [path for path in samples_in(SAMPLES) if path.name != FUTURE], ids=lambda path: path.name
)
def test_every_sample_gets_the_same_answers_years_later(path: Path, tmp_path: Path) -> None:
    profile = path.stem if path.parent.name == "profiles" else ""
    later = tmp_path / path.name
    later.write_bytes(moved(path.read_bytes(), 800))
    assert said(later, NOON + timedelta(days=800), profile) == said(path, NOON, profile)


def test_recent_samples_are_dropped_as_they_are() -> None:
    assert days_since(WRITTEN + timedelta(days=300)) == 0
    assert days_since(date(2029, 1, 1)) == (date(2029, 1, 1) - WRITTEN).days
    assert moved(b"2026-11-20", 0) == b"2026-11-20"


def test_only_what_can_be_read_in_one_way_is_moved() -> None:
    text = b"2026-11-20\t20.11.2026\t11/20/2026\t20/11/2026\t03/04/2026\t2026-02-30\t026-1520163-6049104"
    late = b"2028-11-19\t19.11.2028\t11/19/2028\t19/11/2028\t03/04/2026\t2026-02-30\t026-1520163-6049104"
    assert moved(text, 730) == late


def test_a_packed_file_that_is_the_first_is_summed_up_without_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    packed = Answered(SAMPLES / "shipped-packed.txt.gz", [Row(2, "confirmed", "", "")])
    show(Console(highlight=False, width=80), [packed], 1.0, every=False)
    said = capsys.readouterr().out
    assert "what became of each line" not in said
    assert "1 files, 1 lines" in said
