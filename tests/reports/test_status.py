"""STATUS.txt and STATUS.json: what is in work, what waits on whom, what needs the seller."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cws_filedrop.model import UploadState
from cws_filedrop.reports.status import WAITS_ON, WIDTH, Status, as_json, text
from cws_filedrop.store.uploads.uploads import FINISHED

UPLOAD: dict[str, Any] = {
    "id": "20261122-013042-k7f3",
    "name": "shipped.txt",
    "state": "waiting",
    "line_count": 12_000,
    "waiting": 1_500,
    "counts": {"queued": 1_500, "confirmed": 10_500},
}
REFUSED: dict[str, Any] = {
    "upload_id": "20261121-120000-aaaa",
    "line": 7,
    "order_id": "112-1234567-1234567",
    "order_item_id": "12345678901234",
    "code": "A-18028",
    "message": "Your order cannot be found.",
}
RESULT = {**UPLOAD, "id": "20261120-080000-bbbb", "name": "old.txt", "state": "done", "waiting": 0}
STATUS = Status("anna", "2026-11-22T01:31:00.000Z", "", [UPLOAD], [REFUSED], [RESULT])
NOTHING = Status("anna", "2026-11-22T01:31:00.000Z", "", [], [], [])


def section(status: Status, title: str) -> list[str]:
    """The lines under a title."""
    blocks = [block.split("\r\n") for block in text(status).rstrip().split("\r\n\r\n")]
    (found,) = [block[1:] for block in blocks if block[0] == title]
    return found


def test_the_first_line_says_whose_and_when() -> None:
    assert text(STATUS).split("\r\n")[:2] == ["anna: status of 2026-11-22 01:31:00 UTC", "=" * WIDTH]


def test_work_says_on_whom_it_waits_and_for_how_many_lines() -> None:
    assert section(STATUS, "In work") == [
        "  shipped.txt (20261122-013042-k7f3): waits on Amazon, 1,500 of 12,000 lines"
    ]


@pytest.mark.parametrize(("state", "whom"), WAITS_ON.items())
def test_every_unfinished_upload_says_on_whom_it_waits(state: str, whom: str) -> None:
    found = replace(STATUS, uploads=[{**UPLOAD, "state": state, "waiting": 0}])
    assert section(found, "In work") == [f"  shipped.txt (20261122-013042-k7f3): waits on {whom}"]


def test_every_state_that_is_not_the_end_has_words() -> None:
    assert set(WAITS_ON) == set(UploadState) - set(FINISHED)


def test_refused_lines_say_which_and_why() -> None:
    (first, *more) = section(STATUS, "Refused by Amazon (unconfirmed)")
    assert " ".join([first, *more]).split() == [
        "112-1234567-1234567",
        "12345678901234",
        "(upload",
        "20261121-120000-aaaa,",
        "line",
        "7):",
        "A-18028",
        "Your",
        "order",
        "cannot",
        "be",
        "found.",
    ]


def test_a_refused_order_without_an_item_is_named_alone() -> None:
    found = replace(STATUS, unconfirmed=[{**REFUSED, "order_item_id": ""}])
    assert "  112-1234567-1234567 (upload 20261121-120000-aaaa" in text(found)


def test_results_are_counted_by_verdict() -> None:
    assert section(STATUS, "Last results") == [
        "  old.txt (20261120-080000-bbbb): queued 1,500, confirmed 10,500",
    ]


def test_a_result_without_lines_says_its_state() -> None:
    found = replace(STATUS, results=[{**RESULT, "state": "rejected", "counts": {}}])
    assert section(found, "Last results") == ["  old.txt (20261120-080000-bbbb): rejected"]


def test_nothing_is_said_to_be_nothing() -> None:
    assert section(NOTHING, "In work") == ["  nothing"]
    assert section(NOTHING, "Refused by Amazon (unconfirmed)") == ["  none"]
    assert section(NOTHING, "Last results") == ["  none yet"]


def test_an_account_that_stopped_comes_first() -> None:
    stopped = text(replace(STATUS, stopped="Amazon refused the consent"))
    assert stopped.split("\r\n")[3] == "NOTHING IS SENT TO AMAZON at the moment: Amazon refused the consent"
    assert "NOTHING IS SENT" not in text(STATUS)


def test_nothing_is_wider_than_the_page() -> None:
    long = "word " * 80
    wide = Status("anna", STATUS.written_at, long, [UPLOAD], [{**REFUSED, "message": long}], [RESULT])
    assert max(map(len, text(wide).split("\r\n"))) <= WIDTH
    assert text(wide).count("word") == 160


def test_every_line_ends_with_crlf_and_the_last_one_once() -> None:
    for status in (STATUS, NOTHING):
        assert text(status).endswith("\r\n")
        assert not text(status).endswith("\r\n\r\n")
        assert "\n" not in text(status).replace("\r\n", "")


def test_words_of_amazon_cannot_make_lines_of_their_own() -> None:
    found = text(replace(STATUS, unconfirmed=[{**REFUSED, "message": "a\r\nLast results\r\n  all confirmed"}]))
    assert found.count("\r\nLast results") == 1


def test_machines_read_everything() -> None:
    assert json.loads(as_json(STATUS)) == {
        "version": 1,
        "seller": "anna",
        "written_at": "2026-11-22T01:31:00.000Z",
        "stopped": "",
        "uploads": [UPLOAD],
        "unconfirmed": [REFUSED],
        "results": [RESULT],
        "late_soon": [],
        "missing": [],
        "to_look_up": 0,
        "to_look_up_minutes": 0.0,
        "hooks_off": [],
        "unresolved": [],
        "unknown": [],
        "ignored": [],
        "marketplace": "amazon",
    }


def test_machines_read_letters_as_they_are() -> None:
    written = as_json(replace(NOTHING, uploads=[{**UPLOAD, "name": "Größe漢.txt"}]))
    assert "Größe漢.txt".encode() in written
    assert written.endswith(b"}\n")


def test_lines_of_which_nobody_knows_are_listed_apart() -> None:
    lost = REFUSED | {"code": "", "message": "Amazon ended the feed as FATAL"}
    found = replace(STATUS, unknown=[lost])
    assert section(found, "Sent, and nobody knows whether Amazon took them (unknown)") == [
        "  112-1234567-1234567 12345678901234 (upload 20261121-120000-aaaa, line 7):",
        "    Amazon ended the feed as FATAL",
    ]
    assert len(section(found, "Refused by Amazon (unconfirmed)")) == 2
    assert "nobody knows" not in text(STATUS)


def test_hooks_that_are_switched_off_are_named() -> None:
    off = {"id": 3, "url": "https://example.com/hook", "why": "it took nothing for 5 days"}
    found = " ".join(text(replace(STATUS, hooks_off=[off])).split())
    assert "Web hooks that are switched off 3 https://example.com/hook: it took nothing for 5 days" in found
    assert "Web hooks" not in text(STATUS)


def test_a_long_queue_of_orders_to_be_looked_up_is_told() -> None:
    title = "Orders to be looked up at Amazon"
    assert title not in text(replace(STATUS, to_look_up=3, to_look_up_minutes=0.1))
    found = replace(STATUS, to_look_up=12_000, to_look_up_minutes=400.0)
    assert section(found, title) == ["  12,000 wait, which takes about 7 hours at Amazon's pace"]
    soon = replace(STATUS, to_look_up=600, to_look_up_minutes=20.0)
    assert section(soon, title) == ["  600 wait, which takes about 20 minutes at Amazon's pace"]
    assert json.loads(as_json(found))["to_look_up"] == 12_000


def test_what_is_looked_for_at_amazon_says_why_it_waits() -> None:
    one = {"no": 7, "lines": 1200, "since": "2026-11-22T11:58:00.000Z", "why": "Amazon does not list it (look 1 of 3)"}
    found = " ".join(text(replace(STATUS, unresolved=[one])).split())
    assert "1,200 lines, sent 2026-11-22 11:58 UTC with no answer (feed 7): Amazon does not list it" in found


def test_what_is_not_taken_is_told() -> None:
    found = replace(STATUS, ignored=[{"name": "inbox/monday", "why": "monday/ is a folder: put the files themselves"}])
    wanted = ["  inbox: monday/ is a folder: put the files themselves"]
    assert section(found, "In your folders, and not taken") == wanted
    assert json.loads(as_json(found))["ignored"] == [dict(found.ignored[0])]
