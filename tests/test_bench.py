"""The naive way that benchmarks compare with does the same job: it would prove nothing otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from bench import generate, naive, pollock
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


def test_a_row_that_equals_no_clean_record_is_silently_wrong(tmp_path: Path) -> None:
    head, row = ",".join(pollock.COLUMNS), "1,2,3,4,5,6,7,8,"
    for folder, rows in (("csv", [row, "1,2,3,4,5,6,7,9,", "1,2"]), ("clean", [row, "1,2,3,4,5,6,7,8,x", "1,2"])):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file_one.csv").write_text("\n".join([head, *rows, ""]))
    found = pollock.measure(tmp_path)
    assert (found.files, found.accepted, found.refused_rows, len(found.wrong)) == (1, 2, 1, 1)
    assert "| all | 1 | 2 | 1 | 1 | 0 |" in pollock.main(tmp_path)[-1]
