"""What reading found, as the database keeps it: earlier rows are read, and rows are written as they always were."""

from __future__ import annotations

import json

import pytest

from cws_filedrop.model import Issue, Severity
from cws_filedrop.upload_outcome import WHOLE, UploadOutcome, UsedProfile

BAD_DAY = (
    '{"code": "D02", "severity": "error", "column": "ship-date", "value": "x", "message": "\\"x\\" is no day.", '
    '"remedy": "Write 2026-11-22."}'
)
LINE_THREE = '{"line": 3, ' + BAD_DAY[1:]
SEEN_BEFORE = (
    '{"code": "F08", "severity": "warning", "column": "", "value": "a.txt", "message": "Seen before.", "remedy": ""}'
)
READ = (
    '"format": "fillz-confirmation", "encoding": "UTF-8", "line_ends": "CRLF", "packed": "",'
    f' "notes": ["A note \\u2026"], "file_issues": [], "counts": {{"queued": 2, "rejected": 1}}, "codes": {{"D02": 1}},'
    f' "first_issues": [{LINE_THREE}]'
)
ROWS = {
    "not read yet": "{}",
    "read": f'{{{READ}, "remarks": [{SEEN_BEFORE}]}}',
    "read, nothing remarked": f'{{{READ}, "remarks": []}}',
    "read by a profile": f'{{"profile": {{"name": "shop", "text": "title = 1"}}, {READ}, "remarks": []}}',
    "rehearsed": f"{{{READ}}}",
    "set aside": f'{{"file_issues": [{SEEN_BEFORE}]}}',
    "failed": '{"failure": "KeyError: 1"}',
    "refused": '{"refused": "not yours"}',
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_is_written_to_the_byte_as_it_was_read(row: str) -> None:
    assert json.dumps(UploadOutcome.from_json(json.loads(row)).to_json()) == row


def test_every_part_of_it_has_a_name() -> None:
    bad_day = Issue("D02", Severity.ERROR, "ship-date", "x", '"x" is no day.', "Write 2026-11-22.")
    before = Issue("F08", Severity.WARNING, "", "a.txt", "Seen before.", "")
    read = UploadOutcome(
        format="fillz-confirmation",
        encoding="UTF-8",
        line_ends="CRLF",
        notes=("A note …",),
        counts={"queued": 2, "rejected": 1},
        codes={"D02": 1},
        first_issues=((3, bad_day),),
        remarks=(before,),
    )
    assert UploadOutcome.from_json(json.loads(ROWS["read"])) == read
    assert read.whole_file == (before,)
    assert read.all_issues == [(WHOLE, before), (3, bad_day)]
    profiled = UploadOutcome.from_json(json.loads(ROWS["read by a profile"]))
    assert (profiled.profile, profiled.remarks) == (UsedProfile("shop", "title = 1"), ())


def test_what_an_earlier_version_did_not_write_reads_as_nothing() -> None:
    old = UploadOutcome.from_json(
        {"format": "fillz-confirmation", "first_issues": [{"line": 3, "code": "D02", "severity": "error"}]}
    )
    assert (old.packed, old.notes, old.counts, old.remarks, old.failure) == ("", (), {}, None, "")
    assert old.all_issues == [(3, Issue("D02", Severity.ERROR, "", "", "", ""))]


def test_what_a_later_version_adds_is_left_out() -> None:
    assert UploadOutcome.from_json({"file_issues": [], "mood": "fine"}) == UploadOutcome()
