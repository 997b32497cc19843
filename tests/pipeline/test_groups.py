"""Uploads that are answered together: each as if it were alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.contexts import context_on, outbox, put, read
from running import amazon_file, order_ids, rows

from cws_filedrop.drop.claims import Cause, Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Door, Grade, Policy, UploadState
from cws_filedrop.pacing.in_progress import UploadsInProgress
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.pipeline import reading, recording
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads


def shipped(orders: list[str]) -> bytes:
    return amazon_file(orders, date="2026-11-20")


def verdicts(context: ServiceContext, upload_id: str) -> list[str]:
    return [row.verdict for piece in lines.of_upload(context.db, upload_id) for row in piece]


def test_each_of_a_group_has_its_own_lines_and_receipt(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    ids = [put(context, shipped(order_ids(2, start=2 * n)), name=f"{n}.txt") for n in range(5)]
    read(context, *ids)
    delivering.answer(context, uploads.some(context.db, ids))
    for upload_id in ids:
        assert verdicts(context, upload_id) == ["queued", "queued"]
        assert upload_id.encode() in outbox(context, upload_id)["receipt"]


def test_the_same_shipment_twice_in_a_group_goes_once(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    first, second = (put(context, shipped(order_ids(2)), name=name) for name in ("a.txt", "b.txt"))
    read(context, first, second)
    assert verdicts(context, first) == ["queued", "queued"]
    assert verdicts(context, second) == ["duplicate", "duplicate"]
    told = uploads.get(context.db, second)
    assert told is not None
    assert [remark.code for remark in told.outcome.remarks or ()] == ["F08"]


def test_a_group_recorded_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    ids = [put(context, shipped(order_ids(2, start=2 * n)), name=f"{n}.txt") for n in range(3)]
    read(context, *ids)
    before = uploads.some(context.db, ids)
    uploads.set_state(context.db, ids[1], UploadState.DONE)
    read(context, *ids)
    assert [one.state for one in uploads.some(context.db, ids)] == [before[0].state, UploadState.DONE, before[2].state]
    assert [verdicts(context, upload_id) for upload_id in ids] == [["queued"] * 2] * 3


def test_one_that_cannot_be_recorded_does_not_keep_the_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_on(tmp_path)
    good, bad, also_good = (
        put(context, shipped(order_ids(1, start=n)), name=name) for n, name in enumerate(("a.txt", "bad.txt", "c.txt"))
    )
    record = lines.record_in

    def fails_for_one(*args: object, **values: object) -> dict[str, int]:
        if values["upload_id"] == bad:
            raise ZeroDivisionError("a bug")
        return record(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(lines, "record_in", fails_for_one)
    read(context, good, bad, also_good)
    states = [upload.state for upload in uploads.some(context.db, [good, bad, also_good])]
    assert states == [UploadState.WAITING, UploadState.FAILED, UploadState.WAITING]


def test_a_file_that_breaks_its_reader_is_set_aside_alone(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    good, gone = (put(context, shipped(order_ids(1, start=n)), name=f"{n}.txt") for n in range(2))
    found = uploads.some(context.db, [good, gone])
    seller = sellers.by_id(context.db, found[0].seller_id)
    tasks = [recording.task(context, upload, seller) for upload in found]
    context.spool.data_path(gone).unlink()
    first, second = reading.prepare(context.db, tasks)
    assert (first.state, first.line_count) == (None, 1)
    assert second.state is UploadState.FAILED
    assert "FileNotFoundError" in second.failure


def test_a_file_with_errors_is_held_whole_when_the_seller_wants_that(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(on_error="hold-file"))
    content = shipped(order_ids(2)) + b"nonsense\r\n"
    upload = read(context, put(context, content))
    assert upload.state is UploadState.HELD
    assert verdicts(context, upload.id) == ["held", "held", "rejected"]


def test_an_upload_over_the_size_limit_is_refused_for_its_size(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    drop = Drop("anna", Folder.INBOX, "large.txt", Door.FTP, "127.0.0.1")
    claim = context.spool.open_cut(drop, size=11, cause=Cause.TOO_LARGE, evidence="larger than 10 bytes", kept=False)
    context.spool.grade(claim.upload_id, Grade.CUT)
    arrival = context.spool.arrival(claim.upload_id)
    assert arrival is not None
    context.spool.accept(arrival)
    upload_id = put(context, shipped(order_ids(1)))
    upload = uploads.get(context.db, upload_id)
    assert upload is not None
    too_large = recording.without_reading(
        context, replace(upload, id=claim.upload_id, grade=str(Grade.CUT), evidence=claim.evidence)
    )
    assert too_large is not None
    assert too_large.state is UploadState.REJECTED
    assert [(issue.code, "larger than 10 bytes" in issue.message) for issue in too_large.issues] == [("F05", True)]


def test_results_name_every_line_once(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    ids = [put(context, b"order-id\tship-date\nx\ty\n", name=f"{n}.txt") for n in range(3)]
    read(context, *ids)
    delivering.answer(context, uploads.some(context.db, ids))
    for upload_id in ids:
        assert [row["verdict"] for row in rows(outbox(context, upload_id)["result"])] == ["rejected"]


def test_only_so_many_groups_are_in_hand_and_waiting_ends_when_one_is_given_back() -> None:
    told: list[set[str]] = []
    hand = UploadsInProgress(2, on_room=lambda: told.append(hand.sellers()))
    hand.take({"a": "anna", "b": "bob"})
    hand.take({"c": "carl"})
    hand.take_large("d", "dora")
    assert all(one in hand for one in "abcd")
    assert hand.sellers() == {"anna", "bob", "carl", "dora"}
    done = threading.Event()
    waiting = threading.Thread(target=lambda: hand.wait_for_room() and done.set())
    waiting.start()
    hand.give_back(["d"])
    hand.give_back(["a"])
    assert not done.wait(0.05)
    hand.give_back(["b"])
    assert done.wait(60)
    waiting.join()
    assert "c" in hand
    assert told == [{"anna", "bob", "carl"}, {"bob", "carl"}, {"carl"}]


def test_a_later_group_of_the_same_seller_is_recorded_after_the_earlier_one() -> None:
    hand = UploadsInProgress(3)
    hand.take({"a1": "anna", "b1": "bob"})
    hand.take({"c1": "carl"})
    hand.take({"a2": "anna"})
    hand.wait_for_turn(["a1", "b1"])
    hand.wait_for_turn(["c1"])
    hand.wait_for_turn(["of an earlier start, in nobody's hand"])
    recorded = threading.Event()
    waiting = threading.Thread(target=lambda: (hand.wait_for_turn(["a2"]), recorded.set()))
    waiting.start()
    hand.give_back(["c1"])
    assert not recorded.wait(0.05)
    hand.recorded(["a1", "b1"])
    assert recorded.wait(60)
    waiting.join()


def test_whose_large_ones_are_in_hand() -> None:
    hand = UploadsInProgress(3)
    hand.take({"a1": "anna"})
    hand.take_large("b1", "bob")
    assert hand.with_large() == {"bob"}
    hand.give_back(["b1"])
    assert hand.with_large() == set()


def test_a_closed_hand_lets_nobody_begin() -> None:
    hand = UploadsInProgress(1)
    hand.take({"a": "anna"})
    hand.close()
    assert not hand.wait_for_room()
