"""What became of an upload, in a few words: trouble first and counted, "all" only when it is all."""

from __future__ import annotations

from itertools import product

import pytest

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.reports.outcome import of_upload

DONE, WAITING = UploadState.DONE, UploadState.WAITING


@pytest.mark.parametrize(
    ("state", "verdicts", "words", "tone"),
    [
        (DONE, {"confirmed": 1}, "all confirmed", "good"),
        (DONE, {"confirmed": 539, "confirmed-warning": 1}, "all confirmed, 1 with a warning", "odd"),
        (DONE, {"confirmed": 1, "rejected": 1}, "1 of 2 rejected", "bad"),
        (DONE, {"rejected": 2}, "2 of 2 rejected, nothing sent", "bad"),
        (DONE, {"rejected": 1}, "rejected, nothing sent", "bad"),
        (DONE, {"unconfirmed": 540}, "540 of 540 not confirmed", "bad"),
        (
            DONE,
            {"confirmed": 4, "unconfirmed": 2, "unknown": 1, "rejected": 3},
            "2 of 10 not confirmed, 1 of 10 unknown, 3 of 10 rejected",
            "bad",
        ),
        (DONE, {"duplicate": 7}, "all duplicate", "odd"),
        (DONE, {"updated": 7}, "all updated", "good"),
        (DONE, {"confirmed": 5, "duplicate": 2}, "5 confirmed, 2 duplicate", "good"),
        (DONE, {}, "done", "plain"),
        (WAITING, {"queued": 2}, "2 of 2 wait on Amazon", "plain"),
        (WAITING, {"sent": 1, "confirmed": 9}, "1 of 10 waits on Amazon", "plain"),
        (WAITING, {"queued": 1, "rejected": 1}, "1 of 2 rejected, 1 of 2 waits on Amazon", "bad"),
        (DONE, {"held": 1, "confirmed": 1}, "1 of 2 waits on Amazon", "plain"),
        (UploadState.HELD, {}, "held", "odd"),
        (UploadState.CUT, {}, "cut off, nothing sent", "bad"),
    ],
)
def test_words(state: UploadState, verdicts: dict[str, int], words: str, tone: str) -> None:
    assert of_upload(state, verdicts) == (words, tone)


def test_a_rehearsal_says_so() -> None:
    assert of_upload(DONE, {"queued": 2}, rehearsal=True) == ("rehearsed, all good", "good")
    assert of_upload(DONE, {"queued": 1, "rejected": 1}, rehearsal=True) == ("rehearsed, 1 of 2 rejected", "bad")


@pytest.mark.parametrize("state", UploadState)
def test_every_state_has_words(state: UploadState) -> None:
    assert of_upload(state, {"confirmed": 1}).words


@pytest.mark.parametrize(("first", "second"), list(product(Verdict, Verdict)))
def test_nothing_is_called_good_that_is_not(first: Verdict, second: Verdict) -> None:
    told = of_upload(DONE, {first: 1, second: 2})
    is_bad = {first, second} & {Verdict.REJECTED, Verdict.UNCONFIRMED, Verdict.UNKNOWN}
    waits = {first, second} & {Verdict.QUEUED, Verdict.SENT, Verdict.HELD}
    assert (told.tone == "bad") == bool(is_bad)
    assert not (waits and told.tone == "good")
    assert ("all confirmed" in told.words) == ({first, second} <= {Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING})
