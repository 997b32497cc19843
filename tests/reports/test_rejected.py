"""A rejected file is corrected and dropped back: mended lines pass, unmended ones are rejected again."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from cws_filedrop.cli.offline.check import examined
from cws_filedrop.convert import Conversion, convert
from cws_filedrop.model import Issue, JudgementContext, Severity
from cws_filedrop.reports.rejected import rows

CONTEXT = JudgementContext(datetime(2026, 11, 22, 12, tzinfo=UTC))
HEADING = "order-id\tship-date\tcarrier-code\ttracking-number\tship-method"
GOOD = "112-1234567-1234567\t2026-11-20\tUPS\t1Z999AA10123456784\tGround"


def rejected(tmp_path: Path, *lines: str) -> str:
    """What the seller gets back."""
    content = "\r\n".join([HEADING, *lines, ""]).encode()
    convert(BytesIO(content), tmp_path / "out", file_name="a.txt", how=Conversion("M", CONTEXT))
    return (tmp_path / "out" / "rejected.txt").read_bytes().decode()


def dropped_back(tmp_path: Path, text: str) -> dict[str, int]:
    """The verdicts of the file when it is dropped again."""
    path = tmp_path / "rejected.txt"
    path.write_bytes(text.encode())
    summary: dict[str, int] = examined(path, CONTEXT)["summary"]
    return summary


def test_a_mended_line_passes(tmp_path: Path) -> None:
    text = rejected(tmp_path, GOOD.replace("1234567-1234567", "7654321-1234567"), GOOD.replace("11-20", "02-30"))
    assert text.splitlines()[1].startswith("112-1234567-1234567\t2026-02-30\t")
    assert dropped_back(tmp_path, text.replace("\t2026-02-30\t", "\t2026-11-20\t", 1)) == {"queued": 1}


@pytest.mark.parametrize(
    "line",
    [
        GOOD.rpartition("\t")[0],
        "112-1234567-1234567\t2026-11-20",
        GOOD + "\tone\tmore",
        GOOD.replace("2026-11-20", "2026-02-30"),
        GOOD.replace("2026-11-20", "2026-02-30") + "\t\t\t",
    ],
)
def test_an_unmended_line_is_rejected_again(tmp_path: Path, line: str) -> None:
    assert dropped_back(tmp_path, rejected(tmp_path, line)) == {"rejected": 1}


def test_surplus_empty_cells_do_not_push_the_reasons_aside(tmp_path: Path) -> None:
    wide = GOOD + "\t\t"
    heading, row, *_ = rejected(tmp_path, *[wide.replace("2026-11-20", "2026-02-30")] * 2).splitlines()
    found = dict(zip(heading.split("\t"), row.split("\t"), strict=True))
    assert found["error-code"] == "D02"
    assert found["error-column"] == "ship-date"


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
@pytest.mark.parametrize("sign", ["=", "@", "\uff1d", "\uff0b", "\u3000="])
def test_words_that_are_not_the_sellers_never_run(delimiter: str, sign: str) -> None:
    issue = Issue("A-1", Severity.ERROR, "", "", f'{sign}HYPERLINK("x";"y"),1', "")
    row = rows({2: f"{sign}1"}, [(2, issue)], delimiter, ["order-id"]).decode()
    (cells,) = csv.reader([row], delimiter=delimiter)
    assert cells[0] == f"{sign}1"  # the seller's own, as typed
    assert cells[3] == f"'{sign.strip()}" + 'HYPERLINK("x";"y"),1'


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_dropped_back_uncorrected_it_has_our_columns_once(tmp_path: Path, separator: str) -> None:
    content = "\r\n".join([HEADING, GOOD.replace("2026-11-20", "2026-02-30"), ""]).replace("\t", separator)
    found = []
    for name in ("first", "second", "third"):
        convert(BytesIO(content.encode()), tmp_path / name, file_name="a.txt", how=Conversion("M", CONTEXT))
        content = (tmp_path / name / "rejected.txt").read_bytes().decode()
        found.append(content)
    assert found[0] == found[1] == found[2]
    assert (found[0].count("error-code"), found[0].count("D02")) == (1, 1)
