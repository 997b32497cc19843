"""The naive way that benchmarks compare with does the same job: it would prove nothing otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from bench import generate, naive
from bench.convert import CONTEXT
from cws_filedrop.convert import Conversion, convert


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What both ways write for the same 3,000 rows."""
    folder = tmp_path_factory.mktemp("bench")
    source, fast, slow = folder / "bench.txt", folder / "fast", folder / "slow"
    with source.open("wb") as file:
        generate.write(file, 3_000)
    with source.open("rb") as file:
        convert(file, fast, file_name="bench.txt", how=Conversion("MERCHANT", CONTEXT))
    naive.convert(source, slow, merchant_id="MERCHANT", context=CONTEXT)
    return fast, slow


def test_both_ways_give_each_line_the_same_verdict_and_message(both: tuple[Path, Path]) -> None:
    fast, slow = ((folder / "result.txt").read_text(encoding="utf-8").splitlines() for folder in both)
    assert len(fast) == 3_001
    assert fast == slow


def test_both_ways_send_the_same_messages(both: tuple[Path, Path]) -> None:
    fast, slow = (_messages(folder) for folder in both)
    assert len(fast) > 2_000
    assert fast == slow


def test_both_ways_reject_the_same_lines(both: tuple[Path, Path]) -> None:
    fast, slow = (
        [line.split("\t")[:2] for line in (folder / "rejected.txt").read_text(encoding="utf-8").splitlines()]
        for folder in both
    )
    assert len(fast) > 20
    assert [line for line in slow if line not in fast] == []


def _messages(folder: Path) -> list[bytes]:
    return [
        etree.tostring(message, method="c14n").replace(b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', b"")
        for path in sorted(folder.glob("feed-*.xml"))
        for message in etree.parse(path).iter("Message")
    ]
