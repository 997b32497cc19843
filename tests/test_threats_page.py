"""The page of threats names tests and settings that exist, and each of its promises has a test."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from cws_filedrop.settings import Settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]


def test_every_test_that_is_named_exists() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"^(?:async )?def (test_\w+)", source, re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert named - there == set()


def test_every_setting_that_is_named_exists() -> None:
    chosen = Settings()
    there = {
        f"[{section.name}] {key.name}" for section in fields(Settings) for key in fields(getattr(chosen, section.name))
    }
    named = set(re.findall(r"`(\[\w+\] \w+)`", PAGE))
    assert len(named) > 15
    assert named - there == set()


def test_each_promise_has_a_test() -> None:
    promises = [row for row in ROWS if row[1].strip() != "promise"]
    assert len(promises) > 20
    assert [row[0].strip() for row in promises if "`test_" not in row[3]] == []
