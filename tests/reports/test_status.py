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
    "outcome": "1,500 of 12,000 wait on Amazon",
    "why": "",
}
REFUSED: dict[str, Any] = {
    "upload_id": "20261121-120000-aaaa",
    "line": 7,
    "order_id": "112-1234567-1234567",
    "order_item_id": "12345678901234",
    "code": "A-18028",
    "message": "Your order cannot be found.",
}
ORDER = {**REFUSED, "amazon_order_id": REFUSED["order_id"], "lines": 1, "remedy": "Look the order up.", "link": ""}
RESULT = {
    **UPLOAD,
    "id": "20261120-080000-bbbb",
    "name": "old.txt",
    "state": "done",
    "waiting": 0,
    "outcome": "2 of 540 not confirmed",
}
STATUS = Status("anna", "2026-11-22T01:31:00.000Z", "", [UPLOAD], [REFUSED], [RESULT], refused_orders=[ORDER])
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


def refused(**differing: object) -> str:
    """What is said of a refused order, on one line."""
    return " ".join(" ".join(section(replace(STATUS, refused_orders=[ORDER | differing]), REFUSALS)).split())


REFUSALS = "Refused by Amazon (unconfirmed)"


def test_a_refused_order_is_named_once_with_its_newest_reason_and_what_to_do() -> None:
    said = "112-1234567-1234567, upload 20261121-120000-aaaa, line 7: A-18028 Your order cannot be found."
    assert refused() == f"{said} Look the order up."
    assert (
        refused(link="https://drop.example/my/orders/112")
        == f"{said} Look the order up. https://drop.example/my/orders/112"
    )


def test_several_lines_of_an_order_are_counted() -> None:
    assert "112-1234567-1234567, 3 lines, the last in upload 20261121-120000-aaaa, line 7:" in refused(lines=3)


def test_an_order_that_the_seller_calls_otherwise_has_both_numbers() -> None:
    assert refused(order_id="5004").startswith("112-1234567-1234567 (your 5004), upload")


def test_causes_are_not_joined_by_a_bar() -> None:
    assert "|" not in refused(message="The order shows nothing left. | Amazon: quantities were larger | F08")


@pytest.mark.parametrize(
    ("orders", "beyond", "said"), [(101, 0, "and 1 line more"), (100, 4_000, "and 4,000 lines more")]
)
def test_a_list_that_is_cut_says_how_many_more_there_are(orders: int, beyond: int, said: str) -> None:
    cut = replace(STATUS, refused_orders=[ORDER] * orders, unconfirmed_more=beyond)
    assert section(cut, REFUSALS)[-1] == f"  {said}"
    assert section(replace(STATUS, uploads_more=7), "In work")[-1] == "  and 7 uploads more"


def test_a_held_file_says_why_and_how_to_release_it() -> None:
    why = 'F09 Too many orders. If all is right, drop an empty file of the same name with ".release" at its end.'
    held = replace(STATUS, uploads=[{**UPLOAD, "state": "held", "waiting": 0, "why": why}])
    assert " ".join(" ".join(section(held, "In work")).split()).endswith(f"waits on you or the operator. {why}")


LEAVING = {
    "lines": 12,
    "or_more": False,
    "seconds": 0,
    "after_feed": False,
    "with_amazon": 0,
    "with_amazon_since": None,
}


@pytest.mark.parametrize(
    ("differing", "said"),
    [
        ({}, ["12 lines to be sent to Amazon: they leave now"]),
        ({"lines": 1, "seconds": 61}, ["1 line to be sent to Amazon: they leave in about a minute, at Amazon's pace"]),
        ({"seconds": 238}, ["12 lines to be sent to Amazon: they leave in about 4 minutes, at Amazon's pace"]),
        ({"after_feed": True}, ["12 lines to be sent to Amazon: once Amazon has answered what was sent before"]),
        ({"lines": 1_000, "or_more": True}, ["1,000 lines or more to be sent to Amazon: they leave now"]),
        ({"lines": 0}, []),
        (
            {"lines": 0, "with_amazon": 540, "with_amazon_since": "2026-11-22T01:02:03.000Z"},
            ["540 lines with Amazon since 2026-11-22 01:02 UTC, not answered yet"],
        ),
    ],
)
def test_what_waits_says_when_it_leaves(differing: dict[str, object], said: list[str]) -> None:
    status = replace(STATUS, departure=LEAVING | differing)
    assert " ".join(" ".join(section(status, "In work")[1:]).split()) == " ".join(said)


def test_a_stopped_account_makes_no_forecast() -> None:
    assert "leave" not in text(replace(STATUS, departure=LEAVING, stopped="revoked"))


def test_results_say_how_they_ended() -> None:
    assert section(STATUS, "Last results") == ["  old.txt (20261120-080000-bbbb): 2 of 540 not confirmed"]


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
    wide = replace(STATUS, stopped=long, refused_orders=[{**ORDER, "message": long}])
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
        "refused_orders": [ORDER],
        "departure": {},
        "uploads_more": 0,
        "unconfirmed_more": 0,
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
