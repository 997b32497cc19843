"""receipt.txt: what arrived, what was found, what happens next; in words, 78 columns wide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cws_filedrop.model import UploadState
from cws_filedrop.reports.receipt import HEADLINES, NEXT, WIDTH, Receipt, text
from cws_filedrop.upload_outcome import UploadOutcome

outcome = UploadOutcome.from_json
ISSUE = {"code": "D02", "severity": "error", "column": "ship-date", "value": "x", "message": "No day.", "remedy": "Do."}
OUTCOME: dict[str, Any] = {
    "format": "fillz-confirmation",
    "encoding": "UTF-8",
    "line_ends": "CRLF",
    "packed": "gzip",
    "notes": ["A template row was left out."],
    "file_issues": [],
    "counts": {"rejected": 2, "queued": 1_200},
    "codes": {"D02": 2},
    "first_issues": [{"line": 3, **ISSUE}, {"line": 9, **ISSUE, "column": ""}],
}
RECEIPT = Receipt(
    name="shipped.txt",
    upload_id="20261122-013042-k7f3",
    arrived_at="2026-11-22T01:30:42.123Z",
    door="ftp",
    size=12_345,
    sha256="ab" * 32,
    grade="doubtful",
    evidence="the connection went away",
    state="waiting",
    line_count=1_202,
    outcome=outcome(OUTCOME),
)
CUT_ISSUE = {**ISSUE, "code": "F07", "severity": "held", "message": "It looks cut off.", "remedy": "Upload it again."}


def facts(receipt: Receipt) -> dict[str, str]:
    """The first block after the headline, by name."""
    _, block, *_ = text(receipt).split("\r\n\r\n")
    return {line[:12].strip(): line[12:] for line in block.split("\r\n")}


def told(receipt: Receipt, title: str) -> str:
    """The block under a title, unwrapped; "" when there is none."""
    blocks = text(receipt).split("\r\n\r\n")
    return next((" ".join(block.removeprefix(title).split()) for block in blocks if block.startswith(title)), "")


def test_every_fact_is_told() -> None:
    assert facts(RECEIPT) == {
        "upload": "20261122-013042-k7f3",
        "arrived": "2026-11-22 01:30:42 UTC",
        "came by": "ftp",
        "complete": "doubtful (the connection went away)",
        "size": "12,345 bytes",
        "SHA-256": "ab" * 32,
        "format": "fillz-confirmation",
        "written in": "UTF-8, CRLF, gzip",
        "lines": "1,202",
    }


def test_facts_that_are_not_known_are_left_out() -> None:
    bare = replace(RECEIPT, upload_id="", door="", grade="", evidence="", line_count=0, outcome=outcome({}))
    assert set(facts(bare)) == {"arrived", "size", "SHA-256"}


def test_the_first_line_names_the_file() -> None:
    assert text(RECEIPT).split("\r\n")[:2] == ["shipped.txt: received and read", "=" * WIDTH]


def test_lines_are_counted_by_verdict_most_first() -> None:
    assert told(RECEIPT, "Lines by verdict") == "1,200 queued 2 rejected"
    assert told(replace(RECEIPT, outcome=outcome({})), "Lines by verdict") == ""


def test_issues_of_lines_say_where_and_what_to_do() -> None:
    assert told(RECEIPT, "About lines") == "- line 3, ship-date: D02 No day. Do. - line 9: D02 No day. Do."


def test_more_issues_than_are_shown_are_summed_up() -> None:
    many = replace(RECEIPT, outcome=outcome({**OUTCOME, "codes": {"O01": 1_000, "D02": 2}}))
    assert told(many, "  And") == "1,000 more; in all: D02 2, O01 1,000. Rejected lines are all in the rejected file."
    assert told(RECEIPT, "  And") == ""


def test_notes_and_remarks_are_about_the_whole_file() -> None:
    remark = {**ISSUE, "code": "F08", "message": "Seen before.", "remedy": ""}
    found = told(replace(RECEIPT, outcome=outcome({**OUTCOME, "remarks": [remark]})), "About the whole file")
    assert found == "- F08 Seen before. - A template row was left out."


def test_a_whole_file_that_was_refused() -> None:
    issue = {**ISSUE, "code": "F01", "column": "", "message": "The file is empty.", "remedy": "Drop another."}
    refused = replace(RECEIPT, state="rejected", line_count=0, outcome=outcome({"file_issues": [issue]}))
    assert text(refused).startswith("shipped.txt: NOT USABLE: the whole file was rejected\r\n")
    assert told(refused, "About the whole file") == "- F01 The file is empty. Drop another."
    assert told(refused, "What happens next") == NEXT["rejected"]
    assert told(refused, "About lines") == ""
    assert "format" not in facts(refused)


def test_an_upload_that_was_cut() -> None:
    cut = replace(RECEIPT, state="cut", grade="cut", line_count=0, outcome=outcome({"file_issues": [CUT_ISSUE]}))
    assert text(cut).startswith("shipped.txt: NOT COMPLETE: the file looks cut off in transfer\r\n")
    assert facts(cut)["complete"] == "cut (the connection went away)"
    assert told(cut, "About the whole file") == "- F07 It looks cut off. Upload it again."
    assert "Nothing of this file was sent." in told(cut, "What happens next")


@pytest.mark.parametrize("state", NEXT)
def test_every_state_says_what_happens_next(state: str) -> None:
    found = replace(RECEIPT, state=state)
    assert told(found, "What happens next") == NEXT[state]
    assert text(found).startswith(f"shipped.txt: {HEADLINES[state]}\r\n")


def test_every_state_of_an_upload_that_was_looked_at_has_words() -> None:
    assert set(NEXT) == set(HEADLINES)
    assert set(UploadState) - {UploadState.ARRIVED} <= set(NEXT)


def test_nothing_is_wider_than_the_page() -> None:
    long = {**ISSUE, "message": "word " * 60, "remedy": "do this " * 40}
    wide = replace(
        RECEIPT, evidence="why " * 40, outcome=outcome({**OUTCOME, "first_issues": [{"line": 1_234_567, **long}]})
    )
    assert max(map(len, text(wide).split("\r\n"))) <= WIDTH
    assert text(wide).count("word") == 60


def test_every_line_ends_with_crlf_and_the_last_one_once() -> None:
    written = text(RECEIPT)
    assert written.endswith("\r\n")
    assert not written.endswith("\r\n\r\n")
    assert "\n" not in written.replace("\r\n", "")


def test_words_of_an_issue_cannot_make_lines_of_their_own() -> None:
    nasty = {**ISSUE, "message": "a\r\nLines by verdict\r\n  9  confirmed\u2028b"}
    found = replace(RECEIPT, outcome=outcome({**OUTCOME, "first_issues": [{"line": 3, **nasty}]}))
    assert text(found).count("\r\nLines by verdict") == 1
    assert "\u2028" not in text(found)
    assert told(found, "About lines") == "- line 3, ship-date: D02 a Lines by verdict 9 confirmed b Do."


def test_order_numbers_and_column_names_are_never_broken() -> None:
    for width in range(30):
        issue = {**ISSUE, "message": f"{'x' * width} 026-1520163-6049104 tracking-number", "remedy": ""}
        found = text(replace(RECEIPT, outcome=outcome({**OUTCOME, "first_issues": [{"line": 3, **issue}]})))
        assert "026-1520163-6049104" in found
        assert "tracking-number" in found


def test_wrapped_words_are_the_same_words() -> None:
    sentence = " ".join(f"word{number}" for number in range(60))
    issue = {**ISSUE, "message": sentence, "remedy": ""}
    found = told(replace(RECEIPT, outcome=outcome({**OUTCOME, "first_issues": [{"line": 3, **issue}]})), "About lines")
    assert found == f"- line 3, ship-date: D02 {sentence}"
