"""Uploads that were set aside: released by an operator, or replaced by a later file. And what is old is removed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pipeline.desks import NOW, desk_on, outbox, put, read
from running import amazon_file, order_ids

from cws_filedrop.drop.home import Folder, Stage
from cws_filedrop.model import Grade, Policy, UploadState
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.pipeline import retention
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import lines, uploads

GOOD = amazon_file(order_ids(2), date="2026-11-20")


def state(desk: Desk, upload_id: str) -> UploadState:
    upload = uploads.get(desk.db, upload_id)
    assert upload is not None
    return upload.state


def verdicts(desk: Desk, upload_id: str) -> list[str]:
    return [row.verdict for piece in lines.of_upload(desk.db, upload_id) for row in piece]


def test_a_file_without_its_last_line_end_is_read_after_all_when_an_operator_says_so(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    upload_id = put(desk, GOOD.rstrip(), grade=Grade.DOUBTFUL)
    assert read(desk, upload_id).state is UploadState.CUT
    assert uploads.read_again(desk.db, upload_id, evidence="released by an operator")
    assert read(desk, upload_id).state is UploadState.WAITING
    assert verdicts(desk, upload_id) == ["queued", "queued"]


def test_what_is_not_set_aside_is_not_read_again(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    upload_id = put(desk, GOOD)
    read(desk, upload_id)
    assert not uploads.read_again(desk.db, upload_id, evidence="")
    assert state(desk, upload_id) is UploadState.WAITING


def test_held_lines_are_queued_when_they_are_released(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, Policy(on_error="hold-file"))
    held = read(desk, put(desk, GOOD + b"nonsense\r\n"))
    assert verdicts(desk, held.id) == ["held", "held", "rejected"]
    assert uploads.read_again(desk.db, held.id, evidence="released by an operator")
    read(desk, held.id)
    assert verdicts(desk, held.id) == ["queued", "queued", "rejected"]
    assert state(desk, held.id) is UploadState.WAITING


def test_held_lines_that_went_out_with_another_file_do_not_go_again(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, Policy(on_error="hold-file"))
    held = read(desk, put(desk, GOOD + b"nonsense\r\n", name="a.txt"))
    read(desk, put(desk, amazon_file(order_ids(1), date="2026-11-20"), name="b.txt"))
    assert uploads.read_again(desk.db, held.id, evidence="released by an operator")
    read(desk, held.id)
    assert verdicts(desk, held.id) == ["duplicate", "queued", "rejected"]


def test_a_whole_file_takes_the_place_of_a_cut_one_of_its_name(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    cut = put(desk, GOOD.rstrip(), grade=Grade.DOUBTFUL, name="same.txt")
    other = put(desk, GOOD.rstrip(), grade=Grade.DOUBTFUL, name="other.txt")
    read(desk, cut, other)
    whole = read(desk, put(desk, GOOD, name="same.txt"))
    assert (state(desk, cut), state(desk, other)) == (UploadState.REPLACED, UploadState.CUT)
    assert whole.state is UploadState.WAITING


def test_a_file_that_cannot_be_used_does_not_take_the_place_of_a_cut_one(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    cut = put(desk, GOOD.rstrip(), grade=Grade.DOUBTFUL)
    read(desk, cut)
    assert read(desk, put(desk, b"no headings at all\n")).state is UploadState.REJECTED
    assert state(desk, cut) is UploadState.CUT


def test_answers_are_removed_after_their_time_and_what_is_unsettled_stays(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    done, waiting = put(desk, b"order-id\tship-date\nx\ty\n", name="a.txt"), put(desk, GOOD, name="b.txt")
    read(desk, done, waiting)
    delivering.answer(desk, uploads.some(desk.db, [done, waiting]))
    assert retention.sweep(desk) == 0
    assert set(outbox(desk, done)) == {"receipt", "rejected", "result"}
    later = replace(desk, clock=lambda: time_of(done) + timedelta(days=92))
    assert retention.sweep(later) == 1
    assert outbox(desk, done) == {}
    assert not desk.spool.path(done).exists()
    assert set(outbox(desk, waiting)) == {"receipt"}
    assert desk.spool.data_path(waiting).read_bytes() == GOOD
    assert verdicts(desk, done) == ["rejected"]
    assert retention.sweep(later) == 0


def test_a_broken_off_upload_can_be_resumed_for_a_week(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    landing = desk.home("anna").landing(Folder.INBOX, Stage.CUT)
    for name, days in (("young.txt", 6), ("old.txt", 8)):
        (landing / name).write_bytes(b"half")
        os.utime(landing / name, (time.time() - days * 86_400,) * 2)
    retention.sweep(desk)
    assert [path.name for path in landing.iterdir()] == ["young.txt"]


def time_of(upload_id: str):  # type: ignore[no-untyped-def]
    return NOW.strptime(upload_id[:15] + "+0000", "%Y%m%d-%H%M%S%z")
