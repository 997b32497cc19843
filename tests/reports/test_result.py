"""result.txt: every line once, with its verdict and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from running import rows

from cws_filedrop.convert import Conversion, convert
from cws_filedrop.errors import FileRejected
from cws_filedrop.model import Issue, JudgementContext, Severity
from cws_filedrop.reports import result

CONTEXT = JudgementContext(datetime(2026, 11, 22, 12, tzinfo=UTC))
HEADING = "order-id\torder-item-id\tship-date\tcarrier-code\ttracking-number"
GOOD = "112-1234567-1234567\t12345678901234\t2026-11-20\tUPS\t1Z999AA10123456784"
COLUMNS = ["line", "order-id", "order-item-id", "tracking", "verdict", "code", "message", "amazon-feed-id"]


def results(tmp_path: Path, *lines: str) -> list[dict[str, str]]:
    """The rows of the result of a file with these lines."""
    content = "\n".join([HEADING, *lines, ""]).encode()
    convert(BytesIO(content), tmp_path / "out", file_name="a.txt", how=Conversion("M", CONTEXT))
    return rows((tmp_path / "out" / "result.txt").read_bytes())


def test_the_heading_names_the_columns() -> None:
    assert result.header() == ("\t".join(COLUMNS) + "\r\n").encode()


def test_a_good_line_is_told_by_its_keys(tmp_path: Path) -> None:
    assert results(tmp_path, GOOD) == [
        dict(
            zip(
                COLUMNS,
                ["2", "112-1234567-1234567", "12345678901234", "1Z999AA10123456784", "queued", "", "", ""],
                strict=True,
            )
        )
    ]


def test_a_bad_line_says_why(tmp_path: Path) -> None:
    (row,) = results(tmp_path, GOOD.replace("11-20", "02-30"))
    assert (row["verdict"], row["code"]) == ("rejected", "D02")
    assert "2026-02-30" in row["message"]


def test_several_reasons_stand_beside_each_other(tmp_path: Path) -> None:
    (row,) = results(tmp_path, GOOD.replace("11-20", "02-30").replace("112-", "x-"))
    codes = row["code"].split(" | ")
    assert len(codes) == len(row["message"].split(" | ")) > 1
    assert "D02" in codes


def test_lines_keep_the_numbers_they_have_in_the_file(tmp_path: Path) -> None:
    other = GOOD.replace("1234567-1234567", "7654321-1234567").replace("1Z999AA10123456784", "1Z999AA10123456775")
    found = results(tmp_path, "", GOOD, "", "too\tfew", "", other)
    assert [(row["line"], row["verdict"]) for row in found] == [("3", "queued"), ("5", "rejected"), ("7", "queued")]


def test_cells_that_would_run_as_formulas_are_disarmed(tmp_path: Path) -> None:
    (row,) = results(tmp_path, GOOD.replace("112-1234567-1234567", "=1+1"))
    assert row["order-id"] == "'=1+1"


def test_a_file_that_cannot_be_used_has_one_row() -> None:
    issue = Issue("F01", Severity.ERROR, "", "", "The file is empty.", "Send another.")
    assert rows(result.header() + result.whole_file(issue)) == [
        dict(zip(COLUMNS, ["1", "", "", "", "rejected", "F01", "the whole file: The file is empty.", ""], strict=True))
    ]


def test_the_words_of_a_whole_file_cannot_break_the_row() -> None:
    issue = Issue("F03", Severity.ERROR, "", "", 'The heading "a\tb\r\nc\u2028d" is unknown.', "")
    (row,) = rows(result.header() + result.whole_file(issue))
    assert row["message"] == 'the whole file: The heading "a b c d" is unknown.'


def test_converting_a_file_that_cannot_be_used_leaves_a_result(tmp_path: Path) -> None:
    with pytest.raises(FileRejected):
        convert(BytesIO(b""), tmp_path / "out", file_name="a.txt", how=Conversion("M", CONTEXT))
    (row,) = rows((tmp_path / "out" / "result.txt").read_bytes())
    assert (row["verdict"], row["code"]) == ("rejected", "F01")
